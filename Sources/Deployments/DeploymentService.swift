import Logging
import Runtime

/// What customers may do with their deployments. Each call is one transaction; workers do the rest.
public struct DeploymentService: Sendable {
    /// Who calls.
    public struct Caller: Equatable, Sendable {
        public let customerId: String
        public let isVerified: Bool

        public init(customerId: String, isVerified: Bool) {
            self.customerId = customerId
            self.isVerified = isVerified
        }
    }

    public struct Settings: Equatable, Sendable {
        /// How many deployments of a customer may be other than DELETED.
        public var deploymentsPerCustomer = 20
        /// How long the first answer to an idempotency key is kept.
        public var idempotencyWindow: Duration = .seconds(24 * 3600)
        /// How long every event of a deployment is kept, beyond the newest ones.
        public var eventWindow: Duration = .seconds(30 * 86_400)

        public init() {}
    }

    private let store: any DeploymentStore
    private let catalog: any Catalog
    private let surroundings: Surroundings
    private let settings: Settings

    public init(
        store: any DeploymentStore, catalog: any Catalog, surroundings: Surroundings, settings: Settings = Settings()
    ) {
        self.store = store
        self.catalog = catalog
        self.surroundings = surroundings
        self.settings = settings
    }

    public struct Created: Equatable, Sendable {
        public let deploymentId: String
        /// Whether an earlier call with the same key made it.
        public let isReplay: Bool
    }

    /// Asks for a deployment (semantics.md section 2).
    ///
    /// - Throws: ``DeploymentError``, ``StoreUnavailable``.
    public func create(_ body: JSONValue, key header: IdempotencyHeader?, by caller: Caller) async throws -> Created {
        let idempotencyKey = header.map {
            IdempotencyKey(customerId: caller.customerId, operation: "POST /deployments", key: $0.key)
        }
        let (request, fieldErrors) = DeploymentRequest.read(body)
        let offered: Result<RegionCatalog?, RegionUnavailable>
        do {
            offered = .success(try await request.asyncFlatMap(offer))
        } catch let unavailable as RegionUnavailable {
            offered = .failure(unavailable)
        }
        let fingerprint = IdempotencyHeader.fingerprint(of: body)
        let now = surroundings.time.now
        let id = surroundings.identifier("dep")
        let settings = settings
        let created: Created
        do {
            created = try await store.write { tx in
                if let idempotencyKey, let first = try tx.idempotencyRecord(idempotencyKey, at: now) {
                    guard first.fingerprint == fingerprint else { throw DeploymentError.idempotencyKeyReused }
                    return Created(deploymentId: first.deploymentId, isReplay: true)
                }
                guard let request else { throw DeploymentError.invalid(fieldErrors) }
                try Self.refuseMaintenance(of: request.regionId, in: tx)
                let region: RegionCatalog?
                switch offered {
                case .success(let catalog): region = catalog
                case .failure(let unavailable): throw DeploymentError.regionUnavailable(unavailable)
                }
                let keys = try tx.sshKeys(of: caller.customerId)
                let unknown = request.check(against: region, keys: keys)
                guard unknown.isEmpty, let key = keys.first(where: { $0.id == request.spec.sshKeyId }) else {
                    throw DeploymentError.invalid(unknown)
                }
                guard caller.isVerified else { throw DeploymentError.emailNotVerified }
                guard try tx.liveDeployments(of: caller.customerId) < settings.deploymentsPerCustomer else {
                    throw DeploymentError.quotaExceeded(limit: settings.deploymentsPerCustomer)
                }
                let sshUser = region?.images.first { $0.id == request.spec.imageId }?.sshUser
                try tx.insert(
                    DeploymentRecord(
                        deployment: Deployment(
                            id: id, customerId: caller.customerId, name: request.name, regionId: request.regionId,
                            spec: request.spec, runtime: .init(sshUser: sshUser), createdAt: now, updatedAt: now),
                        desired: .present,
                        work: .init(stackName: "vm-" + id.lowercased(), sshPublicKey: key.publicKey)),
                    events: [EventDraft(.info, "Deployment requested")])
                if let idempotencyKey {
                    try tx.remember(
                        IdempotencyRecord(
                            fingerprint: fingerprint, deploymentId: id, expiresAt: now + settings.idempotencyWindow),
                        for: idempotencyKey)
                }
                return Created(deploymentId: id, isReplay: false)
            }
        } catch let unavailable as StoreUnavailable where header != nil && unavailable.reason == .busy {
            throw DeploymentError.idempotencyInProgress
        }
        try surroundings.crashPoints.reached(.httpCreateCommitted)
        return created
    }

    /// What the region of a request offers. What is known of its quota may be old, so it is asked again before
    /// anybody is refused by it.
    private func offer(for request: DeploymentRequest) async throws -> RegionCatalog? {
        let known = try await catalog.catalog(of: request.regionId)
        return request.isOverQuota(of: known) ? try await catalog.freshCatalog(of: request.regionId) : known
    }

    public func list(_ query: DeploymentQuery) async throws -> DeploymentPage {
        try await store.read { try $0.deployments(query) }
    }

    /// - Throws: ``DeploymentError/notFound``, also for another customer's.
    public func deployment(_ id: String, of customerId: String) async throws -> Deployment {
        try await store.read { try Self.own(id, customerId, in: $0).deployment }
    }

    /// - Throws: ``DeploymentError/notFound``, also for another customer's.
    public func events(_ query: EventQuery, of customerId: String) async throws -> EventPage {
        try await store.read { queries in
            _ = try Self.own(query.deploymentId, customerId, in: queries)
            return try queries.events(query)
        }
    }

    /// The customer wants it gone. Fine in every state, and again (semantics.md S3.4).
    ///
    /// - Returns: the status after the commit.
    /// - Throws: ``DeploymentError/notFound``, ``StoreUnavailable``.
    public func delete(_ id: String, of customerId: String) async throws -> Deployment.Status {
        let now = surroundings.time.now
        let status = try await store.write { tx -> Deployment.Status in
            let previous = try Self.own(id, customerId, in: tx)
            let status = previous.deployment.status
            guard status != .deleting, status != .deleted else { return status }
            var record = previous
            try record.apply(.delete, at: now) { $0.lastError = nil }
            record.work.deleteFailures = 0
            record.work.deleteSentAt = nil
            record.work.failures = 0
            record.work.deletingSince = now
            record.work.absences = 0
            record.work.absentSince = nil
            let wasSent = previous.work.create != .none || previous.work.replaced != nil
            try tx.update(
                record, from: previous, fence: nil, dueAt: wasSent ? now : nil,
                events: [EventDraft(.info, "Deletion requested")])
            guard !wasSent else { return record.deployment.status }
            let deleting = try Self.own(id, customerId, in: tx)
            var deleted = deleting
            try deleted.apply(.confirmAbsence, at: now)
            try tx.update(deleted, from: deleting, fence: nil, dueAt: nil, events: [EventDraft(.info, "Deleted")])
            return deleted.deployment.status
        }
        try surroundings.crashPoints.reached(.httpDeleteCommitted)
        return status
    }

    /// Tries a deployment in ERROR again, as a new stack once the old one is confirmed gone (T22).
    ///
    /// - Throws: ``DeploymentError/notFound``, ``DeploymentError/notRetryable(_:)``,
    ///   ``DeploymentError/maintenance(_:)``, ``StoreUnavailable``.
    public func retry(_ id: String, of customerId: String) async throws -> Deployment.Status {
        let now = surroundings.time.now
        return try await store.write { tx in
            let previous = try Self.own(id, customerId, in: tx)
            guard previous.deployment.status == .error, previous.desired == .present else {
                throw DeploymentError.notRetryable(previous.deployment.status)
            }
            try Self.refuseMaintenance(of: previous.deployment.regionId, in: tx)
            var record = previous
            try record.apply(.retry, at: now) {
                $0.lastError = nil
                $0.runtime.publicIp = nil
                $0.runtime.privateIp = nil
            }
            record.work = previous.work.forNextAttempt
            record.work.deletingSince = now
            try tx.update(
                record, from: previous, fence: nil, dueAt: now, events: [EventDraft(.info, "Another try requested")])
            return record.deployment.status
        }
    }

    /// Deletes the answers to idempotency keys that have expired, none of which is given again before that either,
    /// and the events that are no longer kept.
    ///
    /// - Throws: ``StoreUnavailable``.
    public func purgeExpired() async throws {
        let now = surroundings.time.now
        let retention = EventRetention(youngerThan: now - settings.eventWindow)
        try await store.write { tx in
            try tx.forgetIdempotencyRecords(before: now)
            try tx.forgetEvents(retention)
            try tx.forgetChanges(at: now)
        }
    }

    private static func refuseMaintenance(of regionId: String, in queries: some DeploymentQueries) throws {
        if let maintenance = try queries.maintenances().first(where: { $0.regionId == regionId }) {
            throw DeploymentError.maintenance(maintenance)
        }
    }

    private static func own(
        _ id: String, _ customerId: String, in queries: some DeploymentQueries
    ) throws -> DeploymentRecord {
        guard let record = try queries.record(id), record.deployment.customerId == customerId else {
            throw DeploymentError.notFound
        }
        return record
    }
}

extension Optional {
    fileprivate func asyncFlatMap<Value>(_ transform: (Wrapped) async throws -> Value?) async rethrows -> Value? {
        if let self { try await transform(self) } else { nil }
    }
}

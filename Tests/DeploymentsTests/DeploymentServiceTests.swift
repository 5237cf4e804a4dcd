import Runtime
import Storage
import Testing

@testable import Deployments

/// What customers may do (semantics.md sections 2 and 3).
@Suite struct DeploymentServiceTests {
    let desk: Desk
    let body = DeploymentRequestTests.body
    let caller = DeploymentService.Caller(customerId: "cus_1", isVerified: true)

    init() throws { desk = try Desk() }

    func key(_ text: String = "k") throws -> IdempotencyHeader { try IdempotencyHeader(parsing: text) }

    func count(of customerId: String = "cus_1") async throws -> Int {
        try await desk.store.read { try $0.liveDeployments(of: customerId) }
    }

    @Test("a request is a deployment in REQUESTED, due, with one event (T1)")
    func create() async throws {
        try await desk.addKey()
        let created = try await desk.service().create(body, key: nil, by: caller)
        let record = try #require(try await desk.record(created.deploymentId))
        #expect(!created.isReplay && created.deploymentId.wholeMatch(of: /dep_[0-9A-HJKMNP-TV-Z]{26}/) != nil)
        #expect(record.deployment.status == .requested && record.deployment.revision == 1 && record.desired == .present)
        #expect(record.deployment.runtime == .init(sshUser: "debian"))
        #expect(record.work.stackName == "vm-" + created.deploymentId.lowercased())
        #expect(record.work.sshPublicKey == "ssh-ed25519 AAAA" && record.work.create == .none)
        #expect(try await desk.log(created.deploymentId) == ["Deployment requested"])
        #expect(try await desk.store.read { try $0.work(in: "west") } == [record])
    }

    @Test("what the quota leaves no room for is refused by field, once the cloud has been asked anew")
    func overQuota() async throws {
        try await desk.addKey()
        let offer = DeploymentRequestTests.catalog
        let share = { (used: Int, limit: Int?) in ComputeQuota.Share(used: used, limit: limit) }
        func offering(_ quota: ComputeQuota) -> RegionCatalog {
            RegionCatalog(region: offer.region, instanceTypes: offer.instanceTypes, images: offer.images, quota: quota)
        }
        let roomy = offering(.init(instances: share(0, 10), cores: share(0, nil), ramMiB: share(0, nil)))
        for full in [
            offering(.init(instances: share(10, 10), cores: share(0, 10), ramMiB: share(0, nil))),
            offering(.init(instances: share(0, 10), cores: share(10, 10), ramMiB: share(0, nil))),
            offering(.init(instances: share(0, 10), cores: share(0, nil), ramMiB: share(9, 10))),
        ] {
            let refusal = await #expect(throws: DeploymentError.self) {
                _ = try await desk.service(catalog: SmallCatalog(offer: full)).create(body, key: nil, by: caller)
            }
            guard case .invalid(let errors) = refusal else {
                return #expect(Bool(false), "\(String(describing: refusal))")
            }
            #expect(errors.map { "\($0.pointer) \($0.code)" } == ["/spec/instanceTypeId NO_ROOM"])
            let catalog = SmallCatalog(offer: full, freshOffer: roomy)
            _ = try await desk.service(catalog: catalog).create(body, key: nil, by: caller)
        }
        #expect(try await count() == 3)
    }

    @Test("without a key each request is a deployment (S2.1)")
    func withoutKey() async throws {
        try await desk.addKey()
        for _ in 0..<2 { _ = try await desk.service().create(body, key: nil, by: caller) }
        #expect(try await count() == 2)
    }

    @Test("the same key and meaning is the first answer again, also when the deployment is deleted (S2.4)")
    func replay() async throws {
        try await desk.addKey()
        let first = try await desk.service().create(body, key: key(), by: caller)
        let respelled = DeploymentRequestTests.withSpec("storage", ["sizeGiB": 10.0])
        let again = try await desk.service().create(respelled, key: key(), by: caller)
        #expect(again == .init(deploymentId: first.deploymentId, isReplay: true))
        #expect(try await desk.service().delete(first.deploymentId, of: "cus_1") == .deleted)
        #expect(try await desk.service().create(body, key: key(), by: caller).deploymentId == first.deploymentId)
        #expect(try await count() == 0)
    }

    @Test("the same key and another meaning is refused, also when the body is wrong (S2.5)")
    func reuse() async throws {
        try await desk.addKey()
        _ = try await desk.service().create(body, key: key(), by: caller)
        for other in [DeploymentRequestTests.with("name", "other"), DeploymentRequestTests.with("name", 5), [:]] {
            await #expect(throws: DeploymentError.idempotencyKeyReused) {
                _ = try await desk.service().create(other, key: key(), by: caller)
            }
        }
    }

    @Test("a key is a customer's own (S2.2)")
    func scope() async throws {
        try await desk.addKey()
        try await desk.addKey(of: "cus_2", id: "key_2")
        let first = try await desk.service().create(body, key: key(), by: caller)
        let theirs = try await desk.service().create(
            DeploymentRequestTests.withSpec("sshKeyId", "key_2"), key: key(),
            by: .init(customerId: "cus_2", isVerified: true))
        #expect(theirs.deploymentId != first.deploymentId && !theirs.isReplay)
    }

    @Test("a refused request burns no key (S2.3)")
    func refusalBurnsNoKey() async throws {
        await #expect(throws: DeploymentError.self) {
            _ = try await desk.service().create(body, key: key(), by: caller)
        }
        try await desk.addKey()
        let other = DeploymentRequestTests.with("name", "other")
        #expect(try await !desk.service().create(other, key: key(), by: caller).isReplay)
    }

    @Test("a key is new again after 24 hours, and forgotten then (S2.7)")
    func expiry() async throws {
        try await desk.addKey()
        let service = desk.service()
        let first = try await service.create(body, key: key(), by: caller)
        desk.time.advance(by: .seconds(24 * 3600) - .milliseconds(1))
        try await service.purgeExpired()
        #expect(try await service.create(body, key: key(), by: caller).deploymentId == first.deploymentId)
        desk.time.advance(by: .milliseconds(1))
        let second = try await service.create(body, key: key(), by: caller)
        #expect(!second.isReplay)
        #expect(try await service.create(body, key: key(), by: caller).deploymentId == second.deploymentId)
    }

    @Test("twins at once are one deployment (S2.6)")
    func twins() async throws {
        try await desk.addKey()
        let service = desk.service()
        let answers = try await withThrowingTaskGroup(of: DeploymentService.Created.self) { group in
            for _ in 0..<10 { group.addTask { try await service.create(body, key: key(), by: caller) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(answers.map(\.deploymentId)).count == 1)
        #expect(answers.count { !$0.isReplay } == 1)
        #expect(try await count() == 1)
    }

    @Test("a database that stays locked is a first request in progress to who sent a key, and busy to others")
    func busy() async throws {
        let service = desk.service(store: BusyStore(desk.store))
        await #expect(throws: DeploymentError.idempotencyInProgress) {
            _ = try await service.create(body, key: key(), by: caller)
        }
        await #expect(throws: StoreUnavailable.self) { _ = try await service.create(body, key: nil, by: caller) }
    }

    @Test("who dies after the commit replays; there is one deployment of the key (S2.8)")
    func crash() async throws {
        try await desk.addKey()
        await #expect(throws: Crashed.self) {
            _ = try await desk.service(dyingAt: .httpCreateCommitted).create(body, key: key(), by: caller)
        }
        #expect(try await desk.service().create(body, key: key(), by: caller).isReplay)
        #expect(try await count() == 1)
    }

    @Test("the checks come in their order: key, fields, region, e-mail, quota")
    func order() async throws {
        let unverified = DeploymentService.Caller(customerId: "cus_1", isVerified: false)
        var none = DeploymentService.Settings()
        none.deploymentsPerCustomer = 0
        func refusal(
            _ body: JSONValue, offer: RegionCatalog? = DeploymentRequestTests.catalog
        ) async -> DeploymentError? {
            let service = desk.service(catalog: SmallCatalog(offer: offer), settings: none)
            return await #expect(throws: DeploymentError.self) {
                _ = try await service.create(body, key: key(), by: unverified)
            }
        }
        func codes(_ error: DeploymentError?) -> [String] {
            guard case .invalid(let errors) = error else { return [] }
            return errors.map(\.code)
        }
        #expect(codes(await refusal([:])).contains("REQUIRED"))
        #expect(await refusal(body, offer: nil) == .regionUnavailable(RegionUnavailable(regionId: "west")))
        #expect(codes(await refusal(DeploymentRequestTests.with("regionId", "east"))) == ["UNKNOWN_REGION"])
        #expect(codes(await refusal(body)) == ["UNKNOWN_SSH_KEY"])
        try await desk.addKey()
        #expect(await refusal(body) == .emailNotVerified)
        await #expect(throws: DeploymentError.quotaExceeded(limit: 0)) {
            _ = try await desk.service(settings: none).create(body, key: nil, by: caller)
        }
        try await desk.addKey(of: "cus_2", id: "key_2")
        #expect(codes(await refusal(DeploymentRequestTests.withSpec("sshKeyId", "key_2"))) == ["UNKNOWN_SSH_KEY"])
    }

    @Test("a customer has so many deployments at once; a deleted one counts no more, a replay never")
    func quota() async throws {
        try await desk.addKey()
        var settings = DeploymentService.Settings()
        settings.deploymentsPerCustomer = 2
        let service = desk.service(settings: settings)
        let first = try await service.create(body, key: key(), by: caller)
        _ = try await service.create(body, key: nil, by: caller)
        await #expect(throws: DeploymentError.quotaExceeded(limit: 2)) {
            _ = try await service.create(body, key: nil, by: caller)
        }
        #expect(try await service.create(body, key: key(), by: caller).isReplay)
        _ = try await service.delete(first.deploymentId, of: "cus_1")
        _ = try await service.create(body, key: nil, by: caller)
    }

    @Test("twins of the last place are one deployment")
    func quotaTwins() async throws {
        try await desk.addKey()
        var settings = DeploymentService.Settings()
        settings.deploymentsPerCustomer = 3
        let service = desk.service(settings: settings)
        let made = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<10 {
                group.addTask { (try? await service.create(body, key: nil, by: caller)) != nil }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(made == 3)
        #expect(try await count() == 3)
    }

    // Deleting and trying again.

    /// A deployment as a worker left it.
    func deployment(
        _ status: Deployment.Status, desired: DeploymentRecord.DesiredState = .present, error: Failure.Code? = nil
    ) async throws -> String {
        let id = "dep_\(status)"
        try await desk.store.write { tx in
            var record = StatusMachineTests.record(status, desired, lastError: error.map { Failure($0) }, id: id)
            if status != .requested {
                record.work.create = .confirmed
                record.work.stackId = "s1"
                record.work.deleteSentAt = Desk.start
                record.work.deleteFailures = 6
            }
            try tx.insert(record, events: [])
        }
        return id
    }

    @Test("what was never sent is deleted at once, over DELETING, and no worker sees it (T3)")
    func deleteRequested() async throws {
        let id = try await deployment(.requested)
        #expect(try await desk.service().delete(id, of: "cus_1") == .deleted)
        #expect(try await desk.record(id)?.deployment.revision == 3)
        #expect(try await desk.log(id) == ["Deletion requested", "Deleted"])
        #expect(try await desk.store.read { try $0.work(in: "west") }.isEmpty)
    }

    @Test(
        "a deletion begins, or begins anew, with a full budget and no error (T16, T20)",
        arguments: [
            (Deployment.Status.provisioning, DeploymentRecord.DesiredState.present), (.active, .present),
            (.error, .present), (.error, .absent),
        ])
    func delete(status: Deployment.Status, desired: DeploymentRecord.DesiredState) async throws {
        let id = try await deployment(status, desired: desired, error: status == .error ? .deleteFailed : nil)
        #expect(try await desk.service().delete(id, of: "cus_1") == .deleting)
        let record = try #require(try await desk.record(id))
        #expect(record.deployment.status == .deleting && record.desired == .absent && record.deployment.revision == 2)
        #expect(record.deployment.lastError == nil)
        #expect(record.work.deleteFailures == 0 && record.work.deleteSentAt == nil)
        #expect(record.work.deletingSince == desk.time.now)
        #expect(try await desk.store.read { try $0.work(in: "west") } == [record])
    }

    @Test("deleting again changes nothing (S3.4)", arguments: [Deployment.Status.deleting, .deleted])
    func deleteAgain(status: Deployment.Status) async throws {
        let id = try await deployment(status, desired: .absent)
        #expect(try await desk.service().delete(id, of: "cus_1") == status)
        #expect(try await desk.record(id)?.deployment.revision == 1)
        #expect(try await desk.log(id).isEmpty)
    }

    @Test("another customer's deployment is not found, like one that is not")
    func foreign() async throws {
        let id = try await deployment(.error)
        let service = desk.service()
        for (id, customer) in [(id, "cus_2"), ("dep_none", "cus_1")] {
            await #expect(throws: DeploymentError.notFound) { _ = try await service.delete(id, of: customer) }
            await #expect(throws: DeploymentError.notFound) { _ = try await service.retry(id, of: customer) }
            await #expect(throws: DeploymentError.notFound) { _ = try await service.deployment(id, of: customer) }
            await #expect(throws: DeploymentError.notFound) {
                _ = try await service.events(EventQuery(deploymentId: id, page: 1, pageSize: 1), of: customer)
            }
        }
        #expect(try await desk.record(id)?.deployment.revision == 1)
    }

    @Test("another try is a new stack, after the old one (T22)")
    func retry() async throws {
        let id = try await deployment(.error, error: .noCapacity)
        #expect(try await desk.service().retry(id, of: "cus_1") == .provisioning)
        let record = try #require(try await desk.record(id))
        #expect(record.deployment.lastError == nil && record.work.stackName == "vm-1-r2")
        #expect(record.work.replaced == .init(name: "vm-1", id: "s1") && record.work.create == .none)
        #expect(try await desk.log(id) == ["Another try requested"])
    }

    @Test(
        "another try is for what is in ERROR and still wanted",
        arguments: Deployment.Status.allCases.map {
            ($0, $0 == .error ? DeploymentRecord.DesiredState.absent : .present)
        })
    func notRetryable(status: Deployment.Status, desired: DeploymentRecord.DesiredState) async throws {
        let id = try await deployment(status, desired: desired)
        await #expect(throws: DeploymentError.notRetryable(status)) {
            _ = try await desk.service().retry(id, of: "cus_1")
        }
    }

    @Test("events that are no longer kept are deleted with what else has expired (S11.1)")
    func housekeeping() async throws {
        let id = try await deployment(.active)
        let lines = (1...1005).map { EventDraft(.info, "line \($0)") }
        try await desk.store.write { tx in
            guard let record = try tx.record(id) else { return }
            try tx.update(record, from: record, fence: nil, dueAt: nil, events: lines)
        }
        func first() async throws -> Int {
            let query = EventQuery(deploymentId: id, page: 1, pageSize: 1)
            return try await desk.store.read { try $0.events(query) }.firstSeq
        }
        let service = desk.service()
        desk.time.advance(by: .seconds(29 * 86_400))
        try await service.purgeExpired()
        #expect(try await first() == 1)
        desk.time.advance(by: .seconds(2 * 86_400))
        try await service.purgeExpired()
        #expect(try await first() == 6)
    }
}

import Deployments
import OpenStack
import Runtime

/// Something that was looked at in a region, and what came of it.
public struct Finding: Equatable, Sendable {
    public enum Check: String, Sendable {
        case signIn = "sign-in"
        case credential, roles, services, offer, networks, template, quotas, trusts
    }

    public enum Verdict: String, Sendable {
        case fine
        /// It works, and will not for long or not for everything.
        case advice
        /// It can't work until somebody changes something.
        case wrong
        /// Nobody answered.
        case unreachable
    }

    public let regionId: String
    public let check: Check
    public let verdict: Verdict
    /// What was found and, where it is not fine, what to do.
    public let words: String

    /// Whether no VM can be made in the region until this has changed.
    public var isBlocking: Bool {
        switch verdict {
        case .wrong: [.signIn, .services, .networks, .template].contains(check)
        case .unreachable: check == .signIn
        case .fine, .advice: false
        }
    }
}

/// Looks at a region as a portal will use it, and says in words what is missing.
public struct CloudExamination: Sendable {
    /// How thorough it is.
    public enum Depth: Sendable {
        /// What must be right for the portal to work: asked at every start.
        case start
        /// Also what may become a problem. Makes a trust and removes it, where the portal has an application
        /// credential.
        case full
    }

    private let region: CloudRegion
    private let settings: WorkerSettings
    private let heat: HeatClient
    private let offer: OfferClient
    private let project: ProjectClient
    private let isApplicationCredential: Bool
    private let applicationCredentialId: String?

    public init(of region: CloudRegion, credential: CloudCredential, settings: WorkerSettings) {
        self.region = region
        self.settings = settings
        heat = HeatClient(region.connection)
        offer = OfferClient(region.connection)
        project = ProjectClient(region.connection)
        isApplicationCredential = credential.isApplicationCredential
        if case .applicationCredential(let id) = credential.method {
            applicationCredentialId = id
        } else {
            applicationCredentialId = nil
        }
    }

    /// - Throws: `CancellationError`.
    public func findings(_ depth: Depth) async throws -> [Finding] {
        let holder: TokenHolder
        var findings: [Finding] = []
        do {
            holder = try await region.connection.holder()
        } catch let failure as SignInFailure {
            return [finding(.signIn, failure.kind == .unreachable ? .unreachable : .wrong, failure.reason)]
        }
        findings.append(signedIn(holder))
        if depth == .full {
            findings.append(roles(of: holder))
            if let found = try await expiry(of: holder) { findings.append(found) }
        }
        let missing = try await missingServices()
        guard missing.isEmpty else { return findings + missing }
        findings.append(try await orchestration())
        let offered = try await offered(depth)
        findings += offered.findings
        findings.append(try await networks())
        if let order = offered.order { findings.append(try await template(for: order)) }
        if depth == .full {
            findings += try await quotas(of: holder)
            if isApplicationCredential { findings.append(try await trusts(of: holder)) }
        }
        return findings
    }

    /// What there is to say where the region took too long.
    public func unfinished(after limit: Duration) -> Finding {
        finding(.services, .unreachable, "no answer within \(limit)")
    }

    private func finding(_ check: Finding.Check, _ verdict: Finding.Verdict, _ words: String) -> Finding {
        Finding(regionId: region.region.id, check: check, verdict: verdict, words: words)
    }

    /// The finding for an answer that is not what was asked for.
    private func failed<Value>(_ check: Finding.Check, _ what: String, _ answer: Answer<Value>) -> Finding {
        switch answer {
        case .ok: finding(check, .fine, what)
        case .rejected(let failure), .conflict(let failure): finding(check, .wrong, "\(what): \(failure.message)")
        case .unknown(let failure) where [400, 403, 404, 405, 406].contains(failure.status):
            finding(check, .wrong, "\(what): \(failure.message)")
        case .absent: finding(check, .wrong, "\(what): there is none")
        case .later(let later): finding(check, .unreachable, "\(what): \(later.reason)")
        case .unknown(let failure): finding(check, .unreachable, "\(what): \(failure.message)")
        }
    }

    // MARK: who

    private func signedIn(_ holder: TokenHolder) -> Finding {
        guard let project = holder.projectName else {
            return finding(.signIn, .wrong, "the token is for no project: stacks belong to a project")
        }
        let roles = holder.roles.sorted().joined(separator: ", ")
        return finding(.signIn, .fine, "user \(holder.userName ?? "?") in project \(project), roles \(roles)")
    }

    private func roles(of holder: TokenHolder) -> Finding {
        if holder.roles.contains("admin") {
            return finding(
                .roles, .advice, "the credential is an administrator's; a member of the portal's own project is enough")
        }
        guard holder.roles.contains(where: { ["member", "_member_", "heat_stack_owner"].contains($0.lowercased()) })
        else {
            return finding(
                .roles, .wrong, "neither member nor heat_stack_owner: such a user may look and make nothing")
        }
        return finding(.roles, .fine, "enough to make stacks")
    }

    private func expiry(of holder: TokenHolder) async throws -> Finding? {
        guard let applicationCredentialId, let userId = holder.userId,
            case .ok(let expiry) = try await project.expiry(
                ofApplicationCredential: applicationCredentialId, of: userId)
        else { return nil }
        guard let expiry else { return finding(.credential, .fine, "the application credential does not expire") }
        let isSoon = expiry - project.connection.time.now < .seconds(30 * 86_400)
        return finding(.credential, isSoon ? .advice : .fine, "the application credential expires at \(expiry)")
    }

    private func trusts(of holder: TokenHolder) async throws -> Finding {
        let answer = try await project.tryTrust(as: holder)
        guard case .rejected(let failure) = answer else {
            return failed(.trusts, "trusts for Heat", answer)
        }
        return finding(
            .trusts, .wrong,
            """
            Keystone refuses trusts to this application credential (\(failure.message)), and Heat needs one for every \
            stack: its creates would fail with 500. Sign in with a user and password instead, or set in keystone.conf \
            [security_compliance] allow_insecure_application_credential_trust_escalation = true.
            """)
    }

    // MARK: what

    private func missingServices() async throws -> [Finding] {
        var findings: [Finding] = []
        for service in [CloudService.orchestration, .compute, .image, .network] {
            do {
                if try await !region.connection.offers(service) {
                    findings.append(finding(.services, .wrong, region.connection.missing(service)))
                }
            } catch let failure as SignInFailure {
                return [finding(.signIn, .unreachable, failure.reason)]
            }
        }
        return findings
    }

    private func orchestration() async throws -> Finding {
        failed(.services, "Heat answers", try await heat.isAnswering())
    }

    /// - Returns: also a VM that could be asked for.
    private func offered(_ depth: Depth) async throws -> (findings: [Finding], order: StackTemplate.Order?) {
        let flavors = try await offer.flavors()
        guard case .ok(let flavors) = flavors else { return ([failed(.offer, "instance types", flavors)], nil) }
        let images = try await offer.images()
        guard case .ok(let images) = images else { return ([failed(.offer, "images", images)], nil) }
        guard let flavor = flavors.first else {
            return ([finding(.offer, .wrong, "Nova shows the project no flavor")], nil)
        }
        guard let image = images.first else {
            return ([finding(.offer, .wrong, "Glance shows the project no active image")], nil)
        }
        let hasVolumes = (try? await region.connection.offers(.volume)) ?? true
        let order = StackTemplate.Order(
            flavor: flavor.id, image: image.id, sshPublicKey: StackTemplate.examplePublicKey, storageGiB: 10,
            name: "example",
            hasVolumes: hasVolumes)
        var findings = [finding(.offer, .fine, "\(flavors.count) instance types, \(images.count) images")]
        guard depth == .full else { return (findings, order) }
        if !hasVolumes {
            findings.append(
                finding(.offer, .advice, "no block storage: a VM's disk is that of its instance type"))
        }
        let unnamed = images.filter { $0.adminUser == nil }.map(\.name).sorted()
        if !unnamed.isEmpty {
            findings.append(
                finding(
                    .offer, .advice,
                    "customers are not told the account to sign in with: set the property os_admin_user of "
                        + unnamed.joined(separator: ", ")))
        }
        return (findings, order)
    }

    private func networks() async throws -> Finding {
        let answer = try await offer.networks()
        guard case .ok(let networks) = answer else { return failed(.networks, "networks", answer) }
        let known = networks.map(\.name).sorted().joined(separator: ", ")
        func matching(_ name: String) -> [OfferClient.Network] { networks.filter { $0.name == name || $0.id == name } }
        for (name, key) in [(settings.privateNetwork, "private-network"), (settings.publicNetwork, "public-network")]
        where !name.isEmpty {
            let count = matching(name).count
            guard count > 0 else {
                return finding(.networks, .wrong, "no network \(name); set --\(key) to one of: \(known)")
            }
            guard count == 1 else {
                return finding(.networks, .wrong, "\(count) networks are called \(name); set --\(key) to an id")
            }
        }
        if !settings.publicNetwork.isEmpty, matching(settings.publicNetwork).first?.isExternal == false {
            return finding(
                .networks, .wrong,
                "\(settings.publicNetwork) is not external, so it has no floating IPs; set --public-network to another, "
                    + "or to nothing for VMs without a public address")
        }
        let published =
            settings.publicNetwork.isEmpty ? "no public addresses" : "addresses of \(settings.publicNetwork)"
        return finding(.networks, .fine, "VMs in \(settings.privateNetwork), \(published)")
    }

    private func template(for order: StackTemplate.Order) async throws -> Finding {
        let parameters = settings.template.values(for: order, settings: settings)
        return failed(
            .template, "Heat takes the template",
            try await heat.validate(settings.template.yaml, parameters: parameters))
    }

    private func quotas(of holder: TokenHolder) async throws -> [Finding] {
        var quotas: [(name: String, quota: ProjectClient.Quota)] = []
        let compute = try await project.computeQuotas()
        guard case .ok(let compute) = compute else { return [failed(.quotas, "Nova's quotas", compute)] }
        quotas += [("servers", compute.instances), ("cores", compute.cores), ("MiB of memory", compute.ramMiB)]
        if let projectId = holder.projectId {
            let network = try await project.networkQuotas(of: projectId)
            guard case .ok(let network) = network else { return [failed(.quotas, "Neutron's quotas", network)] }
            for (name, key) in [
                ("ports", "port"), ("security groups", "security_group"), ("floating IPs", "floatingip"),
            ] {
                if let quota = network[key] { quotas.append((name, quota)) }
            }
        }
        let words = quotas.map {
            "\($0.quota.used) of \($0.quota.limit.map(String.init) ?? "any number of") \($0.name)"
        }
        let isUsedUp = quotas.contains { $0.quota.isUsedUp }
        return [finding(.quotas, isUsedUp ? .advice : .fine, "used are " + words.joined(separator: ", "))]
    }
}

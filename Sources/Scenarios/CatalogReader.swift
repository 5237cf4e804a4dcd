import Runtime
import Yams

extension CloudScenario {
    /// Reads a catalog: what a cloud is where no story says otherwise. fakecloud/Catalog/standard.yaml is one.
    ///
    /// - Parameter file: its name, for messages.
    /// - Throws: ``ScenarioErrors`` with all that is wrong.
    public init(catalog text: String, file: String) throws(ScenarioErrors) {
        self = try YAMLDocument.read(text, file: file, what: "a catalog") { root in
            CatalogReader(issues: root.issues).read(&root)
        }
    }
}

/// Reads a catalog and checks that what it names exists.
private struct CatalogReader {
    let issues: Issues

    private var cloud: CloudReader { CloudReader(issues: issues) }

    func read(_ root: inout MapReader) -> CloudScenario {
        let regions = root.entries("regions").map { cloud.region(named: $0.name, $0.node) }
        if regions.isEmpty { issues.add(root.place, "regions is missing: a cloud has one at least") }
        var scenario = CloudScenario(
            regions: regions, tokenLifetime: root.duration("tokenTtl") ?? .seconds(3600), instanceTypes: [], images: [],
            identity: identity(&root))
        scenario.allowsTrusts = root.bool("allowTrusts") ?? true
        scenario.instanceTypes = root.entries("flavors").compactMap { cloud.instanceType(named: $0.name, $0.node) }
        scenario.images = root.entries("images").map { cloud.image(named: $0.name, $0.node) }
        scenario.networks = root.entries("networks").compactMap {
            network(named: $0.name, $0.node, of: scenario)
        }
        cloud.quotas(&root, into: &scenario)
        cloud.lifecycles(&root, into: &scenario)
        checkIds(scenario, root.place)
        return scenario
    }

    // Identity.

    private func identity(_ root: inout MapReader) -> IdentityScenario {
        let domains = root.entries("domains").map { entry in
            read(entry.node) { IdentityScenario.Domain(name: entry.name, id: $0.identifier("id")) }
        }
        if domains.isEmpty { issues.add(root.place, "domains is missing: users and projects are in one") }
        let domainNames = domains.map(\.name)
        let projects = root.entries("projects").map { entry in
            read(entry.node) { reader in
                IdentityScenario.Project(
                    name: entry.name, id: reader.identifier("id"),
                    domain: reader.word("domain", of: domainNames) ?? domainNames.first ?? "",
                    description: reader.string("description") ?? "")
            }
        }
        let users = root.entries("users").map { entry in
            read(entry.node) { reader in
                IdentityScenario.User(
                    name: entry.name, id: reader.identifier("id"),
                    domain: reader.word("domain", of: domainNames) ?? domainNames.first ?? "",
                    password: reader.string("password", required: true) ?? "",
                    assignments: assignments(&reader, projects: projects.map(\.name)))
            }
        }
        let written = root.entries("applicationCredentials")
        let credentials = written.compactMap { entry in
            read(entry.node) { credential(named: entry.name, &$0, users: users) }
        }
        if written.isEmpty {
            issues.add(root.place, "applicationCredentials is missing: the portal signs in with the first")
        }
        return IdentityScenario(domains: domains, projects: projects, users: users, credentials: credentials)
    }

    private func read<Value>(_ node: Node, _ body: (inout MapReader) -> Value) -> Value {
        var reader = MapReader(node, issues)
        let value = body(&reader)
        reader.refuseUnknownKeys()
        return value
    }

    private func assignments(
        _ reader: inout MapReader, projects: [String]
    ) -> [IdentityScenario.User.Assignment] {
        guard let node = reader.node("roles") else { return [] }
        var roles = MapReader(node, issues)
        return roles.allEntries().compactMap { entry in
            guard projects.contains(entry.name) else {
                issues.add(entry.place, "unknown project \(entry.name)\(suggestion(entry.name, projects))")
                return nil
            }
            return IdentityScenario.User.Assignment(
                project: entry.name, roles: entry.node.strings(issues, what: "roles"))
        }
    }

    private func credential(
        named name: String, _ reader: inout MapReader, users: [IdentityScenario.User]
    ) -> IdentityScenario.Credential? {
        let userName = reader.word("user", of: users.map(\.name), required: true)
        let secret = reader.string("secret", required: true)
        let id = reader.identifier("id")
        let isUnrestricted = reader.bool("unrestricted") ?? false
        let expiresAt = reader.instant("expiresAt")
        let assignments = users.first { $0.name == userName }?.assignments ?? []
        let project = reader.word("project", of: assignments.map(\.project)) ?? assignments.first?.project
        let granted = assignments.first { $0.project == project }?.roles ?? []
        var roles = granted
        if let node = reader.node("roles") {
            roles = node.strings(issues, what: "roles")
            for role in roles where !granted.contains(role) {
                issues.add(
                    node.place(issues), "\(userName ?? "the user") has no role \(role)\(suggestion(role, granted))")
            }
        }
        guard let userName, let secret else { return nil }
        guard let project else {
            issues.add(reader.place, "\(userName) has roles on no project, so there is no credential")
            return nil
        }
        return IdentityScenario.Credential(
            name: name, id: id, user: userName, project: project, secret: secret, roles: roles,
            isUnrestricted: isUnrestricted, expiresAt: expiresAt)
    }

    // Networks.

    private func network(named name: String, _ node: Node, of scenario: CloudScenario) -> NetworkScenario? {
        read(node) { reader in
            let projects = scenario.identity.projects.map(\.name)
            let isExternal = reader.bool("external") ?? false
            let subnets = reader.entries("subnets").map { entry in
                read(entry.node) { subnet in
                    NetworkScenario.Subnet(
                        name: entry.name, id: subnet.identifier("id"),
                        ranges: ranges(&subnet, regions: scenario.regions.map(\.id)))
                }
            }
            if subnets.isEmpty { issues.add(reader.place, "subnets is missing: addresses are from them") }
            for region in scenario.regions.map(\.id) {
                let ranges = subnets.compactMap { $0.ranges[region] }
                for (place, range) in ranges.enumerated() where ranges[..<place].contains(where: range.overlaps) {
                    issues.add(reader.place, "the range \(range) of \(name) overlaps another one of it in \(region)")
                }
            }
            return NetworkScenario(
                name: name, id: reader.identifier("id"), isExternal: isExternal,
                isShared: reader.bool("shared") ?? false,
                mtu: reader.integer("mtu", in: 68...65_536) ?? (isExternal ? 1500 : 1450),
                project: reader.word("project", of: projects) ?? projects.first ?? "", subnets: subnets)
        }
    }

    /// One range for all regions, or one for each.
    private func ranges(_ reader: inout MapReader, regions: [String]) -> [String: IPv4Range] {
        guard let node = reader.node("cidr", required: true) else { return [:] }
        guard case .mapping = node else {
            guard let range = range(node) else { return [:] }
            return Dictionary(regions.map { ($0, range) }, uniquingKeysWith: { $1 })
        }
        var byRegion = MapReader(node, issues)
        var ranges: [String: IPv4Range] = [:]
        for entry in byRegion.allEntries() {
            guard regions.contains(entry.name) else {
                issues.add(entry.place, "unknown region \(entry.name)\(suggestion(entry.name, regions))")
                continue
            }
            ranges[entry.name] = range(entry.node)
        }
        for region in regions where ranges[region] == nil {
            issues.add(node.place(issues), "cidr has no range for the region \(region)")
        }
        return ranges
    }

    private func range(_ node: Node) -> IPv4Range? {
        guard let text = node.string(issues, what: "cidr") else { return nil }
        guard let range = IPv4Range(text) else {
            issues.add(node.place(issues), "cidr is a range such as 10.0.0.0/24, with a prefix of 8 to 30, not \(text)")
            return nil
        }
        return range
    }

    // Ids.

    private func checkIds(_ scenario: CloudScenario, _ place: Place) {
        let identity = scenario.identity
        let given: [(kind: String, ids: [String?])] = [
            ("domains", identity.domains.map(\.id)), ("projects", identity.projects.map(\.id)),
            ("users", identity.users.map(\.id)), ("application credentials", identity.credentials.map(\.id)),
            ("flavors", scenario.instanceTypes.map(\.openStackId)), ("images", scenario.images.map(\.openStackId)),
            ("networks", scenario.networks.map(\.id)), ("subnets", scenario.networks.flatMap(\.subnets).map(\.id)),
        ]
        for (kind, ids) in given {
            let ids = ids.compactMap { $0 }
            for id in Set(ids).sorted() where ids.count(where: { $0 == id }) > 1 {
                issues.add(place, "two \(kind) have the id \(id)")
            }
        }
    }
}

extension MapReader {
    /// An id as OpenStack's services use them.
    mutating func identifier(_ key: String) -> String? {
        guard let node = node(key), let text = node.string(issues, what: key) else { return nil }
        guard text.wholeMatch(of: /[A-Za-z0-9._-]{1,64}/) != nil else {
            issues.add(
                node.place(issues), "\(key) has 1 to 64 letters, digits, dots, dashes and underscores, not \(text)")
            return nil
        }
        return text
    }
}

extension Node {
    func strings(_ issues: Issues, what: String) -> [String] {
        guard case .sequence(let items) = self else {
            issues.add(place(issues), "\(what) is a list, not \(shown)")
            return []
        }
        return items.compactMap { $0.string(issues, what: what) }
    }
}

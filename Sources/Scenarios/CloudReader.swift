import Runtime
import Yams

/// Reads the part `cloud` of a scenario. What it does not say is as in the standard cloud.
struct CloudReader {
    /// The names of the portal's template, for rules on stacks.
    static let resources = ["key", "security_group", "port", "volume", "server", "floating_ip"]
    static let operations = [
        "keystone.discover", "keystone.token.issue", "keystone.token.validate", "keystone.catalog", "keystone.other",
        "heat.discover", "heat.stack.create", "heat.stack.find", "heat.stack.show", "heat.stack.list",
        "heat.stack.delete", "heat.event.list", "heat.resource.list", "heat.template.validate", "heat.other",
        "nova.flavor.list", "nova.limits.show", "nova.keypair.list", "nova.server.create", "nova.server.list",
        "nova.server.show", "nova.server.delete", "nova.server.action", "nova.other", "glance.image.list",
        "glance.other", "neutron.network.list", "neutron.other", "cinder.other", "placement.other",
    ]

    static let services = ["keystone", "heat", "nova", "glance", "neutron", "cinder", "placement"]
    /// Those that templates of the fake may use.
    static let resourceTypes = [
        "OS::Cinder::Volume", "OS::Cinder::VolumeAttachment", "OS::Heat::CloudConfig", "OS::Heat::MultipartMime",
        "OS::Heat::None", "OS::Heat::RandomString", "OS::Heat::Stack", "OS::Heat::ResourceGroup",
        "OS::Heat::SoftwareConfig", "OS::Heat::TestResource", "OS::Heat::Value", "OS::Heat::WaitCondition",
        "OS::Heat::WaitConditionHandle", "OS::Neutron::FloatingIP", "OS::Neutron::FloatingIPAssociation",
        "OS::Neutron::Net", "OS::Neutron::Port", "OS::Neutron::Router", "OS::Neutron::RouterInterface",
        "OS::Neutron::SecurityGroup", "OS::Neutron::SecurityGroupRule", "OS::Neutron::Subnet", "OS::Nova::KeyPair",
        "OS::Nova::Server", "OS::Nova::ServerGroup", "OS::Heat::TemplateResource",
    ]

    private static let quotas: [(String, QuotaScenario.Resource)] = [
        ("instances", .instances), ("cores", .cores), ("ramMiB", .ram), ("keyPairs", .keyPairs),
        ("serverGroups", .serverGroups), ("networks", .network), ("subnets", .subnet), ("ports", .port),
        ("routers", .router), ("floatingIps", .floatingIP), ("securityGroups", .securityGroup),
        ("securityGroupRules", .securityGroupRule), ("volumes", .volumes), ("gigabytes", .gigabytes),
    ]

    let issues: Issues

    func read(_ cloud: inout MapReader, into scenario: inout CloudScenario) {
        cloud.map("auth") { auth in
            if let lifetime = auth.duration("tokenTtl") { scenario.tokenLifetime = lifetime }
            if let skew = auth.signedDuration("clockSkew") { scenario.clockSkew = skew }
            if let allowsTrusts = auth.bool("allowTrusts") { scenario.allowsTrusts = allowsTrusts }
        }
        // What holds for all regions is what each begins with.
        var common = RegionScenario(id: "")
        let hasCommon = cloud.map("latency") { latency(&$0, of: &common) } != nil
        let regions = cloud.entries("regions").map { region(named: $0.name, $0.node, like: common) }
        if !regions.isEmpty {
            scenario.regions = regions
        } else if hasCommon {
            scenario.regions = scenario.regions.map { $0.named(like: common) }
        }
        cloud.map("catalog") { catalog in
            let types = catalog.entries("instanceTypes").compactMap { instanceType(named: $0.name, $0.node) }
            if !types.isEmpty { scenario.instanceTypes = types }
            let images = catalog.entries("images").map { image(named: $0.name, $0.node) }
            if !images.isEmpty { scenario.images = images }
        }
        quotas(&cloud, into: &scenario)
        lifecycles(&cloud, into: &scenario)
        scenario.stackRules = cloud.list("stacks") { rule($0, in: scenario) }
        let faults = FaultReader(issues: issues, regions: scenario.regions.map(\.id))
        scenario.faults = faults.read(&cloud)
    }

    func quotas(_ reader: inout MapReader, into quota: inout QuotaScenario) {
        reader.map("quotas") { quotas in
            if let stacks = quotas.integer("stacks", in: 0...1_000_000) { quota.stacks = stacks }
            for (name, resource) in Self.quotas {
                if let limit = quotas.integer(name, in: 0...(1 << 40)) { quota.limits[resource] = limit }
            }
        }
    }

    func quotas(_ reader: inout MapReader, into scenario: inout CloudScenario) {
        quotas(&reader, into: &scenario.quota)
        let hosts = reader.entries("hosts").compactMap { host(named: $0.name, $0.node) }
        if !hosts.isEmpty { scenario.hosts = hosts }
    }

    func lifecycles(_ reader: inout MapReader, into scenario: inout CloudScenario) {
        for (type, node) in reader.entries("lifecycles") {
            guard Self.resourceTypes.contains(type) else {
                issues.add(node.place(issues), "unknown resource type \(type)\(suggestion(type, Self.resourceTypes))")
                continue
            }
            var reader = MapReader(node, issues)
            let standard = scenario.lifecycles[type] ?? LifecycleScenario()
            scenario.lifecycles[type] = LifecycleScenario(
                create: reader.spread("create") ?? standard.create, delete: reader.spread("delete") ?? standard.delete,
                change: reader.spread("change") ?? standard.change)
            reader.refuseUnknownKeys()
        }
    }

    func region(
        named name: String, _ node: Node, like common: RegionScenario = RegionScenario(id: "")
    ) -> RegionScenario {
        var region = RegionScenario(id: name).named(like: common)
        var reader = MapReader(node, issues)
        reader.map("latency") { latency(&$0, of: &region) }
        reader.refuseUnknownKeys()
        return region
    }

    /// `default`, services and operations.
    private func latency(_ reader: inout MapReader, of region: inout RegionScenario) {
        if let standard = reader.spread("default") { region.latency = standard }
        for entry in reader.allEntries() where entry.name != "default" {
            let spread = entry.node.spread(issues, what: entry.name)
            if Self.services.contains(entry.name) {
                region.serviceLatency[entry.name] = spread
            } else if Self.operations.contains(entry.name) {
                region.operationLatency[entry.name] = spread
            } else {
                let known = Self.services + Self.operations
                issues.add(entry.place, "unknown operation \(entry.name)\(suggestion(entry.name, known))")
            }
        }
    }

    private func host(named name: String, _ node: Node) -> HostScenario? {
        instanceType(named: name, node).map {
            HostScenario(id: $0.id, vcpus: $0.vcpus, ramMiB: $0.ramMiB, diskGiB: $0.diskGiB)
        }
    }

    func instanceType(named name: String, _ node: Node) -> InstanceTypeScenario? {
        var reader = MapReader(node, issues)
        let vcpus = reader.integer("vcpus", in: 1...1024, required: true)
        let ramMiB = reader.integer("ramMiB", in: 1...(1 << 30), required: true)
        let diskGiB = reader.integer("diskGiB", in: 0...(1 << 20)) ?? 0
        let id = reader.identifier("id")
        reader.refuseUnknownKeys()
        guard let vcpus, let ramMiB else { return nil }
        var type = InstanceTypeScenario(id: name, vcpus: vcpus, ramMiB: ramMiB, diskGiB: diskGiB)
        type.openStackId = id
        return type
    }

    func image(named name: String, _ node: Node) -> ImageScenario {
        var reader = MapReader(node, issues)
        var image = ImageScenario(
            id: name, minDiskGiB: reader.integer("minDiskGiB", in: 0...(1 << 20)) ?? 0,
            minRamMiB: reader.integer("minRamMiB", in: 0...(1 << 30)) ?? 0, sshUser: reader.string("sshUser"))
        image.openStackId = reader.identifier("id")
        reader.refuseUnknownKeys()
        return image
    }

    private func rule(_ node: Node, in scenario: CloudScenario) -> StackRule {
        var reader = MapReader(node, issues)
        var rule = StackRule()
        reader.map("match") { match in
            rule.name = match.string("name")
            rule.region = match.word("region", of: scenario.regions.map(\.id))
            rule.nth = match.integer("nth", in: 1...1_000_000)
            rule.tag = match.string("tag")
            rule.instanceType = match.word("instanceType", of: scenario.instanceTypes.map(\.id))
            rule.image = match.word("image", of: scenario.images.map(\.id))
            rule.chance = match.percent("chance")
            if rule.nth != nil, rule.chance != nil {
                issues.add(
                    match.place, "nth under chance: whether the nth stack meets it is left to luck; say one of them")
            }
        }
        rule.create = fates(reader.node("create"))
        rule.delete = fates(reader.node("delete"))
        rule.vanishesAfter = reader.spread("vanishesAfter")
        reader.refuseUnknownKeys()
        return rule
    }

    private func fates(_ node: Node?) -> [String: ResourceFate] {
        guard let node else { return [:] }
        var reader = MapReader(node, issues)
        var fates: [String: ResourceFate] = [:]
        for entry in reader.allEntries() {
            guard Self.resources.contains(entry.name) else {
                issues.add(entry.place, "unknown resource \(entry.name)\(suggestion(entry.name, Self.resources))")
                continue
            }
            var fate = MapReader(entry.node, issues)
            let takes = fate.spread("takes")
            let times = fate.integer("times", in: 1...1000)
            let reason = fate.string("fails")
            let isStuck = fate.bool("stuck") ?? false
            fate.refuseUnknownKeys()
            if reason != nil, isStuck { issues.add(entry.place, "a resource fails or is stuck, not both") }
            if reason == nil, times != nil {
                issues.add(entry.place, "times says how often it fails: fails is missing")
            }
            fates[entry.name] = ResourceFate(
                takes: takes,
                outcome: isStuck ? .isStuck : reason.map { .fails(reason: $0, times: times) } ?? .completes)
        }
        return fates
    }
}

extension RegionScenario {
    /// The same region, as slow as another.
    fileprivate func named(like other: RegionScenario) -> RegionScenario {
        var region = other
        region.id = id
        return region
    }
}

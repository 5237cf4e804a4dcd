import Runtime

/// The cloud part of a scenario: what the fake OpenStack is, how long things take, and how they go wrong.
public struct CloudScenario: Equatable, Sendable {
    public var regions: [RegionScenario]
    /// How long a Keystone token lives.
    public var tokenLifetime: Duration
    /// How much the cloud's wall clock is ahead of that of its clients; behind where negative.
    public var clockSkew = Duration.zero
    /// Whether application credentials may make trusts. Where not, Heat refuses creates with their tokens (LP#2150089).
    public var allowsTrusts = true
    public var identity: IdentityScenario
    public var networks: [NetworkScenario] = []
    public var instanceTypes: [InstanceTypeScenario]
    public var images: [ImageScenario]
    public var quota: QuotaScenario
    /// The machines of each region; without any, there is room for every server.
    public var hosts: [HostScenario]
    /// How long resources take, by Heat resource type; a type that is not listed takes no time.
    public var lifecycles: [String: LifecycleScenario]
    /// Rules for stacks, tried in order; the first that matches governs the stack for its whole life.
    public var stackRules: [StackRule]
    /// How calls go wrong: rules, tried in order.
    public var faults: [FaultRule] = []

    public init(
        regions: [RegionScenario], tokenLifetime: Duration, instanceTypes: [InstanceTypeScenario],
        images: [ImageScenario], identity: IdentityScenario, quota: QuotaScenario = QuotaScenario(),
        hosts: [HostScenario] = [],
        lifecycles: [String: LifecycleScenario] = [:], stackRules: [StackRule] = []
    ) {
        self.regions = regions
        self.tokenLifetime = tokenLifetime
        self.instanceTypes = instanceTypes
        self.images = images
        self.identity = identity
        self.quota = quota
        self.hosts = hosts
        self.lifecycles = lifecycles
        self.stackRules = stackRules
    }
}

public struct RegionScenario: Equatable, Sendable {
    public var id: String
    /// How long a call takes to be answered, where no operation says otherwise.
    public var latency: Spread
    /// By operation (`heat.stack.create`, `keystone.token.issue`, …).
    public var operationLatency: [String: Spread]
    /// By service (`heat`, `nova`, …), where no operation says otherwise.
    public var serviceLatency: [String: Spread] = [:]

    public init(id: String, latency: Spread = .fixed(.milliseconds(20)), operationLatency: [String: Spread] = [:]) {
        self.id = id
        self.latency = latency
        self.operationLatency = operationLatency
    }

    /// How long a call of an operation takes to be answered.
    public func latency(of operation: String) -> Spread {
        operationLatency[operation] ?? serviceLatency[String(operation.prefix { $0 != "." })] ?? latency
    }
}

/// A Nova flavor.
public struct InstanceTypeScenario: Equatable, Sendable {
    /// The name, which is what the portal calls it.
    public var id: String
    /// Nova's id, where one is given.
    public var openStackId: String?
    public var vcpus: Int
    public var ramMiB: Int
    public var diskGiB: Int

    public init(id: String, vcpus: Int, ramMiB: Int, diskGiB: Int) {
        self.id = id
        self.vcpus = vcpus
        self.ramMiB = ramMiB
        self.diskGiB = diskGiB
    }
}

/// A Glance image.
public struct ImageScenario: Equatable, Sendable {
    /// The name, which is what the portal calls it.
    public var id: String
    /// Glance's id, where one is given.
    public var openStackId: String?
    public var minDiskGiB: Int
    public var minRamMiB: Int
    public var sshUser: String?

    public init(id: String, minDiskGiB: Int = 0, minRamMiB: Int = 0, sshUser: String? = nil) {
        self.id = id
        self.minDiskGiB = minDiskGiB
        self.minRamMiB = minRamMiB
        self.sshUser = sshUser
    }
}

/// Limits of each project in each region.
public struct QuotaScenario: Equatable, Sendable {
    /// What Nova, Neutron and Cinder count, under the names that their APIs give it.
    public enum Resource: String, CaseIterable, Sendable {
        case instances, cores
        /// In MiB.
        case ram
        case keyPairs = "key_pairs"
        case serverGroups = "server_groups"
        case network, subnet, port, router
        case floatingIP = "floatingip"
        case securityGroup = "security_group"
        case securityGroupRule = "security_group_rule"
        case volumes, gigabytes
    }

    public var stacks: Int
    /// What is not listed is not limited.
    public var limits: [Resource: Int]

    public init(stacks: Int = 1000, limits: [Resource: Int] = [:]) {
        self.stacks = stacks
        self.limits = limits
    }
}

/// A machine that servers run on.
public struct HostScenario: Equatable, Sendable {
    public var id: String
    public var vcpus: Int
    public var ramMiB: Int
    public var diskGiB: Int

    public init(id: String, vcpus: Int, ramMiB: Int, diskGiB: Int) {
        self.id = id
        self.vcpus = vcpus
        self.ramMiB = ramMiB
        self.diskGiB = diskGiB
    }
}

/// How long one resource takes to be created, changed and deleted.
public struct LifecycleScenario: Equatable, Sendable {
    public var create: Spread
    public var delete: Spread
    /// A reboot, a stop, a resize.
    public var change: Spread

    public init(
        create: Spread = .fixed(.zero), delete: Spread = .fixed(.zero), change: Spread = .fixed(.zero)
    ) {
        self.create = create
        self.delete = delete
        self.change = change
    }
}

/// What happens to the stacks that it matches.
public struct StackRule: Equatable, Sendable {
    /// A glob over the stack's name: `vm-*`.
    public var name: String?
    public var region: String?
    /// The nth stack (from 1) that matches the other conditions; all where nil.
    public var nth: Int?
    /// A glob over the stack's tags, of which one must be like it.
    public var tag: String?
    /// Of its server: the names in the catalog.
    public var instanceType: String?
    public var image: String?
    /// Of 1, that it governs a stack that meets the rest.
    public var chance: Double?
    /// By the resource's name in the template.
    public var create: [String: ResourceFate]
    public var delete: [String: ResourceFate]
    /// How long after CREATE_COMPLETE the stack is gone, deleted behind the portal's back.
    public var vanishesAfter: Spread?

    public init(
        name: String? = nil, region: String? = nil, nth: Int? = nil, create: [String: ResourceFate] = [:],
        delete: [String: ResourceFate] = [:], vanishesAfter: Spread? = nil
    ) {
        self.name = name
        self.region = region
        self.nth = nth
        self.create = create
        self.delete = delete
        self.vanishesAfter = vanishesAfter
    }
}

/// What becomes of one resource's create or delete.
public struct ResourceFate: Equatable, Sendable {
    public enum Outcome: Equatable, Sendable {
        case completes
        /// Fails with this reason; `times` in a row, then it completes; for ever where nil.
        case fails(reason: String, times: Int?)
        /// Stays in progress.
        case isStuck
    }

    /// Instead of the resource type's lifecycle.
    public var takes: Spread?
    public var outcome: Outcome

    public init(takes: Spread? = nil, outcome: Outcome = .completes) {
        self.takes = takes
        self.outcome = outcome
    }
}

import Runtime
import Scenarios

@testable import FakeCloud

/// One region of a fake, for tests of the services' states: a clock that is moved, and who changes what.
struct NovaRegion {
    var engine: CloudEngine
    private let random: RandomSource

    init(_ scenario: CloudScenario = .bench, seed: UInt64 = 7) {
        engine = CloudEngine(scenario, at: RegionServices.epoch + .seconds(3600))
        random = RandomSource(seed: seed)
    }

    /// A cloud with limits.
    init(limits: [QuotaScenario.Resource: Int], hosts: [HostScenario] = []) {
        var scenario = CloudScenario.bench
        scenario.quota.limits = limits
        scenario.hosts = hosts
        self.init(scenario)
    }

    var services: RegionServices { engine.regions[Bench.region]!.services }

    func project(_ name: String) -> String { engine.catalog.hexId(of: "project", name) }
    func flavor(_ name: String) -> String { engine.catalog.id(of: "flavor", name) }
    func network(_ name: String) -> String { engine.catalog.id(of: "network", name) }
    var image: String { engine.catalog.id(of: "image", "debian-12") }

    func change(as user: String = "demo") -> Change {
        Change(
            requester: Requester(
                userId: engine.catalog.hexId(of: "user", user), projectId: project(user), isAdmin: user == "admin"),
            now: engine.now, random: random)
    }

    /// Changes the services as a user.
    @discardableResult
    mutating func act<Result>(
        as user: String = "demo", _ body: (inout RegionServices, Change) throws -> Result
    ) throws -> Result {
        let change = change(as: user)
        return try engine.withServices(in: Bench.region) { try body(&$0, change) }!
    }

    mutating func pass(_ duration: Duration) { engine.advance(to: engine.now + duration) }

    /// Makes a server on the private network.
    @discardableResult
    mutating func boot(
        _ name: String = "vm", flavor: String = "m1.tiny", as user: String = "demo", _ more: [String: JSONValue] = [:],
        drivenBy driver: Driver = .timers
    ) throws -> Instance {
        let request: [String: JSONValue] = [
            "name": .string(name), "flavorRef": .string(self.flavor(flavor)), "imageRef": .string(image),
            "networks": [["uuid": .string(network("private"))]],
        ]
        return try act(as: user) {
            try $0.createServer(.object(request.merging(more) { $1 }), by: $1, drivenBy: driver)
        }
    }

    func server(_ id: String) -> Instance? { services.compute.servers[id] }
}

/// The refusal that a change is answered with; nil where it is done.
func fault(_ body: () throws -> Void) -> ServiceFault? {
    do {
        try body()
        return nil
    } catch {
        return error as? ServiceFault
    }
}

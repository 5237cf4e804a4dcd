import Deployments
import HTTPTypes
import Logging
import OpenStack
import Runtime
import Synchronization
import Testing

@testable import Workers

@Suite struct CloudCatalogTests {
    @Test("what is offered goes by its name where that is unique and plain, else by the cloud's id")
    func ids() {
        let flavor = { (id: String, name: String) in
            OfferClient.Flavor(id: id, name: name, vcpus: 1, ramMiB: 512, diskGiB: 1)
        }
        let image = { (id: String, name: String) in
            OfferClient.Image(id: id, name: name, minDiskGiB: 0, minRamMiB: 0, adminUser: "debian")
        }
        let catalog = CloudCatalog.catalog(
            of: Region(id: "r1", name: "One"), flavors: [flavor("f1", "m1.small"), flavor("f2", "my flavor")],
            images: [image("i1", "debian-12"), image("i2", "twin"), image("i3", "twin")])
        #expect(catalog.instanceTypes.map(\.id) == ["m1.small", "f2"])
        #expect(catalog.images.map(\.id) == ["debian-12", "i2", "i3"])
        #expect(catalog.images.map(\.sshUser) == ["debian", "debian", "debian"])
    }

    @Test(
        "rules say which names are offered: patterns give, those with a ! take away",
        arguments: [
            ([], ["m1.small", "m1.huge", "g1.small"]), (["m1.*"], ["m1.small", "m1.huge"]),
            (["!m1.huge"], ["m1.small", "g1.small"]), (["m1.*", "!*.huge"], ["m1.small"]),
            (["g1.small", "m1.small"], ["m1.small", "g1.small"]), (["x"], []),
        ])
    func rules(patterns: [String], offered: [String]) {
        let names = ["m1.small", "m1.huge", "g1.small"]
        #expect(names.filter(OfferRules(instanceTypes: patterns).offersInstanceType) == offered)
        #expect(names.filter(OfferRules(images: patterns).offersImage) == offered)
    }

    @Test("the quota is told with the offer, and asked anew on demand")
    func quota() async throws {
        let (stage, clouds, catalog) = stage(1)
        let told = Told()
        try await withThrowingTaskGroup(of: Void.self) { group async throws in
            group.addTask(executorPreference: stage) {
                for isFresh in [false, false, true] {
                    let offer = try await isFresh ? catalog.freshCatalog(of: "r1") : catalog.catalog(of: "r1")
                    told.shares.withLock { $0.append(offer?.quota?.instances) }
                    clouds[0].usedInstances.withLock { $0 = 10 }
                }
            }
            _ = await stage.play { told.shares.withLock { $0.count == 3 } }
            try await group.waitForAll()
        }
        let shares = told.shares.withLock { $0 }
        #expect(shares == [.init(used: 3, limit: 10), .init(used: 3, limit: 10), .init(used: 10, limit: 10)])
        let cores = try #require(try? await catalog.catalog(of: "r1")?.quota?.cores)
        #expect(cores.limit == nil && cores.left == nil)
    }

    /// A region's Keystone, Nova and Glance, which may be down or hang.
    final class SmallCloud: CloudTransport {
        enum Mood: Sendable {
            case well, down, hanging, nonsense
        }

        let mood = Mutex(Mood.well)
        let calls = Mutex(0)
        let usedInstances = Mutex(3)
        private let stage: Stage

        init(_ stage: Stage) { self.stage = stage }

        func send(_ request: CloudRequest) async throws -> CloudResponse {
            guard !request.url.hasSuffix("/auth/tokens") else { return .token(at: stage.now) }
            calls.withLock { $0 += 1 }
            switch mood.withLock({ $0 }) {
            case .down: throw TransportFailure(effect: .impossible, reason: "refused")
            case .hanging: try await stage.sleep(for: .seconds(1000))
            case .nonsense: return CloudResponse(status: 200, body: Array("<html>".utf8))
            case .well: break
            }
            if request.url.contains("/flavors/") {
                return .json(200, ["flavors": [["id": "f1", "name": "m1.small", "vcpus": 1, "ram": 512, "disk": 1]]])
            }
            if request.url.hasSuffix("/limits") {
                let used = usedInstances.withLock { $0 }
                return .json(
                    200,
                    [
                        "limits": [
                            "absolute": [
                                "totalInstancesUsed": .integer(used), "maxTotalInstances": 10, "totalCoresUsed": 0,
                                "maxTotalCores": -1, "totalRAMUsed": 0, "maxTotalRAMSize": 1024,
                            ]
                        ]
                    ])
            }
            return .json(200, ["images": [["id": "i1", "name": "debian-12"]]])
        }
    }

    /// A catalog of regions `r1`, `r2`… on a stage, with what each is reached by.
    func stage(_ count: Int) -> (stage: Stage, clouds: [SmallCloud], catalog: CloudCatalog) {
        let stage = Stage()
        let surroundings = Surroundings(time: stage, random: RandomSource(seed: 1))
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let clouds = (0..<count).map { _ in SmallCloud(stage) }
        let credential = CloudCredential(identityURL: "http://keystone", applicationCredentialId: "a", secret: "b")
        let regions = clouds.enumerated().map { index, cloud in
            let session = CloudSession(credential, transport: cloud, surroundings: surroundings, logger: logger)
            return CloudRegion(
                Region(id: "r\(index + 1)", name: "One"),
                connection: CloudConnection(
                    region: "RegionOne", session: session, transport: cloud, surroundings: surroundings))
        }
        return (stage, clouds, CloudCatalog(regions, surroundings: surroundings, logger: logger))
    }

    final class Told: Sendable {
        let shares = Mutex<[ComputeQuota.Share?]>([])
    }

    final class Answered: Sendable {
        let text = Mutex<String?>(nil)
    }

    /// What somebody who asks for a region's offer gets, and after how long.
    func ask(_ catalog: CloudCatalog, _ regionId: String, on stage: Stage) async throws -> (String, Duration) {
        let began = stage.uptime
        let answered = Answered()
        try await withThrowingTaskGroup(of: Void.self) { group async throws in
            group.addTask(executorPreference: stage) {
                do {
                    let offer = try await catalog.catalog(of: regionId)
                    answered.text.withLock { $0 = offer?.instanceTypes.map(\.id).joined() ?? "no region" }
                } catch is RegionUnavailable {
                    answered.text.withLock { $0 = "unavailable" }
                }
            }
            _ = await stage.play { answered.text.withLock { $0 != nil } }
            try await group.waitForAll()
        }
        return (answered.text.withLock { $0 } ?? "", stage.uptime - began)
    }

    @Test("what a region offered before is served while it is down, and the others' is read anew")
    func refresh() async throws {
        let (stage, clouds, catalog) = stage(2)
        try await withThrowingTaskGroup(of: Void.self) { group async throws in
            group.addTask(executorPreference: stage) {
                try await catalog.run(every: .seconds(300), whileDown: .seconds(15))
            }
            await stage.play(for: .seconds(1))
            for (mood, cloud) in zip([SmallCloud.Mood.down, .well], clouds) { cloud.mood.withLock { $0 = mood } }
            let before = clouds.map { $0.calls.withLock { $0 } }
            #expect(before == [3, 3])
            for mood in [SmallCloud.Mood.down, .hanging, .nonsense] {
                clouds[0].mood.withLock { $0 = mood }
                await stage.play(for: .seconds(600))
                #expect(try await ask(catalog, "r1", on: stage) == ("m1.small", .zero))
            }
            #expect(clouds[1].calls.withLock { $0 } == 3 * 7)
            group.cancelAll()
        }
    }

    @Test("who asks for a region that never answered is told so in time, also while the refresh waits for it")
    func patience() async throws {
        let (stage, clouds, catalog) = stage(2)
        clouds[0].mood.withLock { $0 = .hanging }
        try await withThrowingTaskGroup(of: Void.self) { group async throws in
            group.addTask(executorPreference: stage) {
                try await catalog.run(every: .seconds(300), whileDown: .seconds(15))
            }
            await stage.play(for: .seconds(1))
            #expect(try await ask(catalog, "r1", on: stage) == ("unavailable", .seconds(10)))
            #expect(try await ask(catalog, "r2", on: stage) == ("m1.small", .zero))
            #expect(try await ask(catalog, "r3", on: stage) == ("no region", .zero))
            clouds[0].mood.withLock { $0 = .well }
            await stage.play(for: .seconds(400))
            #expect(try await ask(catalog, "r1", on: stage) == ("m1.small", .zero))
            group.cancelAll()
        }
    }
}

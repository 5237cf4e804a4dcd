import Deployments
import Logging
import OpenStack
import Runtime
import Synchronization
import Workers

/// Watches a real cloud through the production client, and makes a scenario of what it saw.
///
/// It reads: the offer, the project's stacks and their events, again and again; and times its own calls. Where it is
/// told to, it also makes stacks of the portal's template and deletes them.
public final class CloudRecorder: Sendable {
    /// What it is to make, to see how that goes.
    public struct Trials: Sendable {
        /// In each region, one after the other.
        public var count: Int
        /// The name of the flavor and of the image; the smallest there is where nil.
        public var flavor: String?
        public var image: String?

        public init(count: Int, flavor: String? = nil, image: String? = nil) {
            self.count = count
            self.flavor = flavor
            self.image = image
        }
    }

    private struct Region: Sendable {
        let id: String
        let connection: CloudConnection
        let reader: StackReader
    }

    private struct State {
        var isStopped = false
        /// The names of stacks that were made and may be there.
        var leftovers: [String] = []
    }

    private let regions: [Region]
    private let book: ObservationBook
    private let settings: WorkerSettings
    private let surroundings: Surroundings
    private let progress: @Sendable (String) -> Void
    private let stopSignal = Signal()
    private let state = Mutex(State())

    /// - Parameter progress: is told in words what happens, for people who wait.
    public init(
        _ regions: [(id: String, access: RegionAccess)], settings: WorkerSettings, surroundings: Surroundings,
        progress: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        let book = ObservationBook(regions: regions.map(\.id))
        let metered = regions.map { region in
            var access = region.access
            access.transport = MeteredTransport(
                inner: region.access.transport, regionId: region.id, book: book, time: surroundings.time)
            return access
        }
        let silent = Logger(label: "hothouse.recorder") { _ in SwiftLogNoOpLogHandler() }
        let connections = CloudConnection.all(metered, surroundings: surroundings, logger: silent)
        self.regions = zip(regions, connections).map { region, connection in
            let reader = StackReader(
                heat: HeatClient(connection), regionId: region.id, book: book,
                templateTypes: settings.template.resourceTypes)
            return Region(id: region.id, connection: connection, reader: reader)
        }
        self.book = book
        self.settings = settings
        self.surroundings = surroundings
        self.progress = progress
    }

    /// Stacks that were made by trials and may still be there.
    public var leftovers: [String] { state.withLock { $0.leftovers } }

    /// Ends the watch soon. Trials delete what they made first.
    public func stop() {
        state.withLock { $0.isStopped = true }
        stopSignal.raise()
    }

    /// Watches for a while, and until the trials are over.
    ///
    /// - Throws: `CancellationError`; stacks of trials may be there then (``leftovers``).
    public func run(for duration: Duration, trials: Trials = Trials(count: 0)) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for region in regions {
                group.addTask {
                    let watch = RegionWatch(
                        reader: region.reader, offer: OfferClient(region.connection),
                        project: ProjectClient(region.connection), time: self.surroundings.time)
                    try await watch.run()
                }
            }
            group.addTask { try await self.tellProgress() }
            do {
                try await self.wait(for: duration, trials)
            } catch {
                self.book.close()
                group.cancelAll()
                throw error
            }
            book.close()
            group.cancelAll()
            while let result = await group.nextResult() {
                if case .failure(let error) = result, !(error is CancellationError) { throw error }
            }
        }
    }

    private func wait(for duration: Duration, _ trials: Trials) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            if trials.count > 0 {
                for region in regions { group.addTask { try await self.run(trials, in: region) } }
            }
            try await surroundings.time.wait(for: stopSignal, atMost: duration)
            try await group.waitForAll()
        }
    }

    private func tellProgress() async throws {
        while true {
            try await surroundings.time.sleep(for: .seconds(10))
            let seen = book.observations
            let faults = seen.calls.count(where: \.isFault)
            progress(
                "\(seen.calls.count) calls, \(faults) of them went wrong; the events of \(seen.stacks.count) stacks")
        }
    }

    // Trials.

    private func run(_ trials: Trials, in region: Region) async throws {
        guard let order = try await order(trials, in: region) else { return }
        let hasVolumes = (try? await region.connection.offers(.volume)) ?? true
        for number in 1...trials.count where !isStopped {
            let random = surroundings.random.bytes(4).map { String($0, radix: 16) }.joined()
            let request = settings.template.request(
                for: order, name: "hothouse-record-\(random)", hasVolumes: hasVolumes, settings: settings)
            state.withLock { $0.leftovers.append(request.name) }
            let trial = StackTrial(
                reader: region.reader, request: request, settings: settings, time: surroundings.time,
                isStopped: { self.isStopped })
            let what = "\(region.id): stack \(number) of \(trials.count)"
            let ending = try await trial.run { self.progress("\(what): \($0)") }
            switch ending {
            case .gone: break
            case .notMade(let why): progress("\(what) was not made: \(why)")
            case .left(let name):
                progress("\(what) can't be deleted: \(name)")
                continue
            }
            state.withLock { state in state.leftovers.removeAll { $0 == request.name } }
        }
    }

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    /// What the stacks of trials are made of; nil where the region does not say what it has.
    private func order(_ trials: Trials, in region: Region) async throws -> TrialOrder? {
        let offer = OfferClient(region.connection)
        guard case .ok(let flavors) = try await offer.flavors(), case .ok(let images) = try await offer.images() else {
            progress("\(region.id): no stacks are made: it does not say what instance types and images it has")
            return nil
        }
        let order = TrialOrder(flavors: flavors, images: images, flavor: trials.flavor, image: trials.image)
        if order == nil { progress("\(region.id): no stacks are made: there is no such instance type or image") }
        return order
    }

    // What came of it.

    /// The scenario, for a file.
    ///
    /// - Throws: ``RecordingFailure`` where nothing of the cloud was seen.
    public func recording() throws -> Recording {
        let observations = book.observations
        guard observations.isAnything else { throw RecordingFailure("no region answered") }
        let cloud = RecordedCloud(observations)
        let story = try RecordedStory(cloud)
        return Recording(
            yaml: story.yaml, makesVMs: story.makesVMs, regions: observations.regions.count,
            calls: observations.calls.count, failedCalls: observations.calls.count(where: \.isFault),
            stacks: observations.stacks.count, stackFailures: cloud.troubles.reduce(0) { $0 + $1.stacks })
    }
}

/// A scenario of a cloud that was watched, and what it is made from.
public struct Recording: Sendable {
    public let yaml: String
    /// Whether a user can make VMs in it. Where not, its story is one of a user who does nothing.
    public let makesVMs: Bool
    public let regions: Int
    public let calls: Int
    public let failedCalls: Int
    public let stacks: Int
    public let stackFailures: Int
}

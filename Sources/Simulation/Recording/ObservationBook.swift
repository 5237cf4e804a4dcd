import OpenStack
import Runtime
import Synchronization

/// What was seen of a cloud, with all of its real names: it never leaves the process (``RecordedCloud``).
struct Observations: Sendable {
    struct Stack: Sendable {
        let id: String
        let name: String
        /// The types of its resources, by their names.
        var types: [String: String] = [:]
        /// Oldest first.
        var events: [StackEvent] = []
        /// As a list or a look at it last showed it.
        var status = ""
        /// Whether it was gone when its events were read for the last time.
        var isGone = false
    }

    struct Region: Sendable {
        let id: String
        var calls: [ObservedCall] = []
        /// In the order in which they were found.
        var stacks: [Stack] = []
        var flavors: [OfferClient.Flavor] = []
        var images: [OfferClient.Image] = []
        var computeQuotas: ProjectClient.ComputeQuotas?
        /// By Neutron's names.
        var networkQuotas: [String: ProjectClient.Quota] = [:]
    }

    var regions: [Region]
    var tokenLife: Duration?

    var calls: [ObservedCall] { regions.flatMap(\.calls) }
    var stacks: [Stack] { regions.flatMap(\.stacks) }
    /// Whether anything of the cloud was seen.
    var isAnything: Bool { calls.contains { !$0.isFault } }
}

/// Where all who watch a cloud write what they see.
final class ObservationBook: Sendable {
    private struct Content {
        var observations: Observations
        var isClosed = false
    }

    private let content: Mutex<Content>

    init(regions: [String]) {
        content = Mutex(Content(observations: Observations(regions: regions.map { Observations.Region(id: $0) })))
    }

    var observations: Observations { content.withLock { $0.observations } }

    /// Nothing more is written: what is under way is about to be cancelled, which is not the cloud's fault.
    func close() { content.withLock { $0.isClosed = true } }

    func note(_ call: ObservedCall, in regionId: String) { update(regionId) { $0.calls.append(call) } }

    func note(tokenLife: Duration) {
        content.withLock { if !$0.isClosed { $0.observations.tokenLife = tokenLife } }
    }

    func region(_ id: String) -> Observations.Region {
        observations.regions.first { $0.id == id } ?? Observations.Region(id: id)
    }

    func update(_ regionId: String, _ change: (inout Observations.Region) -> Void) {
        content.withLock { content in
            guard !content.isClosed, let index = content.observations.regions.firstIndex(where: { $0.id == regionId })
            else { return }
            change(&content.observations.regions[index])
        }
    }

    func update(stack id: String, in regionId: String, _ change: (inout Observations.Stack) -> Void) {
        update(regionId) { region in
            guard let index = region.stacks.firstIndex(where: { $0.id == id }) else { return }
            change(&region.stacks[index])
        }
    }
}

import OpenStack
import Runtime

/// Watches one region: what is there at the beginning, with the past that Heat still tells of, and then again and again
/// what a portal asks for. It changes nothing.
struct RegionWatch: Sendable {
    let reader: StackReader
    let offer: OfferClient
    let project: ProjectClient
    let time: any TimeSource

    /// How many stacks are looked at, the newest ones.
    private static let stacksAtMost = 100
    private static let interval = Duration.seconds(5)
    /// The offer is asked for in one of so many rounds.
    private static let roundsPerOffer = 6

    private var heat: HeatClient { reader.heat }

    /// Watches until the task is cancelled.
    ///
    /// - Throws: `CancellationError`.
    func run() async throws {
        var round = 0
        while true {
            if round.isMultiple(of: Self.roundsPerOffer) { try await lookAtOffer() }
            try await lookAtStacks(round: round)
            round += 1
            try await time.sleep(for: Self.interval)
        }
    }

    private func lookAtOffer() async throws {
        if case .ok(let flavors) = try await offer.flavors() {
            reader.book.update(reader.regionId) { $0.flavors = flavors }
        }
        if case .ok(let images) = try await offer.images() {
            reader.book.update(reader.regionId) { $0.images = images }
        }
        _ = try await offer.networks()
        if case .ok(let quotas) = try await project.computeQuotas() {
            reader.book.update(reader.regionId) { $0.computeQuotas = quotas }
        }
        if let projectId = try? await project.connection.holder().projectId,
            case .ok(let quotas) = try await project.networkQuotas(of: projectId)
        {
            reader.book.update(reader.regionId) { $0.networkQuotas = quotas }
        }
    }

    private func lookAtStacks(round: Int) async throws {
        guard case .ok(let stacks) = try await heat.newest(Self.stacksAtMost, withDeleted: round == 0) else { return }
        for stack in stacks {
            let known = reader.known(stack.id)
            if known == nil || stack.isInProgress || known?.status != stack.status {
                try await reader.read(stack, isGone: stack.isDeleted)
            }
        }
        // A list with the deleted ones has them all; a live one leaves out what was deleted since.
        let listed = Set(stacks.map(\.id))
        for known in reader.book.region(reader.regionId).stacks where !known.isGone && !listed.contains(known.id) {
            guard stacks.count < Self.stacksAtMost else { break }
            try await reader.read(Stack(id: known.id, name: known.name, status: "DELETE_COMPLETE"), isGone: true)
        }
        let live = stacks.filter { !$0.isDeleted }
        // One of them in turn, or none of this name: that takes as long.
        _ = try await heat.find(live.isEmpty ? "hothouse-record" : live[round % live.count].name)
    }
}

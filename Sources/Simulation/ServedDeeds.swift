import Deployments
import FakeCloud
import Runtime
import Scenarios

/// The deeds of a story whose cloud is served and not simulated: the story calls a deployment what its user does.
public final class ServedDeeds: Sendable {
    private let deeds: [Scenario.Deed]
    private let board: DeedBoard
    private let time: any TimeSource
    private let random: RandomSource

    public init(_ deeds: [Scenario.Deed], time: any TimeSource, random: RandomSource) {
        self.deeds = deeds
        self.time = time
        self.random = random
        board = DeedBoard(deeds: deeds.count, time: time)
    }

    public func observe(_ call: CloudCall) { board.observe(call) }

    public func observe(_ transaction: [CommittedChange]) {
        for case .updated(let deployment) in transaction {
            board.name(deployment.name, deployment.id)
            board.observe(deployment)
        }
    }

    /// Does each deed when its moment comes, until the task is cancelled.
    ///
    /// - Parameter note: is told of each that was done.
    /// - Throws: what the cloud's journal throws, `CancellationError`.
    public func run(
        on cloud: FakeCloud, noting note: @escaping @Sendable (_ what: String, _ region: String?) -> Void = { _, _ in }
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, deed) in deeds.enumerated() {
                group.addTask { [board, random] in
                    try await board.wait(for: deed, index, random: random.stream("deed \(index)"))
                    guard let onCloud = board.deed(deed.act), try cloud.perform(onCloud) else { return }
                    note(onCloud.story.what, onCloud.story.region)
                }
            }
            // What runs beside a server ends with it, not when there is nothing more to do.
            group.addTask { [time] in while true { try await time.sleep(for: .seconds(86_400)) } }
            try await group.waitForAll()
        }
    }
}

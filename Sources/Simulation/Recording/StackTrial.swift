import Deployments
import OpenStack
import Runtime
import Workers

/// Makes a stack of the portal's template in one region and deletes it, to see how that goes.
struct StackTrial: Sendable {
    enum Ending: Equatable, Sendable {
        /// It was made, or failed as the status says, and is gone.
        case gone(after: String)
        /// Heat made none.
        case notMade(String)
        /// It could not be deleted.
        case left(String)
    }

    let reader: StackReader
    let request: StackRequest
    let settings: WorkerSettings
    let time: any TimeSource
    /// Whether no more is to be seen: it is deleted at once.
    let isStopped: @Sendable () -> Bool

    private static let pollInterval = Duration.seconds(2)
    private static let deletesAtMost = 6
    private static let pauseAfterFailure = Duration.seconds(15)

    private var heat: HeatClient { reader.heat }

    /// - Parameter onStatus: is told of each status of the stack.
    /// - Throws: `CancellationError`; the stack may be there then.
    func run(onStatus: (String) -> Void) async throws -> Ending {
        let id: String
        switch try await heat.create(request) {
        case .ok(let made): id = made
        case .rejected(let failure), .conflict(let failure): return .notMade("\(failure)")
        case .absent: return .notMade("there is no such place")
        case .later(let later): return .notMade(later.reason)
        case .unknown(let failure):
            guard let made = try await search() else { return .notMade("\(failure)") }
            id = made
        }
        let status = try await settle(within: settings.stackLimit, onStatus) {
            try await heat.show(request.name, id: id)
        } isSettled: {
            !$0.isInProgress || isStopped()
        }
        try await reader.read(Stack(id: id, name: request.name, status: status), isGone: false)
        return try await delete(id, onStatus) ? .gone(after: status) : .left(request.name)
    }

    /// Deletes a stack, again where that fails.
    ///
    /// - Returns: whether it is gone.
    private func delete(_ id: String, _ onStatus: (String) -> Void) async throws -> Bool {
        let end = time.uptime + settings.deletionTimeLimit
        var failures = 0
        while failures < Self.deletesAtMost, time.uptime < end {
            switch try await heat.delete(request.name, id: id) {
            case .ok, .absent: break
            case .rejected, .conflict:
                failures += 1
                fallthrough
            case .later, .unknown:
                try await time.sleep(for: Self.pauseAfterFailure)
                continue
            }
            // By its name: Heat goes on for a moment after DELETE_COMPLETE, and may yet fail (semantics.md S6.6).
            let status = try await settle(within: end - time.uptime, onStatus) {
                try await heat.find(request.name)
            } isSettled: {
                $0.status == "DELETE_FAILED"
            }
            let isGone = status == Self.gone
            try await reader.read(Stack(id: id, name: request.name, status: status), isGone: isGone)
            if isGone { return true }
            failures += 1
        }
        return false
    }

    private static let gone = "DELETE_COMPLETE"

    /// Looks for a stack whose create was not answered, for as long as it may still show up.
    private func search() async throws -> String? {
        let end = time.uptime + settings.settleTime
        while true {
            if case .ok(let stack) = try await heat.find(request.name) { return stack.id }
            guard time.uptime < end else { return nil }
            try await time.sleep(for: Self.pollInterval)
        }
    }

    /// Waits until a stack is as wanted, or absent, or for long enough.
    ///
    /// - Returns: its status, as last seen.
    private func settle(
        within limit: Duration, _ onStatus: (String) -> Void, look: () async throws -> Answer<Stack>,
        isSettled: (Stack) -> Bool
    ) async throws -> String {
        let end = time.uptime + limit
        var status = "IN_PROGRESS"
        while time.uptime < end {
            try await time.sleep(for: Self.pollInterval)
            switch try await look() {
            case .ok(let stack):
                if stack.status != status { onStatus(stack.status) }
                status = stack.status
                if isSettled(stack) { return status }
            case .absent: return Self.gone
            case .rejected, .conflict, .later, .unknown: break
            }
        }
        return status
    }
}

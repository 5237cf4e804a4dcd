import Runtime
import Synchronization

/// Holds the calls to one region back: at most ten a second with a burst of 50, none while the region is out, and
/// none before the time that it asked for (semantics.md S4.3).
final class RegionGate: Sendable {
    enum Admission: Equatable {
        case go
        /// Come back after this long.
        case wait(Duration)
        /// The region does not answer: try again after this long.
        case shut(Duration)
    }

    private struct State {
        var tokens = RegionGate.burst
        var refilledAt = Duration.zero
        var failuresInARow = 0
        /// While the circuit is open: when the next probe may go.
        var probeAt: Duration?
        var quietUntil = Duration.zero
    }

    private static let burst = 50.0
    private static let perSecond = 10.0
    private static let failuresToOpen = 5
    private static let probeEvery = Duration.seconds(15)

    private let state = Mutex(State())

    /// Whether a call may go now.
    func admit(at now: Duration) -> Admission {
        state.withLock { state in
            if let probeAt = state.probeAt {
                guard now >= probeAt else { return .shut(probeAt - now) }
                state.probeAt = now + Self.probeEvery
            }
            if now < state.quietUntil { return .shut(state.quietUntil - now) }
            let refill = (now - state.refilledAt).inSeconds * Self.perSecond
            state.tokens = min(Self.burst, state.tokens + refill)
            state.refilledAt = now
            guard state.tokens >= 1 else { return .wait(.seconds(1) * ((1 - state.tokens) / Self.perSecond)) }
            state.tokens -= 1
            return .go
        }
    }

    /// The region answered, whatever it said.
    func noteAnswer() {
        state.withLock {
            $0.failuresInARow = 0
            $0.probeAt = nil
        }
    }

    /// No answer came. Five in a row open the circuit.
    func noteFailure(at now: Duration) {
        state.withLock {
            $0.failuresInARow += 1
            if $0.failuresInARow >= Self.failuresToOpen { $0.probeAt = now + Self.probeEvery }
        }
    }

    /// The region asked for quiet.
    func noteRetryAfter(_ delay: Duration, at now: Duration) {
        state.withLock { $0.quietUntil = max($0.quietUntil, now + delay) }
    }

    /// Whether the region counts as out.
    var isShut: Bool {
        state.withLock { $0.probeAt != nil }
    }
}

import Runtime
import Synchronization

/// How much the portal asks of one region, and how long it waits for a call (semantics.md S4.3, S4.5).
public struct CloudLimits: Equatable, Sendable {
    public var requestsPerSecond = 10
    public var burst = 50
    /// Above 60 s, after which Heat itself answers when its engine is down.
    public var callTimeout: Duration = .seconds(65)
    /// In bytes. What is larger is not believed.
    public var largestAnswer = 4 << 20
    /// Failures in a row that open the circuit, and the pause between probes while it is open.
    public var failuresToOpen = 5
    public var probeInterval: Duration = .seconds(15)

    public init() {}
}

/// Lets requests into a region: at a bounded rate, none before a Retry-After has passed, and only a probe now and
/// then while the region does not answer.
final class RegionGate: Sendable {
    enum Admission: Equatable {
        /// Send it after this wait; then report how it ended.
        case after(Duration)
        case refused(retryAfter: Duration, reason: String)
    }

    enum Outcome {
        /// Any answer of the service, also an error.
        case answered
        /// No connection, no answer, no token, or none that the region takes.
        case failed
        /// Nothing was learned: the caller was cancelled, or tries again with another token.
        case abandoned
    }

    private struct State {
        /// When the bucket will be full again (the generic cell rate algorithm).
        var fullAt: Duration = .zero
        var pausedUntil: Duration = .zero
        var failures = 0
        var nextProbeAt: Duration = .zero
        var isProbing = false
    }

    private let limits: CloudLimits
    private let time: any TimeSource
    private let state = Mutex(State())

    init(limits: CloudLimits, time: any TimeSource) {
        self.limits = limits
        self.time = time
    }

    /// Whether the last exchange ended with an answer.
    var isHealthy: Bool { state.withLock { $0.failures == 0 } }

    /// Whether a call would be refused now without being tried.
    var isOpen: Bool {
        let now = time.uptime
        return state.withLock { $0.failures >= limits.failuresToOpen && ($0.isProbing || now < $0.nextProbeAt) }
    }

    func admit() -> Admission {
        let now = time.uptime
        return state.withLock { state in
            if now < state.pausedUntil {
                return .refused(retryAfter: state.pausedUntil - now, reason: "the region asked for a pause")
            }
            if state.failures >= limits.failuresToOpen {
                guard !state.isProbing, now >= state.nextProbeAt else {
                    let wait = state.isProbing ? limits.probeInterval : state.nextProbeAt - now
                    return .refused(retryAfter: wait, reason: "the region does not answer")
                }
                state.isProbing = true
            }
            let interval = Duration.seconds(1) / limits.requestsPerSecond
            state.fullAt = max(state.fullAt, now) + interval
            return .after(max(.zero, state.fullAt - interval * limits.burst - now))
        }
    }

    func report(_ outcome: Outcome) {
        let now = time.uptime
        state.withLock { state in
            state.isProbing = false
            switch outcome {
            case .answered: state.failures = 0
            case .failed:
                state.failures += 1
                state.nextProbeAt = now + limits.probeInterval
            case .abandoned: break
            }
        }
    }

    /// The region said when to come back.
    func pause(for duration: Duration) {
        let now = time.uptime
        state.withLock { $0.pausedUntil = max($0.pausedUntil, now + duration) }
    }
}

import DequeModule
import Runtime

/// What waits to be sent on one socket. It is bounded: past the soft limits updates of one deployment collapse to
/// the newest, past the hard ones the socket has to close (semantics.md S8.10).
struct OutboundQueue {
    enum Content: Equatable {
        /// An ack or an error.
        case reply(String)
        case ping
        case update(deploymentId: String, text: String)
        case event(deploymentId: String, text: String)
    }

    enum Next: Equatable {
        case send(Content)
        /// Nothing may leave before this instant.
        case wait(until: Duration)
        case nothing
    }

    private struct Entry {
        var content: Content
        /// When it could leave: its age counts from here, so that pacing is not taken for a slow reader.
        let since: Duration
    }

    private let limits: SocketLimits
    private var entries = Deque<Entry>()
    /// What was taken and is still being sent: it counts until it is out.
    private var inFlight: Entry?
    private(set) var bytes = 0
    private(set) var events = 0
    /// When the last events of a deployment could leave.
    private var paces: [String: Deque<Duration>] = [:]

    init(limits: SocketLimits) {
        self.limits = limits
    }

    /// How long the frame has waited that should leave next, or is leaving.
    func age(at now: Duration) -> Duration {
        (inFlight ?? entries.first).map { max(.zero, now - $0.since) } ?? .zero
    }

    /// When the frame on its way becomes too old.
    var deadline: Duration? { inFlight.map { $0.since + limits.hardAge } }

    var hasData: Bool { entries.contains { $0.content.deploymentId != nil } }

    var isSendingData: Bool { inFlight?.content.deploymentId != nil }

    func isOverfull(at now: Duration) -> Bool {
        bytes > limits.hardBytes || events > limits.hardEvents || age(at: now) >= limits.hardAge
    }

    /// Adds a frame at the end; an update may take the place of an older one instead.
    ///
    /// - Parameter paced: whether this event counts for, and waits for, the limit of events a second.
    mutating func append(_ content: Content, at now: Duration, paced: Bool = false) {
        var since = now
        if paced, let id = content.deploymentId { since = pace(id, at: now) }
        entries.append(Entry(content: content, since: since))
        count(content, 1)
        if content.isUpdate, bytes > limits.softBytes || age(at: now) >= limits.softAge { coalesce() }
    }

    /// Takes the next frame that may leave. It is in flight until ``flightEnded()``.
    mutating func next(at now: Duration) -> Next {
        guard let index = entries.firstIndex(where: { $0.since <= now }) else {
            return entries.map(\.since).min().map { .wait(until: $0) } ?? .nothing
        }
        let entry = entries.remove(at: index)
        inFlight = entry
        return .send(entry.content)
    }

    mutating func flightEnded() {
        if let entry = inFlight { count(entry.content, -1) }
        inFlight = nil
    }

    /// Takes out the pending updates and events of a deployment; answers about it stay.
    mutating func remove(_ deploymentId: String) {
        paces[deploymentId] = nil
        removeAll { $0.deploymentId == deploymentId }
    }

    mutating func removeUpdates(of deploymentId: String) {
        removeAll { $0.isUpdate && $0.deploymentId == deploymentId }
    }

    mutating func removeAll(where isUnwanted: (Content) -> Bool = { _ in true }) {
        for entry in entries where isUnwanted(entry.content) { count(entry.content, -1) }
        entries.removeAll { isUnwanted($0.content) }
    }

    /// Leaves one update a deployment, the newest, where its oldest was.
    private mutating func coalesce() {
        var newest: [String: Content] = [:]
        for entry in entries where entry.content.isUpdate {
            if let id = entry.content.deploymentId { newest[id] = entry.content }
        }
        entries = Deque(
            entries.compactMap { entry in
                guard entry.content.isUpdate, let id = entry.content.deploymentId else { return entry }
                count(entry.content, -1)
                guard let content = newest.removeValue(forKey: id) else { return nil }
                count(content, 1)
                return Entry(content: content, since: entry.since)
            })
    }

    private mutating func count(_ content: Content, _ sign: Int) {
        bytes += sign * content.size
        if case .event = content { events += sign }
    }

    private mutating func pace(_ deploymentId: String, at now: Duration) -> Duration {
        var recent = paces[deploymentId, default: []]
        var since = now
        if recent.count == limits.eventsPerSecond, let first = recent.popFirst() {
            since = max(now, first + .seconds(1))
        }
        recent.append(since)
        paces[deploymentId] = recent
        return since
    }
}

extension OutboundQueue.Content {
    /// The deployment that it shows; nil for what is not data.
    var deploymentId: String? {
        switch self {
        case .update(let id, _), .event(let id, _): id
        case .reply, .ping: nil
        }
    }

    fileprivate var isUpdate: Bool { if case .update = self { true } else { false } }

    fileprivate var size: Int {
        switch self {
        case .reply(let text), .update(_, let text), .event(_, let text): text.utf8.count
        case .ping: 0
        }
    }
}

/// Why the server closes a socket. The range tells the client what to do (design.md section 6): 4000 to 4099 stop,
/// 4100 to 4199 reconnect with backoff, 1012 reconnect after a first delay with jitter.
public enum CloseCode: Int, CaseIterable, Sendable {
    case normal = 1000
    case goingAway = 1001
    /// The peer broke the protocol of RFC 6455 itself.
    case protocolError = 1002
    /// A binary frame.
    case unacceptableData = 1003
    /// Text that is not UTF-8.
    case invalidText = 1007
    case tooBig = 1009
    case serviceRestart = 1012
    case sessionEnded = 4001
    case protocolAbuse = 4004
    case slowConsumer = 4100
    case rateLimited = 4101
    case resync = 4102
    case overloaded = 4103

    /// The reason in the close frame.
    public var reason: String {
        switch self {
        case .normal: ""
        case .goingAway: "GOING_AWAY"
        case .protocolError: "PROTOCOL_ERROR"
        case .unacceptableData: "TEXT_ONLY"
        case .invalidText: "INVALID_UTF8"
        case .tooBig: "MESSAGE_TOO_BIG"
        case .serviceRestart: "SERVICE_RESTART"
        case .sessionEnded: "SESSION_ENDED"
        case .protocolAbuse: "PROTOCOL_ABUSE"
        case .slowConsumer: "SLOW_CONSUMER"
        case .rateLimited: "RATE_LIMITED"
        case .resync: "RESYNC"
        case .overloaded: "OVERLOADED"
        }
    }

    /// The `error` that goes before the close frame, for those codes that announce themselves.
    var farewell: ServerMessage? {
        let sentence: String? =
            switch self {
            case .sessionEnded: "The session has ended. Sign in again."
            case .slowConsumer: "Messages were not read in time. Reconnect and subscribe again."
            case .rateLimited: "Too many messages. Reconnect later."
            case .resync: "Changes may have been missed. Reconnect and subscribe again."
            case .overloaded: "The server has too much to do. Reconnect later."
            default: nil
            }
        return sentence.map { .error(code: reason, message: $0) }
    }
}

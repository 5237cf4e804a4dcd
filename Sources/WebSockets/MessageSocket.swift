import Runtime

/// A WebSocket as the session sees it, without the wire: production's is SwiftNIO's, a simulation's is a script.
public protocol MessageSocket: Sendable {
    /// What the peer sends, in order, for one reader. It ends, or throws, when the connection is gone.
    var frames: any AsyncSequence<SocketFrame, any Error> & Sendable { get }

    /// Sends a text frame and suspends while the peer does not read. Only one task sends at a time.
    ///
    /// - Throws: when the connection is gone, also where ``close(_:)`` ended it meanwhile.
    func send(_ text: String) async throws

    /// Sends a ping; as ``send(_:)``.
    func ping() async throws

    /// Sends a close frame where the peer can still take it, and ends the connection soon after, even if the peer
    /// does not answer. To close twice does nothing.
    func close(_ code: CloseCode) async

    /// Ends the connection as a network does, without a word of the protocol.
    func lose(_ loss: SocketLoss) async
}

extension MessageSocket {
    /// For a socket that knows no difference.
    public func lose(_ loss: SocketLoss) async { await close(.goingAway) }
}

/// What a peer sent.
public enum SocketFrame: Equatable, Sendable {
    case text(String)
    case binary
    /// A pong or a ping: nothing but a sign of life.
    case pong
    /// The peer broke a rule below the messages, and the socket is to be closed with this code.
    case violation(CloseCode)
}

/// Whose socket it is: the session that was live at the upgrade.
public struct SocketIdentity: Equatable, Sendable {
    public let sessionId: String
    public let customerId: String
    /// When the session ends at the latest. Nothing on the socket moves it.
    public let expiresAt: Timestamp

    public init(sessionId: String, customerId: String, expiresAt: Timestamp) {
        self.sessionId = sessionId
        self.customerId = customerId
        self.expiresAt = expiresAt
    }
}

import HTTPTypes

/// A fault ended the connection before a whole answer was sent. Whoever carries requests to the fake makes of it what
/// its clients would see: a socket a reset, memory an error of its transport.
public struct BrokenConnection: Error, CustomStringConvertible {
    /// What a client may conclude of its request.
    public enum Effect: Sendable {
        /// It was never sent.
        case impossible
        /// It may have been carried out.
        case possible
    }

    public let effect: Effect
    /// What was sent of an answer: its head and the beginning of its body; nil where nothing was.
    public let sent: (head: HTTPResponse, body: [UInt8])?

    public var description: String {
        switch (effect, sent) {
        case (.impossible, _): "connection refused"
        case (.possible, nil): "connection reset"
        case (.possible, _?): "connection reset in the middle of the answer"
        }
    }
}

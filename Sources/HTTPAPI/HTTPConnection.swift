import Hummingbird
import NIOCore
import NIOHTTP1

/// How long a client may take.
public struct ConnectionLimits: Sendable {
    /// To begin a request: from the connection's start, or from the last answer, to the end of the headers.
    public var idle = Duration.seconds(60)
    /// To send a body: from the end of the headers.
    public var body = Duration.seconds(30)

    public init() {}
}

/// Sees to the manners of one HTTP/1.1 connection: what is no HTTP, or too slow, is refused; it is kept alive and
/// closed by the rules of RFC 9112, section 9; and `Expect: 100-continue` is answered.
///
/// Its first request may be for an upgrade. One that is not granted goes on without its `Upgrade`, because SwiftNIO's
/// handler would swallow it.
final class HTTPConnection: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// A whole response to what never becomes a request.
    typealias Refusal = (head: HTTPResponseHead, body: ByteBuffer)

    /// How long a client may go on sending after the last answer, so that its reading is not cut short by a reset.
    private static let patience = TimeAmount.seconds(2)

    private let limits: ConnectionLimits
    private let refuse: (APIError) -> Refusal
    private let grantsUpgrade: (HTTPRequestHead) -> EventLoopFuture<Bool>
    private var timer: Scheduled<Void>?

    /// Requests whose answer is not complete.
    private var unanswered = 0
    private var isFirst = true
    /// The request whose upgrade is being decided on, as far as it came.
    private var undecided: [HTTPServerRequestPart]?
    /// Whether the newest request is not complete.
    private var isReading = false
    /// Whether an answer has begun and is not complete.
    private var isWriting = false
    /// Whether a client waits for `100 Continue` before it sends its body.
    private var continueIsDue = false
    /// How much of a body came after its answer.
    private var surplus = 0
    /// The connection ends with the answer under way, or the next one.
    private var isLast = false
    /// It ends when all that was asked is answered.
    private var isEnding = false
    /// The last answer is out; what still comes in is not read.
    private var isOver = false

    /// - Parameters:
    ///   - refuse: the response for what is no request.
    ///   - grantsUpgrade: whether a well-formed request for a WebSocket may become one.
    init(
        limits: ConnectionLimits, refuse: @escaping (APIError) -> Refusal,
        grantsUpgrade: @escaping (HTTPRequestHead) -> EventLoopFuture<Bool>
    ) {
        self.limits = limits
        self.refuse = refuse
        self.grantsUpgrade = grantsUpgrade
    }

    func handlerAdded(context: ChannelHandlerContext) {
        startTimer(limits.idle, context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
    }

    // Reading.

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What comes after the last request is none (RFC 9112, section 9.6).
        guard !isOver, isReading || !isLast else { return }
        let part = unwrapInboundIn(data)
        switch part {
        case .head(let head):
            unanswered += 1
            isReading = true
            surplus = 0
            // After what asks for an upgrade the decoder reads nothing more.
            if !head.isKeepAlive || Self.asksForUpgrade(head) { isLast = true }
            startTimer(limits.body, context)
            if Self.expectsContinue(head) {
                continueIsDue = true
                sendContinue(context)
            }
            if head.headers.contains(name: "upgrade") { return decide(on: head, context) }
            isFirst = false
        case .body(let bytes):
            continueIsDue = false
            // The answer did not wait for it. A little is read for the sake of the next request.
            if unanswered == 0 {
                surplus += bytes.readableBytes
                if surplus > Request.maximumBodySize { return close(context) }
            }
        case .end:
            isReading = false
            continueIsDue = false
            if unanswered == 0 { startTimer(limits.idle, context) } else { timer?.cancel() }
        }
        if undecided == nil { context.fireChannelRead(data) } else { undecided?.append(part) }
    }

    private func decide(on head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let mayBeGranted = isFirst && Self.isHandshake(head)
        isFirst = false
        undecided = []
        let decision = mayBeGranted ? grantsUpgrade(head) : context.eventLoop.makeSucceededFuture(false)
        decision.assumeIsolated().whenComplete { [self] result in
            var head = head
            if case .success(true) = result {} else { head.headers.remove(name: "upgrade") }
            let parts = [.head(head)] + (undecided ?? [])
            undecided = nil
            for part in parts { context.fireChannelRead(wrapInboundOut(part)) }
            context.fireChannelReadComplete()
        }
    }

    /// Whether the decoder takes it for a request for another protocol.
    private static func asksForUpgrade(_ head: HTTPRequestHead) -> Bool {
        head.method == .CONNECT || head.headers.contains(name: "upgrade") && connection(of: head).contains("upgrade")
    }

    /// Whether it is the client's side of a WebSocket's handshake (RFC 6455, section 4.2.1).
    private static func isHandshake(_ head: HTTPRequestHead) -> Bool {
        head.method == .GET && head.version == .http1_1 && connection(of: head).contains("upgrade")
            && head.headers[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
            && head.headers["sec-websocket-version"] == ["13"]
            && head.headers["sec-websocket-key"].count == 1 && !head.headers.contains(name: "transfer-encoding")
            && ["0", nil].contains(head.headers.first(name: "content-length"))
    }

    private static func connection(of head: HTTPRequestHead) -> [String] {
        head.headers[canonicalForm: "connection"].map { $0.lowercased() }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        if isOver { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: endSoon(context)
        case ChannelEvent.inputClosed as ChannelEvent where isReading && !isOver:
            refuseBody(with: .badRequest("The body is not complete."), context)
        case ChannelEvent.inputClosed as ChannelEvent: endSoon(context)
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func endSoon(_ context: ChannelHandlerContext) {
        isEnding = true
        if unanswered == 0 { close(context) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, !isOver else { return context.fireErrorCaught(error) }
        let refusal =
            error == .headerOverflow
            ? .headersTooLarge
            : APIError.badRequest("This can't be read as HTTP/1.1: its method, its target or a header is wrong.")
        if isReading {
            refuseBody(with: refusal, context)
        } else if unanswered > 0 {
            isEnding = true
        } else {
            answer(refusal, context)
        }
    }

    private func timeIsUp(_ context: ChannelHandlerContext) {
        if isReading, unanswered > 0 {
            refuseBody(with: .requestTimeout, context)
        } else {
            close(context)
        }
    }

    private func refuseBody(with error: APIError, _ context: ChannelHandlerContext) {
        // Whoever reads the body must not take what there is for all of it, which is what an end of the stream says.
        context.fireErrorCaught(HTTPParserError.invalidEOFState)
        answer(error, context)
    }

    /// Answers in the place of a route, and ends.
    private func answer(_ error: APIError, _ context: ChannelHandlerContext) {
        // Where other answers come first, or this one has begun, nothing can be said any more.
        guard !isWriting, unanswered <= 1 else { return close(context) }
        let (head, body) = refuse(error)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        end(context)
    }

    // Writing.

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isOver else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head):
            isWriting = true
            if head.headers[canonicalForm: "connection"].contains("close") { isLast = true }
            if isLast { head.headers.replaceOrAdd(name: "Connection", value: "close") }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            isWriting = false
            unanswered -= 1
            guard isLast || (isEnding && unanswered == 0) else {
                context.write(data, promise: promise)
                if continueIsDue { sendContinue(context) }
                if unanswered == 0, !isReading { startTimer(limits.idle, context) }
                return
            }
            context.writeAndFlush(data, promise: promise)
            end(context)
        }
    }

    private func sendContinue(_ context: ChannelHandlerContext) {
        guard unanswered == 1, !isWriting else { return }
        continueIsDue = false
        context.writeAndFlush(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
    }

    /// Whether a client waits for a word before it sends a body (RFC 9110, section 10.1.1). One that is too large is
    /// not asked for; its request is refused at once.
    private static func expectsContinue(_ head: HTTPRequestHead) -> Bool {
        guard head.version == .http1_1, head.headers.first(name: "expect")?.lowercased() == "100-continue" else {
            return false
        }
        return head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0 <= Request.maximumBodySize
    }

    // The end.

    /// Says that no more will be sent, and closes when the client has heard it.
    private func end(_ context: ChannelHandlerContext) {
        isOver = true
        timer?.cancel()
        context.close(mode: .output, promise: nil)
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
        context.read()
    }

    private func close(_ context: ChannelHandlerContext) {
        isOver = true
        timer?.cancel()
        context.close(promise: nil)
    }

    private func startTimer(_ limit: Duration, _ context: ChannelHandlerContext) {
        timer?.cancel()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limit)) { [weak self] in
            self?.timeIsUp(context)
        }
    }
}

/// A wire between two parties in one process: who asks waits for the answer, who answers does so in a task of its
/// own. As on a real wire, a request that was sent is carried out even when nobody waits for its answer any more.
public final class Wire<Request: Sendable, Response: Sendable>: Sendable {
    /// A request under way. Where it is dropped unanswered, the one who asked learns that the wire was cut.
    private final class Letter: Sendable {
        let request: Request
        let answer: AsyncStream<Response>.Continuation

        init(_ request: Request, answer: AsyncStream<Response>.Continuation) {
            self.request = request
            self.answer = answer
        }

        deinit { answer.finish() }
    }

    private let letters: AsyncStream<Letter>
    private let mailbox: AsyncStream<Letter>.Continuation

    public init() {
        (letters, mailbox) = AsyncStream.makeStream()
    }

    /// Sends a request and waits for its answer.
    ///
    /// - Parameter onSent: is called when the request is on its way; where it throws, nobody waits for the answer.
    /// - Throws: ``WireCut`` where no answer will come, `CancellationError` where the task does not wait for it, and
    ///   what `onSent` throws.
    public func send(_ request: Request, onSent: () throws -> Void = {}) async throws -> Response {
        let (answers, answer) = AsyncStream<Response>.makeStream()
        mailbox.yield(Letter(request, answer: answer))
        try onSent()
        for await response in answers { return response }
        try Task.checkCancellation()
        throw WireCut()
    }

    /// Answers what is sent, until the task is cancelled. To be called once.
    ///
    /// - Parameter handle: answers one request; the wire is cut for the one who asked where it throws.
    public func run(_ handle: @escaping @Sendable (Request) async throws -> Response) async {
        await withDiscardingTaskGroup { group in
            for await letter in letters {
                group.addTask {
                    guard let response = try? await handle(letter.request) else { return }
                    letter.answer.yield(response)
                }
            }
        }
        mailbox.finish()
    }
}

/// The other side went away before it answered.
public struct WireCut: Error {}

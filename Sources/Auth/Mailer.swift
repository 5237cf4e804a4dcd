import Logging
import Synchronization

/// A mail to one person.
public struct Mail: Equatable, Sendable {
    public let to: String
    public let subject: String
    public let text: String
    /// The secret that the text carries, for those who read an ``Outbox``.
    public let token: String?

    public init(to: String, subject: String, text: String, token: String? = nil) {
        self.to = to
        self.subject = subject
        self.text = text
        self.token = token
    }
}

/// The port to mail.
public protocol Mailer: Sendable {
    func send(_ mail: Mail) async throws
}

/// Keeps mails instead of sending them and shows them in the log: how a developer without a mail server reads them.
public final class Outbox: Mailer {
    private static let capacity = 1000

    private let newestFirst = Mutex<[Mail]>([])
    private let logger: Logger

    public init(logger: Logger) {
        self.logger = logger
    }

    public func send(_ mail: Mail) async {
        newestFirst.withLock { mails in
            mails.insert(mail, at: 0)
            if mails.count > Self.capacity { mails.removeLast() }
        }
        let token = mail.token.map { ", token \($0)" } ?? ""
        logger.notice("mail to \(mail.to): \(mail.subject)\(token)")
    }

    /// The mails to an address, newest first.
    public func mails(to address: String) -> [Mail] {
        newestFirst.withLock { $0.filter { $0.to == address } }
    }
}

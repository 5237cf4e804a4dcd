import Logging
import Runtime
import Synchronization

/// The port to mail.
public protocol Mailer: Sendable {
    func send(_ mail: Mail) async throws
}

public struct Mail: Equatable, Sendable {
    public let to: String
    public let subject: String
    public let text: String
    /// The secret in the text, for programs that read the outbox.
    public let token: String?

    public init(to: String, subject: String, text: String, token: String? = nil) {
        self.to = to
        self.subject = subject
        self.text = text
        self.token = token
    }
}

/// Keeps mail instead of sending it, and logs it with its token: how a developer reads it.
public final class Outbox: Mailer {
    private let capacity: Int
    private let logger: Logger
    /// Oldest first.
    private let kept = Mutex<[Mail]>([])

    /// - Parameter capacity: how many mails are kept; older ones are dropped.
    public init(capacity: Int = 1000, logger: Logger) {
        self.capacity = capacity
        self.logger = logger
    }

    public func send(_ mail: Mail) async throws {
        kept.withLock { mails in
            mails.append(mail)
            mails.removeFirst(max(0, mails.count - capacity))
        }
        logger.info("mail to \(mail.to): \(mail.subject)\(mail.token.map { ", token " + $0 } ?? "")")
    }

    /// The kept mails, newest first.
    ///
    /// - Parameter address: only those to it, in any case; nil for all.
    public func mails(to address: String? = nil) -> [Mail] {
        let address = address.map(EmailAddress.normalised)
        return kept.withLock { $0.reversed() }.filter { address == nil || $0.to == address }
    }
}

extension Mail {
    static func verification(to user: User, token: String) -> Mail {
        Mail(
            to: user.email, subject: "Confirm your address",
            text: """
                Hello \(user.name),

                somebody, hopefully you, opened a Hothouse account with this address. Confirm it with this token \
                within 24 hours; it works once, and a newer mail replaces it:

                \(token)

                If it was not you, do nothing: without the token the account cannot deploy anything.
                """,
            token: token)
    }

    static func existingAccount(of user: User) -> Mail {
        Mail(
            to: user.email, subject: "You already have an account",
            text: """
                Hello \(user.name),

                somebody, hopefully you, tried to open a Hothouse account with this address. You already have one: \
                sign in with the password that you chose. If you have not confirmed the address yet, you can ask for \
                a new confirmation mail there.

                If it was not you, do nothing: nothing was changed.
                """)
    }
}

/// A way in which a connection is lost, for those who rehearse it.
public enum SocketLoss: String, CaseIterable, Sendable {
    /// The server closes it, as one that goes away.
    case close
    /// It ends without a word.
    case reset
    /// The peer is not told: nothing comes through any more, in either direction.
    case halfOpen = "half-open"
}

extension Hub {
    /// Loses open sockets.
    ///
    /// - Parameters:
    ///   - customerId: only that customer's; nil for everybody's.
    ///   - deploymentId: only those that are subscribed to it; nil for all.
    /// - Returns: how many.
    public func lose(_ loss: SocketLoss, customerId: String? = nil, deploymentId: String? = nil) async -> Int {
        let lost = openMailboxes.filter { mailbox in
            (customerId == nil || mailbox.identity.customerId == customerId)
                && deploymentId.map(mailbox.isSubscribed) ?? true
        }
        for mailbox in lost { await mailbox.lose(loss) }
        return lost.count
    }
}

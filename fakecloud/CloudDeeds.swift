import Runtime
import Scenarios
import Synchronization

// What is done to the cloud from outside its API, as a story tells it.

extension FakeCloud {
    /// No rule for faults fires any more.
    public func disarmFaults() {
        faultBook.withLock { book in
            for fault in book.armed { _ = book.disarm(fault.rule.id) }
        }
    }

    /// Does something to the cloud, at once.
    ///
    /// - Returns: whether there was something to do it to.
    /// - Throws: what the journal throws.
    @discardableResult
    public func perform(_ deed: CloudDeed) throws -> Bool {
        let seed = drawForDeed()
        let isDone = try engine.withLock { engine in
            advance(&engine)
            guard engine.perform(deed, seed: seed) else { return false }
            try record(.deed(deed, seed: seed), at: engine.now)
            return true
        }
        wakeUp.raise()
        return isDone
    }
}

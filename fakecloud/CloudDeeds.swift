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

    /// Somebody else deletes a stack, at once.
    ///
    /// - Returns: whether there was a live one of that name.
    public func deleteStack(named name: String, in region: String) -> Bool {
        let isFound = engine.withLock { engine in
            advance(&engine)
            guard let stack = engine.stacks(in: region).last(where: { $0.name == name && !$0.isGone }) else {
                return false
            }
            engine.withStack(stack.id, in: region) { $0.vanish(&$1) }
            return true
        }
        wakeUp.raise()
        return isFound
    }
}

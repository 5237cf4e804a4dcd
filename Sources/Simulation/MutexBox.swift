import Synchronization

/// A value that several tasks may read and set.
final class MutexBox<Value: Sendable>: Sendable {
    private let content: Mutex<Value>

    init(_ value: Value) {
        content = Mutex(value)
    }

    func get() -> Value { content.withLock { $0 } }
    func set(_ value: Value) { content.withLock { $0 = value } }

    @discardableResult
    func update<Result: Sendable>(_ change: (inout sending Value) throws -> sending Result) rethrows -> Result {
        try content.withLock(change)
    }
}

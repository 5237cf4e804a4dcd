import Runtime
import Synchronization

@testable import FakeCloud

/// A journal that lasts as long as the test.
final class MemoryJournal: CloudJournal {
    private let content = Mutex<[JSONValue]>([])

    func entries() throws -> [JSONValue] { content.withLock { $0 } }
    func append(_ entry: JSONValue) throws { content.withLock { $0.append(entry) } }
    func clear() throws { content.withLock { $0 = [] } }
}

import HeapModule
import Runtime

/// Requests whose answer was sent before they took effect.
struct LateEffects: Sendable {
    private struct Item: Comparable, Sendable {
        let at: Timestamp
        let order: Int
        let apply: @Sendable (inout CloudEngine) -> Void

        static func < (left: Item, right: Item) -> Bool { (left.at, left.order) < (right.at, right.order) }
        static func == (left: Item, right: Item) -> Bool { left.order == right.order }
    }

    private var items = Heap<Item>()
    private var made = 0

    var next: Timestamp? { items.min?.at }

    mutating func add(at instant: Timestamp, _ apply: @escaping @Sendable (inout CloudEngine) -> Void) {
        made += 1
        items.insert(Item(at: instant, order: made, apply: apply))
    }

    /// Takes out the earliest that is due.
    mutating func take(until instant: Timestamp) -> (at: Timestamp, apply: @Sendable (inout CloudEngine) -> Void)? {
        guard let item = items.min, item.at <= instant else { return nil }
        items.removeMin()
        return (item.at, item.apply)
    }
}

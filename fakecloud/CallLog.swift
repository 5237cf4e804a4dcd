import HTTPTypes
import Runtime

/// The calls that the cloud has seen, oldest first: what was asked and what was answered.
struct CallLog: Sendable {
    /// One call with its bodies, for those who look at it.
    struct Entry: Sendable {
        /// From 1, in the order of the answers.
        let number: Int
        let call: CloudCall
        let exchange: Exchange?
    }

    /// Headers and the beginnings of bodies.
    struct Exchange: Sendable {
        static let longestBody = 4096

        let took: Duration
        let effect: String
        let requestHeaders: HTTPFields
        let requestBody: [UInt8]
        let requestSize: Int
        let answerHeaders: HTTPFields
        let answerBody: [UInt8]
        let answerSize: Int
    }

    private static let most = 100_000
    private static let mostExchanges = 2000

    private(set) var calls: [CloudCall] = []
    private var exchanges: [Int: Exchange] = [:]
    /// How many were dropped.
    private var dropped = 0

    mutating func append(_ call: CloudCall, _ exchange: Exchange) {
        calls.append(call)
        let number = dropped + calls.count
        exchanges[number] = exchange
        exchanges[number - Self.mostExchanges] = nil
        if calls.count > Self.most {
            calls.removeFirst(Self.most / 10)
            dropped += Self.most / 10
        }
    }

    /// Those that a condition holds for: how many, and the newest of them in the order in which they came.
    func find(newest limit: Int, where matches: (_ number: Int, CloudCall) -> Bool) -> (count: Int, entries: [Entry]) {
        let found = calls.indices.filter { matches(dropped + $0 + 1, calls[$0]) }
        let entries = found.suffix(limit).map { index in
            let number = dropped + index + 1
            return Entry(number: number, call: calls[index], exchange: exchanges[number])
        }
        return (found.count, entries)
    }
}

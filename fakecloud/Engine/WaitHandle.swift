import OrderedCollections
import Runtime

/// What was signalled to an `OS::Heat::WaitConditionHandle`, and what the conditions that wait for it make of it
/// (golden signals).
struct WaitHandle: Sendable {
    struct Signal: Sendable {
        let status: String
        let reason: String
        let data: JSONValue
    }

    enum Outcome: Equatable {
        case waiting
        case complete
        /// With the text that stands after `WaitConditionFailure: resources.NAME: `.
        case failed(String)
    }

    /// By their ids, in the order in which the ids came first.
    private(set) var signals: OrderedDictionary<String, Signal> = [:]

    private static let success = "SUCCESS"
    private static let failure = "FAILURE"

    /// Takes a signal. One that says nothing is a success; a second one of the same id takes the first one's place.
    ///
    /// - Parameter details: `status`, `reason`, `data` and `id`, each of which may be missing.
    /// - Returns: what the event says; nil for a status or a key that there is not, which Heat answers with 200 and
    ///   forgets.
    mutating func take(_ details: JSONValue) -> String? {
        let given = details.object ?? [:]
        let number = signals.count + 1
        let status = given["status"].map(Self.text) ?? Self.success
        guard [Self.success, Self.failure].contains(status),
            Set(given.keys).isSubset(of: ["status", "reason", "data", "id"])
        else { return nil }
        let signal = Signal(
            status: status, reason: given["reason"].map(Self.text) ?? "Signal \(number) received",
            data: given["data"] ?? .null)
        signals[given["id"].map(Self.text) ?? String(number)] = signal
        return "status:\(status) reason:\(signal.reason)"
    }

    private static func text(_ value: JSONValue) -> String { value.string ?? value.description }

    /// Whether so many successes have come.
    func outcome(of count: Int) -> Outcome {
        let failures = signals.values.filter { $0.status == Self.failure }
        if !failures.isEmpty { return .failed(failures.map(\.reason).joined(separator: ";")) }
        return signals.count >= count ? .complete : .waiting
    }

    /// What stands after `WaitConditionTimeout: resources.NAME: `.
    func timeoutText(of count: Int) -> String {
        let reasons = signals.values.filter { $0.status == Self.success }.map(\.reason)
        let received = "\(reasons.count) of \(count) received"
        return reasons.isEmpty ? received : received + " - " + reasons.joined(separator: ";")
    }

    /// The handle's metadata.
    var metadata: JSONValue {
        .object(
            signals.elements.reduce(into: [:]) { all, signal in
                all[signal.key] = [
                    "status": .string(signal.value.status), "reason": .string(signal.value.reason),
                    "data": signal.value.data,
                ]
            })
    }

    /// The attribute `data` of a condition: JSON text as Python writes it, in the order of the ids.
    var data: String {
        "{"
            + signals.elements.map { "\(JSONValue.string($0.key)): \($0.value.data.pythonJSON)" }.joined(
                separator: ", ")
            + "}"
    }
}

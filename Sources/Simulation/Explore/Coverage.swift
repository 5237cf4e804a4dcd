import Deployments
import Runtime
import WebSockets

/// What a set of runs has reached.
public struct Coverage: Equatable, Sendable {
    public private(set) var statuses: Set<String> = []
    /// `REQUESTED→PROVISIONING`.
    public private(set) var transitions: Set<String> = []
    /// The points at which a server died.
    public private(set) var crashPoints: Set<String> = []
    /// Codes of `lastError` and of error frames.
    public private(set) var errorCodes: Set<String> = []
    public private(set) var closeCodes: Set<Int> = []
    /// Operations of the cloud with the status of the answer, or `none`: `heat.stack.create 504`.
    public private(set) var cloudAnswers: Set<String> = []

    public init() {}

    /// Adds what a run has reached.
    public mutating func add(_ trace: [Trace.Line]) {
        var last: [String: String] = [:]
        for line in trace {
            switch line.kind {
            case "commit":
                let id = line["deployment"]?.string ?? ""
                guard let status = line["data"]?["status"]?.string else { continue }
                statuses.insert(status)
                if last[id] != status { transitions.insert((last[id] ?? "") + "→" + status) }
                last[id] = status
                if let code = line["data"]?["lastError"]?["code"]?.string { errorCodes.insert(code) }
            case "frame":
                if line["frame"]?["type"]?.string == "error", let code = line["frame"]?["code"]?.string {
                    errorCodes.insert(code)
                }
            case "dies": if let point = line["point"]?.string { crashPoints.insert(point) }
            case "closed": if let code = line["code"]?.integer { closeCodes.insert(code) }
            case "call":
                let status = line["status"]?.integer.map(String.init) ?? "none"
                cloudAnswers.insert("\(line["op"]?.string ?? "") \(status)")
            default: break
            }
        }
    }

    mutating func add(_ other: Coverage) {
        statuses.formUnion(other.statuses)
        transitions.formUnion(other.transitions)
        crashPoints.formUnion(other.crashPoints)
        errorCodes.formUnion(other.errorCodes)
        closeCodes.formUnion(other.closeCodes)
        cloudAnswers.formUnion(other.cloudAnswers)
    }

    /// `6/6 statuses, 12/16 transitions, …`
    public var summary: String {
        [
            "\(statuses.count)/\(Deployment.Status.allCases.count) statuses",
            "\(transitions.count)/\(Invariants.transitions.count) transitions",
            "\(crashPoints.count)/\(CrashPoint.allCases.count) crash points",
            "\(errorCodes.count) error codes", "\(closeCodes.count) close codes", "\(cloudAnswers.count) cloud answers",
        ].joined(separator: ", ")
    }

    /// What could have been reached and was not: statuses, transitions, crash points, codes of `lastError` and of
    /// closed sockets.
    public var missing: [String] {
        let known: [(Set<String>, Set<String>)] = [
            (Set(Deployment.Status.allCases.map(\.rawValue)), statuses), (Invariants.transitions, transitions),
            (Set(CrashPoint.allCases.map(\.rawValue)), crashPoints),
            (Set(Failure.Code.allCases.map(\.rawValue)), errorCodes),
            (Set(CloseCode.allCases.map { "close \($0.rawValue)" }), Set(closeCodes.map { "close \($0)" })),
        ]
        return known.flatMap { known, reached in known.subtracting(reached).sorted() }
    }

    /// `{statuses, transitions, crashPoints, errorCodes, closeCodes, cloudAnswers}`, each a sorted list.
    public var json: JSONValue {
        func list(_ set: Set<String>) -> JSONValue { .array(set.sorted().map { .string($0) }) }
        return [
            "statuses": list(statuses), "transitions": list(transitions), "crashPoints": list(crashPoints),
            "errorCodes": list(errorCodes), "closeCodes": .array(closeCodes.sorted().map { .integer($0) }),
            "cloudAnswers": list(cloudAnswers),
        ]
    }
}

import HTTPTypes
import Hummingbird
import Runtime
import Scenarios
import Synchronization

extension ControlAPI {
    static let requestRoutes = [
        Route(
            .get, "/requests",
            "The calls that the cloud has seen: how many match, and the newest of them, oldest first. Bodies are cut after 4096 bytes, secrets masked."
        ) { parts, call in
            let filter = try CallFilter(call.query(known: CallFilter.parameters))
            let found = parts.cloud.callLog.withLock { $0.find(newest: filter.limit, where: filter.matches) }
            return .json(
                .ok, ["count": .integer(found.count), "items": .array(found.entries.map(\.json))])
        }
    ]
}

/// Which calls are asked for.
struct CallFilter {
    static let parameters = ["operation", "method", "status", "path", "region", "stack", "after", "limit"]

    let limit: Int
    private let operations: [String]?
    private let method: String?
    private let status: Int?
    private let path: Glob?
    private let region: String?
    private let stack: Glob?
    private let after: Int

    /// - Throws: ``ControlProblem``, 400.
    init(_ query: [String: String]) throws {
        limit =
            try query["limit"].map { text in
                guard let limit = Int(text), (0...1000).contains(limit) else {
                    throw ControlProblem(400, "limit is a whole number from 0 to 1000.")
                }
                return limit
            } ?? 100
        operations = try query["operation"].map { pattern in
            let names = CloudOperation.allCases.map(\.rawValue)
            let found = names.filter { Glob(pattern).matches($0) }
            guard !found.isEmpty else {
                throw ControlProblem(400, "Unknown operation \(pattern); known are \(names.joined(separator: ", ")).")
            }
            return found
        }
        status = try query["status"].map { text in
            guard let status = Int(text), (100...599).contains(status) else {
                throw ControlProblem(400, "status is an HTTP status.")
            }
            return status
        }
        path = query["path"].map { Glob($0) }
        region = query["region"]
        method = query["method"]?.uppercased()
        stack = query["stack"].map { Glob($0) }
        after =
            try query["after"].map { text in
                guard let number = Int(text), number >= 0 else {
                    throw ControlProblem(400, "after is the number of a call, from 0.")
                }
                return number
            } ?? 0
    }

    func matches(_ number: Int, _ call: CloudCall) -> Bool {
        number > after && operations.map { $0.contains(call.operation.rawValue) } ?? true
            && method.map { $0 == call.method } ?? true
            && stack.map { pattern in call.stack.map(pattern.matches) ?? false } ?? true
            && status.map { $0 == call.status } ?? true
            && path.map { path in path.matches(call.path) || path.matches(String(call.path.prefix { $0 != "?" })) }
                ?? true
            && region.map { $0 == call.region } ?? true
    }
}

extension CallLog.Entry {
    fileprivate var json: JSONValue {
        var members: [String: JSONValue] = [
            "number": .integer(number), "at": .string(call.at.description),
            "operation": .string(call.operation.rawValue), "region": JSONValue(call.region),
            "stack": JSONValue(call.stack), "method": .string(call.method), "path": .string(call.path),
            "status": call.status.map { .integer($0) } ?? .null, "faults": .array(call.faults.map { .string($0) }),
        ]
        if let exchange {
            members["milliseconds"] = .integer(Int(exchange.took.wholeMilliseconds))
            members["effect"] = .string(exchange.effect)
            members["request"] = Self.json(exchange.requestHeaders, exchange.requestBody, exchange.requestSize)
            members["answer"] =
                call.status == nil
                ? .null : Self.json(exchange.answerHeaders, exchange.answerBody, exchange.answerSize)
        }
        return .object(members)
    }

    private static func json(_ headers: HTTPFields, _ body: [UInt8], _ size: Int) -> JSONValue {
        [
            "headers": .array(
                headers.map { field in
                    let isSecret = Masking.headers.contains(field.name.canonicalName)
                    return [.string(field.name.rawName), .string(isSecret ? Masking.mask : field.value)]
                }), "body": .string(Masking.masked(String(decoding: body, as: UTF8.self))),
            "bytes": .integer(size),
        ]
    }
}

/// Takes secrets out of what is shown.
enum Masking {
    static let mask = "***"
    static let headers: Set<String> = ["x-auth-token", "x-subject-token", "authorization", "cookie", "set-cookie"]

    /// Without the values of JSON members that are secrets. Texts that were cut are masked to their end.
    static func masked(_ text: String) -> String {
        let pattern =
            /("(?:secret|password|adminPass|original_password|private_key|user_data)"\s*:\s*)"(?:[^"\\]|\\.)*(?:"|\\?$)/
        let withoutMembers = text.replacing(pattern) { $0.1 + "\"\(mask)\"" }
        // A token is sent as {"token": {"id": …}} to get another.
        return withoutMembers.replacing(/("id"\s*:\s*)"gAAAAA[^"]*(?:"|$)/) { $0.1 + "\"\(mask)\"" }
    }
}

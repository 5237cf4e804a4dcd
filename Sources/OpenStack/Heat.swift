import Foundation
import HTTPTypes
import Runtime

/// A stack as Heat shows it.
public struct Stack: Equatable, Sendable {
    public let id: String
    public let name: String
    /// Action and state: `CREATE_IN_PROGRESS`, `DELETE_COMPLETE`, …
    public let status: String
    public let reason: String
    public let tags: [String]
    /// By key; to be trusted when the stack is complete only, and empty in lists.
    public let outputs: [String: JSONValue]

    public init(
        id: String, name: String, status: String, reason: String = "", tags: [String] = [],
        outputs: [String: JSONValue] = [:]
    ) {
        self.id = id
        self.name = name
        self.status = status
        self.reason = reason
        self.tags = tags
        self.outputs = outputs
    }

    init?(_ json: JSONValue) {
        guard let id = json["id"]?.string, let name = json["stack_name"]?.string,
            let status = json["stack_status"]?.string
        else { return nil }
        let outputs = (json["outputs"]?.array ?? []).compactMap { output in
            output["output_key"]?.string.map { ($0, output["output_value"] ?? .null) }
        }
        self.init(
            id: id, name: name, status: status, reason: json["stack_status_reason"]?.string ?? "",
            tags: (json["tags"]?.array ?? []).compactMap(\.string),
            outputs: Dictionary(outputs, uniquingKeysWith: { $1 }))
    }
}

/// A line of a stack's history.
public struct StackEvent: Equatable, Sendable {
    public let id: String
    public let resource: String
    /// Of the resource, or of the stack where the resource is the stack's own name.
    public let status: String
    public let reason: String

    public init(id: String, resource: String, status: String, reason: String) {
        self.id = id
        self.resource = resource
        self.status = status
        self.reason = reason
    }

    init?(_ json: JSONValue) {
        guard let id = json["id"]?.string, let resource = json["resource_name"]?.string,
            let status = json["resource_status"]?.string
        else { return nil }
        self.init(id: id, resource: resource, status: status, reason: json["resource_status_reason"]?.string ?? "")
    }
}

/// What to create.
public struct StackRequest: Equatable, Sendable {
    public var name: String
    /// HOT, as YAML text.
    public var template: String
    public var parameters: [String: JSONValue]
    public var tags: [String]
    public var timeoutMinutes: Int

    public init(
        name: String, template: String, parameters: [String: JSONValue], tags: [String], timeoutMinutes: Int
    ) {
        self.name = name
        self.template = template
        self.parameters = parameters
        self.tags = tags
        self.timeoutMinutes = timeoutMinutes
    }
}

/// Heat's calls on stacks (Orchestration API v1). Each may throw `CancellationError`, and what a simulated crash
/// throws; everything that the cloud does is a ``CloudAnswer``.
extension CloudRegion {
    private static let heat = "orchestration"

    /// Creates a stack.
    ///
    /// - Returns: its id.
    public func createStack(_ stack: StackRequest) async throws -> CloudAnswer<String> {
        let body: JSONValue = [
            "stack_name": .string(stack.name), "template": .string(stack.template),
            "parameters": .object(stack.parameters), "tags": .string(stack.tags.joined(separator: ",")),
            "timeout_mins": .integer(stack.timeoutMinutes), "disable_rollback": true,
        ]
        return try await call(.create, Self.heat, "/stacks", body: body).map { $0["stack"]?["id"]?.string }
    }

    /// Looks a stack up by its name: Heat answers 302 to the stack's own address, which is followed.
    public func findStack(name: String) async throws -> CloudAnswer<Stack> {
        switch try await exchange(.read, Self.heat, "/stacks/" + escaped(name)) {
        case .failed(let answer): return answer.map { _ in nil }
        case .response(let response, _):
            guard response.status == 302 else {
                return response.answer(to: .read, at: surroundings.time.now).map { _ in nil }
            }
            guard let id = response.headers[.location]?.split(separator: "/").last.map(String.init) else {
                return .unknown("302 without Location")
            }
            return try await stack(name: name, id: id)
        }
    }

    public func stack(name: String, id: String) async throws -> CloudAnswer<Stack> {
        try await call(.read, Self.heat, path(name, id)).map { $0["stack"].flatMap(Stack.init) }
    }

    /// All stacks with a tag, over all pages. Where one page is missing, none counts.
    public func stacks(tag: String) async throws -> CloudAnswer<[Stack]> {
        let limit = 200
        var stacks: [Stack] = []
        while true {
            let marker = stacks.last.map { "&marker=\($0.id)" } ?? ""
            let answer = try await call(.read, Self.heat, "/stacks?tags=\(escaped(tag))&limit=\(limit)\(marker)")
                .map { body -> [Stack]? in
                    guard let items = body["stacks"]?.array else { return nil }
                    let page = items.compactMap(Stack.init)
                    return page.count == items.count ? page : nil
                }
            guard case .ok(let page) = answer else { return answer }
            stacks += page
            // An unknown marker starts the list again: a stack that went away in between must not make this endless.
            if page.count < limit || Set(stacks.map(\.id)).count < stacks.count { return .ok(stacks) }
        }
    }

    /// A stack's events after a marker, oldest first, at most 100. An unknown marker gives them from the start.
    public func events(name: String, id: String, after marker: String?) async throws -> CloudAnswer<[StackEvent]> {
        let query = "?sort_dir=asc&limit=100" + (marker.map { "&marker=" + $0 } ?? "")
        return try await call(.read, Self.heat, path(name, id) + "/events" + query).map { body in
            body["events"]?.array?.compactMap(StackEvent.init)
        }
    }

    /// Starts a deletion. Heat answers before it is done.
    public func deleteStack(name: String, id: String) async throws -> CloudAnswer<Void> {
        try await call(.delete, Self.heat, path(name, id)).map { _ in () }
    }

    private func path(_ name: String, _ id: String) -> String {
        "/stacks/\(escaped(name))/\(escaped(id))"
    }

    private func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "-._~:")))
            ?? text
    }
}

import OrderedCollections
import Runtime

/// What changes the cloud from outside. The cloud is a function of these and of time, so they are what its journal
/// holds.
enum CloudInput: Sendable {
    /// - `user`: the id of the user whose things are made.
    /// - `seed`: of everything that is drawn for the stack.
    case createStack(JSONValue, StackPlace, user: String? = nil, seed: UInt64)
    case deleteStack(name: String, id: String, StackPlace)
    /// Someone says that a resource is not well, or well again.
    case markResource(String, isUnhealthy: Bool, reason: String, stackId: String, StackPlace)
    /// - `isPatch`: whether what the body leaves out stays as it is.
    case updateStack(JSONValue, stackId: String, isPatch: Bool, StackPlace)
    /// `suspend`, `resume`, `check`, `cancel_update` or `cancel_without_rollback`.
    case act(String, stackId: String, StackPlace)
    case abandonStack(id: String, StackPlace)
    /// A resource is told something: `POST …/resources/NAME/signal`.
    case signal(String, JSONValue, stackId: String, region: String)
    case createCredential(Identity.Credential)
    case deleteCredential(String)
    case request(ServiceRequest)
    case deed(CloudDeed, seed: UInt64)

    /// A line of the journal: `kind`, `at` (milliseconds since 1970) and what the kind needs.
    func json(at instant: Timestamp) -> JSONValue {
        var members = members
        members["at"] = .integer(Int(instant.milliseconds))
        return .object(members)
    }

    private var members: [String: JSONValue] {
        switch self {
        case .createStack(let body, let place, let user, let seed):
            return place.members.merging([
                "kind": "create", "seed": .string(String(seed)), "body": body, "user": JSONValue(user),
            ]) { $1 }
        case .deleteStack(let name, let id, let place):
            return place.members.merging(["kind": "delete", "name": .string(name), "id": .string(id)]) { $1 }
        case .markResource(let name, let isUnhealthy, let reason, let stackId, let place):
            return place.members.merging([
                "kind": "mark", "name": .string(name), "unhealthy": .bool(isUnhealthy), "reason": .string(reason),
                "id": .string(stackId),
            ]) { $1 }
        case .updateStack(let body, let id, let isPatch, let place):
            return place.members.merging(
                ["kind": "update", "id": .string(id), "body": body, "patch": .bool(isPatch)]) { $1 }
        case .act(let verb, let id, let place):
            return place.members.merging(["kind": "act", "id": .string(id), "verb": .string(verb)]) { $1 }
        case .abandonStack(let id, let place):
            return place.members.merging(["kind": "abandon", "id": .string(id)]) { $1 }
        case .signal(let name, let details, let id, let region):
            return [
                "kind": "signal", "name": .string(name), "details": details, "id": .string(id),
                "region": .string(region),
            ]
        case .createCredential(let credential):
            return [
                "kind": "credential", "id": .string(credential.id), "name": .string(credential.name),
                "user": .string(credential.user.id), "project": .string(credential.project.id),
                "roles": .array(credential.roles.map { .string($0) }), "secret": .string(credential.secret),
                "expiresAt": credential.expiresAt.map { .integer(Int($0.milliseconds)) } ?? .null,
                "unrestricted": credential.isUnrestricted.map { .bool($0) } ?? .null,
                "description": JSONValue(credential.description),
            ]
        case .deleteCredential(let id): return ["kind": "credential.delete", "id": .string(id)]
        case .request(let request): return request.members.merging(["kind": "request"]) { $1 }
        case .deed(let deed, let seed):
            return (deed.json.object ?? [:]).merging(["kind": "deed", "seed": .string(String(seed))]) { $1 }
        }
    }

    /// Reads a line of the journal; nil for one of a kind that is not known.
    static func read(_ entry: JSONValue, identity: Identity) -> (input: CloudInput, at: Timestamp)? {
        func text(_ key: String) -> String { entry[key]?.string ?? "" }
        guard let at = entry["at"]?.integer else { return nil }
        let place = StackPlace(region: text("region"), project: text("project"))
        let input: CloudInput
        switch text("kind") {
        case "create":
            input = .createStack(
                entry["body"] ?? .null, place, user: entry["user"]?.string, seed: UInt64(text("seed")) ?? 0)
        case "update":
            input = .updateStack(entry["body"] ?? .null, stackId: text("id"), isPatch: entry["patch"] == true, place)
        case "act": input = .act(text("verb"), stackId: text("id"), place)
        case "delete": input = .deleteStack(name: text("name"), id: text("id"), place)
        case "mark":
            input = .markResource(
                text("name"), isUnhealthy: entry["unhealthy"] == true, reason: text("reason"), stackId: text("id"),
                place)
        case "abandon": input = .abandonStack(id: text("id"), place)
        case "signal":
            input = .signal(
                text("name"), entry["details"] ?? .null, stackId: text("id"), region: place.region)
        case "credential":
            guard let user = identity.user(["id": .string(text("user"))]),
                let project = identity.project(["id": .string(text("project"))])
            else { return nil }
            input = .createCredential(
                Identity.Credential(
                    id: text("id"), name: text("name"), user: user, project: project,
                    roles: entry["roles"]?.array?.compactMap(\.string) ?? [], secret: text("secret"),
                    expiresAt: entry["expiresAt"]?.integer.map { Timestamp(milliseconds: Int64($0)) },
                    isUnrestricted: entry["unrestricted"]?.bool, description: entry["description"]?.string))
        case "credential.delete": input = .deleteCredential(text("id"))
        case "request": input = .request(ServiceRequest(entry))
        case "deed":
            guard let deed = CloudDeed(entry) else { return nil }
            input = .deed(deed, seed: UInt64(text("seed")) ?? 0)
        default: return nil
        }
        return (input, Timestamp(milliseconds: Int64(at)))
    }
}

/// Where a stack is: the region and the project's id.
struct StackPlace: Hashable, Sendable {
    let region: String
    let project: String

    fileprivate var members: [String: JSONValue] { ["region": .string(region), "project": .string(project)] }
}

extension CloudEngine {
    /// Lets an input take effect now.
    ///
    /// - Returns: the id of what it made, if it made something.
    /// - Throws: the refusal, in the words of the service; nothing has changed then.
    mutating func apply(_ input: CloudInput) throws -> String? {
        switch input {
        case .createStack(let body, let place, let user, let seed):
            return try createStack(body, in: place, user: user, seed: seed)
        case .deleteStack(let name, let id, let place): try deleteStack(name, id, in: place)
        case .markResource(let name, let isUnhealthy, let reason, let stackId, let place):
            try markResource(name, of: stackId, isUnhealthy: isUnhealthy, reason: reason, in: place)
        case .updateStack(let body, let id, let isPatch, let place):
            try updateStack(body, id, isPatch: isPatch, in: place)
        case .act(let verb, let id, let place): try act(verb, id, in: place)
        case .abandonStack(let id, let place): try abandonStack(id, in: place)
        case .signal(let name, let details, let id, let region):
            try signal(name, of: id, details, in: region)
        case .createCredential(let credential): identity.credentials[credential.id] = credential
        case .deleteCredential(let id): identity.credentials[id] = nil
        case .request(let request): try replay(request)
        case .deed(let deed, let seed): _ = perform(deed, seed: seed)
        }
        return nil
    }
}

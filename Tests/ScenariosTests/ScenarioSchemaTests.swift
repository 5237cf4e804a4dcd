import FakeCloud
import Foundation
import Runtime
import Testing

@testable import Scenarios

/// The JSON Schema against the parser.
@Suite struct ScenarioSchemaTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func violation(_ text: String) throws -> String? {
        SmallValidator(ScenarioSchema.json).violation(
            try YAMLDocument.node(Array(text.utf8), file: "s.yaml", what: "a scenario").json)
    }

    @Test("every story of the library is as the schema says")
    func library() throws {
        let folder = Self.root.appendingPathComponent("scenarios")
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter {
            $0.hasSuffix(".yaml") && !$0.hasSuffix(StoryParts.suffix)
        }
        #expect(names.count > 5)
        for name in names {
            let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            let found = try violation(text)
            #expect(found == nil, "\(name)")
        }
    }

    @Test("every key that the parser of stories asks for is in the schema")
    func keys() throws {
        let folder = Self.root.appendingPathComponent("Sources/Scenarios")
        let schema = ScenarioSchema.json.description
        var missing: Set<String> = []
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where file.hasSuffix("Reader.swift") && file != "CatalogReader.swift" {
            let source = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
            let asked = source.matches(
                of: /\.(?:node|map|list|entries|string|word|integer|bool|duration|spread|instant)\(\s*"(\w+)"/)
            missing.formUnion(asked.map { String($0.1) }.filter { !schema.contains("\"\($0)\":") })
        }
        #expect(missing.subtracting(Self.quotas) == [])
    }

    /// Quotas are read by a list of their names.
    private static let quotas: Set<String> = [
        "stacks", "instances", "cores", "ramMiB", "keyPairs", "serverGroups", "networks", "subnets", "ports", "routers",
        "floatingIps", "securityGroups", "securityGroupRules", "volumes", "gigabytes",
    ]

    private static let head = "scenario: s\nabout: It is short.\n"

    @Test(
        "what the parser refuses for its keys or kinds of values, the schema refuses",
        arguments: [
            "users: {}\nexpect: {}\nusres: {}", "users: {}", "users: {}\nexpect: { finl: [] }",
            "users: { a: { script: [lgoin] } }\nexpect: {}", "users: { a: { script: [{ sleep: 5 }] } }\nexpect: {}",
            "users: { a: { script: [{ create: { name: x } }] } }\nexpect: {}", "users: {}\nexpect: {}\nseed: -1",
            "users: {}\nexpect: {}\nportal: { crash: { point: nowhere } }",
            "users: {}\nexpect: {}\ncloud: { regions: { west: { latency: { default: fast } } } }",
            "users: {}\nexpect: {}\ncloud: { faults: [{ id: a, op: heat.stack.list, effect: never }] }",
            "users: { a: { script: [{ login: {}, logout: {} }] } }\nexpect: {}",
        ])
    func refused(text: String) throws {
        let text = Self.head + text
        #expect(try violation(text) != nil)
        #expect(throws: ScenarioErrors.self) {
            try Scenario(parsing: Array(text.utf8), file: "s.yaml", standardCloud: .standard)
        }
    }
}

/// As much of JSON Schema as the schema of scenarios uses.
private struct SmallValidator {
    private let root: JSONValue

    init(_ root: JSONValue) {
        self.root = root
    }

    /// What is wrong with a value; nil for nothing.
    func violation(_ value: JSONValue) -> String? { violation(value, root, "") }

    private func violation(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> String? {
        if let reference = schema["$ref"]?.string {
            let target = reference.split(separator: "/").dropFirst().reduce(root) { $0[String($1)] ?? .null }
            return violation(value, target, path)
        }
        if let choices = schema["anyOf"]?.array {
            let found = choices.map { violation(value, $0, path) }
            return found.contains(nil) ? nil : found.compactMap { $0 }.joined(separator: " or ")
        }
        if let words = schema["enum"]?.array, !words.contains(value) {
            return "\(path): \(value) is no word of \(words)"
        }
        let kinds = schema["type"].map { $0.array ?? [$0] }?.compactMap(\.string) ?? []
        if !kinds.isEmpty, !kinds.contains(Self.kind(of: value)) { return "\(path): \(value) is no \(kinds)" }
        if let pattern = schema["pattern"]?.string, let text = value.string,
            text.range(of: pattern, options: .regularExpression) == nil
        {
            return "\(path): \(text) is not like \(pattern)"
        }
        if let least = schema["minimum"]?.integer, let number = value.integer, number < least {
            return "\(path): \(number)"
        }
        if let most = schema["maximum"]?.integer, let number = value.integer, number > most {
            return "\(path): \(number)"
        }
        if let items = schema["items"], let values = value.array {
            for (index, item) in values.enumerated() {
                if let found = violation(item, items, path + "/\(index)") { return found }
            }
        }
        guard let members = value.object else { return nil }
        if let most = schema["maxProperties"]?.integer, members.count > most { return "\(path): too many keys" }
        for key in schema["required"]?.array ?? [] where members[key.string ?? ""] == nil {
            return "\(path): \(key) is missing"
        }
        for (key, member) in members.sorted(by: { $0.key < $1.key }) {
            let inner = schema["properties"]?[key] ?? schema["additionalProperties"]
            if inner == false { return "\(path)/\(key) is unknown" }
            if let inner, let found = violation(member, inner, path + "/" + key) { return found }
        }
        return nil
    }

    private static func kind(of value: JSONValue) -> String {
        if case .integer = value { return "integer" }
        return value.typeName
    }
}

import Foundation
import Runtime

@testable import FakeCloud

/// An exchange that was recorded from a real service.
struct GoldenExchange: Sendable, CustomStringConvertible {
    let file: String
    let number: Int
    let name: String
    let service: String
    let method: String
    let path: String
    let requestHeaders: [(name: String, value: String)]
    let requestBody: String
    let status: Int
    let headers: [(name: String, value: String)]
    let body: String
    /// How long the recorder waited before it.
    let waited: Duration

    static let files = [
        "keystone", "heat", "heat_vm", "heat_more", "nova", "neutron", "glance", "outage", "software", "updates",
        "updates_more", "actions", "nested",
        "signals", "nested_stacks", "adopt",
    ]

    /// `heat 80 create-ok`; the name alone is not always unique.
    var description: String { "\(file) \(number) \(name)" }

    /// Those of a file, in the order of their recording.
    static func all(in file: String) throws -> [GoldenExchange] {
        try Golden.text(file + ".jsonl").split(separator: "\n").map { line in
            let json = try JSONValue(parsing: line.utf8)
            func text(_ key: String) -> String { json[key]?.string ?? "" }
            let given = (json["request_headers"]?.object ?? [:]).sorted { $0.key < $1.key }
            let answered = json["response_headers"]?.array ?? []
            return GoldenExchange(
                file: file, number: json["seq"]?.integer ?? 0, name: text("name"), service: text("service"),
                method: text("method"), path: text("path"),
                requestHeaders: given.map { ($0.key, $0.value.string ?? "") }, requestBody: text("request_body"),
                status: json["status"]?.integer ?? 0,
                headers: answered.map { ($0[0]?.string ?? "", $0[1]?.string ?? "") }, body: text("response_body"),
                waited: .milliseconds(Int((json["waited"]?.seconds ?? 0) * 1000)))
        }
    }

    func header(_ name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }
}

/// The files beside the tests.
enum Golden {
    static func text(_ name: String) throws -> String {
        let url = Bundle.module.url(forResource: "Golden", withExtension: nil)!.appending(path: name)
        return String(decoding: try Data(contentsOf: url), as: UTF8.self)
    }

    /// The exchanges that the fake does not answer as the real services did, each with the reason.
    static func unmatched() throws -> [String: String] {
        let yaml = try JSONValue(yaml: text("unmatched.yaml"))
        var reasons: [String: String] = [:]
        for group in yaml.array ?? [] {
            for exchange in group["exchanges"]?.array ?? [] {
                reasons[exchange.string ?? "\(exchange)"] = group["reason"]?.string
            }
        }
        return reasons
    }
}

extension JSONValue {
    /// A number of seconds.
    fileprivate var seconds: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}

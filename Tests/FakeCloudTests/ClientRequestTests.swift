import Foundation
import HTTPTypes
import Runtime
import Testing

@testable import FakeCloud

/// Clients in other languages, by the requests that they send and what they decode of the answers (Requests/).
struct ClientRequestTests {
    @Test("A program's requests are answered with what its client decodes", arguments: ["gophercloud", "terraform"])
    func requestsAreAnswered(file: String) async throws {
        var program = try await ClientProgram()
        for step in try ClientProgram.steps(of: file) { try await program.carryOut(step) }
    }
}

/// A program that works with a cloud, one request after the other.
struct ClientProgram {
    private let bench: Bench
    private var token = ""
    /// What earlier answers said.
    private var known: [String: String]

    init() async throws {
        bench = try Bench()
        let access = bench.cloud.access
        known = ["credential": access.credentialId, "secret": access.credentialSecret]
        token = try await bench.token()
    }

    static func steps(of file: String) throws -> [JSONValue] {
        let url = Bundle.module.url(forResource: "Requests", withExtension: nil)!.appending(path: file + ".yaml")
        return try JSONValue(yaml: String(decoding: try Data(contentsOf: url), as: UTF8.self)).array ?? []
    }

    mutating func carryOut(_ step: JSONValue) async throws {
        if let wait = step["wait"]?.string {
            bench.time.advance(.seconds(Int(wait.dropLast()) ?? 0))
            return
        }
        let name = step["does"]?.string ?? ""
        let words = filledIn(step["send"]?.string ?? "").split(separator: " ").map(String.init)
        var answer = try await send(words[0], words[1], step)
        if step["follow"] == true, answer.status == 302 {
            answer = try await send(words[0], answer.headers[.location] ?? "", step)
        }
        let text = String(decoding: answer.body, as: UTF8.self)
        #expect(step["ok"]?.array?.contains(.integer(answer.status)) == true, "\(name): \(answer.status) \(text)")
        let body = (try? JSONValue(parsing: answer.body)) ?? .null
        for (path, expected) in (step["decode"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            let found = Self.value(at: path, in: body)
            #expect(
                found.map { isLike($0, expected) } == true, "\(name): \(path) is \(found ?? .null), not \(expected)")
        }
        for (key, path) in step["keep"]?.object ?? [:] {
            known[key] = Self.value(at: path.string ?? "", in: body)?.string
        }
        // Whoever signs in goes on with the new token.
        token = answer.headers[.subjectToken] ?? token
    }

    /// As Go's client sends requests: with these headers, and what the step says.
    private func send(
        _ method: String, _ address: String, _ step: JSONValue
    ) async throws -> (status: Int, headers: HTTPFields, body: [UInt8]) {
        var headers: HTTPFields = [.accept: "application/json", .userAgent: "gophercloud/v2"]
        if step["token"] != false { headers[.authToken] = token }
        if step["subject"] == true { headers[.subjectToken] = token }
        if let version = step["microversion"]?.string {
            headers[.novaAPIVersion] = version
            headers[.openStackAPIVersion] = "compute " + version
        }
        let body = step["body"].map { filledIn("\($0)") }
        if body != nil { headers[.contentType] = "application/json" }
        let path =
            address.hasPrefix("http://cloud.test") ? String(address.dropFirst("http://cloud.test".count)) : address
        return try await bench.send(method, path, headers: headers, body: Array((body ?? "").utf8))
    }

    private func filledIn(_ text: String) -> String {
        known.reduce(text) { $0.replacing("{\($1.key)}", with: $1.value) }
    }

    /// What a path such as `servers.0.status` leads to.
    private static func value(at path: String, in body: JSONValue) -> JSONValue? {
        var found = body
        var rest = path.split(separator: ".").map(String.init)
        while !rest.isEmpty {
            // Some names have dots.
            let name = (1...rest.count).lazy.map { rest[..<$0].joined(separator: ".") }.first { found[$0] != nil }
            if let name, let next = found[name] {
                found = next
                rest.removeFirst(name.split(separator: ".").count)
            } else if let index = Int(rest[0]), let next = found[index] {
                found = next
                rest.removeFirst()
            } else {
                return nil
            }
        }
        return found
    }

    private func isLike(_ found: JSONValue, _ expected: JSONValue) -> Bool {
        switch (expected.string ?? "", found) {
        case ("<text>", .string(let text)): return !text.isEmpty
        case ("<id>", .string(let text)):
            return text.wholeMatch(of: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/) != nil
        // Go's time.RFC3339, and gophercloud's RFC3339MilliNoZ.
        case ("<time>", .string(let text)):
            return text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/) != nil
        case ("<zoneless>", .string(let text)):
            return text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?/) != nil
        case ("<number>", .integer), ("<number>", .number), ("<flag>", .bool), ("<list>", .array): return true
        case ("<texts>", .object(let members)): return members.values.allSatisfy { $0.string != nil }
        default: return found == (expected.string.map { .string(filledIn($0)) } ?? expected)
        }
    }
}

import HTTPTypes
import Runtime
import Testing

@testable import OpenStack

@Suite struct AnswerTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let response: CloudResponse
        let create: String
        let read: String
        let delete: String
        let testDescription: String

        init(_ name: String, _ response: CloudResponse, create: String, read: String, delete: String) {
            (testDescription, self.response) = (name, response)
            (self.create, self.read, self.delete) = (create, read, delete)
        }
    }

    static let proxy = Array("<html>nginx</html>".utf8)

    /// semantics.md section 4.
    static let rows = [
        Row("200", .json(200, [:]), create: "unknown", read: "ok", delete: "unknown"),
        Row("201", .json(201, [:]), create: "ok", read: "unknown", delete: "unknown"),
        Row("200 HTML", .html, create: "unknown", read: "unknown", delete: "unknown"),
        Row("201 empty", CloudResponse(status: 201), create: "unknown", read: "unknown", delete: "unknown"),
        Row("202", .json(202, nil), create: "unknown", read: "unknown", delete: "ok"),
        Row("204", CloudResponse(status: 204), create: "unknown", read: "unknown", delete: "ok"),
        Row("302", CloudResponse(status: 302), create: "unknown", read: "unknown", delete: "unknown"),
        Row("400", .heatError(400, "StackValidationFailed"), create: "rejected", read: "unknown", delete: "rejected"),
        Row("400 HTML", CloudResponse(status: 400, body: proxy), create: "unknown", read: "unknown", delete: "unknown"),
        Row("403", .heatError(403, "Forbidden"), create: "rejected", read: "unknown", delete: "rejected"),
        Row("404", .heatError(404, "EntityNotFound"), create: "rejected", read: "absent", delete: "absent"),
        Row("404 route", .json(404, ["code": "404 Not Found"]), create: "unknown", read: "unknown", delete: "unknown"),
        Row("404 HTML", CloudResponse(status: 404, body: proxy), create: "unknown", read: "unknown", delete: "unknown"),
        Row("405", .heatError(405, "HTTPMethodNotAllowed"), create: "rejected", read: "unknown", delete: "unknown"),
        Row("408", .heatError(408, "Timeout"), create: "unknown", read: "unknown", delete: "unknown"),
        Row("409", .heatError(409, "StackExists"), create: "conflict", read: "unknown", delete: "conflict"),
        Row("413", CloudResponse(status: 413), create: "later", read: "later", delete: "later"),
        Row("422", .heatError(422, "Invalid"), create: "rejected", read: "unknown", delete: "unknown"),
        Row("429", CloudResponse(status: 429, body: proxy), create: "later", read: "later", delete: "later"),
        Row("498", CloudResponse(status: 498), create: "later", read: "later", delete: "later"),
        Row("500", .heatError(500, "RemoteError"), create: "unknown", read: "unknown", delete: "unknown"),
        Row(
            "503 Retry-After", CloudResponse(status: 503, headers: [.retryAfter: "5"]), create: "unknown",
            read: "unknown", delete: "unknown"),
    ]

    static func name(_ answer: Answer<JSONValue>) -> String {
        switch answer {
        case .ok: "ok"
        case .rejected: "rejected"
        case .conflict: "conflict"
        case .absent: "absent"
        case .later: "later"
        case .unknown: "unknown"
        }
    }

    @Test("a status and a body mean what the table says", arguments: rows)
    func classes(row: Row) {
        let names = [CloudOperation.create, .read, .delete].map {
            Self.name(Answer(row.response, to: $0, at: ManualTime.start))
        }
        #expect(names == [row.create, row.read, row.delete])
    }

    /// Every other status of an answer is unknown, in every operation, whatever its body.
    static let known: [CloudOperation: [String: Set<Int>]] = [
        .create: [
            "ok": [201], "rejected": [400, 403, 404, 405, 415, 422], "conflict": [409], "later": [413, 429, 498],
        ],
        .read: ["ok": [200], "absent": [404], "later": [413, 429, 498]],
        .delete: [
            "ok": [202, 204], "rejected": [400, 403], "absent": [404], "conflict": [409], "later": [413, 429, 498],
        ],
        .check: ["ok": [200], "rejected": [400, 403], "later": [413, 429, 498]],
    ]

    @Test("no status means anything that the table does not say", arguments: CloudOperation.allCases)
    func allStatuses(operation: CloudOperation) throws {
        let known = try #require(Self.known[operation])
        for status in 100...599 {
            let expected = known.first { $0.value.contains(status) }?.key ?? "unknown"
            let heat = Answer(.heatError(status, "EntityNotFound"), to: operation, at: ManualTime.start)
            #expect(Self.name(heat) == expected, "\(status) with Heat's JSON")
            let page = Answer(CloudResponse(status: status, body: Self.proxy), to: operation, at: ManualTime.start)
            // What a proxy says on a page of its own is not Heat's word (S4.2).
            let isBodiless = expected == "later" || operation == .delete && expected == "ok"
            #expect(Self.name(page) == (isBodiless ? expected : "unknown"), "\(status) with a page")
        }
    }

    @Test(
        "what was not sent is put off; what may have been sent is unknown, in every operation",
        arguments: CloudOperation.allCases)
    func transport(operation: CloudOperation) {
        let later = Later(retryAfter: nil, reason: "refused")
        #expect(Answer(.notExecuted(later), to: operation, at: ManualTime.start) == .later(later))
        #expect(Self.name(Answer(.lost("reset"), to: operation, at: ManualTime.start)) == "unknown")
    }

    @Test("JSON that is nested without end is no JSON", arguments: ["[", #"{"a":"#])
    func deepNesting(open: String) {
        let body = Array(String(repeating: open, count: 200_000).utf8)
        #expect(Self.name(Answer(CloudResponse(status: 200, body: body), to: .read, at: ManualTime.start)) == "unknown")
    }

    @Test(
        "Retry-After is seconds or a date, within 1 s and 10 min",
        arguments: [
            ("7", Duration.seconds(7)), ("0", .seconds(1)), ("-5", .seconds(1)), ("600", .seconds(600)),
            ("9999", .seconds(600)), ("9223372036854775807", .seconds(600)), ("99999999999999999999", nil),
            ("Wed, 06 Jan 2027 10:00:00 GMT", .seconds(600)), ("1.5", nil), ("", nil),
            ("Tue, 06 Jan 2026 10:00:42 GMT", .seconds(42)), ("Tue, 06 Jan 2026 09:00:00 GMT", .seconds(1)),
            ("soon", nil),
        ])
    func retryAfter(text: String, wait: Duration?) {
        let response = CloudResponse(status: 429, headers: [.retryAfter: text])
        #expect(response.retryAfter(at: ManualTime.start) == wait)
    }
}

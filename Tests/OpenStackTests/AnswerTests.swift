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

    @Test("a status and a body mean what the table says", arguments: rows)
    func classes(row: Row) {
        func name(_ operation: CloudOperation) -> String {
            switch Answer(row.response, to: operation, at: ManualTime.start) {
            case .ok: "ok"
            case .rejected: "rejected"
            case .conflict: "conflict"
            case .absent: "absent"
            case .later: "later"
            case .unknown: "unknown"
            }
        }
        #expect([name(.create), name(.read), name(.delete)] == [row.create, row.read, row.delete])
    }

    @Test(
        "Retry-After is seconds or a date, within 1 s and 10 min",
        arguments: [
            ("7", Duration.seconds(7)), ("0", .seconds(1)), ("9999", .seconds(600)),
            ("Tue, 06 Jan 2026 10:00:42 GMT", .seconds(42)), ("Tue, 06 Jan 2026 09:00:00 GMT", .seconds(1)),
            ("soon", nil),
        ])
    func retryAfter(text: String, wait: Duration?) {
        let response = CloudResponse(status: 429, headers: [.retryAfter: text])
        #expect(response.retryAfter(at: ManualTime.start) == wait)
    }
}

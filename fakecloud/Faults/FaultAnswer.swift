import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import Runtime
import Scenarios

extension FaultVerdict {
    /// What is answered instead of what the service would say.
    func spoiled(_ real: ServiceAnswer, of call: ServiceCall) -> ServiceAnswer {
        guard let answer else { return real }
        var spoiled = real
        switch answer.body {
        case .json(let json): spoiled = .json(answer.status ?? real.status, json)
        case .html(let text): spoiled = Self.page(text, "text/html; charset=utf-8", answer.status ?? real.status)
        case .text(let text): spoiled = Self.page(text, "text/plain; charset=utf-8", answer.status ?? real.status)
        case .empty:
            spoiled.body = []
            spoiled.status = answer.status ?? real.status
        case .garbage:
            spoiled.body = garbage
            spoiled.status = answer.status ?? real.status
        case nil:
            if let status = answer.status { spoiled = call.dialect.failure(status, answer.error) }
        }
        spoiled.stack = real.stack
        if let retryAfter {
            spoiled.headers[.retryAfter] = String(Int(retryAfter.inSeconds.rounded(.up)))
        }
        for header in answer.headers {
            if let name = HTTPField.Name(header.name) { spoiled.headers[name] = header.value }
        }
        if let count = answer.truncate { spoiled.body = Array(spoiled.body.prefix(count)) }
        if call.method == "HEAD" { spoiled.body = [] }
        return spoiled
    }

    private static func page(_ text: String, _ type: String, _ status: Int) -> ServiceAnswer {
        ServiceAnswer(status: status, headers: [.contentType: type], body: Array(text.utf8))
    }
}

extension FaultRule.Answer.Pace {
    /// The body of a response, so many bytes at a time.
    func body(_ bytes: [UInt8], time: any TimeSource) -> ResponseBody {
        ResponseBody(contentLength: bytes.count) { writer in
            for start in stride(from: 0, to: bytes.count, by: chunk) {
                if start > 0 { try await time.sleepWhileRunning(for: every) }
                let piece = bytes[start..<min(start + chunk, bytes.count)]
                try await writer.write(ByteBuffer(bytes: piece))
            }
            try await writer.finish(nil)
        }
    }
}

extension CloudDialect {
    /// What a service says where it has to ask Keystone and cannot (golden outage,
    /// `keystone-down-heat-uncached-token`).
    static var keystoneIsDown: ServiceAnswer { unavailable("The Keystone service is temporarily unavailable.\n\n") }

    private static func unavailable(_ detail: String) -> ServiceAnswer {
        let message = "The server is currently unavailable. Please try again at a later time.<br /><br />\n"
        return .json(
            503,
            [
                "message": .string(message + (detail.isEmpty ? "\n\n" : detail)), "code": "503 Service Unavailable",
                "title": "Service Unavailable",
            ])
    }

    /// The service's error for any status, where no request of its own leads to it.
    ///
    /// - Parameter exception: that Heat's engine could not handle, or its API (golden outage, `engine-down-create`).
    func failure(_ status: Int, _ exception: String? = nil) -> ServiceAnswer {
        let phrase = HTTPResponseStatus(statusCode: status).reasonPhrase
        let title = phrase.isEmpty ? "Error" : phrase
        guard status >= 400 else { return ServiceAnswer(status: status) }
        if status == 503, self != .keystone, exception == nil { return Self.unavailable("") }
        let message = "\(title): a fault of the fake cloud"
        switch self {
        case .keystone:
            return .json(
                status,
                ["error": ["code": .integer(status), "message": .string(message), "title": .string(title)]])
        case .heat:
            let type = exception ?? (status == 500 ? "RemoteError" : "HTTP" + title.filter(\.isLetter))
            return .json(
                status, HeatFault(status: status, type: type, message: status == 500 ? nil : message).json)
        case .nova:
            let types = [
                400: "badRequest", 401: "unauthorized", 403: "forbidden", 404: "itemNotFound",
                409: "conflictingRequest", 413: "overLimit", 429: "overLimit",
            ]
            return .json(
                status,
                [types[status] ?? "computeFault": ["code": .integer(status), "message": .string(message)]])
        case .neutron:
            return .json(
                status,
                [
                    "NeutronError": [
                        "type": .string("HTTP" + title.filter(\.isLetter)), "message": .string(message), "detail": "",
                    ]
                ])
        default:
            return .json(
                status,
                [
                    "message": .string(message + "<br /><br />\n\n\n"), "code": .string("\(status) \(title)"),
                    "title": .string(title),
                ])
        }
    }
}

import HTTPTypes
import Hummingbird
import Runtime

/// How large a request's body may be, and what a service says of one that is larger.
extension CloudDialect {
    /// In bytes. Keystone, Nova and Cinder have oslo.middleware's limit, Heat one of its own; the others have none, and
    /// theirs is the fake's.
    var largestBody: Int {
        switch self {
        case .keystone, .nova, .cinder: 114_688
        case .heat, .cfn: 1_048_576
        case .glance, .neutron, .placement: 16_777_216
        }
    }

    /// What a service says of a body that is too large, before it looks at anything else; nil for one that is not.
    func refusal(ofBodyOf call: ServiceCall) -> ServiceAnswer? {
        guard call.bodySize > largestBody, self != .heat, self != .cfn else { return nil }
        let limit = call.headers[.contentLength] == nil ? "" : "max_request_body_size "
        let number = limit.isEmpty ? "\(largestBody)" : "(\(largestBody))"
        let message = "Request is too large. Larger than \(limit)\(number)."
        let title = "Request Entity Too Large"
        let status = "413 \(title)"
        if (call.headers[.accept] ?? "").contains("application/json") {
            return .json(
                413,
                ["message": .string(message + "<br /><br />\n\n\n"), "code": .string(status), "title": .string(title)])
        }
        return ServiceAnswer(
            status: 413, headers: [.contentType: "text/plain; charset=UTF-8"],
            body: Array("\(status)\n\n\(message)\n\n   ".utf8))
    }
}

extension ServiceCall {
    /// Heat reads a body of any size and then says how large it is (Heat, `JSONRequestDeserializer`). What it does not
    /// take for JSON it does not read.
    ///
    /// - Throws: ``HeatFault``.
    func checkSizeForHeat() throws(HeatFault) {
        guard dialect == .heat, bodySize > dialect.largestBody else { return }
        let type = headers[.contentType]?.prefix { $0 != ";" } ?? ""
        guard body.first == UInt8(ascii: "{"),
            type.isEmpty || type.hasPrefix("text/plain") || type == "application/json"
        else { throw .malformed }
        throw .limit("JSON body size (\(bodySize) bytes) exceeds maximum allowed size (\(dialect.largestBody) bytes).")
    }
}

extension RequestBody {
    /// All bytes, or the first of them where they are more, and how many there are.
    func collect(keeping most: Int) async throws -> (bytes: [UInt8], size: Int) {
        var bytes: [UInt8] = []
        var size = 0
        for try await buffer in self {
            bytes.append(contentsOf: buffer.readableBytesView.prefix(most - bytes.count))
            size += buffer.readableBytes
        }
        return (bytes, size)
    }
}

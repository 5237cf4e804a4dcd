import Deployments
import HTTPTypes
import Hummingbird
import NIOCore
import Runtime

extension Response {
    /// A response of canonical JSON, not to be kept by a cache that others share.
    init(status: HTTPResponse.Status, json: JSONValue, headers: HTTPFields = [:]) {
        var headers = headers
        headers[.contentType] = "application/json; charset=utf-8"
        self.init(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.utf8)))
    }
}

extension Request {
    static let maximumBodySize = 64 * 1024

    /// Reads the body as JSON.
    ///
    /// - Throws: ``APIError``: 415 for another media type, 413 over 64 KiB, 400 for what is not JSON.
    func json() async throws -> JSONValue {
        let mediaType = headers[.contentType].flatMap(MediaType.init(from:))
        guard let mediaType, mediaType.isType(.applicationJson) else {
            throw APIError(
                status: .unsupportedMediaType, code: "UNSUPPORTED_MEDIA_TYPE",
                detail: "Send JSON with Content-Type: application/json.")
        }
        if let length = headers[.contentLength].flatMap(Int.init), length > Self.maximumBodySize {
            throw APIError.tooLarge
        }
        let buffer: ByteBuffer
        do {
            buffer = try await body.collect(upTo: Self.maximumBodySize)
        } catch is NIOTooManyBytesError {
            throw APIError.tooLarge
        } catch let error where !(error is HTTPError || error is CancellationError) {
            // The client went away, or what it sent was no HTTP.
            throw APIError.badRequest("The body did not arrive.")
        }
        do {
            return try JSONValue(parsing: buffer.readableBytesView)
        } catch {
            throw APIError.badRequest("The body is not valid JSON.")
        }
    }

    /// A query parameter that is there once at most.
    func query(_ name: String) throws -> String? {
        let values = uri.queryParameters.filter { $0.key == name[...] }
        guard values.count <= 1 else { throw APIError.badRequest("The parameter \(name) is given more than once.") }
        return values.first.map { String($0.value) }
    }

    /// The page asked for (semantics.md S10.1).
    func page() throws -> (number: Int, size: Int) {
        func number(_ name: String, _ range: ClosedRange<Int>, _ standard: Int) throws -> Int {
            guard let text = try query(name) else { return standard }
            guard let value = Int(text), range.contains(value), text.allSatisfy(\.isNumber) else {
                let upper = range.upperBound == Self.lastPage ? "up" : "to \(range.upperBound)"
                throw APIError.invalidPage("\(name) is a whole number from 1 \(upper).")
            }
            return value
        }
        return (try number("page", 1...Self.lastPage, 1), try number("pageSize", 1...100, 20))
    }

    private static let lastPage = 1_000_000_000

    /// A query parameter that is one of a few words.
    func choice<Value>(_ name: String, _ choices: KeyValuePairs<String, Value>, standard: Value) throws -> Value {
        guard let text = try query(name) else { return standard }
        guard let choice = choices.first(where: { $0.key == text }) else {
            let words = choices.map(\.key).joined(separator: ", ")
            throw APIError.badRequest("\(name) is one of \(words).")
        }
        return choice.value
    }
}

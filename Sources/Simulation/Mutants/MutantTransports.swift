import HTTPTypes
import OpenStack
import Runtime
import Synchronization

/// Asks for a stack of another name, where it asks again.
final class RenamingTransport: CloudTransport {
    private let inner: any CloudTransport
    private let asked = Mutex<[String: Int]>([:])

    init(inner: any CloudTransport) {
        self.inner = inner
    }

    func send(_ request: CloudRequest) async throws -> CloudResponse {
        var request = request
        if request.method == .post, request.url.hasSuffix("/stacks"),
            case .object(var members)? = request.body.flatMap({ try? JSONValue(parsing: $0) }),
            let name = members["stack_name"]?.string
        {
            let times = asked.withLock { asked in
                asked[name, default: 0] += 1
                return asked[name] ?? 1
            }
            if times > 1 {
                members["stack_name"] = .string("\(name)-again-\(times)")
                request.body = JSONValue.object(members).utf8
            }
        }
        return try await inner.send(request)
    }
}

/// Asks for a token once, and takes it for good.
final class HoardingTransport: CloudTransport {
    private let inner: any CloudTransport
    private let token = Mutex<CloudResponse?>(nil)

    init(inner: any CloudTransport) {
        self.inner = inner
    }

    func send(_ request: CloudRequest) async throws -> CloudResponse {
        guard request.method == .post, request.url.hasSuffix("/auth/tokens") else {
            return try await inner.send(request)
        }
        if let kept = token.withLock({ $0 }) { return kept }
        let response = try await inner.send(request)
        if response.status == 201 { token.withLock { $0 = response } }
        return response
    }
}

/// Asks again at once, where it is asked to wait.
struct SpinningTransport: CloudTransport {
    let inner: any CloudTransport
    let time: any TimeSource

    func send(_ request: CloudRequest) async throws -> CloudResponse {
        while true {
            let response = try await inner.send(request)
            guard response.status == 429 else { return response }
            // Not even a machine is faster.
            try await time.sleep(for: .milliseconds(1))
        }
    }
}

/// Takes an error for the absence of the stack that was looked at.
struct PessimisticTransport: CloudTransport {
    let inner: any CloudTransport

    func send(_ request: CloudRequest) async throws -> CloudResponse {
        var response = try await inner.send(request)
        guard request.method == .get, request.url.contains("/stacks/"), response.status >= 500 else { return response }
        response.status = 404
        response.headers[.contentType] = "application/json"
        response.body = Array(#"{"code": 404, "error": {"type": "EntityNotFound", "message": "Not found"}}"#.utf8)
        return response
    }
}

/// Reads no Retry-After.
struct HurriedTransport: CloudTransport {
    let inner: any CloudTransport

    func send(_ request: CloudRequest) async throws -> CloudResponse {
        var response = try await inner.send(request)
        response.headers[.retryAfter] = nil
        return response
    }
}

import FakeCloud
import HTTPTypes
import Hummingbird
import NIOCore
import OpenStack

/// Where the portal's client of OpenStack and the fake OpenStack meet: as HTTP requests and responses, in memory.
public struct InProcessCloud: CloudTransport {
    /// What the fake calls itself.
    public static let baseURL = "http://cloud.test"

    private let wire = Wire<CloudRequest, Result<CloudResponse, TransportFailure>>()
    private let cloud: FakeCloud

    public init(_ cloud: FakeCloud) {
        self.cloud = cloud
    }

    public func send(_ request: CloudRequest) async throws -> CloudResponse {
        try await send(request) {}
    }

    /// - Parameter onSent: is called when the request is on its way; where it throws, nobody waits for the answer.
    func send(_ request: CloudRequest, onSent: () throws -> Void) async throws -> CloudResponse {
        do {
            return try await wire.send(request, onSent: onSent).get()
        } catch is WireCut {
            throw TransportFailure(effect: .possible, reason: "the connection was reset")
        }
    }

    /// Carries requests over, until the task is cancelled. A request whose sender gave up is carried out all the same.
    public func run() async {
        await wire.run { [cloud] request in
            let head = HTTPRequest(
                method: request.method, scheme: "http", authority: "cloud.test",
                path: String(request.url.dropFirst(Self.baseURL.count)), headerFields: request.headers)
            let body = RequestBody(buffer: ByteBuffer(bytes: request.body ?? []))
            do {
                let response = try await cloud.respond(to: Request(head: head, body: body))
                let bytes = try await response.collectBody()
                return .success(
                    CloudResponse(status: response.status.code, headers: response.headers, body: bytes))
            } catch let broken as BrokenConnection {
                let effect = broken.effect == .impossible ? TransportFailure.Effect.impossible : .possible
                return .failure(TransportFailure(effect: effect, reason: "\(broken)"))
            }
        }
    }

    /// The regions of the fake, as a portal reaches them.
    public func regions() -> [(id: String, access: RegionAccess)] {
        let credential = CloudCredential(
            identityURL: Self.baseURL + FakeCloud.identityPath, applicationCredentialId: cloud.access.credentialId,
            secret: cloud.access.credentialSecret)
        return cloud.regionIds.map { ($0, RegionAccess(region: $0, credential: credential, transport: self)) }
    }
}

extension Response {
    /// The whole body.
    func collectBody() async throws -> [UInt8] {
        let collector = BodyCollector()
        try await body.write(collector)
        return collector.bytes
    }
}

private final class BodyCollector: ResponseBodyWriter {
    private(set) var bytes: [UInt8] = []

    func write(_ buffer: ByteBuffer) async throws {
        bytes += buffer.readableBytesView
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

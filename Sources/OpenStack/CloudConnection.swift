import HTTPTypes
import Logging
import Runtime

/// The door to one region of an OpenStack: every call goes through it, with a token and within the limits.
public final class CloudConnection: Sendable {
    /// The region's name in Keystone's catalog.
    public let region: String
    let session: CloudSession
    private let transport: any CloudTransport
    private let interface: CloudInterface
    private let endpointOverrides: [CloudService: String]
    private let gate: RegionGate
    private let versions = VersionDiscovery()
    let limits: CloudLimits
    public let time: any TimeSource

    /// - Parameter endpointOverrides: addresses that are used instead of the catalog's, with their versions.
    public init(
        region: String, session: CloudSession, transport: any CloudTransport, limits: CloudLimits = CloudLimits(),
        interface: CloudInterface = .public, endpointOverrides: [CloudService: String] = [:],
        surroundings: Surroundings
    ) {
        self.region = region
        self.session = session
        self.transport = transport
        self.interface = interface
        self.endpointOverrides = endpointOverrides
        self.limits = limits
        time = surroundings.time
        gate = RegionGate(limits: limits, time: surroundings.time)
    }

    /// Whether the last call was answered. True before the first one.
    public var isHealthy: Bool { gate.isHealthy }

    /// Whether a call would be refused at once, because the region has not answered for a while and no probe is due.
    public var isOpen: Bool { gate.isOpen }

    /// What became of a request, before anybody looked at what the answer says.
    enum Exchange: Sendable {
        case answered(CloudResponse)
        /// It was not carried out.
        case notExecuted(Later)
        /// It may have been carried out, or still be.
        case lost(String)
    }

    /// Sends a request to a service of the region. A 401 is followed by one new token and one repetition.
    ///
    /// - Throws: `CancellationError`, and what is no ``TransportFailure``.
    func exchange(
        _ service: CloudService, _ method: HTTPRequest.Method, _ path: String,
        query: [(name: String, value: String)] = [], body: JSONValue? = nil
    ) async throws -> Exchange {
        let first = try await attempt(service, method, path + queryText(query), body: body)
        guard case .answered(let response) = first, response.status == 401 else { return first }
        let second = try await attempt(service, method, path + queryText(query), body: body, isRepetition: true)
        guard case .answered(let response) = second, response.status == 401 else { return second }
        return .notExecuted(Later(reason: "the region refuses a new token"))
    }

    /// Who the portal is there.
    ///
    /// - Throws: ``SignInFailure``.
    public func holder() async throws -> TokenHolder { try await session.holder() }

    /// Whether the region has a service.
    ///
    /// - Throws: ``SignInFailure`` where nobody tells.
    public func offers(_ service: CloudService) async throws -> Bool {
        url(of: service, in: try await session.currentToken().catalog) != nil
    }

    /// Where a service answers, nil where the region has none.
    ///
    /// - Throws: ``SignInFailure``.
    func url(of service: CloudService) async throws -> String? {
        url(of: service, in: try await session.currentToken().catalog)
    }

    private func url(of service: CloudService, in catalog: ServiceCatalog) -> String? {
        if let override = endpointOverrides[service] { return override }
        if service == .identity { return session.identityURL }
        return catalog.url(of: service, in: region, interface: interface)
    }

    /// What is wrong where the catalog has no endpoint.
    public func missing(_ service: CloudService) -> String {
        "Keystone's catalog has no \(interface.rawValue) endpoint of \(service.rawValue) in the region \(region)"
    }

    private func attempt(
        _ service: CloudService, _ method: HTTPRequest.Method, _ path: String, body: JSONValue?,
        isRepetition: Bool = false
    ) async throws -> Exchange {
        switch gate.admit() {
        case .refused(let retryAfter, let reason):
            return .notExecuted(Later(retryAfter: retryAfter, reason: reason))
        case .after(let wait):
            do {
                if wait > .zero { try await time.sleep(for: wait) }
                let token = try await session.currentToken()
                guard let named = url(of: service, in: token.catalog) else {
                    gate.report(.failed)
                    return .notExecuted(Later(reason: missing(service)))
                }
                let endpoint = try await endpoint(named, of: service, for: token)
                var headers: HTTPFields = [.authToken: token.value, .accept: "application/json"]
                if body != nil { headers[.contentType] = "application/json" }
                let request = CloudRequest(
                    method: method, url: joined(endpoint, path), headers: headers, body: body?.utf8,
                    timeout: limits.callTimeout)
                let response = try await time.withTimeout(limits.callTimeout) { [transport] in
                    try await transport.send(request)
                }
                if response.status == 401 {
                    // A region that refuses new tokens as well does not work.
                    gate.report(isRepetition ? .failed : .abandoned)
                    await session.refuse(token)
                    return .answered(response)
                }
                gate.report(.answered)
                if let pause = response.pause(at: time.now) { gate.pause(for: pause) }
                guard response.body.count <= limits.largestAnswer else {
                    return .lost("an answer of \(response.body.count) bytes")
                }
                return .answered(response)
            } catch let failure as TransportFailure {
                gate.report(.failed)
                return failure.effect == .impossible
                    ? .notExecuted(Later(reason: failure.reason)) : .lost(failure.reason)
            } catch let timedOut as TimedOut {
                gate.report(.failed)
                return .lost("\(timedOut)")
            } catch let missing as NoVersion {
                gate.report(.failed)
                return .notExecuted(Later(reason: "\(missing)"))
            } catch let failure as SignInFailure {
                gate.report(.failed)
                return .notExecuted(Later(reason: "no token: \(failure)"))
            } catch {
                gate.report(.abandoned)
                throw error
            }
        }
    }
}

extension CloudConnection {
    /// Where a call goes to, behind an address of the catalog. Until that is known nothing is carried out.
    private func endpoint(_ url: String, of service: CloudService, for token: CloudToken) async throws -> String {
        do {
            return try await versions.endpoint(url, of: service, projectId: token.holder.projectId) { url in
                let request = CloudRequest(
                    method: .get, url: url, headers: [.accept: "application/json"], body: nil,
                    timeout: limits.callTimeout)
                return try await time.withTimeout(limits.callTimeout) { [transport] in try await transport.send(request)
                }
            }
        } catch let failure as TransportFailure {
            throw TransportFailure(effect: .impossible, reason: failure.reason)
        } catch let timedOut as TimedOut {
            throw TransportFailure(effect: .impossible, reason: "\(timedOut)")
        }
    }
}

extension CloudResponse {
    /// How long nothing more is to be sent to the region: the Retry-After of a refusal for too many requests.
    fileprivate func pause(at now: Timestamp) -> Duration? {
        Answer<JSONValue>.isLater(status) ? retryAfter(at: now) : nil
    }

    /// Retry-After in seconds or as an HTTP date, within 1 s and 10 min.
    func retryAfter(at now: Timestamp) -> Duration? {
        guard let text = headers[.retryAfter] else { return nil }
        let wait = Int64(text).map { Duration.seconds($0) } ?? Timestamp(httpDate: text).map { $0 - now }
        return wait.map { min(max($0, .seconds(1)), .seconds(600)) }
    }
}

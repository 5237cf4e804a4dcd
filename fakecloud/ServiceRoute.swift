import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Runtime

/// A route of a service that changes or shows its own state: Nova's, Neutron's, Cinder's, Glance's.
///
/// These routes are a table, and not closures over the cloud, so that a journal's requests find them again.
struct ServiceRoute: Sendable {
    typealias Handler = @Sendable (inout RegionServices, ServiceCall, Change) throws -> ServiceAnswer

    let method: HTTPRequest.Method
    /// With the service's prefix: `/compute/:region/v2.1/servers/:server`.
    let path: String
    /// Nil where none of the names is meant.
    let operation: CloudOperation?
    let needsToken: Bool
    let handler: Handler

    static let all =
        NovaRoutes.all + ServerRoutes.all + NeutronRoutes.all + CinderRoutes.all + GlanceRoutes.all
        + PlacementRoutes.all + SoftwareConfigRoutes.all

    /// Whether its requests belong into the journal.
    var isChange: Bool { method != .get && method != .head }

    static func on(
        _ method: HTTPRequest.Method, _ path: String, _ operation: CloudOperation? = nil, needsToken: Bool = true,
        handler: @escaping Handler
    ) -> ServiceRoute {
        ServiceRoute(method: method, path: path, operation: operation, needsToken: needsToken, handler: handler)
    }

    /// The route of a request, with what its path says: of several that fit, the one with the fewest placeholders.
    static func find(_ method: String, _ path: String) -> (route: ServiceRoute, parameters: Parameters)? {
        let parts = path.prefix { $0 != "?" }.split(separator: "/")
        var best: (route: ServiceRoute, parameters: Parameters)?
        for route in all where route.method.rawValue == method {
            let pattern = route.path.split(separator: "/")
            guard pattern.count == parts.count else { continue }
            var parameters = Parameters()
            let fits = zip(pattern, parts).allSatisfy { place, part in
                guard place.hasPrefix(":") else { return place == part }
                parameters.append(key: place.dropFirst(), value: part)
                return true
            }
            if fits, best.map({ parameters.count < $0.parameters.count }) ?? true { best = (route, parameters) }
        }
        return best
    }
}

/// A request that changed a service's state: all that its replay needs.
struct ServiceRequest: Sendable {
    let method: String
    let path: String
    let version: String?
    let body: [UInt8]
    let upload: ImageData?
    let requester: Requester
    let requestId: String
    /// Of everything that is drawn for it.
    let seed: UInt64

    init(_ call: ServiceCall, requester: Requester, seed: UInt64) {
        method = call.method
        path = call.path
        version = call.headers[.openStackAPIVersion]
        body = call.body
        upload = call.upload
        self.requester = requester
        requestId = call.requestId
        self.seed = seed
    }

    /// A line of the journal without its kind and time.
    var members: [String: JSONValue] {
        [
            "method": .string(method), "path": .string(path), "version": JSONValue(version),
            "body": .string(String(decoding: body, as: UTF8.self)), "user": .string(requester.userId),
            "project": .string(requester.projectId), "roles": .array(requester.roles.map { .string($0) }),
            "admin": .bool(requester.isAdmin), "requestId": .string(requestId),
            "upload": upload?.json ?? .null, "seed": .string(String(seed)),
        ]
    }

    init(_ members: JSONValue) {
        method = members["method"]?.string ?? ""
        path = members["path"]?.string ?? ""
        version = members["version"]?.string
        body = Array((members["body"]?.string ?? "").utf8)
        requester = Requester(
            userId: members["user"]?.string ?? "", projectId: members["project"]?.string ?? "",
            roles: members["roles"]?.array?.compactMap(\.string) ?? [], isAdmin: members["admin"] == true)
        requestId = members["requestId"]?.string ?? ""
        upload = ImageData(members["upload"])
        seed = members["seed"]?.string.flatMap { UInt64($0) } ?? 0
    }
}

extension FakeCloud {
    func addServices(to routes: inout ServiceRoutes) {
        for route in ServiceRoute.all {
            routes.on(route.method, route.path, route.operation, needsToken: route.needsToken) {
                [weak self] engine, call in
                guard let self else { return ServiceAnswer(status: 503) }
                let requester = Requester(call.token)
                guard route.isChange else {
                    return try engine.serve(route, call, requester: requester, random: RandomSource(seed: 0))
                }
                let seed = self.draw()
                let answer = try engine.serve(
                    route, call, requester: requester, random: RandomSource(seed: seed))
                // What was refused has changed nothing; what was done is written down before it is answered.
                if !engine.isRehearsal {
                    try self.record(.request(ServiceRequest(call, requester: requester, seed: seed)), at: engine.now)
                }
                return answer
            }
        }
    }
}

extension CloudEngine {
    fileprivate mutating func serve(
        _ route: ServiceRoute, _ call: ServiceCall, requester: Requester, random: RandomSource
    ) throws -> ServiceAnswer {
        let change = Change(requester: requester, now: now, random: random, requestId: call.requestId)
        return try withServices(in: call.region ?? "") { services in
            try route.handler(&services, call, change)
        } ?? ServiceAnswer(status: 404)
    }

    /// Does again what a journal says was done.
    mutating func replay(_ request: ServiceRequest) throws {
        guard let (route, parameters) = ServiceRoute.find(request.method, request.path) else { return }
        let dialect = CloudDialect(path: request.path)
        let call = ServiceCall(
            method: request.method, path: request.path, parameters: parameters,
            region: dialect.region(of: request.path), headers: [.openStackAPIVersion: request.version ?? ""],
            query: [], body: request.body, dialect: dialect, baseURL: "", requestId: request.requestId,
            upload: request.upload)
        _ = try serve(route, call, requester: request.requester, random: RandomSource(seed: request.seed))
    }
}

extension Requester {
    /// Nobody where there is no token.
    init(_ token: IssuedToken?) {
        self.init(
            userId: token?.user.id ?? "", projectId: token?.project?.id ?? "", roles: token?.roles ?? [],
            isAdmin: token?.isAdmin ?? false)
    }
}

extension ServiceCall {
    /// What a body has under its one key.
    func object(_ key: String) throws(ServiceFault) -> JSONValue {
        guard !body.isEmpty, let json else { throw malformed }
        guard let object = json[key], object.object != nil else {
            switch dialect {
            case .neutron: throw .neutronBadRequest("Unable to find '\(key)' in request body")
            default: throw .novaInput("\(key)", json, "'\(key)' is a required property")
            }
        }
        return object
    }

    private var malformed: ServiceFault {
        dialect == .neutron
            ? .neutronBadRequest(
                "The server could not comply with the request since it is either malformed or otherwise incorrect.")
            : ServiceFault(400, "Malformed request body")
    }
}

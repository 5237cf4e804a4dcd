import HTTPTypes
import Runtime

/// How a service words what it refuses and what it says beside its answers: each of them has its own way.
enum CloudDialect: Sendable {
    case keystone, heat, cfn, nova, glance, neutron, cinder, placement

    init(path: String) {
        switch path.split(separator: "/").first {
        case "heat": self = .heat
        case "heat-cfn": self = .cfn
        case "compute": self = .nova
        case "image": self = .glance
        case "network": self = .neutron
        case "volume": self = .cinder
        case "placement": self = .placement
        default: self = .keystone
        }
    }

    /// The operation that stands for the calls without a name of their own.
    var otherOperation: CloudOperation {
        switch self {
        case .keystone: .keystoneOther
        case .heat, .cfn: .heatOther
        case .nova: .novaOther
        case .glance: .glanceOther
        case .neutron: .neutronOther
        case .cinder: .cinderOther
        case .placement: .placementOther
        }
    }

    /// The region that a path names. Keystone has none, and the CloudFormation API has its own way to write it.
    func region(of path: String) -> String? {
        self == .keystone || self == .cfn ? nil : path.split(separator: "/").dropFirst().first.map(String.init)
    }

    /// No token, or one that is not good any more.
    struct NoToken: Error {}

    func answer(for error: any Error, to call: ServiceCall) -> ServiceAnswer {
        switch error {
        case let fault as CloudFormation.Fault: return fault.answer(to: call)
        case let fault as HeatFault: return .json(fault.status, fault.json)
        case let fault as KeystoneFault:
            return .json(fault.status, fault.json, headers: fault.status == 401 ? challenge(call) : [:])
        case is NoToken: return unauthorized(call)
        case let fault as ServiceFault: return refused(fault)
        default: return .json(500, ["error": ["code": 500, "message": "\(error)", "title": "Internal Server Error"]])
        }
    }

    private func challenge(_ call: ServiceCall) -> HTTPFields {
        let identity = call.baseURL + "/identity" + (self == .keystone ? "/v3" : "")
        return [.wwwAuthenticate: "Keystone uri=\"\(identity)\""]
    }

    private func unauthorized(_ call: ServiceCall) -> ServiceAnswer {
        switch self {
        case .glance:
            return .json(
                401,
                routing(
                    "401 Unauthorized", "Unauthorized",
                    "This server could not verify that you are authorized to access the document you requested. Either you supplied the wrong credentials (e.g., bad password), or your browser does not understand how to supply the credentials required."
                ), headers: challenge(call))
        default:
            return .json(401, KeystoneFault.unauthorized.json, headers: challenge(call))
        }
    }

    private func refused(_ refusal: ServiceFault) -> ServiceAnswer {
        switch self {
        case .nova, .cinder:
            return .json(
                refusal.status,
                [refusal.type: ["code": .integer(refusal.status), "message": .string(refusal.message)]],
                headers: [.contentType: "application/json; charset=UTF-8"])
        case .neutron:
            return .json(
                refusal.status,
                [
                    "NeutronError": [
                        "type": .string(refusal.type), "message": .string(refusal.message), "detail": "",
                    ]
                ])
        case .keystone, .heat, .cfn, .glance, .placement:
            let title = refusal.type
            return .json(refusal.status, routing("\(refusal.status) \(title)", title, refusal.message))
        }
    }

    /// Whether the service asks for a token before it looks whether it has the path.
    func guards(_ path: String) -> Bool {
        switch self {
        case .keystone, .cfn: false
        case .heat: path == "/v1" || path.hasPrefix("/v1/")
        default: path != "/"
        }
    }

    /// No route has this path.
    func notFound(of call: ServiceCall) -> ServiceAnswer {
        switch self {
        case .keystone:
            let page = """
                <!doctype html>
                <html lang=en>
                <title>404 Not Found</title>
                <h1>Not Found</h1>
                <p>The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.</p>

                """
            return ServiceAnswer(
                status: 404, headers: [.contentType: "text/html; charset=utf-8"], body: Array(page.utf8))
        // What is no version that it has, Heat answers with those that it has.
        case .heat where !guards(call.servicePath): return HeatView.versions(call)
        case .cfn:
            let isOfVersion = call.servicePath == "/v1" || call.servicePath.hasPrefix("/v1/")
            return isOfVersion ? CloudFormation.Fault.incomplete.answer(to: call) : CloudFormation.versions(call)
        case .nova where !call.servicePath.hasPrefix("/v2"): return NovaView.choices(call)
        case .neutron:
            return refused(
                ServiceFault(status: 404, type: "HTTPNotFound", message: "The resource could not be found."))
        case .nova, .cinder:
            return refused(ServiceFault(status: 404, type: "itemNotFound", message: "The resource could not be found."))
        case .heat, .glance, .placement:
            return .json(404, routing("404 Not Found", "Not Found", "The resource could not be found."))
        }
    }

    /// A route has this path, but not for this method.
    func methodNotAllowed(_ allowed: String) -> ServiceAnswer {
        switch self {
        case .heat:
            let fault = HeatFault(
                status: 405, type: "HTTPMethodNotAllowed",
                message:
                    "The server could not comply with the request since it is either malformed or otherwise incorrect.")
            return .json(405, fault.json)
        default:
            return .json(
                405, ["message": "The method is not allowed for the requested URL."], headers: [.allow: allowed])
        }
    }

    func options(_ allowed: String) -> ServiceAnswer {
        ServiceAnswer(status: 200, headers: [.allow: allowed, .contentType: "text/html; charset=utf-8"])
    }

    /// What every answer of the service carries beside its own headers.
    func headers(of call: ServiceCall, answered status: Int) -> [(HTTPField.Name, String)] {
        let id = [(HTTPField.Name.openStackRequestId, call.requestId)]
        switch self {
        // Keystone looks at the size before it does anything else.
        case .keystone: return status == 413 ? [] : id + [(.vary, "X-Auth-Token")]
        case .heat, .cfn, .neutron, .placement: return id
        case .cinder:
            guard call.servicePath.hasPrefix("/v3") else { return [] }
            return id + CinderVersion.headers(of: call)
        // Requests get their ids behind the discovery, and Glance's only once it knows who asks.
        case .glance: return call.servicePath.hasPrefix("/v2") && status != 401 ? id : []
        case .nova:
            guard call.servicePath.hasPrefix("/v2.1") else { return [] }
            // Whoever has no good token is turned away before Nova looks at the version (golden outage,
            // `keystone-down-nova-uncached-token`).
            let isTurnedAway = status == 401 || status == 503
            let version = isTurnedAway ? [] : NovaVersion.headers(of: call)
            return id + [(.computeRequestId, call.requestId)] + version
        }
    }

    private func routing(_ code: String, _ title: String, _ message: String) -> JSONValue {
        ["message": .string(message + "<br /><br />\n\n\n"), "code": .string(code), "title": .string(title)]
    }
}

import Foundation
import HTTPTypes
import OrderedCollections
import Runtime

/// The part of Heat's CloudFormation API that resources are signalled with: `PUT …/v1/waitcondition/ARN` and
/// `POST …/v1/signal/ARN`, at signed addresses (Heat, `api/cfn/v1/signal.py`).
enum CloudFormation {
    static let prefix = "heat-cfn"

    /// Heat writes the addresses in small letters.
    static func path(in region: String) -> String { "/\(prefix)/\(region.lowercased())" }

    static func versions(_ call: ServiceCall) -> ServiceAnswer {
        let region = call.path.split(separator: "/").dropFirst().first.map { String($0.prefix { $0 != "?" }) } ?? ""
        let link: JSONValue = ["rel": "self", "href": .string(call.baseURL + path(in: region) + "/v1/")]
        return .json(300, ["versions": [["id": "v1.0", "status": "CURRENT", "links": [link]]]])
    }

    /// A refusal as Amazon words it (Heat, `api/aws/exception.py`).
    struct Fault: Error {
        let status: Int
        let code: String
        let explanation: String
        var detail: String?

        static let incomplete = Fault(
            status: 400, code: "IncompleteSignature",
            explanation: "The request signature does not conform to AWS standards")
        static let noKey = Fault(
            status: 403, code: "MissingAuthenticationToken",
            explanation: "Does not contain a valid AWS Access Key or certificate")
        static let denied = Fault(
            status: 403, code: "AccessDenied", explanation: "User is not authorized to perform action")
        static let failure = Fault(
            status: 500, code: "InternalFailure",
            explanation: "The request processing has failed due to an internal error")

        static func invalid(_ detail: String?) -> Fault {
            Fault(
                status: 400, code: "InvalidParameterValue", explanation: "A bad or out-of-range value was supplied",
                detail: detail)
        }

        func answer(to call: ServiceCall) -> ServiceAnswer {
            let message = explanation + (detail.map { ":" + $0 } ?? "")
            let type = status < 500 ? "Sender" : "Server"
            return CloudFormation.xml(
                status,
                "<ErrorResponse><Error><Type>\(type)</Type><Code>\(code)</Code><Message>\(escaped(message))</Message></Error></ErrorResponse>"
            )
        }
    }

    static func xml(_ status: Int, _ text: String) -> ServiceAnswer {
        ServiceAnswer(
            status: status, headers: [.contentType: "application/xml; charset=UTF-8"], body: Array(text.utf8))
    }

    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}

extension FakeCloud {
    func addCloudFormation(to routes: inout ServiceRoutes) {
        let root = "/\(CloudFormation.prefix)/:region"
        routes.on(.get, root, needsToken: false) { _, call in CloudFormation.versions(call) }
        let resource = "/:arn/:name/:id/resources/:resource"
        routes.on(.put, root + "/v1/waitcondition" + resource, needsToken: false) { [weak self] engine, call in
            let handle = try engine.signedHandle(of: call)
            // It waits for what becomes of the signal; the other call does not.
            var trial = WaitHandle()
            guard let details = call.json, details.object != nil, trial.take(details) != nil else {
                throw CloudFormation.Fault.failure
            }
            let metadata = try self?.signal(handle, call, in: &engine) ?? .null
            if call.query("ContentType") == "JSON" {
                return .json(200, ["resource": .string(handle.resource), "metadata": metadata])
            }
            return CloudFormation.xml(200, "<resource>\(CloudFormation.escaped(handle.resource))</resource>")
        }
        routes.on(.post, root + "/v1/signal" + resource, needsToken: false) { [weak self] engine, call in
            let handle = try engine.signedHandle(of: call)
            _ = try self?.signal(handle, call, in: &engine)
            return ServiceAnswer(status: 200, headers: [.contentType: "text/html; charset=UTF-8"])
        }
    }

    /// - Returns: the handle's metadata then.
    private func signal(
        _ handle: SignedHandle, _ call: ServiceCall, in engine: inout CloudEngine
    ) throws -> JSONValue {
        let details = call.json.flatMap { $0.object == nil ? nil : $0 } ?? .null
        do {
            try apply(
                .signal(handle.resource, details, stackId: handle.stack, region: handle.region), to: &engine)
        } catch let fault as HeatFault {
            throw CloudFormation.Fault.invalid(fault.message)
        }
        let stack = engine.regions[handle.region]?.stacks[handle.stack]
        return stack?.resource(handle.resource)?.handle.metadata ?? .null
    }
}

/// The resource that a signed request may signal.
struct SignedHandle {
    let region: String
    /// The id of the stack.
    let stack: String
    let resource: String
}

extension CloudEngine {
    /// - Throws: ``CloudFormation/Fault`` where the request is not signed with the key of the resource.
    fileprivate func signedHandle(of call: ServiceCall) throws -> SignedHandle {
        guard let given = call.query("Signature") else { throw CloudFormation.Fault.incomplete }
        guard let access = call.query("AWSAccessKeyId") else { throw CloudFormation.Fault.noKey }
        let region = call.parameter("region").lowercased()
        let (id, resource) = (call.parameter("id"), call.parameter("resource"))
        let place = regions.first { $0.key.lowercased() == region }
        let stack = place?.value.stacks[id]
        let key = stack?.resources.lazy.compactMap { AmazonKey($0.data) }.first { $0.access == access }
        guard let place, let stack, let key, key.isGood(for: call, signature: given, at: now) else {
            throw CloudFormation.Fault.denied
        }
        guard stack.name == call.parameter("name"),
            call.parameter("arn") == "arn:openstack:heat::\(stack.project):stacks", let found = stack.resource(resource)
        else { throw CloudFormation.Fault.invalid(nil) }
        // A key is for its own resource alone.
        guard AmazonKey(found.data)?.access == access else { throw CloudFormation.Fault.denied }
        return SignedHandle(region: place.key, stack: id, resource: resource)
    }
}

extension AmazonKey {
    fileprivate func isGood(for call: ServiceCall, signature: String, at now: Timestamp) -> Bool {
        let time = call.query("Timestamp").map { Timestamp($0) }
        if let time, time.map({ now > $0 + Self.lifetime }) ?? true { return false }
        let path = String(call.path.prefix { $0 != "?" })
        let host = call.baseURL.split(separator: "/").last.map { $0.lowercased() } ?? ""
        // Some clients sign the host without its port.
        return [host, String(host.prefix { $0 != ":" })].contains { host in
            SignedAddress(
                method: call.method, host: host, path: path.removingPercentEncoding ?? path,
                query: call.query.filter { $0.name != "Signature" }
            ).signature(with: secret) == signature
        }
    }
}

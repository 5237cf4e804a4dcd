import Auth
import Deployments
import HTTPTypes
import Hummingbird
import Runtime

/// `/deployments` (design.md section 5).
struct DeploymentRoutes {
    let service: DeploymentService
    let surroundings: Surroundings
    /// The id of the database's history, for ETags (semantics.md S1.4).
    let epoch: String

    func add(to routes: inout RouteTable) {
        routes.on(.post, "/deployments", handler: create)
        routes.on(.get, "/deployments", handler: list)
        routes.on(.get, "/deployments/:id", handler: show)
        routes.on(.delete, "/deployments/:id", handler: delete)
        routes.on(.post, "/deployments/:id/retry", handler: retry)
        routes.on(.get, "/deployments/:id/events", handler: events)
    }

    @Sendable private func create(_ request: Request, _ context: PortalContext) async throws -> Response {
        let principal = try context.principal()
        let body = try await request.json()
        let key = try request.headers[.idempotencyKey].map { try IdempotencyHeader(parsing: $0) }
        let created = try await service.create(
            body, key: key,
            by: .init(customerId: principal.customerId, isVerified: principal.isVerified))
        var headers: HTTPFields = [.location: "/deployments/" + created.deploymentId]
        if created.isReplay { headers[.idempotentReplayed] = "true" }
        return Response(
            status: .accepted, json: ["deploymentId": .string(created.deploymentId)], headers: headers)
    }

    @Sendable private func list(_ request: Request, _ context: PortalContext) async throws -> Response {
        let page = try request.page()
        let asOf = try request.query("asOf").map { text in
            guard let instant = Timestamp(text) else {
                throw APIError.invalidPage("asOf is a time that an earlier page answered, as 2026-01-06T10:00:00.000Z.")
            }
            return instant
        }
        let status = try request.query("status").map { text in
            guard let status = Deployment.Status(rawValue: text) else {
                let known = Deployment.Status.allCases.map(\.rawValue).joined(separator: ", ")
                throw APIError.badRequest("status is one of \(known).")
            }
            return status
        }
        let query = DeploymentQuery(
            customerId: try context.principal().customerId, page: page.number, pageSize: page.size,
            asOf: asOf ?? surroundings.time.now, isWalk: asOf != nil, status: status,
            includeDeleted: try request.choice("includeDeleted", ["true": true, "false": false], standard: false),
            oldestFirst: try request.choice("sort", ["-createdAt": false, "createdAt": true], standard: false))
        let found = try await service.list(query)
        return Response(
            status: .ok,
            json: [
                "items": .array(found.items.map(\.json)), "page": .integer(page.number),
                "pageSize": .integer(page.size), "total": .integer(found.total), "asOf": "\(query.asOf)",
            ])
    }

    @Sendable private func show(_ request: Request, _ context: PortalContext) async throws -> Response {
        let deployment = try await service.deployment(try id(in: context), of: try context.principal().customerId)
        let tag = "\"\(epoch).\(deployment.revision)\""
        let headers: HTTPFields = [.eTag: tag, .cacheControl: "private, no-cache"]
        let known = request.headers[values: .ifNoneMatch].flatMap { $0.split(separator: ",") }.map {
            $0.trimmingPrefix { $0 == " " }.trimmingPrefix("W/")
        }
        if known.contains(where: { $0 == tag[...] || $0 == "*" }) {
            return Response(status: .notModified, headers: headers)
        }
        return Response(status: .ok, json: deployment.json, headers: headers)
    }

    @Sendable private func delete(_ request: Request, _ context: PortalContext) async throws -> Response {
        let id = try id(in: context)
        let status = try await service.delete(id, of: try context.principal().customerId)
        return accepted(id, status)
    }

    @Sendable private func retry(_ request: Request, _ context: PortalContext) async throws -> Response {
        let id = try id(in: context)
        let status = try await service.retry(id, of: try context.principal().customerId)
        return accepted(id, status)
    }

    @Sendable private func events(_ request: Request, _ context: PortalContext) async throws -> Response {
        let page = try request.page()
        let afterSeq = try request.query("afterSeq").map { text in
            guard let seq = Int(text), text.allSatisfy(\.isNumber) else {
                throw APIError.invalidPage("afterSeq is a whole number from 0 up.")
            }
            return seq
        }
        let found = try await service.events(
            EventQuery(
                deploymentId: try id(in: context), page: page.number, pageSize: page.size,
                newestFirst: try request.choice("order", ["asc": false, "desc": true], standard: false),
                afterSeq: afterSeq ?? 0),
            of: try context.principal().customerId)
        return Response(
            status: .ok,
            json: [
                "items": .array(found.items.map(\.json)), "page": .integer(page.number),
                "pageSize": .integer(page.size), "total": .integer(found.total),
                "firstSeq": .integer(found.firstSeq), "lastSeq": .integer(found.lastSeq),
            ])
    }

    private func accepted(_ id: String, _ status: Deployment.Status) -> Response {
        Response(status: .accepted, json: ["deploymentId": .string(id), "status": .string(status.rawValue)])
    }

    private func id(in context: PortalContext) throws -> String {
        guard let id = context.parameters.get("id") else { throw DeploymentError.notFound }
        return id
    }
}

extension DeploymentEvent {
    fileprivate var json: JSONValue {
        [
            "id": .string(id), "deploymentId": .string(deploymentId), "seq": .integer(seq), "ts": "\(ts)",
            "level": .string(level.rawValue), "message": .string(message),
        ]
    }
}

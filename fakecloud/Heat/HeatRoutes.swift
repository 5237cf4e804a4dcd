import HTTPTypes
import Runtime

/// Heat's Orchestration API v1: stacks, their events, resources, outputs and templates.
extension FakeCloud {
    func addHeat(to routes: inout ServiceRoutes) {
        routes.on(.get, "/heat/:region", .heatDiscover, needsToken: false) { _, call in HeatView.versions(call) }
        let project = "/heat/:region/v1/:project"
        routes.on(.get, project + "/build_info") { _, call in
            .json(200, ["api": ["revision": "unknown"], "engine": ["revision": "unknown"]])
        }
        routes.on(.get, project + "/services") { engine, call in try HeatView(engine, call).services() }
        addTemplates(under: project, to: &routes)
        addStacks(under: project + "/stacks", to: &routes)
        addParts(under: project + "/stacks/:name/:id", to: &routes)
    }

    private func addStacks(under stacks: String, to routes: inout ServiceRoutes) {
        routes.on(.post, stacks, .heatStackCreate) { [weak self] engine, call in
            try self?.create(in: &engine, call) ?? .json(503, .null)
        }
        routes.on(.get, stacks, .heatStackList) { engine, call in try HeatView(engine, call).list() }
        routes.on(.get, stacks + "/:name", .heatStackFind) { engine, call in
            // Heat knows no list in detail, takes the word for no name, and answers with the whole list.
            if call.parameter("name") == "detail" { return try HeatView(engine, call).list(isPaged: false) }
            return try HeatView(engine, call).redirect(to: "")
        }
        routes.on(.delete, stacks + "/:name", .heatStackDelete) { engine, call in
            try HeatView(engine, call).redirect(to: "")
        }
        for method in [HTTPRequest.Method.put, .patch] {
            routes.on(method, stacks + "/:name") { engine, call in try HeatView(engine, call).redirect(to: "") }
        }
        routes.on(.post, stacks + "/preview") { engine, call in try HeatView(engine, call).preview() }
        let stack = stacks + "/:name/:id"
        routes.on(.get, stack, .heatStackShow) { engine, call in
            // Two words after `stacks` are a name with an id, or a name with a part of the stack.
            let parts = ["events", "resources", "outputs", "template", "environment", "files"]
            if parts.contains(call.parameter("id")) {
                return try HeatView(engine, call).redirect(to: "/" + call.parameter("id"))
            }
            return try HeatView(engine, call).show()
        }
        addUpdates(of: stack, to: &routes)
        routes.on(.delete, stack + "/abandon", .heatStackDelete) { [weak self] engine, call in
            let place = try HeatAddress(call).place
            let (id, answer) = try HeatView(engine, call).abandoned()
            try self?.apply(.abandonStack(id: id, place), to: &engine)
            return answer
        }
        routes.on(.delete, stack, .heatStackDelete) { [weak self] engine, call in
            let place = try HeatAddress(call).place
            try self?.apply(.deleteStack(name: call.parameter("name"), id: call.parameter("id"), place), to: &engine)
            return ServiceAnswer(status: 204)
        }
    }

    private func addUpdates(of stack: String, to routes: inout ServiceRoutes) {
        routes.on(.post, stack) { engine, call in
            guard call.parameter("id") == "actions" else { return call.dialect.methodNotAllowed("") }
            return try HeatView(engine, call).redirect(to: "/actions")
        }
        for method in [HTTPRequest.Method.put, .patch] {
            routes.on(method, stack) { [weak self] engine, call in
                let place = try HeatAddress(call).place
                let id = try HeatView(engine, call).stack().id
                guard !call.body.isEmpty else { throw HeatFault.malformed }
                guard let body = call.json else { throw HeatFault.badRequest("JSON is not valid") }
                try self?.apply(.updateStack(body, stackId: id, isPatch: method == .patch, place), to: &engine)
                return .json(
                    202,
                    [
                        "message": "The request is accepted for processing.<br /><br />\n\n\n", "code": "202 Accepted",
                        "title": "Accepted",
                    ])
            }
            routes.on(method, stack + "/preview") { engine, call in
                try HeatView(engine, call).updatePreview(isPatch: method == .patch)
            }
        }
        routes.on(.post, stack + "/actions") { [weak self] engine, call in
            let place = try HeatAddress(call).place
            let actions = call.json?.object ?? [:]
            guard actions.count < 2 else { throw HeatFault.badRequest("Multiple actions specified") }
            guard let verb = actions.keys.first else { throw HeatFault.badRequest("No action specified") }
            let id = try HeatView(engine, call).stack().id
            try self?.apply(.act(verb, stackId: id, place), to: &engine)
            return .json(200, .null)
        }
    }

    private func addParts(under stack: String, to routes: inout ServiceRoutes) {
        routes.on(.get, stack + "/template") { engine, call in
            .json(200, try HeatView(engine, call).stack().template.source)
        }
        routes.on(.get, stack + "/environment") { engine, call in try HeatView(engine, call).environment() }
        routes.on(.get, stack + "/files") { engine, call in
            .json(200, try HeatView(engine, call).stack().goal.environment.filesJSON)
        }
        routes.on(.get, stack + "/export") { engine, call in try HeatView(engine, call).export() }
        routes.on(.get, stack + "/snapshots") { engine, call in
            _ = try HeatView(engine, call).stack()
            return .json(200, ["snapshots": []])
        }
        routes.on(.get, stack + "/outputs") { engine, call in try HeatView(engine, call).outputs() }
        routes.on(.get, stack + "/outputs/:output") { engine, call in try HeatView(engine, call).output() }
        routes.on(.get, stack + "/events", .heatEventList) { engine, call in try HeatView(engine, call).events() }
        routes.on(.get, stack + "/resources", .heatResourceList) { engine, call in
            try HeatView(engine, call).resources()
        }
        let resource = stack + "/resources/:resource"
        routes.on(.get, resource) { engine, call in try HeatView(engine, call).resource() }
        routes.on(.patch, resource) { [weak self] engine, call in
            let place = try HeatAddress(call).place
            let id = try HeatView(engine, call).stack().id
            try self?.apply(
                .markResource(
                    call.parameter("resource"), isUnhealthy: call.json?["mark_unhealthy"] == true,
                    reason: call.json?["resource_status_reason"]?.string ?? "", stackId: id, place),
                to: &engine)
            return .json(200, .null)
        }
        routes.on(.get, resource + "/metadata") { engine, call in
            let view = try HeatView(engine, call)
            let (stack, resource) = (try view.stack(), try view.namedResource())
            return .json(200, ["metadata": engine.metadata(of: resource, stack)])
        }
        routes.on(.post, resource + "/signal") { [weak self] engine, call in
            let id = try HeatView(engine, call).signalledStack().id
            // What cannot be a signal is one that says nothing (golden signals, `signal-list-body`).
            let details = call.json.flatMap { $0.object == nil ? nil : $0 } ?? .null
            try self?.apply(
                .signal(call.parameter("resource"), details, stackId: id, region: call.region ?? ""), to: &engine)
            return .json(200, .null)
        }
        routes.on(.get, resource + "/events", .heatEventList) { engine, call in
            try HeatView(engine, call).eventsOfResource()
        }
        routes.on(.get, resource + "/events/:event") { engine, call in try HeatView(engine, call).event() }
    }

    private func addTemplates(under project: String, to routes: inout ServiceRoutes) {
        routes.on(.post, project + "/validate", .heatTemplateValidate) { engine, call in
            try HeatView(engine, call).validate()
        }
        routes.on(.get, project + "/template_versions") { engine, call in
            _ = try HeatView(engine, call)
            return .json(200, TemplateLanguage.knownVersions)
        }
        routes.on(.get, project + "/template_versions/:version/functions") { engine, call in
            try HeatView(engine, call).templateFunctions()
        }
        routes.on(.get, project + "/resource_types") { engine, call in
            try HeatView(engine, call).resourceTypes()
        }
        routes.on(.get, project + "/resource_types/:type") { engine, call in
            try HeatView(engine, call).resourceType()
        }
        routes.on(.get, project + "/resource_types/:type/template") { engine, call in
            try HeatView(engine, call).templateOfResourceType()
        }
    }

    private func create(in engine: inout CloudEngine, _ call: ServiceCall) throws -> ServiceAnswer {
        let address = try HeatAddress(call)
        guard let body = call.json else { throw HeatFault.badRequest("JSON is not valid") }
        let id =
            try apply(.createStack(body, address.place, user: call.token?.user.id, seed: draw()), to: &engine) ?? ""
        let name = body["stack_name"]?.string ?? ""
        let link = address.link(name, id)
        var answer = ServiceAnswer.json(
            201, ["stack": ["id": .string(id), "links": [["href": .string(link), "rel": "self"]]]],
            headers: [.location: link])
        answer.stack = name
        return answer
    }
}

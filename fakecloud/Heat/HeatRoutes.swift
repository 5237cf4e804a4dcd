import HTTPTypes
import Runtime

/// Heat's Orchestration API v1: stacks, their events, resources and outputs.
extension FakeCloud {
    func addHeat(to routes: inout ServiceRoutes) {
        let root = "/heat/:region"
        routes.on(.get, root, needsToken: false) { _, call in
            let link: JSONValue = ["rel": "self", "href": .string("\(call.baseURL)/heat/\(call.region ?? "")/v1/")]
            return .json(300, ["versions": [["id": "v1.0", "status": "CURRENT", "links": [link]]]])
        }
        let project = root + "/v1/:project"
        routes.on(.get, project + "/build_info") { _, call in
            .json(200, ["api": ["revision": "unknown"], "engine": ["revision": "unknown"]])
        }
        routes.on(.post, project + "/stacks", .heatStackCreate) { [weak self] engine, call in
            try self?.create(in: &engine, call) ?? .json(503, .null)
        }
        routes.on(.get, project + "/stacks", .heatStackList) { engine, call in
            try HeatView(engine, call).list()
        }
        routes.on(.get, project + "/stacks/:name", .heatStackFind) { engine, call in
            try HeatView(engine, call).redirect(to: "")
        }
        routes.on(.delete, project + "/stacks/:name", .heatStackDelete) { engine, call in
            try HeatView(engine, call).redirect(to: "")
        }
        let stack = project + "/stacks/:name/:id"
        routes.on(.get, stack, .heatStackShow) { engine, call in
            // Two words after `stacks` are a name with an id, or a name with a part of the stack.
            let parts = ["events", "resources", "outputs", "template"]
            if parts.contains(call.parameter("id")) {
                return try HeatView(engine, call).redirect(to: "/" + call.parameter("id"))
            }
            return try HeatView(engine, call).show()
        }
        routes.on(.delete, stack, .heatStackDelete) { [weak self] engine, call in
            try self?.delete(in: &engine, call) ?? .json(503, .null)
        }
        routes.on(.get, stack + "/events", .heatEventList) { engine, call in try HeatView(engine, call).events() }
        routes.on(.get, stack + "/resources", .heatResourceList) { engine, call in
            try HeatView(engine, call).resources()
        }
        routes.on(.get, stack + "/resources/:resource") { engine, call in try HeatView(engine, call).resource() }
        routes.on(.get, stack + "/outputs") { engine, call in try HeatView(engine, call).outputs() }
        routes.on(.get, stack + "/outputs/:output") { engine, call in try HeatView(engine, call).output() }
    }

    private func create(in engine: inout CloudEngine, _ call: ServiceCall) throws -> ServiceAnswer {
        guard let body = call.json else {
            throw HeatFault.badRequest("JSON is not valid")
        }
        try HeatView(engine, call).checkProject()
        let region = call.region ?? ""
        let seed = draw()
        // Only what is accepted is kept, and it is kept before it is answered.
        var changed = engine
        let id = try changed.createStack(body, in: region, seed: seed)
        try record(
            ["kind": "create", "region": .string(region), "seed": .string(String(seed)), "body": body], in: engine)
        engine = changed
        let name = engine.stack(id, in: region)?.name ?? ""
        let link = HeatView(engine, call).link(name, id)
        var answer = ServiceAnswer.json(
            201, ["stack": ["id": .string(id), "links": [["href": .string(link), "rel": "self"]]]],
            headers: [.location: link])
        answer.stack = name
        return answer
    }

    private func delete(in engine: inout CloudEngine, _ call: ServiceCall) throws -> ServiceAnswer {
        try HeatView(engine, call).checkProject()
        let (name, id, region) = (call.parameter("name"), call.parameter("id"), call.region ?? "")
        var changed = engine
        try changed.deleteStack(name, id, in: region)
        try record(
            ["kind": "delete", "region": .string(region), "name": .string(name), "id": .string(id)], in: engine)
        engine = changed
        return ServiceAnswer(status: 204)
    }
}

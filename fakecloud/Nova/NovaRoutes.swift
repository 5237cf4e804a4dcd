import HTTPTypes
import Runtime

/// Nova's Compute API v2.1: flavors, key pairs, limits and servers.
extension FakeCloud {
    func addNova(to routes: inout ServiceRoutes) {
        routes.on(.get, "/compute/:region", needsToken: false) { _, call in NovaView.versions(call) }
        let root = "/compute/:region/v2.1"
        routes.on(.get, root, needsToken: false) { engine, call in try NovaView(engine, call).currentVersion() }
        routes.on(.get, root + "/flavors", .novaFlavorList) { engine, call in
            try NovaView(engine, call).flavors(isDetailed: false)
        }
        routes.on(.get, root + "/flavors/detail", .novaFlavorList) { engine, call in
            try NovaView(engine, call).flavors(isDetailed: true)
        }
        routes.on(.get, root + "/flavors/:flavor") { engine, call in try NovaView(engine, call).flavor() }
        routes.on(.get, root + "/limits", .novaLimitsShow) { engine, call in try NovaView(engine, call).limits() }
        routes.on(.get, root + "/os-quota-sets/:project") { engine, call in try NovaView(engine, call).quotas() }
        routes.on(.get, root + "/os-hypervisors") { engine, call in
            throw CloudDialect.Refusal(
                status: 403, type: "forbidden",
                message: "Policy doesn't allow os_compute_api:os-hypervisors:list to be performed.")
        }
        addKeyPairs(under: root + "/os-keypairs", to: &routes)
    }

    private func addKeyPairs(under path: String, to routes: inout ServiceRoutes) {
        routes.on(.get, path, .novaKeypairList) { engine, call in try NovaView(engine, call).keyPairs() }
        routes.on(.get, path + "/:name") { engine, call in try NovaView(engine, call).keyPair() }
        routes.on(.post, path) { [weak self] engine, call in
            let pair = try NovaView(engine, call).keyPairToImport()
            try self?.apply(.createKeyPair(pair, region: call.region ?? ""), to: &engine)
            return try NovaView(engine, call).imported(pair)
        }
        routes.on(.delete, path + "/:name") { [weak self] engine, call in
            let version = try NovaVersion(of: call)
            let user = call.token?.user.id ?? ""
            try self?.apply(
                .deleteKeyPair(name: call.parameter("name"), user: user, region: call.region ?? ""), to: &engine)
            return ServiceAnswer(status: version.minor >= 2 ? 204 : 202)
        }
    }
}

import HTTPTypes
import Runtime
import Scenarios

/// Heat's software configs, and the deployments of them, of which there are none: the fake has no agents in servers
/// that would ask for them.
enum SoftwareConfigRoutes {
    private static let project = "/heat/:region/v1/:project"

    static let all: [ServiceRoute] = [
        on(.get, "/software_configs") { services, call, change in
            var found = services.configs.list(of: change.projectId)
            if let marker = call.query("marker"), let place = found.firstIndex(where: { $0.id == marker }) {
                found.removeFirst(place + 1)
            }
            if let limit = try call.heatLimit() { found = Array(found.prefix(limit)) }
            return .json(200, ["software_configs": .array(found.map { .object(summary($0)) })])
        },
        on(.post, "/software_configs") { services, call, change in
            guard let body = call.json, body.object != nil else { throw HeatFault.malformed }
            let made = try services.configs.create(body, by: change)
            return .json(200, ["software_config": shown(made)])
        },
        on(.get, "/software_configs/:config") { services, call, change in
            let found = try services.configs.config(call.parameter("config"), of: change.projectId)
            return .json(200, ["software_config": shown(found)])
        },
        on(.delete, "/software_configs/:config") { services, call, change in
            try services.configs.delete(call.parameter("config"), of: change.projectId)
            return ServiceAnswer(status: 204)
        },
        on(.get, "/software_deployments") { _, _, _ in .json(200, ["software_deployments": []]) },
    ]

    private static func on(
        _ method: HTTPRequest.Method, _ path: String, _ handler: @escaping ServiceRoute.Handler
    ) -> ServiceRoute {
        .on(method, project + path) { services, call, change in
            guard call.parameter("project") == change.projectId else { throw HeatFault.otherProject }
            return try handler(&services, call, change)
        }
    }

    private static func summary(_ config: SoftwareConfig) -> [String: JSONValue] {
        [
            "id": .string(config.id), "name": JSONValue(config.name), "group": JSONValue(config.group),
            "creation_time": .string(config.createdAt.wholeSeconds),
        ]
    }

    /// A config with all that it holds.
    static func shown(_ config: SoftwareConfig) -> JSONValue {
        .object(
            summary(config).merging([
                "config": JSONValue(config.config), "inputs": .array(config.inputs),
                "outputs": .array(config.outputs), "options": config.options,
            ]) { $1 })
    }
}

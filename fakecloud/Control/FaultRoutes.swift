import Foundation
import Hummingbird
import Runtime
import Scenarios

extension ControlAPI {
    static let faultRoutes = [
        Route(.get, "/faults", "The rules that are armed, in the order in which they are tried.") { parts, _ in
            .json(.ok, ["items": .array(parts.cloud.faults.map(\.json))])
        },
        Route(.post, "/faults", "Arm a rule: one of a story's cloud.faults, as JSON or YAML.") { parts, call in
            let taken = parts.cloud.faults.map(\.rule.id)
            do {
                let rule = try FaultRule(
                    parsing: call.text, file: "body", regions: parts.cloud.regionIds, others: taken)
                guard parts.cloud.arm(rule), let armed = parts.cloud.faults.first(where: { $0.rule.id == rule.id })
                else { throw ControlProblem(409, "There is a rule \(rule.id) already.") }
                return .json(.created, armed.json)
            } catch let errors as ScenarioErrors {
                throw ControlProblem(422, "The rule has mistakes.", issues: errors.issues.map(\.description))
            }
        },
        Route(.delete, "/faults/:id", "Disarm a rule.") { parts, call in
            let encoded = call.parameters.get("id") ?? ""
            let id = encoded.removingPercentEncoding ?? encoded
            guard parts.cloud.disarm(id) else { throw ControlProblem(404, "No rule is called \(id).") }
            return Response(status: .noContent)
        },
    ]
}

extension ArmedFault {
    fileprivate var json: JSONValue {
        [
            "id": .string(rule.id), "rule": rule.source, "armedAt": .string(armedAt.description),
            "origin": isLive ? "control" : "scenario", "matched": .integer(matched), "fired": .integer(fired),
        ]
    }
}

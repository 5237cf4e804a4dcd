import Runtime
import Testing

@testable import FakeCloud

/// Templates as Heat 27 itself judged them: its template engine was given each of Golden/templates.jsonl, and what it
/// answered stands beside it: the fault that refuses it, or what its outputs are before there is any resource. Every
/// flavor, image and network that they name was there.
struct RecordedTemplateTests {
    struct Recorded: Sendable, CustomStringConvertible {
        let json: JSONValue

        var description: String { String("\(json["template"] ?? .null) \(json["environment"] ?? "")".prefix(200)) }

        static func all() throws -> [Recorded] {
            try Golden.text("templates.jsonl").split(separator: "\n").map {
                Recorded(json: try JSONValue(parsing: $0.utf8))
            }
        }
    }

    private static let identity = StackIdentity(name: "s", id: "None", projectId: "test_tenant_id")

    private func judged(_ recorded: Recorded) throws -> JSONValue {
        var body: [String: JSONValue] = ["files": recorded.json["files"] ?? [:]]
        body["environment"] = recorded.json["environment"]
        do {
            let template = try HeatTemplate(
                recorded.json["template"] ?? .null, environment: try StackEnvironment(.object(body)),
                names: .everything)
            let outputs = template.outputs.map { output -> (String, JSONValue) in
                do {
                    let value = try template.evaluate(output, stack: Self.identity) { name in
                        template.places[name].map { _ in
                            TemplateEvaluation.Resource(physicalId: name, attributes: nil)
                        }
                    }
                    return (output.name, ["value": value])
                } catch {
                    return (output.name, ["error": .string((error as? TemplateProblem)?.message ?? "\(error)")])
                }
            }
            return ["outputs": .object(Dictionary(outputs, uniquingKeysWith: { $1 }))]
        } catch let fault as HeatFault {
            return ["fault": ["type": .string(fault.type), "message": JSONValue(fault.message)]]
        }
    }

    @Test("A template is refused in Heat's words, or gives what Heat's gives", arguments: try Recorded.all())
    func templateIsJudgedAsByHeat(recorded: Recorded) throws {
        let key = recorded.json["fault"] == nil ? "outputs" : "fault"
        let own = try judged(recorded)
        #expect(own[key] == recorded.json[key], "\(own)")
    }
}

extension CatalogNames {
    /// Of a cloud that has whatever a template names.
    fileprivate static var everything: CatalogNames {
        let names: Set<String> = ["f", "i", "n", "k", "v", "s", "p", "r", "x"]
        var everything = CatalogNames(flavors: names, images: names, networks: names, keyPairs: names)
        everything.finds = { _, _ in true }
        return everything
    }
}

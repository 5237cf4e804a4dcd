import Runtime
import Testing

@testable import FakeCloud

/// Templates that would grow beyond all bounds are refused, in Heat's words where it has some.
struct TemplateLimitTests {
    private static let names = CatalogNames(flavors: [], images: [], networks: [])

    private func refusal(_ template: JSONValue) -> String? {
        do {
            _ = try HeatTemplate(template, names: Self.names)
            return nil
        } catch {
            return (error as? HeatFault)?.message ?? "\(error)"
        }
    }

    private func template(_ members: [String: JSONValue]) -> JSONValue {
        .object(["heat_template_version": "2018-08-31"].merging(members) { $1 })
    }

    private func resource(_ value: JSONValue) -> JSONValue {
        template(["resources": ["r": ["type": "OS::Heat::Value", "properties": ["value": value]]]])
    }

    @Test("A text of more than 524,288 bytes is refused with its size")
    func largeTextIsRefused() {
        let text = "heat_template_version: 2018-08-31\n#" + String(repeating: "x", count: 524_288)
        #expect(
            refusal(.string(text))
                == "Request limit exceeded: Template size (524323 bytes) exceeds maximum allowed size (524288 bytes).")
    }

    @Test("Aliases that grow beyond the size of a template are refused before they are written out")
    func aliasesAreCounted() throws {
        var text = "heat_template_version: 2018-08-31\nx0: &x0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
        for level in 1...20 {
            let items = Array(repeating: "*x\(level - 1)", count: 9).joined(separator: ", ")
            text += "x\(level): &x\(level) [\(items)]\n"
        }
        let message = try #require(refusal(.string(text)))
        #expect(message.hasPrefix("Request limit exceeded: Template size ("))
        #expect(message.hasSuffix(" bytes) exceeds maximum allowed size (524288 bytes)."))
    }

    @Test(
        "A template that is nested too deeply is refused",
        arguments: [
            String(repeating: "[", count: 300) + String(repeating: "]", count: 300),
            String(repeating: "- ", count: 300) + "x",
            String(repeating: "{a: ", count: 300) + "1"
                + String(repeating: "}", count: 300),
        ])
    func deepTemplateIsRefused(value: String) {
        let text = "heat_template_version: 2018-08-31\ndescription: x\noutputs: {}\nresources:\n  \(value)\n"
        #expect(refusal(.string(text)) == "maximum recursion depth exceeded")
    }

    @Test("A text that is nested a hundred thousand times is refused and not recursed into")
    func hugelyNestedTextIsRefused() {
        for opening in ["[", "- ", "{a: "] {
            let text =
                "heat_template_version: 2018-08-31\nresources:\n  "
                + String(repeating: opening, count: 100_000)
            #expect(refusal(.string(text)) != nil)
        }
    }

    @Test("A deep object is refused as a deep text is")
    func deepObjectIsRefused() {
        let deep = (0..<250).reduce(JSONValue.integer(1)) { value, _ in .array([value]) }
        #expect(refusal(resource(deep)) == "maximum recursion depth exceeded")
    }

    @Test("A repeat of more combinations than there is room for is refused before they are made")
    func hugeRepeatIsRefused() throws {
        let items = JSONValue.array((0..<1000).map { .string("\($0)") })
        let loops = JSONValue.object(
            Dictionary(uniqueKeysWithValues: "abcdef".map { ("%\($0)%", items) }))
        let message = try #require(
            refusal(resource(["repeat": ["template": "%a%%b%%c%%d%%e%%f%", "for_each": loops]])))
        #expect(message.contains("The result of \"repeat\" exceeds the maximum allowed size"))
    }

    @Test("Repeats and replacements in each other that multiply are refused")
    func multiplyingReplacementsAreRefused() throws {
        let long = JSONValue.string(String(repeating: "a", count: 1000))
        var value: JSONValue = "aaaaaaaaaa"
        for _ in 0..<6 { value = ["str_replace": ["template": value, "params": ["a": long]]] }
        let message = try #require(refusal(resource(value)))
        #expect(message.contains("exceeds the maximum allowed size"))
    }

    @Test("More than a thousand resources are refused, and a thousand are not")
    func resourcesAreCounted() {
        func resources(_ count: Int) -> JSONValue {
            template([
                "resources": .object(
                    Dictionary(uniqueKeysWithValues: (0..<count).map { ("r\($0)", ["type": "OS::Heat::None"]) }))
            ])
        }
        #expect(refusal(resources(1000)) == nil)
        #expect(refusal(resources(1001)) == "Request limit exceeded: Maximum resources per stack exceeded.")
    }

    @Test("Conditions that lead to each other ten thousand times are refused")
    func longChainOfConditionsIsRefused() {
        let conditions = (0..<10_000).map { ("c\($0)", ["not": .string("c\($0 + 1)")] as JSONValue) }
        let message = refusal(
            template([
                "conditions": .object(
                    Dictionary(conditions + [("c10000", true)], uniquingKeysWith: { $1 })),
                "resources": ["r": ["type": "OS::Heat::None", "condition": "c0"]],
            ]))
        #expect(message == "resources.r.condition: : maximum recursion depth exceeded")
    }

    @Test("A resource that waits for five hundred others is put after them, whatever their order")
    func manyResourcesAreOrdered() throws {
        let chain = (0..<500).map { index -> (String, JSONValue) in
            let next: JSONValue = index == 499 ? 1 : ["get_attr": [.string("r\(index + 1)"), "value"]]
            return ("r\(index)", ["type": "OS::Heat::Value", "properties": ["value": next]])
        }
        let template = try HeatTemplate(
            template(["resources": .object(Dictionary(uniqueKeysWithValues: chain))]), names: Self.names)
        #expect(template.resources.first { $0.name == "r0" }?.requires == ["r1"])
        #expect(try HeatTemplate.order(of: template.resources).map { template.resources[$0].name }.last == "r0")
    }
}

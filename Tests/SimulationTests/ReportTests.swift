import Foundation
import Runtime
import Scenarios
import Simulation
import Testing

@Suite struct ReportTests {
    private func story(status: String = "ACTIVE") throws -> Scenario {
        try Library.story(
            text: """
                scenario: reported
                about: "A story with </script> & <b>markup</b>."
                users:
                  ann: { script: [login, create: { as: vm }, wait: { deployment: vm, status: ACTIVE }] }
                expect: { final: [{ deployment: vm, status: \(status) }] }
                """)
    }

    @Test("JUnit XML has a case for each run, and the failure with its report")
    func junit() throws {
        var report = JUnitReport()
        let (good, bad) = (try story(), try story(status: "DELETED"))
        report.add(play(good), of: good, in: "a.yaml", took: .milliseconds(1500))
        report.add(play(bad), of: bad, in: "b.yaml", took: .milliseconds(500))
        let document = XMLText(report.xml)
        #expect(document.isWellFormed)
        #expect(report.xml.contains("tests=\"2\" failures=\"1\" time=\"2.0\""))
        #expect(report.xml.contains("<testcase name=\"reported (seed 1)\" classname=\"a.yaml\" time=\"1.5\"/>"))
        #expect(report.xml.contains("expected  DELETED"))
    }

    /// Whether elements are closed in the order in which they were opened, and nothing else has a bracket.
    private struct XMLText {
        let text: String

        init(_ text: String) { self.text = text }

        var isWellFormed: Bool {
            var open: [Substring] = []
            for match in text.matches(of: /<(\/?)([\w?]+)[^<>]*?(\/?)>/) {
                if match.1.isEmpty, match.3.isEmpty, match.2 != "?xml" { open.append(match.2) }
                if !match.1.isEmpty, open.popLast() != match.2 { return false }
            }
            return open.isEmpty && text.count(where: { $0 == "<" }) == text.matches(of: /<[\w\/?]/).count
        }
    }
}

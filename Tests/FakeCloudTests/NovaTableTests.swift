import Testing

@testable import FakeCloud

@Suite struct NovaTableTests {
    private struct Thing: ServiceRecord {
        let id: String
        var name: String
        let projectId: String
    }

    @Test("A thing is found by id, name and project, by its new name after a change, and not after its removal")
    func lookup() {
        var table = ResourceTable<Thing>()
        for (id, name, project) in [("1", "a", "p"), ("2", "a", "q"), ("3", "b", "p")] {
            table.insert(Thing(id: id, name: name, projectId: project))
        }
        #expect(table.records(named: "a").map(\.id) == ["1", "2"])
        #expect(table.records(ofProject: "p").map(\.id) == ["1", "3"])
        table.update("1") { $0.name = "b" }
        #expect(table.records(named: "a").map(\.id) == ["2"])
        #expect(table.records(named: "b").map(\.id) == ["3", "1"])
        table.remove("3")
        #expect(table.records(named: "b").map(\.id) == ["1"])
        #expect(table.count(ofProject: "p") == 1)
        #expect(table["3"] == nil)
        #expect(table.all.map(\.id) == ["1", "2"])
    }
}

import OrderedCollections

/// A thing of a service that belongs to a project.
protocol ServiceRecord: Sendable {
    var id: String { get }
    var name: String { get }
    var projectId: String { get }
}

/// The things of one kind in a region, in the order of their making. Looking one up by id, name or project takes the
/// same time however many there are of other projects.
struct ResourceTable<Record: ServiceRecord>: Sendable {
    private var records: OrderedDictionary<String, Record> = [:]
    private var byProject = IdIndex()
    private var byName = IdIndex()

    var count: Int { records.count }
    var all: OrderedDictionary<String, Record>.Values { records.values }

    subscript(id: String) -> Record? { records[id] }

    mutating func insert(_ record: Record) {
        records[record.id] = record
        byProject.add(record.id, under: record.projectId)
        byName.add(record.id, under: record.name)
    }

    @discardableResult
    mutating func remove(_ id: String) -> Record? {
        guard let record = records.removeValue(forKey: id) else { return nil }
        byProject.remove(id, under: record.projectId)
        byName.remove(id, under: record.name)
        return record
    }

    /// Changes a record in its place; its id and project stay as they are.
    mutating func update(_ id: String, _ change: (inout Record) -> Void) {
        guard let index = records.index(forKey: id) else { return }
        let name = records.values[index].name
        change(&records.values[index])
        let newName = records.values[index].name
        if newName != name {
            byName.remove(id, under: name)
            byName.add(id, under: newName)
        }
    }

    func count(ofProject project: String) -> Int { byProject[project].count }

    func records(ofProject project: String) -> [Record] { byProject[project].compactMap { records[$0] } }

    func records(named name: String) -> [Record] { byName[name].compactMap { records[$0] } }

    func records(_ ids: some Sequence<String>) -> [Record] { ids.compactMap { records[$0] } }
}

/// Ids under a key, in the order in which they came.
struct IdIndex: Sendable {
    private var ids: [String: OrderedSet<String>] = [:]

    subscript(key: String) -> OrderedSet<String> { ids[key] ?? [] }

    mutating func add(_ id: String, under key: String) {
        ids[key, default: []].append(id)
    }

    mutating func remove(_ id: String, under key: String) {
        ids[key]?.remove(id)
        if ids[key]?.isEmpty == true { ids[key] = nil }
    }

    mutating func removeAll(under key: String) {
        ids[key] = nil
    }
}

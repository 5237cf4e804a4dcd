import Runtime

/// The events of a stack.
extension HeatView {
    /// Newest first unless asked otherwise; an unknown marker or sort key is silently ignored.
    func events() throws -> ServiceAnswer {
        let stack = try stack()
        let depth = try limit("nested_depth") ?? 0
        guard depth > 0 else {
            return .json(
                200,
                ["events": .array(try page(stack.events.map { ($0, stack) }).map { .object(eventJSON($0, of: $1)) })])
        }
        // Heat finds the stacks by their resources: one without any has no events then.
        let all = engine.family(of: stack, depth: depth).filter { !listed($0).isEmpty }.flatMap { stack in
            stack.events.map { ($0, stack) }
        }
        let events = all.enumerated().sorted { ($0.element.0.order, $0.offset) < ($1.element.0.order, $1.offset) }
        return .json(
            200,
            [
                "events": .array(
                    try page(events.map(\.element)).map { .object(eventJSON($0, of: $1, root: stack)) })
            ])
    }

    func eventsOfResource() throws -> ServiceAnswer {
        let stack = try stack()
        let name = call.parameter("resource")
        let events = stack.events.filter { $0.resource == name && $0.kind != nil }
        guard !events.isEmpty else {
            throw HeatFault(status: 404, type: "HTTPNotFound", message: "No events found for resource \(name)")
        }
        return .json(
            200, ["events": .array(try page(events.map { ($0, stack) }).map { .object(eventJSON($0, of: $1)) })])
    }

    func event() throws -> ServiceAnswer {
        let stack = try stack()
        let id = call.parameter("event")
        guard let event = stack.events.first(where: { $0.id == id && $0.resource == call.parameter("resource") })
        else { throw HeatFault(status: 404, type: "HTTPNotFound", message: "No event \(id) found") }
        var json = eventJSON(event, of: stack)
        json["resource_type"] = .string(event.type ?? "OS::Heat::Stack")
        json["resource_properties"] = event.properties
        return .json(200, ["event": .object(json)])
    }

    private func page(_ all: [(StackRecord.Event, StackRecord)]) throws -> [(StackRecord.Event, StackRecord)] {
        let limit = try limit()
        func matches(_ name: String, _ value: String?) -> Bool {
            let wanted = call.queries(name)
            return wanted.isEmpty || wanted.contains { $0 == value }
        }
        var events = all.filter { event, _ in
            let status = event.status.split(separator: "_", maxSplits: 1).map(String.init)
            return matches("resource_name", event.resource) && matches("resource_type", event.type)
                && matches("resource_action", status.first) && matches("resource_status", status.last)
        }
        let keys = call.queries("sort_keys").filter { $0 == "event_time" || $0 == "resource_type" }
        if keys.first == "resource_type" {
            let places = events.enumerated().sorted {
                ($0.element.0.type ?? "", $0.offset) < ($1.element.0.type ?? "", $1.offset)
            }
            events = places.map(\.element)
        }
        if try !call.isAscending(otherwise: !keys.isEmpty) { events.reverse() }
        if let marker = call.query("marker"), let place = events.firstIndex(where: { $0.0.id == marker }) {
            events.removeFirst(place + 1)
        }
        return limit.map { Array(events.prefix($0)) } ?? events
    }

    private func eventJSON(
        _ event: StackRecord.Event, of stack: StackRecord, root: StackRecord? = nil
    ) -> [String: JSONValue] {
        let stackLink = link(stack.name, stack.id)
        let resourceLink = stackLink + "/resources/" + event.resource
        var links: [JSONValue] = [
            ["href": .string(resourceLink + "/events/" + event.id), "rel": "self"],
            ["href": .string(resourceLink), "rel": "resource"], ["href": .string(stackLink), "rel": "stack"],
        ]
        if let root { links.append(["href": .string(link(root.name, root.id)), "rel": "root_stack"]) }
        return [
            "id": .string(event.id), "links": .array(links),
            "event_time": .string(event.time.wholeSeconds), "logical_resource_id": .string(event.resource),
            "resource_name": .string(event.resource), "physical_resource_id": .string(event.physicalId),
            "resource_status": .string(event.status), "resource_status_reason": .string(event.reason),
        ]
    }
}

import Runtime

extension ControlAPI {
    /// The control API in OpenAPI 3.1. A test holds it against ``routes``.
    static let document: JSONValue = [
        "openapi": "3.1.0",
        "info": [
            "title": "Hothouse control API", "version": "1",
            "description":
                "Moves the clock of the fake OpenStack, breaks its calls, and shows what was asked of it. Only this machine may use it unless the command was told otherwise.",
        ], "servers": [["url": .string(root)]],
        "paths": [
            "/clock": [
                "get": operation("How the cloud's time goes.", answer: "Clock"),
                "post": operation(
                    "Pause time, let it run, step it on, or set its speed.", body: "ClockAction", answer: "Clock",
                    refusals: [
                        "409": "Time runs, or a step is under way.", "422": "No such action, duration or speed.",
                    ]),
            ],
            "/faults": [
                "get": operation("The rules that are armed, in the order in which they are tried.", answer: "Faults"),
                "post": operation(
                    "Arm a rule: one of a story's cloud.faults, as JSON or YAML.", body: "FaultRule", answer: "Fault",
                    status: "201",
                    refusals: [
                        "409": "There is a rule of this id already.",
                        "422": "The rule has mistakes; each with its line and column.",
                    ]),
            ],
            "/faults/{id}": [
                "delete": operation(
                    "Disarm a rule.", parameters: [parameter("id", "The rule's id.", in: "path", ["type": "string"])],
                    status: "204", refusals: ["404": "There is no such rule."])
            ],
            "/requests": [
                "get": operation(
                    "The calls that the cloud has seen: how many match, and the newest of them, oldest first. Bodies are cut after 4096 bytes, secrets masked.",
                    parameters: [
                        parameter("operation", "A name or a pattern: heat.stack.*", ["type": "string"]),
                        parameter("method", "GET, POST, …", ["type": "string"]),
                        parameter("status", "Of the answer.", ["type": "integer", "minimum": 100, "maximum": 599]),
                        parameter("path", "A path or a pattern, with or without its query.", ["type": "string"]),
                        parameter("region", "The region's name.", ["type": "string"]),
                        parameter("stack", "The stack's name, or a pattern.", ["type": "string"]),
                        parameter(
                            "after", "Only calls with a higher number.",
                            ["type": "integer", "minimum": 0, "default": 0]),
                        parameter(
                            "limit", "How many are shown.",
                            ["type": "integer", "minimum": 0, "maximum": 1000, "default": 100]),
                    ], answer: "Calls", refusals: ["400": "No such parameter, operation or status."])
            ],
            "/scenario": [
                "get": operation("What is played.", answer: "Story"),
                "put": operation(
                    "Play the cloud of another story, sent as YAML or JSON: the cloud begins again, empty.",
                    body: "StoryFile", answer: "Story",
                    refusals: ["422": "The story has mistakes, or other regions than the portal knows."]),
            ],
            "/reset": [
                "post": operation(
                    "Begin again: no stacks, no tokens, an empty journal, and the rules of the story with their counters at 0. Time goes on.",
                    answer: "Story")
            ],
            "/openapi.json": ["get": operation("This description.", answer: "Document")],
        ], "components": ["schemas": schemas],
    ]

    private static func operation(
        _ summary: String, parameters: [JSONValue] = [], body: String? = nil, answer: String? = nil,
        status: String = "200", refusals: [String: String] = [:]
    ) -> JSONValue {
        var responses: [String: JSONValue] = [:]
        responses[status] =
            answer.map { ["description": "Done.", "content": ["application/json": ["schema": reference($0)]]] }
            ?? ["description": "Done."]
        for (status, text) in refusals.merging(
            ["403": "Not from this machine, or from a page of another site."], uniquingKeysWith: { $1 })
        {
            responses[status] = [
                "description": .string(text),
                "content": ["application/problem+json": ["schema": reference("Problem")]],
            ]
        }
        var operation: [String: JSONValue] = ["summary": .string(summary), "responses": .object(responses)]
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        if let body {
            operation["requestBody"] = [
                "required": true, "content": ["application/json": ["schema": reference(body)]],
            ]
        }
        return .object(operation)
    }

    private static func parameter(
        _ name: String, _ description: String, in place: String = "query", _ schema: JSONValue
    ) -> JSONValue {
        [
            "name": .string(name), "in": .string(place), "required": .bool(place == "path"),
            "description": .string(description), "schema": schema,
        ]
    }

    private static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/" + name)] }

    private static let text: JSONValue = ["type": "string"]
    private static let maybeText: JSONValue = ["type": ["string", "null"]]
    private static let count: JSONValue = ["type": "integer", "minimum": 0]
    private static let instant: JSONValue = ["type": "string", "format": "date-time"]

    private static func object(_ properties: JSONValue, isOpen: Bool = false) -> JSONValue {
        var schema: [String: JSONValue] = ["type": "object", "properties": properties]
        if !isOpen { schema["required"] = .array((properties.object ?? [:]).keys.sorted().map { .string($0) }) }
        return .object(schema)
    }

    private static let schemas: JSONValue = [
        "Clock": object([
            "now": instant, "uptimeSeconds": ["type": "number"],
            "state": ["type": "string", "enum": ["running", "paused"]], "speed": ["type": "number"],
            "nextWake": ["type": ["string", "null"], "format": "date-time"], "sleepers": count,
        ]),
        "ClockAction": [
            "type": "object", "required": ["action"],
            "properties": [
                "action": ["type": "string", "enum": ["pause", "resume", "step", "speed"]],
                "by": ["type": "string", "description": "With step: a duration such as 250ms, 30s, 5m or 1h."],
                "speed": [
                    "type": "number", "minimum": 0.001, "maximum": 1000,
                    "description": "With speed: how many seconds pass in one of yours.",
                ],
            ],
        ],
        "FaultRule": [
            "type": "object", "required": ["id", "op"],
            "properties": [
                "id": text,
                "op": [
                    "description": "An operation, a pattern such as heat.*, or a list of them.",
                    "oneOf": [text, ["type": "array", "items": text]],
                ],
                "where": object(["region": text, "stack": text], isOpen: true),
                "when": object(
                    [
                        "nth": ["oneOf": [count, ["type": "array", "items": count]]], "first": count, "every": count,
                        "afterCount": count, "chance": ["type": "string", "examples": ["10%"]],
                        "window": object(["from": text, "to": text, "for": text], isOpen: true),
                        "per": ["type": "string", "enum": ["global", "region", "stack"]],
                    ], isOpen: true),
                "effect": [
                    "oneOf": [["type": "string", "enum": ["none", "applied"]], object(["late": text])]
                ], "answer": ["type": "object"], "delay": text, "layer": ["type": "boolean"],
            ],
        ],
        "Fault": object([
            "id": text, "rule": reference("FaultRule"), "armedAt": instant,
            "origin": ["type": "string", "enum": ["scenario", "control"]], "matched": count, "fired": count,
        ]), "Faults": object(["items": ["type": "array", "items": reference("Fault")]]),
        "Calls": object(["count": count, "items": ["type": "array", "items": reference("Call")]]),
        "Call": object(
            [
                "number": count, "at": instant, "operation": text, "region": maybeText, "stack": maybeText,
                "method": text, "path": text, "status": ["type": ["integer", "null"]],
                "faults": ["type": "array", "items": text], "milliseconds": count,
                "effect": ["type": "string", "enum": ["none", "applied", "late"]], "request": reference("Message"),
                "answer": ["oneOf": [reference("Message"), ["type": "null"]]],
            ], isOpen: true),
        "Message": object([
            "headers": ["type": "array", "items": ["type": "array", "items": text]], "body": text, "bytes": count,
        ]),
        "Story": object([
            "scenario": maybeText, "about": maybeText, "source": maybeText,
            "regions": ["type": "array", "items": text], "faults": ["type": "array", "items": text],
        ]), "StoryFile": ["type": "object", "description": "A story, as in scenarios/."],
        "Document": ["type": "object"],
        "Problem": object(
            [
                "type": text, "title": text, "status": count, "detail": text,
                "errors": ["type": "array", "items": object(["message": text])],
            ], isOpen: true),
    ]
}

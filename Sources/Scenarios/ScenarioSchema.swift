import Runtime

/// The language as a JSON Schema (draft 2020-12), for editors that complete and check YAML by one.
///
/// It says which keys there are and of what kind their values are. What names what, and what excludes what, is for
/// ``Scenario/init(parsing:file:standardCloud:)`` to say.
public enum ScenarioSchema {
    public static var json: JSONValue {
        var schema = object(
            [
                "use": list(text()), "params": ["type": "object"], "matrix": named(["type": "array"]),
                "swarm": named(percent), "scenario": text("The name of the story"), "about": text("One sentence"),
                "seed": whole(0),
                "seeds": object(["from": whole(0), "count": whole(1)], required: ["count"]),
                "time": object(["start": text(), "limit": duration]), "cloud": cloud, "portal": portal, "users": users,
                "calm": object(["after": duration, "for": duration], required: ["for"]), "expect": expect,
            ], required: ["scenario", "about", "users", "expect"])
        schema = withParameters(.object(schema)).object ?? [:]
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        schema["title"] = "Hothouse scenario"
        schema["$defs"] = [
            "spread": withParameters(.object(spread)), "pattern": .object([:]),
            "parameter": ["type": "string", "pattern": "^[$][{][A-Za-z][A-Za-z0-9_-]*[}]$"],
        ]
        return .object(schema)
    }

    // Kinds of values.

    private typealias Members = [String: JSONValue]

    private static func object(_ properties: [String: Members], required: [String] = []) -> Members {
        [
            "type": "object", "properties": .object(properties.mapValues { .object($0) }),
            "required": .array(required.map { .string($0) }), "additionalProperties": false,
        ]
    }

    private static func named(_ value: Members) -> Members {
        ["type": "object", "additionalProperties": .object(value)]
    }

    /// Items may be for some values of parameters only.
    private static func list(_ item: Members) -> Members {
        guard let properties = item["properties"]?.object else { return ["type": "array", "items": .object(item)] }
        var conditional = item
        conditional["properties"] = .object(properties.merging(conditions) { $1 })
        return ["type": "array", "items": .object(either(conditional, conditionalList))]
    }

    private static let conditions: [String: JSONValue] = ["only-if": ["type": "object"], "unless": ["type": "object"]]

    private static let conditionalList: Members = [
        "type": "object", "properties": .object(conditions.merging(["do": ["type": "array"]]) { $1 }),
        "required": ["do"], "additionalProperties": false,
    ]

    /// The same, with `${name}` in the place of every value that is no text of any kind.
    private static func withParameters(_ schema: JSONValue) -> JSONValue {
        guard var members = schema.object else { return schema }
        for key in ["items", "additionalProperties"] {
            if let inner = members[key] { members[key] = withParameters(inner) }
        }
        if let properties = members["properties"]?.object {
            members["properties"] = .object(properties.mapValues(withParameters))
        }
        if let choices = members["anyOf"]?.array { members["anyOf"] = .array(choices.map(withParameters)) }
        let isText = members["type"] == "string" && members["pattern"] == nil
        let isLeaf =
            members["enum"] != nil || (members["type"]?.string.map { !["object", "array"].contains($0) } ?? false)
        guard isLeaf, !isText else { return .object(members) }
        return ["anyOf": [.object(members), ["$ref": "#/$defs/parameter"]]]
    }

    private static func either(_ kinds: Members...) -> Members { ["anyOf": .array(kinds.map { .object($0) })] }

    private static func text(_ description: String? = nil) -> Members {
        var schema: Members = ["type": "string"]
        schema["description"] = description.map { .string($0) }
        return schema
    }

    /// A name may look like a number to YAML.
    private static let name: Members = ["type": ["string", "integer", "boolean"]]

    private static func words(_ words: [String]) -> Members { ["enum": .array(words.map { .string($0) })] }

    private static func whole(_ least: Int, _ most: Int? = nil) -> Members {
        var schema: Members = ["type": "integer", "minimum": .integer(least)]
        schema["maximum"] = most.map { .integer($0) }
        return schema
    }

    private static let percent: Members = ["type": "string", "pattern": "^[0-9]{1,3}([.][0-9]{1,6})?%$"]
    private static let bool: Members = ["type": "boolean"]
    private static let duration: Members = ["type": "string", "pattern": "^[0-9]+(ms|s|m|h)$"]
    private static let spreadRef: Members = ["$ref": "#/$defs/spread"]
    private static let pattern: Members = ["$ref": "#/$defs/pattern"]
    private static let status = words(ScenarioReader.statuses)

    private static let spread: Members = either(
        ["type": "string", "pattern": "^[0-9]+(ms|s|m|h)([.][.][0-9]+(ms|s|m|h))?$"],
        object(["normal": object(["mean": duration, "deviation": duration], required: ["mean", "deviation"])]),
        object(["lognormal": object(["p50": duration, "p99": duration], required: ["p50", "p99"])]),
        object([
            "bimodal": object(
                ["fast": spreadRef, "slow": spreadRef, "slowPercent": whole(0, 100)],
                required: ["fast", "slow", "slowPercent"])
        ]),
        object(["pick": list(object(["weight": whole(0), "value": spreadRef], required: ["value"]))]))

    // The cloud.

    private static let cloud = object([
        "auth": object(["tokenTtl": duration, "allowTrusts": bool]),
        "regions": named(
            object([
                "latency": object(
                    Dictionary(uniqueKeysWithValues: (["default"] + CloudReader.operations).map { ($0, spreadRef) }))
            ])),
        "catalog": object([
            "instanceTypes": named(
                object(
                    ["vcpus": whole(1), "ramMiB": whole(1), "diskGiB": whole(0), "id": text()],
                    required: ["vcpus", "ramMiB"])),
            "images": named(
                object(["minDiskGiB": whole(0), "minRamMiB": whole(0), "sshUser": name, "id": text()])),
        ]),
        "quotas": named(whole(0)),
        "hosts": named(object(["vcpus": whole(1), "ramMiB": whole(1), "diskGiB": whole(0)])),
        "lifecycles": named(object(["create": spreadRef, "delete": spreadRef, "change": spreadRef])),
        "stacks": list(
            object([
                "match": object(["name": name, "region": name, "nth": whole(1)]), "create": fates, "delete": fates,
                "vanishesAfter": duration,
            ])), "faults": list(fault), "deeds": list(deed),
    ])

    private static let fates = object(
        Dictionary(
            uniqueKeysWithValues: CloudReader.resources.map {
                ($0, object(["takes": spreadRef, "fails": text(), "times": whole(1), "stuck": bool]))
            }))

    private static let fault = object(
        [
            "id": name, "op": either(text(), list(text())), "where": object(["region": name, "stack": text()]),
            "when": object([
                "nth": either(whole(1), list(whole(1))), "first": whole(1), "every": whole(1), "afterCount": whole(0),
                "chance": percent,
                "window": object(["from": spreadRef, "to": spreadRef, "for": spreadRef]),
                "per": words(FaultRule.Scope.allCases.map(\.rawValue)),
            ]), "effect": either(words(["none", "applied"]), object(["late": spreadRef], required: ["late"])),
            "answer": answer(
                ["pick": list(answer(["weight": whole(0)], required: ["weight"]))]), "delay": spreadRef, "layer": bool,
        ], required: ["id", "op"])

    private static func answer(_ more: [String: Members], required: [String] = []) -> Members {
        object(
            [
                "status": whole(200, 599), "json": [:], "html": text(), "text": text(), "empty": bool,
                "error": text(),
                "garbage": whole(0), "headers": named(name), "retryAfter": spreadRef, "truncate": whole(0),
                "slow": object(["chunk": whole(1), "every": duration], required: ["every"]),
                "reset": words(FaultRule.Breakage.Moment.allCases.map(\.rawValue)), "refuse": bool, "hang": spreadRef,
            ].merging(more) { $1 }, required: required)
    }

    private static let deed = object([
        "id": name, "at": spreadRef,
        "when": object(
            ["deployment": name, "status": status, "after": spreadRef], required: ["deployment", "status"]),
        "revokeTokens": bool, "deleteStack": name,
    ])

    // The portal and its users.

    private static let crash = object([
        "id": name, "point": words(CrashPoint.allCases.map(\.rawValue)), "nth": whole(1), "at": duration,
        "instance": whole(0, 15),
        "restartAfter": spreadRef,
    ])

    private static let portal = object([
        "instances": whole(1, 16), "crash": either(crash, list(crash)),
        "pause": list(
            object(["id": name, "instance": whole(0, 15), "at": spreadRef, "for": spreadRef], required: ["at", "for"])),
        "store": list(
            object(
                [
                    "id": name, "at": spreadRef, "for": spreadRef,
                    "how": words(Scenario.StoreFailure.Reason.allCases.map(\.rawValue)),
                ], required: ["at", "for", "how"])),
    ])

    private static let users = named(
        object([
            "verified": bool, "network": object(["rtt": spreadRef]), "arrives": spreadRef, "count": whole(1, 1000),
            "script": list(step),
            "plan": object([
                "actions": whole(1), "think": spreadRef,
                "mix": object(
                    Dictionary(uniqueKeysWithValues: Scenario.Plan.Action.allCases.map { ($0.rawValue, whole(0)) })),
            ]),
        ]))

    private static let condition = object(
        ["deployment": name, "status": status, "within": duration], required: ["deployment", "status"])

    private static let step: Members = {
        let tab = object(["tab": name], required: ["tab"])
        let tabFor = object(["tab": name, "for": spreadRef], required: ["tab", "for"])
        let steps = object([
            "login": object([:]), "logout": object([:]),
            "create": object(
                [
                    "as": name, "name": name, "region": name, "instanceType": name, "image": name, "storage": whole(1),
                    "idempotencyKey": name, "status": whole(100, 599),
                ], required: ["as"]),
            "open-page": object(
                ["deployment": name, "tab": name, "pauseAfterFetch": condition], required: ["deployment"]),
            "close-page": tab, "drop-socket": tab, "unsubscribe": tab, "stall-socket": tabFor, "half-open": tabFor,
            "send": object(["tab": name, "text": name, "times": whole(1)], required: ["tab", "text"]),
            "delete": object(["deployment": name], required: ["deployment"]),
            "retry": object(["deployment": name, "status": whole(100, 599)], required: ["deployment"]),
            "list": object(["pageSize": whole(1, 100)]), "wait": condition, "sleep": spreadRef,
        ])
        /// One verb, with or without a condition.
        func one(_ conditions: String...) -> Members {
            var one = steps
            let properties = Dictionary(conditions.map { ($0, JSONValue.object(["type": "object"])) }) { $1 }
            one["properties"] = .object((steps["properties"]?.object ?? [:]).merging(properties) { $1 })
            one["required"] = .array(conditions.map { .string($0) })
            one["minProperties"] = .integer(conditions.count + 1)
            one["maxProperties"] = .integer(conditions.count + 1)
            return one
        }
        return either(
            words(["login", "logout"]), one(), one("only-if"), one("unless"), one("only-if", "unless"), conditionalList)
    }()

    // What is expected.

    private static let given = object(
        ["deployment": name, "status": status], required: ["deployment", "status"])

    private static let expect = object([
        "final": list(
            object([
                "deployment": name, "status": status, "lastError": text(), "event": text(), "cloud": name,
                "liveStacks": whole(0), "given": given,
            ])),
        "eventually": list(
            object(
                ["deployment": name, "status": either(status, list(status)), "within": duration],
                required: ["deployment", "status", "within"])),
        "at": list(
            object(
                ["deployment": name, "status": either(status, list(status)), "time": duration],
                required: ["deployment", "status", "time"])),
        "never": list(
            object(["deployment": name, "status": status, "from": status, "to": status, "frame": pattern, "tab": name])),
        "sometimes": list(
            object([
                "status": status, "from": status, "to": status, "code": text(), "close": whole(1000, 4999),
                "crash": words(CrashPoint.allCases.map(\.rawValue)),
            ])),
        "requests": list(
            object([
                "op": words(CloudReader.operations), "http": text(), "path": text(),
                "sent": words(["subscribe", "unsubscribe"]), "user": name, "count": whole(0), "atMost": whole(0),
            ])),
        "sockets": list(
            object(
                [
                    "tab": name, "keys": words(["exact", "written"]),
                    "sequence": list(
                        object([
                            "frame": pattern,
                            "until": object(["frame": pattern, "between": list(pattern)], required: ["frame"]),
                            "rest": object(["only": list(pattern)]),
                        ])),
                ], required: ["tab"])),
    ])
}

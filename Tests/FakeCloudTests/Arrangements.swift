import Runtime
import Scenarios

/// What must have happened before an exchange and is not itself among those that were recorded.
enum Arrangements {
    enum Step {
        case wait(Duration)
        /// A call to a service; the id of what it makes stands for the recorded one.
        case send(
            method: String, service: String, path: String, body: JSONValue?, token: String, recordedId: String?)
        /// Signs in with an application credential.
        case signIn(token: String, credential: String)
        case keystone(isDown: Bool)
        /// Heat's engine.
        case engine(isDown: Bool)

        static func stack(
            _ name: String, _ recordedId: String? = nil, resources: JSONValue? = nil, more: [String: JSONValue] = [:]
        ) -> Step {
            let template: JSONValue = [
                "heat_template_version": "2018-08-31",
                "resources": resources ?? ["rnd": ["type": "OS::Heat::RandomString", "properties": ["length": 8]]],
            ]
            let body: [String: JSONValue] = ["stack_name": .string(name), "template": template]
            return .send(
                method: "POST", service: "heat", path: "\(heat)/stacks", body: .object(body.merging(more) { $1 }),
                token: "portal", recordedId: recordedId)
        }

        static func delete(_ name: String, _ recordedId: String) -> Step {
            .send(
                method: "DELETE", service: "heat", path: "\(heat)/stacks/\(name)/\(recordedId)", body: nil,
                token: "portal", recordedId: nil)
        }

        static func credential(_ name: String, _ recordedId: String, expiresAt: String? = nil) -> Step {
            .send(
                method: "POST", service: "keystone", path: "\(user)/application_credentials",
                body: ["application_credential": ["name": .string(name), "expires_at": JSONValue(expiresAt)]],
                token: "demo", recordedId: recordedId)
        }

        static func key(_ name: String, _ key: String = someKey) -> Step {
            .send(
                method: "POST", service: "nova", path: "/v2.1/os-keypairs",
                body: ["keypair": ["name": .string(name), "public_key": .string(key)]], token: "portal",
                recordedId: nil)
        }
    }

    private static let heat = "/v1/b7862f2ccedf4d0c933d210c0b5683fa"
    private static let user = "/v3/users/37593bb041c24837aa3f08ba37102bde"
    private static let portal = "3e83ed397d464489bd0594a05f9b844c"
    private static let someKey =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMnw+KYes+Ne6mBUNmpj1F7GhO4nBxpprICjkmRmqobU"

    static func before(_ exchange: GoldenExchange) -> [Step] {
        switch exchange.file {
        case "keystone": keystone[exchange.number] ?? []
        case "heat": heatSteps[exchange.number] ?? []
        case "heat_vm": heatVM[exchange.number] ?? []
        case "heat_more": heatMore[exchange.number] ?? []
        case "nova": nova[exchange.number] ?? []
        case "neutron": neutron[exchange.number] ?? []
        case "outage": outage[exchange.number] ?? []
        default: []
        }
    }

    private static let keystone: [Int: [Step]] = [
        9: [.credential("portal-restricted", "e61aeea33c3c4b779feb64b80b50ec88")],
        55: [.signIn(token: "portal-restricted", credential: "e61aeea33c3c4b779feb64b80b50ec88")],
        61: [
            .credential(
                "short1795462621.6012459", "84342601c5cb4ead88bff1030539a6b0", expiresAt: "2026-01-06T10:00:05Z")
        ],
        63: [
            .credential("deleted", "80ce670a115f4cac9e490e53238c8765"),
            .signIn(token: "deleted-appcred", credential: "80ce670a115f4cac9e490e53238c8765"), .stack("vm1"),
            .wait(.seconds(2)),
        ],
        69: [.wait(.seconds(5))],
        76: [
            .send(
                method: "GET", service: "heat", path: "\(heat)/stacks", body: nil, token: "second", recordedId: nil),
            .send(
                method: "DELETE", service: "keystone", path: "/v3/auth/tokens", body: nil, token: "second",
                recordedId: nil),
        ],
    ]

    private static func tests(_ resources: [String: JSONValue]) -> JSONValue {
        .object(
            resources.mapValues { properties in
                let requires = properties["after"]
                var resource: [String: JSONValue] = [
                    "type": "OS::Heat::TestResource",
                    "properties": .object((properties.object ?? [:]).filter { $0.key != "after" }),
                ]
                resource["depends_on"] = requires
                return .object(resource)
            })
    }

    private static let heatSteps: [Int: [Step]] = [
        34: [.stack("trustfail"), .stack("t-portal"), .stack("t-portal-restricted"), .stack("vm1")]
            + [.stack(String(repeating: "a", count: 255))],
        63: [.stack("n19")],
        80: [.stack("n30"), .wait(.seconds(2))],
        88: [.wait(.seconds(5))],
        145: (0..<4).flatMap { number -> [Step] in
            [.stack("g-l\(number)", more: ["tags": "batch,n\(number)"]), .wait(.seconds(2))]
        },
        179: [update("PATCH", ["parameters": ["n": 8], "tags": "portal,updated"])],
        181: [.wait(.seconds(1))],
        183: [.wait(.seconds(8))],
        190: [update("PUT", ["template": failing, "disable_rollback": false]), .wait(.seconds(6))],
        193: [update("PUT", ["template": failing, "disable_rollback": true]), .wait(.seconds(2))],
        195: [.wait(.seconds(1))],
        197: [.wait(.seconds(8))],
        198: [.wait(.seconds(4))],
        199: [.wait(.seconds(2))],
        201: [.wait(.seconds(2))],
        202: [.wait(.seconds(2))],
        210: [
            .stack(
                "g-fail", "d190e93a-9258-49c2-86dc-a8372d5d1449",
                resources: tests(["a": ["wait_secs": 1], "bad": ["fail": true, "wait_secs": 1, "after": "a"]])),
            .wait(.seconds(3)),
        ],
        216: [.wait(.milliseconds(2500))],
        217: [.wait(.seconds(5))],
        220: [
            .stack(
                "g-del", "b79cc9f2-1b63-45df-ad29-272ad9abebf9",
                resources: tests(["a": ["action_wait_secs": ["create": 0, "delete": 4]]])), .wait(.seconds(1)),
        ],
        223: [.delete("g-del", "b79cc9f2-1b63-45df-ad29-272ad9abebf9")],
        227: [.wait(.milliseconds(9500))],
        238: [.stack("g-byname", "f2810df0-1d48-44c6-b8b0-1772a368b8e1"), .wait(.seconds(2))],
        240: [
            .stack(
                "g-delcreate", "0afd1b52-b2be-4634-a0b1-4e30539a2911", resources: tests(["a": ["wait_secs": 20]])),
            .wait(.seconds(2)),
        ],
        242: [
            .stack("g-del-fail", "02a47618-7c88-4cdd-b4f7-5fa6e8c7e34d", resources: tests(["bad": ["fail": true]])),
            .wait(.seconds(1)),
        ],
        243: [.stack("g-aband", "c2ff405d-a8f1-44b5-83d8-7f091c28d1d8"), .wait(.seconds(2))],
        247: [
            .stack("g-nest", "b9d37dd2-1643-472e-a445-2f4d55cb9b72", more: ["template": group]), .wait(.seconds(4)),
        ],
    ]

    private static func update(_ method: String, _ body: JSONValue) -> Step {
        .send(
            method: method, service: "heat", path: "\(heat)/stacks/g-ok/3c1889ae-018e-4283-a1dc-82589c91e76d",
            body: body, token: "portal", recordedId: nil)
    }

    /// What the updates of `g-ok` that failed had.
    private static let failing: JSONValue = [
        "heat_template_version": "2018-08-31",
        "resources": [
            "a": ["type": "OS::Heat::TestResource", "properties": ["value": "hello2", "wait_secs": 1]],
            "c": ["type": "OS::Heat::TestResource", "properties": ["value": "new"]],
            "d": ["type": "OS::Heat::TestResource", "properties": ["fail": true]],
        ],
    ]

    private static let group: JSONValue = [
        "heat_template_version": "2018-08-31",
        "resources": [
            "grp": [
                "type": "OS::Heat::ResourceGroup",
                "properties": [
                    "count": 2,
                    "resource_def": [
                        "type": "OS::Heat::TestResource", "properties": ["value": "i", "wait_secs": 1],
                    ],
                ],
            ]
        ], "outputs": ["all": ["value": ["get_attr": ["grp", "output"]]]],
    ]

    private static let heatVM: [Int: [Step]] = [
        0: [.key("gk")],
        5: [.wait(.seconds(20))],
        21: [.wait(.seconds(8))],
        25: [.wait(.seconds(12))],
        // A port that the stack knows nothing of keeps its subnet from being deleted.
        29: [
            make(
                "neutron", "/v2.0/ports", ["port": ["network_id": "c445ae95-a836-47a4-a05f-abf83e4b02a9"]],
                "90470000-0000-4000-8000-000000000002")
        ],
        31: [.wait(.seconds(80))],
        35: [.wait(.seconds(1))],
        36: [
            .send(
                method: "DELETE", service: "neutron", path: "/v2.0/ports/90470000-0000-4000-8000-000000000002",
                body: nil, token: "portal", recordedId: nil)
        ],
        38: [
            .stack("h-again", "6d3cbe1c-0000-4000-8000-000000000001"), .wait(.seconds(2)),
            .delete("h-again", "6d3cbe1c-0000-4000-8000-000000000001"),
        ],
    ]

    private static let heatMore: [Int: [Step]] = [
        2: [
            .key("gk"),
            .stack(
                "k-timeoutr", "8697390f-2b04-47da-b699-eb9c6da54c5e",
                resources: tests(["slow": ["wait_secs": 150]]),
                more: ["timeout_mins": 1, "disable_rollback": false]),
        ],
        3: [.wait(.seconds(130))],
        11: [.wait(.seconds(150))],
    ]

    /// What is made of the resources of the recorded stack `vm1` in Neutron.
    private static let network: [Step] = [
        make(
            "neutron", "/v2.0/networks", ["network": ["name": "vm1-net-2tmevv3kxu4y"]],
            "78f97554-9b5c-4bfb-aaa2-4a431ccbd93e"),
        make(
            "neutron", "/v2.0/subnets",
            [
                "subnet": [
                    "network_id": "78f97554-9b5c-4bfb-aaa2-4a431ccbd93e", "ip_version": 4, "cidr": "192.168.77.0/24",
                ]
            ], "42a7fa2b-a3f4-447a-bf03-404c96d8dfa7"),
        make(
            "neutron", "/v2.0/routers",
            [
                "router": [
                    "name": "vm1-router-fmm5kuj4pegk",
                    "external_gateway_info": ["network_id": "307fbb9a-5830-474d-bad7-807ebe495265"],
                ]
            ], "b5ebdec2-e761-45cc-a9e7-9a5bdd34457e"),
        .send(
            method: "PUT", service: "neutron",
            path: "/v2.0/routers/b5ebdec2-e761-45cc-a9e7-9a5bdd34457e/add_router_interface",
            body: ["subnet_id": "42a7fa2b-a3f4-447a-bf03-404c96d8dfa7"], token: "portal", recordedId: nil),
        make(
            "neutron", "/v2.0/security-groups", ["security_group": ["name": "vm1-sg-ej5r3axokctw"]],
            "5ec00000-0000-4000-8000-000000000001"),
        rule(["protocol": "tcp", "port_range_min": 22, "port_range_max": 22]), rule(["protocol": "icmp"]),
        make(
            "neutron", "/v2.0/ports",
            [
                "port": [
                    "network_id": "78f97554-9b5c-4bfb-aaa2-4a431ccbd93e",
                    "security_groups": ["5ec00000-0000-4000-8000-000000000001"],
                ]
            ], "90470000-0000-4000-8000-000000000001"),
        make(
            "neutron", "/v2.0/floatingips",
            [
                "floatingip": [
                    "floating_network_id": "307fbb9a-5830-474d-bad7-807ebe495265",
                    "port_id": "90470000-0000-4000-8000-000000000001",
                ]
            ]),
    ]

    private static func rule(_ more: [String: JSONValue]) -> Step {
        let rule: [String: JSONValue] = [
            "security_group_id": "5ec00000-0000-4000-8000-000000000001", "direction": "ingress",
        ]
        return make(
            "neutron", "/v2.0/security-group-rules", ["security_group_rule": .object(rule.merging(more) { $1 })])
    }

    private static func make(
        _ service: String, _ path: String, _ body: JSONValue, _ recordedId: String? = nil
    ) -> Step {
        .send(method: "POST", service: service, path: path, body: body, token: "portal", recordedId: recordedId)
    }

    private static let nova: [Int: [Step]] = [
        25: [.key("k1")],
        38: network + [
            make(
                "nova", "/v2.1/servers",
                [
                    "server": [
                        "name": "vm1", "flavorRef": "28992516-c12b-4e7f-9cf1-f1e25853377e",
                        "imageRef": "964a1efb-134b-47be-89f8-929460898606", "key_name": "k1",
                        "networks": [["port": "90470000-0000-4000-8000-000000000001"]],
                    ]
                ], "a6e4bebf-cab0-4b93-9077-774166b00d09"), .wait(.seconds(5)),
        ],
        53: [.wait(.seconds(1))],
        54: [.wait(.seconds(1))],
        55: [.wait(.seconds(1))],
    ]

    private static let neutron: [Int: [Step]] = [7: network]

    /// The limits that the recorded services had.
    static let recordedLimits: [QuotaScenario.Resource: Int] = [
        .instances: 10, .cores: 20, .ram: 51200, .keyPairs: 100, .serverGroups: 10, .network: 100, .subnet: 100,
        .port: 500, .router: 10, .floatingIP: 50, .securityGroup: 10, .securityGroupRule: 100,
    ]

    private static let outage: [Int: [Step]] = [
        0: [
            .stack(
                "k-timeoutr", "8697390f-2b04-47da-b699-eb9c6da54c5e", resources: tests(["slow": ["wait_secs": 900]])),
            .wait(.seconds(1)), .delete("k-timeoutr", "8697390f-2b04-47da-b699-eb9c6da54c5e"),
        ],
        1: [.keystone(isDown: true)],
        5: [.keystone(isDown: false)],
        6: [.engine(isDown: true)],
        10: [.engine(isDown: false)],
        11: [.signIn(token: "portal-strict", credential: portal)],
        14: [.wait(.seconds(2))],
        17: [.wait(.seconds(3))],
    ]

    /// The request's body where the recording cut it.
    static func body(of exchange: GoldenExchange) -> String? {
        guard let cut = exchange.requestBody.firstRange(of: "<cut: "),
            let size = exchange.requestBody[cut.upperBound...].split(separator: " ").first.flatMap({ Int($0) })
        else { return nil }
        let kept = exchange.requestBody[..<cut.lowerBound]
        let end = "\"}}}}}"
        return kept + String(repeating: "x", count: size - kept.count - end.count) + end
    }

    /// Limits and what is used of them are the cloud's own.
    static func allowsOtherNumbers(_ exchange: GoldenExchange) -> Bool {
        ["limits", "limits-latest", "quota-sets"].contains(exchange.name)
    }
}

import Foundation
import HTTPTypes
import Runtime
import Testing

@testable import FakeCloud

/// Signals at signed addresses (Heat's CloudFormation API).
struct SignedSignalTests {
    private struct Waiting {
        let bench: Bench
        let stack: StackOnBench
        /// The path and query of the signed address of each handle.
        let addresses: [String: String]

        init() async throws {
            bench = try Bench()
            func handle(_ transport: String) -> JSONValue {
                ["type": "OS::Heat::WaitConditionHandle", "properties": ["signal_transport": .string(transport)]]
            }
            stack = try await StackOnBench(
                "s",
                .template(
                    [
                        "h": handle("CFN_SIGNAL"), "other": handle("CFN_SIGNAL"), "none": handle("NO_SIGNAL"),
                        "w": [
                            "type": "OS::Heat::WaitCondition",
                            "properties": ["handle": ["get_resource": "h"], "timeout": 3600],
                        ],
                    ],
                    outputs: .object(
                        ["h", "other", "none"].reduce(into: [:]) {
                            $0[$1] = ["value": ["get_attr": [.string($1), "signal"]]]
                        })),
                bench)
            bench.time.advance(.seconds(1))
            let outputs = try await stack.outputs()
            #expect(outputs["none"] == "{}")
            addresses = try ["h", "other"].reduce(into: [:]) { addresses, name in
                let signal = try JSONValue(parsing: (outputs[name]?.string ?? "").utf8)
                let address = try #require(signal["alarm_url"]?.string)
                addresses[name] = String(address.dropFirst("http://cloud.test".count))
            }
        }

        func put(_ path: String, _ body: JSONValue? = ["status": "SUCCESS", "reason": "done"]) async throws
            -> Bench.Answer
        {
            try await bench.call("PUT", path, body)
        }

        func status() async throws -> JSONValue? { try await stack.get("")["stack"]?["stack_status"] }
    }

    @Test("A signal at the signed address, without a token, ends the waiting")
    func signedSignalEndsTheWaiting() async throws {
        let waiting = try await Waiting()
        #expect(try await waiting.status() == "CREATE_IN_PROGRESS")
        let answer = try await waiting.put(try #require(waiting.addresses["h"]))
        #expect(answer.status == 200)
        #expect(answer.text == "<resource>h</resource>")
        waiting.bench.time.advance(.seconds(2))
        #expect(try await waiting.status() == "CREATE_COMPLETE")
    }

    @Test("The address is in the service catalog")
    func addressIsInTheCatalog() async throws {
        let waiting = try await Waiting()
        let catalog = try await waiting.bench.call(
            "GET", "/identity/v3/auth/catalog", token: try await waiting.bench.token())
        let service = catalog.json?["catalog"]?.array?.first { $0["type"] == "cloudformation" }
        let url = try #require(service?["endpoints"]?[0]?["url"]?.string)
        #expect("http://cloud.test\(waiting.addresses["h"] ?? "")".hasPrefix(url + "/waitcondition/arn%3A"))
    }

    @Test(
        "What is not signed for the resource is refused in Amazon's words",
        arguments: [
            ("Signature", "Signed", 400, "IncompleteSignature"),
            ("AWSAccessKeyId", "Key", 403, "MissingAuthenticationToken"),
            ("Signature=", "Signature=x", 403, "AccessDenied"), ("resources/h", "resources/other", 403, "AccessDenied"),
            ("AWSAccessKeyId=", "AWSAccessKeyId=0", 403, "AccessDenied"),
        ])
    func unsignedIsRefused(part: String, other: String, status: Int, code: String) async throws {
        let waiting = try await Waiting()
        // The last of them: the names of parameters may begin alike.
        var address = try #require(waiting.addresses["h"])
        let range = try #require(address.range(of: part, options: .backwards))
        address.replaceSubrange(range, with: other)
        let answer = try await waiting.put(address)
        #expect(answer.status == status)
        #expect(answer.headers[.contentType] == "application/xml; charset=UTF-8")
        #expect(answer.text.contains("<Type>Sender</Type><Code>\(code)</Code>"), "\(answer.text)")
    }

    @Test("A signature is good for a quarter of an hour, as Keystone has it")
    func signatureEnds() async throws {
        let waiting = try await Waiting()
        let address = try #require(waiting.addresses["h"])
        waiting.bench.time.advance(.seconds(898))
        #expect(try await waiting.put(address, ["status": "FAILURES"]).status == 500)
        waiting.bench.time.advance(.seconds(2))
        #expect(try await waiting.put(address).status == 403)
    }

    @Test("A signature is Amazon's, version 2")
    func signatureIsAmazons() {
        // As keystoneclient's `Ec2Signer` has it.
        let address = SignedAddress(
            method: "GET", host: "foo", path: "/bar",
            query: [
                ("SignatureVersion", "2"), ("SignatureMethod", "HmacSHA256"), ("AWSAccessKeyId", "bogus"),
                ("Timestamp", "2011-11-30T19:21:46Z"),
            ])
        #expect(
            address.signature(with: "966afbde20b84200ae4e62e09acf46b2")
                == "7xx9g0InBUmvP2J7vH7kVEfp1FYLkHpgKXTYQ9EaNqk=")
    }
}

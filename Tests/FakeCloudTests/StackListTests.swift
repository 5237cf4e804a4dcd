import Runtime
import Testing

@testable import FakeCloud

/// Pages of a project's stacks.
struct StackListTests {
    /// A bench with the stacks s0 to s4 and one of another project between them.
    private func bench() async throws -> (bench: Bench, token: String) {
        let bench = try Bench()
        let token = try await bench.token()
        for number in 0..<5 {
            #expect(try await bench.create("s\(number)", token: token).status == 201)
            guard number == 2 else { continue }
            let other = try await bench.token("other")
            let answer = try await bench.call(
                "POST", bench.stacks("other"), token: other,
                ["stack_name": "foreign", "template": ["heat_template_version": "2018-08-31"]])
            #expect(answer.status == 201)
        }
        return (bench, token)
    }

    private func names(_ bench: Bench, _ query: String, _ token: String) async throws -> [String?] {
        let answer = try await bench.call("GET", bench.stacks() + "?" + query, token: token)
        return answer.json?["stacks"]?.array?.map { $0["stack_name"]?.string } ?? []
    }

    @Test("Following the links shows every stack of the project once, newest first or oldest first")
    func links() async throws {
        let (bench, token) = try await bench()
        for (query, order) in [("limit=2", "43210"), ("limit=2&sort_dir=asc", "01234")] {
            var seen: [String] = []
            var next: String? = bench.stacks() + "?" + query
            while let path = next, seen.count < 10 {
                let answer = try await bench.call("GET", path, token: token).json
                seen += answer?["stacks"]?.array?.compactMap { $0["stack_name"]?.string } ?? []
                next = answer?["links"]?[0]?["href"]?.string.map { String($0.dropFirst("http://cloud.test".count)) }
            }
            #expect(seen == order.map { "s\($0)" })
        }
    }

    @Test("A page goes on after its marker, also where the filter leaves the marker out; an unknown one is ignored")
    func markers() async throws {
        let (bench, token) = try await bench()
        let stacks = bench.engine.stacks(in: Bench.region)
        func id(_ name: String) -> String { stacks.first { $0.name == name }?.id ?? "" }
        #expect(try await names(bench, "limit=9&marker=\(id("s3"))&name=s1&name=s0", token) == ["s1", "s0"])
        #expect(try await names(bench, "limit=1&marker=\(id("foreign"))", token) == ["s4"])
        #expect(try await names(bench, "limit=1&marker=nothing", token) == ["s4"])
        #expect(try await names(bench, "sort_keys=stack_name&limit=2&marker=\(id("s1"))", token) == ["s2", "s3"])
        let counted = try await bench.call("GET", bench.stacks() + "?limit=1&with_count=true", token: token)
        #expect(counted.json?["count"] == 5)
    }

    @Test(
        "A list is sorted by the keys that Heat knows, in rising order unless asked otherwise",
        arguments: [
            ("sort_keys=stack_name", "01234"), ("sort_keys=stack_name&sort_dir=desc", "43210"),
            ("sort_keys=name", "43210"), ("sort_keys=creation_time", "01234"),
            ("sort_keys=updated_time", "13402"), ("sort_keys=updated_time&sort_dir=desc", "20431"),
            ("sort_keys=stack_status&sort_keys=updated_time", "13402"),
        ])
    func sorting(query: String, order: String) async throws {
        let (bench, token) = try await bench()
        for number in [0, 2] {
            bench.time.advance(.seconds(1))
            let stack = try #require(bench.engine.stacks(in: Bench.region).first { $0.name == "s\(number)" })
            let answer = try await bench.call(
                "PATCH", bench.stacks() + "/s\(number)/\(stack.id)", token: token, ["tags": "x"])
            #expect(answer.status == 202)
        }
        bench.time.advance(.seconds(1))
        #expect(try await names(bench, query, token) == order.map { "s\($0)" })
    }

    @Test(
        "What a list cannot be asked is refused in Heat's words",
        arguments: [
            (
                "show_deleted=yes", 400,
                "Unrecognized value \"yes\" for \"show_deleted\", acceptable values are: true, false."
            ),
            ("global_tenant=True", 403, "You are not authorized to use stacks:global_index."),
            ("limit=-1", 400, "Value '-1' is invalid for 'limit' which only accepts non-negative integer."),
        ])
    func refusals(query: String, status: Int, message: String) async throws {
        let bench = try Bench()
        let answer = try await bench.call("GET", bench.stacks() + "?" + query, token: try await bench.token())
        #expect(answer.status == status)
        #expect(answer.json?["error"]?["message"] == .string(message))
    }

    @Test("The link to the next page has the query as it was asked, encoded")
    func encoding() async throws {
        let (bench, token) = try await bench()
        let path = bench.stacks() + "?limit=1&not_tags=a%3Ab%2Cc"
        let link = try await bench.call("GET", path, token: token).json?["links"]?[0]?["href"]?.string
        #expect(link?.contains("not_tags=a%3Ab%2Cc&marker=") == true, "\(link ?? "")")
    }
}

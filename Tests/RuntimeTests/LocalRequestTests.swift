import Runtime
import Testing

@Suite struct LocalRequestTests {
    @Test(
        "this machine's own names and addresses are it, and nothing that only looks like them",
        arguments: [
            ("localhost", true), ("127.0.0.1", true), ("127.1.2.3", true), ("::1", true), ("[::1]", true),
            ("::ffff:127.0.0.1", true), ("127.0.0.1.evil.example", false), ("127.evil.example", false),
            ("10.0.0.1", false), ("localhost.evil.example", false), ("", false),
        ])
    func loopback(host: String, isLoopback: Bool) {
        #expect(LocalRequest.isLoopback(host) == isLoopback)
    }

    @Test("a request under another name, or of another site's page, is not a local one")
    func sites() {
        func request(_ authority: String?, _ origin: String? = nil, _ site: String? = nil) -> LocalRequest {
            LocalRequest(authority: authority, origin: origin, fetchSite: site)
        }
        #expect(request("127.0.0.1:8080").isToThisMachine)
        #expect(!request("evil.example:8080").isToThisMachine)
        #expect(!request(nil).isToThisMachine)
        #expect(request("localhost:8080", "http://localhost:8080", "same-origin").isOfNoOtherSite)
        #expect(request("localhost:8080", nil, "none").isOfNoOtherSite)
        #expect(!request("localhost:8080", "http://localhost:9090").isOfNoOtherSite)
        #expect(!request("localhost:8080", nil, "cross-site").isOfNoOtherSite)
        #expect(!request("localhost:8080", "null").isOfNoOtherSite)
    }
}

import Console
import Foundation
import Testing

@Suite struct ConsoleBundleTests {
    /// A folder with what `Sources/Console/build` writes.
    private func withBundle(_ test: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "console-\(ProcessInfo.processInfo.globallyUniqueString)")
        let assets = folder.appendingPathComponent("assets")
        try FileManager.default.createDirectory(at: assets, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data("<html><!--settings--></html>".utf8).write(to: folder.appendingPathComponent("index.html"))
        try Data("run()".utf8).write(to: assets.appendingPathComponent("main-A.js"))
        try Data([31, 139]).write(to: assets.appendingPathComponent("main-A.js.gz"))
        let manifest =
            #"{"page": "index.html", "assets": [{"path": "assets/main-A.js", "contentType": "text/javascript"}]}"#
        try Data(manifest.utf8).write(to: folder.appendingPathComponent("manifest.json"))
        try test(folder)
    }

    @Test("a bundle is its page with the server's settings, and its assets plain and gzipped")
    func bundleIsRead() throws {
        try withBundle { folder in
            let bundle = try ConsoleBundle(folder: folder)
            #expect(bundle.assets.map(\.path) == ["assets/main-A.js"])
            #expect(bundle.assets.map(\.content) == [Array("run()".utf8)])
            #expect(bundle.assets.map(\.gzipped) == [[31, 139]])
            let settings = ConsoleBundle.Settings(
                demo: .init(email: "a@b.test", password: "\"><script>&"), hasControlRoom: true, speed: 2)
            #expect(
                bundle.page(settings) == """
                    <html><meta name="hothouse" content="{&quot;demo&quot;:{&quot;email&quot;:&quot;a@b.test&quot;,\
                    &quot;password&quot;:&quot;\\&quot;>&lt;script>&amp;&quot;},&quot;hasControlRoom&quot;:true,\
                    &quot;speed&quot;:2}"></html>
                    """)
        }
    }

    @Test(
        "a folder without a whole bundle is named", arguments: ["manifest.json", "index.html", "assets/main-A.js.gz"])
    func missingFileIsSaid(_ file: String) throws {
        try withBundle { folder in
            try FileManager.default.removeItem(at: folder.appendingPathComponent(file))
            let missing = #expect(throws: ConsoleBundleMissing.self) { try ConsoleBundle(folder: folder) }
            #expect(missing?.folder == folder.path)
        }
    }

    @Test("a bundle is looked for beside the build products and where an installation keeps it")
    func usualFolders() {
        let folders = ConsoleBundle.usualFolders(executable: URL(fileURLWithPath: "/x/.build/arch/debug/hothouse"))
        #expect(folders.map(\.path) == ["/x/.build/console", "/x/.build/arch/share/hothouse/console"])
    }

    @Test("the policy names the WebSocket's origin and allows no inline script")
    func policy() {
        let policy = ConsoleBundle.contentSecurityPolicy(socketOrigin: "ws://127.0.0.1:8080")
        #expect(
            policy.contains(
                "script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ws://127.0.0.1:8080;"))
        #expect(!policy.contains("unsafe"))
    }
}

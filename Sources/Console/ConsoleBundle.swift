import Foundation

/// The console as `Sources/Console/build` writes it: one page and its assets, whose names change with their content.
public struct ConsoleBundle: Sendable {
    public struct Asset: Equatable, Sendable {
        /// Relative to the page's folder: `assets/main-ABCDEFGH.js`.
        public let path: String
        public let contentType: String
        public let content: [UInt8]
        public let gzipped: [UInt8]
    }

    /// What the server tells the console about itself; it stands in the page.
    public struct Settings: Encodable, Equatable, Sendable {
        public struct Account: Encodable, Equatable, Sendable {
            public let email: String
            public let password: String

            public init(email: String, password: String) {
                self.email = email
                self.password = password
            }
        }

        /// An account that anybody may sign in with.
        public let demo: Account?
        /// Whether a fake cloud is in use, with the control API under `/_hothouse/`.
        public let hasControlRoom: Bool
        /// How many seconds pass for the server in one of the browser's.
        public let speed: Double

        public init(demo: Account?, hasControlRoom: Bool, speed: Double) {
            self.demo = demo
            self.hasControlRoom = hasControlRoom
            self.speed = speed
        }
    }

    public let assets: [Asset]
    private let template: String

    private struct Manifest: Decodable {
        struct Entry: Decodable {
            let path: String
            let contentType: String
        }

        let page: String
        let assets: [Entry]
    }

    /// Reads a built bundle.
    ///
    /// - Throws: ``ConsoleBundleMissing`` where the folder holds none, or not a whole one.
    public init(folder: URL) throws(ConsoleBundleMissing) {
        do {
            let manifest = try JSONDecoder().decode(
                Manifest.self, from: Data(contentsOf: folder.appendingPathComponent("manifest.json")))
            template = try String(contentsOf: folder.appendingPathComponent(manifest.page), encoding: .utf8)
            assets = try manifest.assets.map { entry in
                let file = folder.appendingPathComponent(entry.path)
                return Asset(
                    path: entry.path, contentType: entry.contentType, content: try [UInt8](Data(contentsOf: file)),
                    gzipped: try [UInt8](Data(contentsOf: file.appendingPathExtension("gz"))))
            }
        } catch {
            throw ConsoleBundleMissing(folder: folder.path, reason: error.localizedDescription)
        }
    }

    /// Where a bundle is looked for when no setting says it: beside the build products (`.build/console`), and where
    /// an installation keeps it (`…/bin/hothouse` and `…/share/hothouse/console`).
    ///
    /// - Parameter executable: the running command.
    public static func usualFolders(executable: URL) -> [URL] {
        let folder = executable.resolvingSymlinksInPath().deletingLastPathComponent()
        return ["../../console", "../share/hothouse/console"].map {
            folder.appendingPathComponent($0).standardizedFileURL
        }
    }

    /// The page. The settings are in a `meta` element, since the policy allows no script in the page.
    public func page(_ settings: Settings) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let json = (try? encoder.encode(settings)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
        let escaped = json.replacing("&", with: "&amp;").replacing("\"", with: "&quot;").replacing("<", with: "&lt;")
        return template.replacing("<!--settings-->", with: "<meta name=\"hothouse\" content=\"\(escaped)\">")
    }

    /// The report of a run as one page.
    ///
    /// - Parameters:
    ///   - folder: of the built bundle.
    ///   - run: JSON: `{scenario, about, seed, failures: [text], trace: [line]}`.
    /// - Throws: ``ConsoleBundleMissing``.
    public static func report(folder: URL, run: String) throws(ConsoleBundleMissing) -> String {
        let template: String
        do {
            template = try String(contentsOf: folder.appendingPathComponent("report.html"), encoding: .utf8)
        } catch {
            throw ConsoleBundleMissing(folder: folder.path, reason: error.localizedDescription)
        }
        // Without an angle bracket nothing in it ends the element that it stands in.
        return template.replacing("<!--run-->", with: run.replacing("<", with: "\\u003c"), maxReplacements: 1)
    }

    /// What the page may do: run and show what this server serves, and talk to it.
    ///
    /// - Parameter socketOrigin: of the WebSocket, `ws://127.0.0.1:8080`; not every browser counts it as `'self'`.
    public static func contentSecurityPolicy(socketOrigin: String?) -> String {
        let connect = ["'self'", socketOrigin].compactMap { $0 }.joined(separator: " ")
        return """
            default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src \(connect); \
            base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'
            """
    }
}

/// The console was not built, or not where it is looked for.
public struct ConsoleBundleMissing: Error, Equatable, CustomStringConvertible {
    public let folder: String
    public let reason: String

    public var description: String { "no web console in \(folder): \(reason)" }
}

import Console
import Foundation
import HTTPAPI
import Logging

/// The web console beside the API: the built one, or a page that says how to build it.
struct ServedConsole {
    let pages: [Page]
    let site: Site?

    init(settings: ServeSettings, demo: (email: String, password: String)?, hasControlRoom: Bool, logger: Logger) {
        let usual = ConsoleBundle.usualFolders(executable: Bundle.main.executableURL ?? URL(fileURLWithPath: "."))
        let folders = settings.consolePath.map { [URL(fileURLWithPath: $0)] } ?? usual
        var bundle: ConsoleBundle?
        var missing: [ConsoleBundleMissing] = []
        for folder in folders where bundle == nil {
            do {
                bundle = try ConsoleBundle(folder: folder)
            } catch {
                missing.append(error)
            }
        }
        guard let bundle else {
            logger.notice(
                "\(missing.first?.description ?? "no web console"); the API works without it; build it with \(Console.buildCommand), which needs \(Console.buildPackages)"
            )
            pages = Self.firstPages(demo: demo)
            site = nil
            return
        }
        let page = bundle.page(
            ConsoleBundle.Settings(
                demo: demo.map { .init(email: $0.email, password: $0.password) }, hasControlRoom: hasControlRoom,
                speed: settings.speed))
        let publicURL = settings.publicURL
        pages = []
        site = Site(
            root: "/console",
            files: bundle.assets.map {
                Site.File(path: $0.path, contentType: $0.contentType, content: $0.content, gzipped: $0.gzipped)
            },
            page: page,
            policy: { authority in
                let origin = publicURL.map { "ws" + $0.dropFirst(4) } ?? authority.map { "ws://" + $0 }
                return ConsoleBundle.contentSecurityPolicy(socketOrigin: origin)
            })
    }

    private static func firstPages(demo: (email: String, password: String)?) -> [Page] {
        let policy = Console.contentSecurityPolicy
        return [
            Page(path: "/", contentType: "text/html; charset=utf-8", contentSecurityPolicy: policy) {
                Console.firstPage(baseURL: $0, demo: demo)
            },
            Page(path: "/console.css", contentType: "text/css; charset=utf-8", contentSecurityPolicy: policy) { _ in
                Console.styleSheet
            },
        ]
    }
}

/// What the server shows where the web console was not built: what runs here, how to talk to it, and how to build
/// the console.
public enum Console {
    /// How to build the console, in one line.
    public static let buildCommand = "Sources/Console/build"
    /// What the build needs, of Debian's packages.
    public static let buildPackages = "nodejs esbuild node-typescript node-react node-react-dom"

    /// An HTML page without script; its style sheet is ``styleSheet``, served as `/console.css`.
    ///
    /// - Parameter baseURL: where the server is reached, for the commands to copy.
    public static func firstPage(baseURL: String, demo: (email: String, password: String)?) -> String {
        let account =
            demo.map {
                "<p>A demo account is ready: <code>\($0.email)</code>, password <code>\($0.password)</code>.</p>"
            } ?? ""
        let signIn = demo.map { #"{"email":"\#($0.email)","password":"\#($0.password)","session":"bearer"}"# }
        return """
            <!doctype html>
            <html lang="en">
            <head>
              <meta charset="utf-8">
              <meta name="viewport" content="width=device-width, initial-scale=1">
              <title>Hothouse</title>
              <link rel="stylesheet" href="/console.css">
            </head>
            <body>
              <main>
                <h1>Hothouse</h1>
                <p>A self-service VM portal. This server answers the portal's API.</p>
                \(account)
                <h2>The web console</h2>
                <p>It is not built yet. Build it, then start the server again:</p>
                <pre tabindex="0">apt-get install \(buildPackages)
            \(buildCommand)</pre>
                <h2>A first session</h2>
                <ol>
                  <li>Sign in for a bearer token.
                    <pre tabindex="0">curl -s \(baseURL)/auth/login -H 'Content-Type: application/json' \\
              -d '\(signIn ?? #"{"email":"…","password":"…","session":"bearer"}"#)'</pre></li>
                  <li>See what can be asked for: <code>GET /catalog/regions</code>,
                    <code>/catalog/instance-types</code>, <code>/catalog/images</code>; add a key with
                    <code>POST /ssh-keys</code>.</li>
                  <li>Ask for a VM: <code>POST /deployments</code>.</li>
                  <li>Watch it come up: open a WebSocket at <code>/ws</code> and send
                    <code>{"type":"subscribe","deploymentId":"dep_…"}</code>.</li>
                  <li>Remove it: <code>DELETE /deployments/dep_…</code>.</li>
                </ol>
                <p>Health: <a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a>.</p>
              </main>
            </body>
            </html>
            """
    }

    public static let styleSheet = """
        :root { color-scheme: light dark; --ink: light-dark(#18181b, #fafafa); --paper: light-dark(#ffffff, #09090b);
          --line: light-dark(#e4e4e7, #27272a); --accent: light-dark(#15803d, #4ade80); }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, sans-serif; }
        main { max-width: 44rem; margin: 0 auto; padding: 3rem 1.25rem; }
        h1 { margin: 0; font-size: 2rem; letter-spacing: -0.02em; }
        h2 { margin-top: 2.5rem; font-size: 1.15rem; }
        li { margin: 0.75rem 0; }
        code, pre { font: 0.875em/1.6 ui-monospace, monospace; }
        pre { overflow-x: auto; padding: 0.75rem 1rem; border: 1px solid var(--line); border-radius: 8px; }
        a { color: var(--accent); }
        """

    /// What the page may load: its style sheet.
    public static let contentSecurityPolicy =
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

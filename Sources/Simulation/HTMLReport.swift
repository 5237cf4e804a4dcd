import Runtime
import Scenarios

/// A run as one page that needs nothing else: lanes for users, sockets, server, database and cloud on one time axis.
public struct HTMLReport {
    private let outcome: RunOutcome
    private let story: Scenario

    public init(_ outcome: RunOutcome, of story: Scenario) {
        self.outcome = outcome
        self.story = story
    }

    public var html: String {
        var teller = StoryTeller(story)
        let lines: [JSONValue] = outcome.trace.compactMap { line in
            _ = teller.tell(line)
            guard line.kind != "asks", line.kind != "told", line.kind != "named" else { return nil }
            return [
                "t": .integer(line.t), "n": .integer(line.n), "actor": .string(line.actor), "kind": .string(line.kind),
                "text": .string(teller.named(teller.told(line))), "bad": .bool(line.kind == "failed"),
            ]
        }
        let data: JSONValue = [
            "scenario": .string(story.name), "about": .string(story.about), "seed": .string(String(outcome.seed)),
            "hash": .string(outcome.trace.hash), "milliseconds": .integer(Int(outcome.virtualTime.wholeMilliseconds)),
            "failures": .array(outcome.failureReport(of: story).map { .string($0) }),
            "passed": .bool(outcome.hasPassed),
            "lines": .array(lines),
        ]
        // Nothing in the data can end the element that it is in.
        let text = "\(data)".replacing("<", with: "\\u003c").replacing("\u{2028}", with: "\\u2028")
        return Self.page.replacing("/*DATA*/null", with: text)
    }

    private static let page = """
        <!doctype html>
        <html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
        <title>hothouse run</title>
        <style>
        :root { color-scheme: light dark; --line: light-dark(#d8dee4, #30363d); --soft: light-dark(#57606a, #8b949e);
          --bg: light-dark(#fff, #0d1117); --text: light-dark(#1f2328, #e6edf3); --band: light-dark(#f6f8fa, #161b22);
          --user: light-dark(#0969da, #58a6ff); --socket: light-dark(#8250df, #bc8cff); --server: light-dark(#cf222e, #ff7b72);
          --store: light-dark(#1a7f37, #3fb950); --cloud: light-dark(#9a6700, #d29922); }
        * { box-sizing: border-box } body { margin: 0; font: 14px/1.45 system-ui, sans-serif; background: var(--bg); color: var(--text) }
        header { padding: 16px 24px 8px } h1 { font-size: 20px; margin: 0 } header p { margin: 2px 0; color: var(--soft) }
        .verdict { font-weight: 600 } .passed { color: var(--store) } .failed { color: var(--server) }
        pre { margin: 8px 0; padding: 10px 12px; background: var(--band); border: 1px solid var(--line); border-radius: 6px; overflow: auto; white-space: pre-wrap }
        .tools { display: flex; gap: 10px; flex-wrap: wrap; padding: 8px 24px; position: sticky; top: 0; background: var(--bg); border-bottom: 1px solid var(--line); z-index: 2; align-items: center }
        input[type=search] { flex: 1 1 220px; padding: 6px 10px; border: 1px solid var(--line); border-radius: 6px; background: var(--band); color: inherit; font: inherit }
        label { white-space: nowrap; cursor: pointer } select { font: inherit; padding: 4px; background: var(--band); color: inherit; border: 1px solid var(--line); border-radius: 6px }
        #chart { overflow-x: auto; padding: 0 24px 8px } svg { display: block } .lane { fill: none } .lane:nth-child(odd) { fill: var(--band) }
        text { fill: var(--soft); font-size: 12px } .name { fill: var(--text) } .tick { stroke: var(--line) } circle { cursor: pointer } circle.dim { opacity: .08 } circle.on { stroke: var(--text); stroke-width: 2.5 }
        table { border-collapse: collapse; width: calc(100% - 48px); margin: 8px 24px 40px; font-variant-numeric: tabular-nums } td { padding: 2px 10px 2px 0; vertical-align: top; border-top: 1px solid var(--line) }
        td:nth-child(1), td:nth-child(2) { white-space: nowrap; color: var(--soft) } td:nth-child(3) { overflow-wrap: anywhere } tr.on td { background: var(--band) } tr { cursor: default }
        #tip { position: fixed; max-width: 460px; padding: 6px 10px; background: var(--text); color: var(--bg); border-radius: 6px; pointer-events: none; display: none; z-index: 3; font-size: 13px; overflow-wrap: anywhere }
        </style>
        <header><h1 id="title"></h1><p id="about"></p><p id="facts"></p><pre id="failures" hidden></pre></header>
        <div class="tools"><input type="search" id="filter" placeholder="Filter: an actor, a kind or a text" aria-label="Filter">
        <span id="groups"></span><label>Width <select id="zoom"><option value="1">the window</option><option value="4">×4</option><option value="16">×16</option></select></label><span id="count" style="color:var(--soft)"></span></div>
        <div id="chart"></div><div id="tip" role="status"></div><table id="lines"></table>
        <script>
        const run = /*DATA*/null;
        const byId = id => document.getElementById(id);
        const group = a => a.startsWith("cloud") ? "cloud" : a.startsWith("server") ? "server" : a === "store" ? "store" : a === "story" ? "story" : a.includes("/") ? "socket" : "user";
        const titles = { user: "users", socket: "sockets", server: "server", store: "database", cloud: "cloud", story: "story" };
        const order = ["user", "socket", "server", "store", "cloud", "story"];
        const color = g => g === "story" ? "var(--soft)" : `var(--${g})`;
        const clock = t => { const p = (n, w) => String(n).padStart(w, "0"); return `+${p(Math.floor(t / 60000), 2)}:${p(Math.floor(t / 1000) % 60, 2)}.${p(t % 1000, 3)}`; };
        byId("title").textContent = run.scenario; byId("about").textContent = run.about;
        const verdict = document.createElement("span"); verdict.className = "verdict " + (run.passed ? "passed" : "failed"); verdict.textContent = run.passed ? "passed" : "FAILED";
        byId("facts").append(verdict, ` · seed ${run.seed} · ${(run.milliseconds / 1000).toFixed(3)} s virtual · trace ${run.hash.slice(0, 16)}`);
        if (run.failures.length) { byId("failures").hidden = false; byId("failures").textContent = run.failures.join("\\n"); }
        const actors = [...new Set(run.lines.map(l => l.actor))].sort((a, b) => order.indexOf(group(a)) - order.indexOf(group(b)) || a.localeCompare(b));
        const shown = new Set(order);
        for (const g of order) { if (!actors.some(a => group(a) === g)) continue; const l = document.createElement("label"); const c = document.createElement("input"); c.type = "checkbox"; c.checked = true; c.onchange = () => { c.checked ? shown.add(g) : shown.delete(g); draw(); }; l.append(c, " " + titles[g] + " "); l.style.color = color(g); byId("groups").append(l); }
        const svgns = "http://www.w3.org/2000/svg";
        const make = (name, attributes, parent) => { const e = document.createElementNS(svgns, name); for (const k in attributes) e.setAttribute(k, attributes[k]); parent.append(e); return e; };
        let picked = null;
        function select(n, scroll) { picked = n; document.querySelectorAll(".on").forEach(e => e.classList.remove("on")); document.querySelectorAll(`[data-n="${n}"]`).forEach(e => { e.classList.add("on"); if (scroll && e.tagName === "TR") e.scrollIntoView({ block: "center" }); }); }
        function draw() {
          const words = byId("filter").value.toLowerCase();
          const matches = l => shown.has(group(l.actor)) && (!words || `${l.actor} ${l.kind} ${l.text}`.toLowerCase().includes(words));
          const lanes = actors.filter(a => shown.has(group(a)));
          const left = 24 + 7 * Math.max(4, ...lanes.map(a => a.length)), height = 24, top = 26;
          const width = Math.max(600, (byId("chart").clientWidth - 48) * Number(byId("zoom").value));
          const end = Math.max(1, run.milliseconds, ...run.lines.map(l => l.t));
          const x = t => left + (width - left - 16) * t / end;
          byId("chart").replaceChildren();
          const svg = make("svg", { width, height: top + lanes.length * height + 4, role: "img", "aria-label": "What happened, by actor and time" }, byId("chart"));
          const bands = make("g", {}, svg);
          lanes.forEach((a, i) => { make("rect", { class: "lane", x: 0, y: top + i * height, width, height }, bands); });
          const steps = [100, 500, 1000, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000, 14400000];
          const step = steps.find(s => (width - left) * s / end > 70) || steps.at(-1);
          for (let t = 0; t <= end; t += step) { make("line", { class: "tick", x1: x(t), x2: x(t), y1: top - 4, y2: top + lanes.length * height }, svg); make("text", { x: x(t) + 3, y: 14 }, svg).textContent = clock(t).replace(/\\.000$/, ""); }
          lanes.forEach((a, i) => { make("text", { class: "name", x: 4, y: top + i * height + 16 }, svg).textContent = a; });
          for (const l of run.lines) { const i = lanes.indexOf(l.actor); if (i < 0) continue; const c = make("circle", { cx: x(l.t), cy: top + i * height + height / 2, r: l.kind === "call" ? 3 : 4.5, fill: l.bad || l.kind === "dies" ? "var(--server)" : color(group(l.actor)), "data-n": l.n, class: matches(l) ? "" : "dim" }, svg);
            c.onmousemove = e => { const tip = byId("tip"); tip.textContent = `${clock(l.t)} ${l.actor}: ${l.text}`; tip.style.display = "block"; tip.style.left = Math.min(e.clientX + 12, innerWidth - tip.offsetWidth - 8) + "px"; tip.style.top = e.clientY + 14 + "px"; };
            c.onmouseleave = () => { byId("tip").style.display = "none"; }; c.onclick = () => select(l.n, true); }
          const rows = run.lines.filter(matches);
          byId("count").textContent = `${rows.length} of ${run.lines.length} lines`;
          byId("lines").replaceChildren(...rows.slice(0, 5000).map(l => { const r = document.createElement("tr"); r.dataset.n = l.n; for (const s of [clock(l.t), l.actor, l.text]) { const d = document.createElement("td"); d.textContent = s; r.append(d); } r.children[1].style.color = color(group(l.actor)); r.onmouseenter = () => select(l.n, false); return r; }));
          if (picked) select(picked, false);
        }
        byId("filter").oninput = draw; byId("zoom").onchange = draw; addEventListener("resize", draw); draw();
        </script></html>

        """
}

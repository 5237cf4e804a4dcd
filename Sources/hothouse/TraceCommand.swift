import ArgumentParser
import Foundation
import Simulation

struct TraceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Look at traces of runs.", subcommands: [TraceDiff.self])
}

struct TraceDiff: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Show where two traces part for the first time.",
        discussion: "Exit code 0 means that they are the same, 1 that they are not.")

    @Argument(help: "A trace, as `hothouse run --trace` writes it.")
    var left: String
    @Argument(help: "Another.")
    var right: String

    func run() throws {
        guard let divergence = TraceDivergence.first(in: try text(left), try text(right)) else {
            return Terminal.say("the traces are the same")
        }
        for line in divergence.before { Terminal.say("  \(line)") }
        Terminal.say("- \(divergence.left ?? "(the end)")")
        Terminal.say("+ \(divergence.right ?? "(the end)")")
        let what = divergence.fields.isEmpty ? "" : ": \(divergence.fields.joined(separator: ", "))"
        throw Failure.expectation("the traces part at line \(divergence.line)\(what)")
    }

    private func text(_ path: String) throws -> String {
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw Failure.input("cannot read \(path): \(error.localizedDescription)")
        }
    }
}

import ArgumentParser

@main
struct Hothouse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hothouse",
        abstract: "A self-service VM portal on OpenStack, and a testbed in which it lives without a cloud.",
        discussion: """
            Exit codes: 0 fine, 1 an expectation failed, 2 wrong use or input, 3 the environment (port taken, \
            database unreachable).
            """,
        version: "0.1.0",
        subcommands: [
            Serve.self, Run.self, Explore.self, TraceCommand.self, ServeFakeCloud.self, Check.self, Doctor.self,
            Record.self, ShowTemplate.self, MaintenanceCommand.self, Abandon.self, Orphans.self,
        ])

    /// Argument errors leave with the exit code that this command documents, not the parser's own.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as Failure {
            Terminal.complain(failure.message)
            exit(withError: failure.exitCode)
        } catch {
            let code = exitCode(for: error)
            if code == .success || error is ExitCode { exit(withError: error) }
            Terminal.complain(complaint(of: error))
            exit(withError: ExitCode(2))
        }
    }

    /// What was wrong with the arguments, and the last line of the parser's own message, which names the help.
    private static func complaint(of error: any Error) -> String {
        let what = message(for: error)
        guard let help = fullMessage(for: error).split(separator: "\n").last(where: { $0.contains("--help'") }) else {
            return what
        }
        let end = what.last.map { "?.".contains($0) } == true ? "" : "."
        return "\(what)\(end) \(help.drop { $0 == " " })"
    }
}

/// Why the command ends, in one line, with the exit code of design.md section 10.
struct Failure: Error {
    let message: String
    let exitCode: ExitCode

    /// 1: what was expected did not happen.
    static func expectation(_ message: String) -> Failure { Failure(message: message, exitCode: ExitCode(1)) }
    /// 2: wrong use or input.
    static func input(_ message: String) -> Failure { Failure(message: message, exitCode: ExitCode(2)) }
    /// 3: the environment is not as it must be.
    static func environment(_ message: String) -> Failure { Failure(message: message, exitCode: ExitCode(3)) }
}

import ArgumentParser
import Foundation
import OpenStack
import Runtime
import Scenarios
import Simulation
import UnixSignals
import Workers

struct Record: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Watch a real cloud and write a scenario of it.",
        discussion: """
            It reads what the cloud offers and the events of the project's stacks, also those of the past, times its \
            own calls, and writes how long calls and resources took and what went wrong. Names, ids, addresses and \
            unknown words are left out or made up, so that the file can be shown to others; `hothouse run` plays it, \
            and `hothouse serve --scenario` makes a cloud of it. It changes nothing, but with --try it makes stacks \
            and deletes them again. SIGINT ends it early, with what it has seen. Exit codes: 0 the file is written, 1 \
            a stack of --try is left, 2 the configuration can't be used, 3 nothing answers.
            """)

    @OptionGroup var options: CloudOptions
    @Option(
        name: .customLong("for"), help: ArgumentHelp("How long it watches at least (30s, 30m).", valueName: "time"))
    var duration = "1m"
    @Option(
        name: .customLong("try"),
        help: ArgumentHelp("Make and delete so many stacks of the portal's template in each region.", valueName: "n"))
    var trials = 0
    @Option(help: ArgumentHelp("With --try, their instance type instead of the smallest.", valueName: "name"))
    var instanceType: String?
    @Option(help: ArgumentHelp("With --try, their image instead of the smallest.", valueName: "name"))
    var image: String?
    @Option(help: ArgumentHelp("Where to write the scenario, instead of to standard output.", valueName: "file"))
    var output: String?
    @Option(help: "With --output: what was seen, for people or for programs.")
    var format = OutputFormat.text

    func run() async throws {
        guard let length = Duration(unit: duration) else {
            throw Failure.input("--for is a duration such as 30s or 30m, not \(duration)")
        }
        guard (0...1000).contains(trials) else { throw Failure.input("--try is from 0 to 1000, not \(trials)") }
        guard trials > 0 || (instanceType == nil && image == nil) else {
            throw Failure.input("--instance-type and --image are for --try")
        }
        guard format == .text || output != nil else {
            throw Failure.input("--format json needs --output: the scenario itself is on standard output")
        }
        let settings = try options.settings()
        if let output { try check(output) }
        let workers = try CloudDoors.workerSettings(settings)
        try await settings.withDoors { try await record($0, workers, for: length) }
    }

    /// Finds out now, and not after half an hour, whether the file can be written.
    private func check(_ path: String) throws {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard FileManager.default.isWritableFile(atPath: folder) else {
            throw Failure.environment("cannot write \(path): choose another file with --output")
        }
    }

    private func record(_ doors: CloudDoors, _ settings: WorkerSettings, for length: Duration) async throws {
        let recorder = CloudRecorder(
            doors.regions.map { ($0.id, $0.access) }, settings: settings, surroundings: .production,
            progress: { Terminal.complain($0) })
        let names = doors.regions.map(\.id).joined(separator: ", ")
        Terminal.complain("Watching \(names) for \(duration). Ctrl-C ends it earlier.")
        let trials = CloudRecorder.Trials(count: trials, flavor: instanceType, image: image)
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await recorder.run(for: length, trials: trials)
                return true
            }
            group.addTask {
                var hasAsked = false
                for await _ in signals {
                    if hasAsked { throw Failure.environment(left(recorder) ?? "stopped") }
                    hasAsked = true
                    Terminal.complain("Ending; a second Ctrl-C leaves at once.")
                    recorder.stop()
                }
                return false
            }
            defer { group.cancelAll() }
            while let isOver = try await group.next(), !isOver {}
        }
        let recording: Recording
        do {
            recording = try recorder.recording()
        } catch let failure as RecordingFailure {
            throw Failure.environment("\(failure); `hothouse doctor --cloud …` says why")
        }
        try show(recording)
        if let left = left(recorder) { throw Failure.expectation(left) }
    }

    private func left(_ recorder: CloudRecorder) -> String? {
        let names = recorder.leftovers
        return names.isEmpty
            ? nil : "may be left in the cloud: \(names.joined(separator: " ")); remove it with openstack stack delete"
    }

    private func show(_ recording: Recording) throws {
        guard let output else { return Terminal.say(String(recording.yaml.dropLast())) }
        try Story.write(recording.yaml, to: output)
        if format == .json {
            let summary: JSONValue = [
                "file": .string(output), "regions": .integer(recording.regions), "calls": .integer(recording.calls),
                "failedCalls": .integer(recording.failedCalls), "stacks": .integer(recording.stacks),
                "stackFailures": .integer(recording.stackFailures), "makesVMs": .bool(recording.makesVMs),
            ]
            Terminal.say("\(summary)")
            return
        }
        Terminal.say(
            "\(output): \(recording.calls) calls, \(recording.failedCalls) of them went wrong; \(recording.stacks) stacks, "
                + "\(recording.stackFailures) of them failed")
        if !recording.makesVMs { Terminal.say("Nobody could make a VM in such a cloud, so its story has none.") }
        Terminal.say("Look through it before you show it to others. Play it: hothouse run \(output)")
    }
}

import ArgumentParser
import Scenarios

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read scenario files and tell what is wrong with them.",
        discussion: "Exit code 2 means that something is: each mistake is told with its file, line and column.")

    @Argument(help: "Scenario files, or folders of them.")
    var files: [String] = []
    @Flag(help: "Print the JSON Schema of scenarios, for editors that complete and check by one.")
    var schema = false

    func run() throws {
        if schema { Terminal.say("\(ScenarioSchema.json)") }
        guard schema || !files.isEmpty else { throw Failure.input("which files? hothouse check scenarios/") }
        var problems: [String] = []
        for argument in files {
            do {
                for file in try Story.files([argument]) {
                    do {
                        let stories = try Story.loadMatrix(file)
                        let count = stories.count > 1 ? " (\(stories.count) combinations)" : ""
                        Terminal.say("\(file): \(stories[0].name)\(count)")
                    } catch let failure as Failure {
                        problems.append(failure.message)
                    }
                }
            } catch let failure as Failure {
                problems.append(failure.message)
            }
        }
        guard problems.isEmpty else { throw Failure.input(problems.joined(separator: "\n")) }
    }
}

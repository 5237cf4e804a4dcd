import ArgumentParser
import Scenarios

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Read scenario files and tell what is wrong with them.")

    @Argument(help: "Scenario files, or folders of them.")
    var files: [String]

    func run() throws {
        var problems: [String] = []
        for file in try Story.files(files) {
            do {
                Terminal.say("\(file): \(try Story.load(file).name)")
            } catch let failure as Failure {
                problems.append(failure.message)
            }
        }
        guard problems.isEmpty else { throw Failure.input(problems.joined(separator: "\n")) }
    }
}

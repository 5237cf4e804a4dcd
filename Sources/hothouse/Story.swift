import FakeCloud
import Foundation
import Scenarios

/// Reads scenario files for the command.
enum Story {
    /// A story; of one with a matrix the first combination.
    ///
    /// - Throws: ``Failure`` with every mistake in the file, one a line.
    static func load(_ path: String, standardCloud: CloudScenario = .standard) throws -> Scenario {
        let bytes = try bytes(path)
        do {
            return try Scenario(parsing: bytes, file: path, standardCloud: standardCloud, parts: parts)
        } catch {
            throw Failure.input(error.description)
        }
    }

    /// All combinations of a story's matrix; one where there is none.
    ///
    /// - Parameter parameters: instead of those in the file.
    /// - Throws: ``Failure`` with every mistake in the file, one a line.
    static func loadMatrix(_ path: String, parameters: [String: String] = [:]) throws -> [Scenario] {
        let bytes = try bytes(path)
        do {
            return try Scenario.all(
                parsing: bytes, file: path, standardCloud: .standard, parts: parts, overrides: parameters)
        } catch {
            throw Failure.input(error.description)
        }
    }

    /// Parts of stories, from the disk.
    private static let parts = StoryParts { path in
        do {
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw StoryParts.Unreadable(error.localizedDescription)
        }
    }

    /// - Throws: ``Failure`` with every mistake in the catalog, one a line.
    static func loadCatalog(_ path: String) throws -> CloudScenario {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw Failure.input("cannot read \(path): \(error.localizedDescription)")
        }
        do {
            return try CloudScenario(catalog: text, file: path)
        } catch {
            throw Failure.input(error.description)
        }
    }

    /// The values of a scenario file, whatever they say.
    ///
    /// - Throws: ``Failure``, `ScenarioErrors`.
    static func document(_ path: String) throws -> StoryDocument {
        try StoryDocument(parsing: bytes(path), file: path, parts: parts)
    }

    private static func bytes(_ path: String) throws -> Data {
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw Failure.input("cannot read \(path): \(error.localizedDescription)")
        }
    }

    /// - Throws: ``Failure`` where the file cannot be written.
    static func write(_ text: String, to path: String) throws {
        do {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        } catch {
            throw Failure.environment("cannot write \(path): \(error.localizedDescription)")
        }
    }

    /// - Throws: ``Failure`` with every mistake in all of the files.
    static func loadAll(_ paths: [String], parameters: [String: String]) throws -> [[Scenario]] {
        var problems: [String] = []
        let stories = try paths.compactMap { path -> [Scenario]? in
            do {
                return try loadMatrix(path, parameters: parameters)
            } catch let failure as Failure {
                problems.append(failure.message)
                return nil
            }
        }
        guard problems.isEmpty else { throw Failure.input(problems.joined(separator: "\n")) }
        return stories
    }

    /// The files that arguments name: a folder stands for the scenarios in it and in its folders, by their names.
    static func files(_ paths: [String]) throws -> [String] {
        try paths.flatMap { path -> [String] in
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw Failure.input("no such file: \(path)")
            }
            guard isFolder.boolValue else { return [path] }
            let names = try FileManager.default.subpathsOfDirectory(atPath: path).filter {
                ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml")) && !$0.hasSuffix(StoryParts.suffix)
            }
            guard !names.isEmpty else { throw Failure.input("no scenario in \(path)") }
            return names.sorted().map { (path.hasSuffix("/") ? path : path + "/") + $0 }
        }
    }
}

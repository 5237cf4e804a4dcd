/// Where the parts of stories are read from (`use: [network.part.yaml]`).
public struct StoryParts: Sendable {
    /// Why a part cannot be read, for people.
    public struct Unreadable: Error, CustomStringConvertible {
        public let reason: String
        public var description: String { reason }

        public init(_ reason: String) {
            self.reason = reason
        }
    }

    /// Files that end so are parts of stories, and no stories.
    public static let suffix = ".part.yaml"

    /// No part can be read: for stories that come from somewhere else than a disk.
    public static let none = StoryParts { _ in throw Unreadable("a story that is no file has no parts") }

    let bytes: @Sendable (String) throws -> [UInt8]

    /// - Parameter bytes: reads a file, by a path that begins where the story's own path begins; throws ``Unreadable``.
    public init(_ bytes: @escaping @Sendable (String) throws -> [UInt8]) {
        self.bytes = bytes
    }

    /// The path of a part from where the story's path begins.
    ///
    /// - Parameter file: that names the part.
    /// - Returns: nil for an absolute path.
    static func path(of part: String, from file: String) -> String? {
        guard !part.hasPrefix("/") else { return nil }
        var folders = file.split(separator: "/", omittingEmptySubsequences: false).dropLast().map(String.init)
        for name in part.split(separator: "/") where name != "." {
            if name == "..", let last = folders.last, last != "..", !last.isEmpty {
                folders.removeLast()
            } else {
                folders.append(String(name))
            }
        }
        return folders.joined(separator: "/")
    }
}

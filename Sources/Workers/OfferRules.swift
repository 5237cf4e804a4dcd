import Foundation

/// Which of a cloud's instance types and images customers see, by name: shell patterns (POSIX `fnmatch`), of which
/// those that begin with `!` take away. What matches no taking pattern and, where there are others, one of those, is
/// offered.
public struct OfferRules: Equatable, Sendable {
    public var instanceTypes: [String]
    public var images: [String]

    public init(instanceTypes: [String] = [], images: [String] = []) {
        self.instanceTypes = instanceTypes
        self.images = images
    }

    func offersInstanceType(_ name: String) -> Bool { Self.offers(name, by: instanceTypes) }
    func offersImage(_ name: String) -> Bool { Self.offers(name, by: images) }

    private static func offers(_ name: String, by patterns: [String]) -> Bool {
        let (taking, giving) = (patterns.filter { $0.hasPrefix("!") }, patterns.filter { !$0.hasPrefix("!") })
        guard !taking.contains(where: { fnmatch(String($0.dropFirst()), name, 0) == 0 }) else { return false }
        return giving.isEmpty || giving.contains { fnmatch($0, name, 0) == 0 }
    }
}

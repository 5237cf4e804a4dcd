import Runtime
import Scenarios

/// Takes a story that fails apart until nothing more can be left out: whole parts first, then ever smaller ones, then
/// numbers and times.
struct Shrinker {
    /// So many stories are played at most.
    var budget = 300
    /// Whether a story still fails in the same way.
    let fails: (StoryDocument) -> Bool

    /// - Returns: the smallest story that was found, and how many were played for it.
    func shrink(_ document: StoryDocument) -> (document: StoryDocument, attempts: Int) {
        var best = document
        var attempts = 0
        func attempt(_ candidate: StoryDocument) -> Bool {
            guard attempts < budget, candidate != best else { return false }
            attempts += 1
            guard fails(candidate) else { return false }
            best = candidate
            return true
        }
        var isSmaller = true
        while isSmaller, attempts < budget {
            isSmaller = false
            // Removals move the positions of what follows, so the list is made anew after each.
            var index = 0
            while attempts < budget {
                let candidates = best.removals
                guard index < candidates.count else { break }
                if attempt(candidates[index]) { isSmaller = true } else { index += 1 }
            }
            index = 0
            while attempts < budget {
                let candidates = best.simplifications
                guard index < candidates.count else { break }
                if attempt(candidates[index]) { isSmaller = true } else { index += 1 }
            }
        }
        return (best, attempts)
    }
}

extension StoryDocument {
    /// The same document without one of its parts, the largest parts first.
    var removals: [StoryDocument] {
        rewritten { value in
            switch value {
            case .text: return []
            case .list(let items):
                var results: [StoryDocument] = []
                var size = items.count
                while size >= 1 {
                    for start in stride(from: 0, to: items.count, by: size) {
                        results.append(.list(Array(items[..<start] + items[min(start + size, items.count)...])))
                    }
                    size /= 2
                }
                return results
            case .map(let members):
                return members.indices.map { index in
                    var rest = members
                    rest.remove(at: index)
                    return .map(rest)
                }
            }
        }.sorted { $0.weight < $1.weight }
    }

    /// The same document with one number or time smaller, or one range a single value.
    var simplifications: [StoryDocument] {
        rewritten { value in
            guard case .text(let text, let isQuoted) = value else { return [] }
            return Self.simpler(text).map { .text($0, isQuoted: isQuoted) }
        }
    }

    private static func simpler(_ text: String) -> [String] {
        if let range = text.firstRange(of: "..") {
            return [String(text[..<range.lowerBound]), String(text[range.upperBound...])]
        }
        if let number = Int(text), number > 1 { return ["1", "\(number / 2)"] }
        guard let duration = Duration(unit: text), duration > .zero else { return [] }
        var found: [String] = []
        for unit in [Duration.seconds(3600), .seconds(60), .seconds(1), .milliseconds(100)] where duration > unit {
            found.append((unit * Int(duration / unit)).shown)
        }
        found.append(Duration.milliseconds(max(1, duration.wholeMilliseconds / 2)).shown)
        return found.filter { $0 != text }
    }

    /// All documents in which one value, at any depth, is another.
    private func rewritten(_ others: (StoryDocument) -> [StoryDocument]) -> [StoryDocument] {
        var results = others(self)
        switch self {
        case .text: break
        case .list(let items):
            for (index, item) in items.enumerated() {
                for other in item.rewritten(others) {
                    var changed = items
                    changed[index] = other
                    results.append(.list(changed))
                }
            }
        case .map(let members):
            for (index, member) in members.enumerated() {
                for other in member.value.rewritten(others) {
                    var changed = members
                    changed[index].value = other
                    results.append(.map(changed))
                }
            }
        }
        return results
    }

    /// How many values it has.
    var weight: Int {
        switch self {
        case .text: 1
        case .list(let items): items.reduce(1) { $0 + $1.weight }
        case .map(let members): members.reduce(1) { $0 + 1 + $1.value.weight }
        }
    }
}

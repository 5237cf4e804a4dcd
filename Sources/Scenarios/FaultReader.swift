import Runtime
import Yams

extension FaultRule {
    /// Reads one rule from YAML or JSON text, as the control API is sent it.
    ///
    /// - Parameters:
    ///   - regions: those that there are.
    ///   - others: the ids that are taken.
    /// - Throws: ``ScenarioErrors`` with all that is wrong, by line and column.
    public init(
        parsing text: String, file: String, regions: [String], others: [String]
    ) throws(ScenarioErrors) {
        let rule = try YAMLDocument.read(text, file: file, what: "a rule") { reader -> FaultRule? in
            let rule = FaultReader(issues: reader.issues, regions: regions).rule(&reader)
            if let rule, others.contains(rule.id) {
                reader.issues.add(reader.place, "there is a rule \(rule.id) already")
            }
            return rule
        }
        guard let rule else { preconditionFailure("a rule that cannot be read has issues") }
        self = rule
    }
}

/// Reads `cloud.faults`.
struct FaultReader {
    let issues: Issues
    let regions: [String]

    func read(_ cloud: inout MapReader) -> [FaultRule] {
        let rules = cloud.list("faults") { node -> FaultRule? in
            var reader = MapReader(node, issues)
            let rule = rule(&reader)
            reader.refuseUnknownKeys()
            return rule
        }
        for (index, rule) in rules.enumerated() where rules[..<index].contains(where: { $0.id == rule.id }) {
            issues.add(rule.place, "two rules are called \(rule.id)")
        }
        return rules
    }

    func rule(_ reader: inout MapReader) -> FaultRule? {
        let id = reader.string("id", required: true)
        let (operations, isForAll) = operations(&reader)
        let target = reader.map("where") { target in
            FaultRule.Target(region: target.word("region", of: regions), stack: target.string("stack"))
        }
        let when = reader.map("when", condition) ?? FaultRule.When()
        let effect = effect(&reader)
        let answers = reader.map("answer", answers) ?? []
        let delay = reader.spread("delay")
        let isLayer = reader.bool("layer") ?? false
        guard let id else { return nil }
        let rule = FaultRule(
            id: id, operations: operations, isForAll: isForAll, target: target ?? FaultRule.Target(), when: when,
            effect: effect, answers: answers, delay: delay, isLayer: isLayer, place: reader.place,
            source: reader.source)
        check(rule)
        return rule
    }

    private func check(_ rule: FaultRule) {
        let place = rule.place
        if rule.effect == nil, rule.answers.isEmpty, rule.delay == nil {
            issues.add(place, "\(rule.id) does nothing: effect, answer and delay are missing")
        }
        if rule.isLayer, rule.delay == nil || !rule.answers.isEmpty || rule.effect != nil {
            issues.add(place, "a layer has a delay and nothing else")
        }
        if !rule.when.nth.isEmpty, rule.when.chance != nil {
            issues.add(place, "nth under chance: whether the nth request meets it is left to luck; say one of them")
        }
        if case .late? = rule.effect, rule.answers.isEmpty {
            issues.add(place, "late needs an answer: what the cloud will say is not known yet")
        }
        let isUnread = rule.answers.contains { choice in
            choice.answer.breakage == .refuse || choice.answer.breakage == .reset(.beforeRequest)
        }
        if isUnread, let effect = rule.effect, effect != .none {
            issues.add(place, "a request that is refused or reset before it was read has no effect")
        }
    }

    // Which requests.

    private func operations(_ reader: inout MapReader) -> (names: [String], isForAll: Bool) {
        guard let node = reader.node("op", required: true) else { return ([], false) }
        let patterns: [(text: String, place: Place)]
        if case .sequence(let items) = node {
            patterns = items.compactMap { item in
                item.string(issues, what: "op").map { ($0, item.place(issues)) }
            }
            if items.isEmpty { issues.add(node.place(issues), "op is an empty list") }
        } else {
            patterns = node.string(issues, what: "op").map { [($0, node.place(issues))] } ?? []
        }
        var names: [String] = []
        for (text, place) in patterns {
            let found = CloudReader.operations.filter { matches(text, $0) }
            if found.isEmpty {
                issues.add(place, "unknown operation \(text)\(suggestion(text, CloudReader.operations))")
            }
            names += found.filter { !names.contains($0) }
        }
        return (names, patterns.contains { $0.text == "*" })
    }

    private func matches(_ pattern: String, _ name: String) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return pattern == name }
        guard name.hasPrefix(first), name.hasSuffix(last), name.count >= first.count + last.count else { return false }
        var rest = name.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = rest.firstRange(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }

    private func condition(_ reader: inout MapReader) -> FaultRule.When {
        let numbers = 1...1_000_000_000
        var when = FaultRule.When()
        if let node = reader.node("nth") {
            if case .sequence(let items) = node {
                when.nth = items.compactMap { $0.integer(issues, what: "nth", in: numbers) }
                if items.isEmpty { issues.add(node.place(issues), "nth is an empty list: it never fires") }
            } else if let number = node.integer(issues, what: "nth", in: numbers) {
                when.nth = [number]
            }
        }
        when.first = reader.integer("first", in: numbers)
        when.every = reader.integer("every", in: numbers)
        when.afterCount = reader.integer("afterCount", in: 0...1_000_000_000)
        when.chance = reader.percent("chance")
        when.window = reader.map("window", window)
        if let word = reader.word("per", of: FaultRule.Scope.allCases.map(\.rawValue)) {
            when.per = FaultRule.Scope(rawValue: word) ?? .global
        }
        return when
    }

    private func window(_ reader: inout MapReader) -> FaultRule.Window {
        let from = reader.spread("from") ?? .fixed(.zero)
        let end: FaultRule.Window.End
        switch (reader.spread("to"), reader.spread("for")) {
        case (let to?, nil):
            end = .at(to)
            if to.latest <= from.earliest { issues.add(reader.place, "the window ends before it begins") }
        case (nil, let length?): end = .after(length)
        case (nil, nil): end = .never
        case (_?, _?):
            issues.add(reader.place, "a window has a to or a for, not both")
            end = .never
        }
        return FaultRule.Window(from: from, end: end)
    }

    // What happens.

    private func effect(_ reader: inout MapReader) -> FaultRule.Effect? {
        guard let node = reader.node("effect") else { return nil }
        if case .mapping = node {
            var late = MapReader(node, issues)
            let delay = late.spread("late", required: true)
            late.refuseUnknownKeys()
            return delay.map { .late($0) }
        }
        switch node.string(issues, what: "effect") {
        case "none"?: return FaultRule.Effect.none
        case "applied"?: return .applied
        case let text?:
            issues.add(node.place(issues), "effect is none, applied or { late: 20s }, not \(text)")
            return nil
        case nil: return nil
        }
    }

    private func answers(_ reader: inout MapReader) -> [FaultRule.Choice] {
        guard let node = reader.node("pick") else {
            return [FaultRule.Choice(weight: 1, answer: answer(&reader))]
        }
        guard case .sequence(let items) = node else {
            issues.add(node.place(issues), "pick is a list of answers with weights")
            return []
        }
        let choices = items.map { item in
            var choice = MapReader(item, issues)
            let weight = choice.integer("weight", in: 0...1_000_000, required: true) ?? 0
            let answer = answer(&choice)
            choice.refuseUnknownKeys()
            return FaultRule.Choice(weight: weight, answer: answer)
        }
        if choices.reduce(0, { $0 + $1.weight }) == 0 {
            issues.add(node.place(issues), "the weights sum to 0: nothing can be picked")
        }
        return choices
    }

    private func answer(_ reader: inout MapReader) -> FaultRule.Answer {
        let sizes = 0...(1 << 20)
        var answer = FaultRule.Answer()
        answer.status = reader.integer("status", in: 200...599)
        var bodies: [FaultRule.Answer.Body] = []
        if let node = reader.node("json") { bodies.append(.json(node.json)) }
        if let html = reader.string("html") { bodies.append(.html(html)) }
        if let text = reader.string("text") { bodies.append(.text(text)) }
        if reader.bool("empty") == true { bodies.append(.empty) }
        if let count = reader.integer("garbage", in: sizes) { bodies.append(.garbage(count)) }
        answer.body = bodies.first
        if bodies.count > 1 { issues.add(reader.place, "an answer has one of json, html, text, empty and garbage") }
        answer.error = reader.string("error")
        if answer.error != nil, !bodies.isEmpty || answer.status.map({ $0 < 400 }) ?? true {
            issues.add(reader.place, "error is of the service's own body for a status from 400 on")
        }
        answer.headers = headers(&reader)
        answer.retryAfter = reader.spread("retryAfter")
        answer.truncate = reader.integer("truncate", in: sizes)
        answer.slow = reader.map("slow") { slow in
            FaultRule.Answer.Pace(
                chunk: slow.integer("chunk", in: 1...(1 << 20)) ?? 1,
                every: slow.duration("every", required: true) ?? .zero)
        }
        answer.breakage = breakage(&reader)
        let isWhole = bodies.isEmpty && answer.status == nil && answer.truncate == nil && answer.slow == nil
        switch answer.breakage {
        case nil, .reset(.midBody)?: break
        default:
            if !isWhole || !answer.headers.isEmpty || answer.retryAfter != nil {
                issues.add(reader.place, "a connection that ends before the answer has none")
            }
        }
        if answer == FaultRule.Answer() { issues.add(reader.place, "the answer says nothing") }
        return answer
    }

    private func headers(_ reader: inout MapReader) -> [FaultRule.Header] {
        guard let node = reader.node("headers") else { return [] }
        var headers = MapReader(node, issues)
        return headers.allEntries().compactMap { entry in
            guard let value = entry.node.string(issues, what: entry.name) else { return nil }
            guard entry.name.wholeMatch(of: /[A-Za-z0-9!#$%&'*+.^_`|~-]+/) != nil,
                value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
            else {
                issues.add(entry.place, "no header of HTTP is \(entry.name): \(value)")
                return nil
            }
            return FaultRule.Header(name: entry.name, value: value)
        }
    }

    private func breakage(_ reader: inout MapReader) -> FaultRule.Breakage? {
        var found: [FaultRule.Breakage] = []
        if let word = reader.word("reset", of: FaultRule.Breakage.Moment.allCases.map(\.rawValue)),
            let moment = FaultRule.Breakage.Moment(rawValue: word)
        {
            found.append(.reset(moment))
        }
        if reader.bool("refuse") == true { found.append(.refuse) }
        if let hang = reader.spread("hang") { found.append(.hang(hang)) }
        if found.count > 1 { issues.add(reader.place, "an answer has one of reset, refuse and hang") }
        return found.first
    }
}

extension Node {
    fileprivate func integer(_ issues: Issues, what: String, in range: ClosedRange<Int>) -> Int? {
        guard case .scalar(let scalar) = self, let number = Int(scalar.string), range.contains(number) else {
            issues.add(place(issues), "\(what) is a whole number from \(range.lowerBound), not \(shown)")
            return nil
        }
        return number
    }
}

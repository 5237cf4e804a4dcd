import Runtime
import Scenarios

/// A rule that is armed, and how it has done so far.
public struct ArmedFault: Sendable {
    public let rule: FaultRule
    public let armedAt: Timestamp
    /// Whether it came through the control API, not from the story.
    public let isLive: Bool
    /// How many requests it matched, and at how many of them it fired.
    public fileprivate(set) var matched = 0
    public fileprivate(set) var fired = 0
    fileprivate let random: RandomSource
    fileprivate let from: Timestamp
    fileprivate let end: Timestamp?
    /// By what requests are counted together.
    fileprivate var counts: [String: Int] = [:]
    /// When requests were let through, by the same, as far back as the rule's rate looks.
    fileprivate var letThrough: [String: [Timestamp]] = [:]

    fileprivate init(_ rule: FaultRule, at instant: Timestamp, isLive: Bool, random: RandomSource) {
        self.rule = rule
        armedAt = instant
        self.isLive = isLive
        self.random = random
        let window = random.stream("window")
        from = instant + (rule.when.window?.from.draw(from: window) ?? .zero)
        switch rule.when.window?.end {
        case .at(let end): self.end = instant + end.draw(from: window)
        case .after(let length): self.end = from + length.draw(from: window)
        case .never, nil: end = nil
        }
    }
}

/// What a rule looks at in a request.
struct FaultSubject {
    let operation: CloudOperation
    let region: String?
    let stack: String?
}

/// What the rules make of one request, with everything drawn.
struct FaultVerdict: Sendable {
    /// The rules that had a part in it, the one that won last.
    var rules: [String] = []
    var delay = Duration.zero
    /// Nil where the service answers as it would.
    var answer: FaultRule.Answer?
    var effect = FaultRule.Effect.applied
    var lateBy = Duration.zero
    var hang = Duration.zero
    var retryAfter: Duration?
    var garbage: [UInt8] = []

    /// Whether a service that asks gets nothing that it can use.
    var isOutage: Bool {
        guard let answer else { return false }
        return answer.breakage != nil || (answer.status.map { $0 >= 500 } ?? false)
    }
}

/// The rules that are armed, in the order in which they are tried.
struct FaultBook: Sendable {
    private(set) var armed: [ArmedFault] = []
    private let random: RandomSource

    /// - Parameter random: each rule draws from a stream of its own of it, named by its id.
    init(_ rules: [FaultRule] = [], random: RandomSource, at instant: Timestamp) {
        self.random = random
        for rule in rules { arm(rule, at: instant, isLive: false) }
    }

    mutating func arm(_ rule: FaultRule, at instant: Timestamp, isLive: Bool) {
        armed.append(ArmedFault(rule, at: instant, isLive: isLive, random: random.stream("fault:" + rule.id)))
    }

    /// - Returns: whether there was such a rule.
    mutating func disarm(_ id: String) -> Bool {
        guard let index = armed.firstIndex(where: { $0.rule.id == id }) else { return false }
        armed.remove(at: index)
        return true
    }

    /// Counts a request that has come, and decides on it.
    mutating func meet(_ subject: FaultSubject, at instant: Timestamp) -> FaultVerdict {
        var verdict = FaultVerdict()
        var isDecided = false
        for index in armed.indices where armed[index].rule.covers(subject) {
            // Counted and drawn whether or not a rule before has won: rules do not move each other.
            let draws = armed[index].meet(subject, at: instant)
            guard let draws, !isDecided else { continue }
            armed[index].fired += 1
            verdict.add(armed[index].rule, draws)
            isDecided = !armed[index].rule.isLayer
        }
        return verdict
    }
}

extension ArmedFault {
    /// Counts a request.
    ///
    /// - Returns: what to draw from for it, where the rule fires.
    fileprivate mutating func meet(_ subject: FaultSubject, at instant: Timestamp) -> RandomSource? {
        matched += 1
        let key =
            switch rule.when.per {
            case .global: ""
            case .region: subject.region ?? ""
            case .stack: (subject.region ?? "") + "/" + (subject.stack ?? "")
            }
        let number = (counts[key] ?? 0) + 1
        counts[key] = number
        let draws = random.stream("request:\(matched)")
        let isLucky = rule.when.chance.map { draws.fraction() < $0 } ?? true
        let isInWindow = instant >= from && end.map { instant < $0 } ?? true
        return rule.when.admits(number) && isLucky && isInWindow && isTooMuch(key, at: instant) ? draws : nil
    }

    /// Whether so many requests were let through lately that this one is not. Those that are not do not count.
    private mutating func isTooMuch(_ key: String, at instant: Timestamp) -> Bool {
        guard let rate = rule.when.rate else { return true }
        var recent = (letThrough[key] ?? []).filter { $0 + rate.length > instant }
        let isTooMuch = recent.count >= rate.limit
        if !isTooMuch { recent.append(instant) }
        letThrough[key] = recent
        return isTooMuch
    }
}

extension FaultRule {
    fileprivate func covers(_ subject: FaultSubject) -> Bool {
        let isNamed = operations.contains(subject.operation.rawValue) || isForAll
        let isThere = target.region.map { $0 == subject.region } ?? true
        return isNamed && isThere
            && target.stack.map { pattern in subject.stack.map { Glob(pattern).matches($0) } ?? false } ?? true
    }
}

extension FaultRule.When {
    fileprivate func admits(_ number: Int) -> Bool {
        (nth.isEmpty || nth.contains(number)) && first.map { number <= $0 } ?? true
            && every.map { number.isMultiple(of: $0) } ?? true && afterCount.map { number > $0 } ?? true
    }
}

extension FaultVerdict {
    fileprivate mutating func add(_ rule: FaultRule, _ draws: RandomSource) {
        rules.append(rule.id)
        delay += rule.delay?.draw(from: draws) ?? .zero
        guard !rule.isLayer else { return }
        answer = rule.answer(from: draws)
        effect = rule.effect ?? answer?.standardEffect ?? .applied
        if case .late(let spread) = effect { lateBy = spread.draw(from: draws) }
        if case .hang(let spread)? = answer?.breakage { hang = spread.draw(from: draws) }
        if case .garbage(let count)? = answer?.body { garbage = draws.bytes(count) }
        retryAfter = answer?.retryAfter?.draw(from: draws)
    }
}

extension FaultRule {
    fileprivate func answer(from draws: RandomSource) -> Answer? {
        guard answers.count > 1 else { return answers.first?.answer }
        var rest = draws.index(below: answers.reduce(0) { $0 + $1.weight })
        for choice in answers {
            if rest < choice.weight { return choice.answer }
            rest -= choice.weight
        }
        return nil
    }
}

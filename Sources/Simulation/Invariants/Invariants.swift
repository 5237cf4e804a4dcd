/// What must hold in every run, whatever the story: each rule has an id, and is checked against the trace or against
/// the true state of cloud and store at the end.
///
/// A rule looks at evidence only, never at the parts that it judges, so it can be tested with evidence made by hand.
enum Invariants {
    /// Where evidence speaks against a rule.
    struct Violation: Equatable {
        let message: String
        /// Whose lines tell more.
        var actor: String?
        /// The number of the line that shows it.
        var line: Int?
    }

    /// What the trace must show at every step, also of a run that was ended early.
    static let ofTrace: [(id: String, check: @Sendable ([Trace.Line]) -> [Violation])] = [
        ("S1", knownEdges), ("S2", revisionsRiseByOne), ("S3", updatedAtRises), ("S4", nothingResurrects),
        ("S5", deletedIsFinal), ("S6", noCreateWhileRequested), ("S7", activeMeansComplete),
        ("S8", eventsHaveNoGaps), ("S9", errorsAreExplained),
        ("A1", oneDeploymentAKey), ("A3", noKeyForTwoBodies), ("A4", acceptedIsCommitted),
        ("A6", nothingForeignIsAnswered), ("A8", readsNeverGoBack),
        ("R1", framesFollowCommits), ("R2", subscriptionsAreInOrder), ("R3", noUpdateIsLost), ("R5", framesAreWanted),
        ("R6", nothingAfterLogout), ("R10", pagesDoNotPoll),
        ("C4", onlyOwnStacksAreDeleted), ("C5", noCreateAfterDeletion), ("C8", tokensAreMinded), ("C9", pausesAreKept),
        ("W3", nothingSpins),
    ]

    /// What must be true at the end, when all is settled.
    static let ofEnd: [(id: String, check: @Sendable (EndState) -> [Violation])] = [
        ("C1", oneStackADeployment), ("C2", noOrphans), ("C3", activeHasItsStack), ("L1", allIsSettled),
        ("L2", pagesShowWhatIsStored),
    ]

    /// - Parameter secrets: what must not be told to anybody (X1).
    static func failures(of trace: [Trace.Line], secrets: [String] = []) -> [RunFailure] {
        ofTrace.flatMap { rule in failures(rule.id, rule.check(trace)) }
            + failures("X1", nothingSecretIsTold(trace, secrets: secrets))
    }

    static func failures(of end: EndState) -> [RunFailure] {
        ofEnd.flatMap { rule in failures(rule.id, rule.check(end)) }
    }

    private static func failures(_ id: String, _ violations: [Violation]) -> [RunFailure] {
        violations.map { RunFailure($0.message, invariant: id, actor: $0.actor, line: $0.line) }
    }
}

import Runtime

/// What must hold in every run, whatever the story: each rule has an id and a sentence, and is checked against the
/// trace or against the true state of cloud and store at the end.
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

    struct Rule<Evidence>: Sendable {
        let id: String
        /// What must hold; scenarios/README.md has the same words.
        let sentence: String
        let check: @Sendable (Evidence) -> [Violation]

        init(_ id: String, _ sentence: String, _ check: @escaping @Sendable (Evidence) -> [Violation]) {
            self.id = id
            self.sentence = sentence
            self.check = check
        }

        fileprivate func failures(in evidence: Evidence) -> [RunFailure] {
            check(evidence).map { RunFailure($0.message, invariant: id, actor: $0.actor, line: $0.line) }
        }
    }

    /// What the trace must show at every step, also of a run that was ended early.
    static let ofTrace: [Rule<[Trace.Line]>] = [
        Rule("A1", "one idempotency key of a customer makes one deployment at most", oneDeploymentAKey),
        Rule("A2", "all accepted answers to one key are the same", repeatedAnswersAreTheSame),
        Rule("A3", "a key is never good for two bodies", noKeyForTwoBodies),
        Rule("A4", "what was accepted is stored", acceptedIsCommitted),
        Rule("A5", "a create that was refused leaves nothing", refusalsLeaveNothing),
        Rule("A6", "nobody is answered about another customer's deployment", nothingForeignIsAnswered),
        Rule("A7", "a walk through a list shows each deployment once", walksAreWhole),
        Rule("A8", "what a client reads never goes back", readsNeverGoBack),
        Rule("A9", "errors have a code, and tell nothing of what is behind the portal", errorsAreOurs),
        Rule("A10", "every request is answered, or its connection ends", everyRequestEnds),
        Rule("U1", "a session that has ended is good for nothing", endedSessionsAreRefused),
        Rule("S1", "only known changes of status", knownEdges),
        Rule("S2", "each change raises the revision by one", revisionsRiseByOne),
        Rule("S3", "`updatedAt` rises", updatedAtRises),
        Rule("S4", "after DELETING never PROVISIONING or ACTIVE", nothingResurrects),
        Rule("S5", "DELETED is final", deletedIsFinal),
        Rule("S6", "no create while REQUESTED", noCreateWhileRequested),
        Rule("S7", "ACTIVE only with a stack that was complete, and with an address of its own", activeMeansComplete),
        Rule("S8", "events are numbered without gaps, and each change of status has one", eventsHaveNoGaps),
        Rule("S9", "ERROR has a `lastError`", errorsAreExplained),
        Rule("R1", "a frame is never ahead of its commit, and tells what was committed", framesFollowCommits),
        Rule("R2", "a subscription is answered first, then revisions and events rise", subscriptionsAreInOrder),
        Rule("R3", "the newest state comes to every subscribed page that can be reached, within 5 s", noUpdateIsLost),
        Rule("R4", "a frame has the documented keys and no others", framesHaveTheirKeys),
        Rule("R5", "no frame after an unsubscribe, or of another customer's deployment", framesAreWanted),
        Rule("R6", "no data after the session's end", nothingAfterLogout),
        Rule("R7", "what waits for a socket is bounded: 1 MiB and 500 events", queuesAreBounded),
        Rule("R10", "a page fetches once, and once for each reconnect", pagesDoNotPoll),
        Rule("R14", "every event comes to every subscribed page that can be reached, in turn", noEventIsLost),
        Rule("C1", "a deployment has one stack at most, at any time", oneStackAtATime),
        Rule("C4", "only stacks of the portal are deleted", onlyOwnStacksAreDeleted),
        Rule("C5", "no create after a deletion was asked for", noCreateAfterDeletion),
        Rule("C6", "what is said of a stack is true: DELETED is gone, what failed has failed", verdictsAreTrue),
        Rule("C7", "a stack that is missing was gone for the whole minute of evidence", missingStacksAreGone),
        Rule(
            "C8", "a token that was refused or has expired is not used, and one sign-in is under way at a time",
            tokensAreMinded),
        Rule("C9", "no call to a service before the pause is over that it asked for", pausesAreKept),
        Rule("C12", "no region is asked more than 10 times a second, after 50 at once", regionsAreSpared),
        Rule("C13", "no call for a deployment that rests", restIsRest),
        Rule(
            "W3", "no server asks one thing more than 45 times in a minute, or creates a stack six times", nothingSpins),
    ]

    /// What must be true at the end, when all is settled.
    static let ofEnd: [Rule<EndState>] = [
        Rule("A4", "what was committed is stored, whatever died", nothingIsForgotten),
        Rule("C1", "a deployment has one stack at most", oneStackADeployment),
        Rule("C2", "no stack is an orphan", noOrphans),
        Rule("C3", "what is ACTIVE has its stack", activeHasItsStack),
        Rule("L1", "what was asked for has come to rest", allIsSettled),
        Rule("L2", "every open page shows what is stored", pagesShowWhatIsStored),
        Rule("L3", "no socket is left whose peer is gone", nothingIsLeft),
    ]

    static let secrecy = (id: "X1", sentence: "no token, cookie, password or secret in a log, an answer or the trace")

    /// - Parameter secrets: what must not be told to anybody (X1).
    static func failures(of trace: [Trace.Line], secrets: [String] = []) -> [RunFailure] {
        let told = Rule<[Trace.Line]>(secrecy.id, secrecy.sentence) { nothingSecretIsTold($0, secrets: secrets) }
        return (ofTrace + [told]).flatMap { $0.failures(in: trace) }
    }

    static func failures(of end: EndState) -> [RunFailure] {
        ofEnd.flatMap { $0.failures(in: end) }
    }

    /// The user of an actor, whatever the tab.
    static func user(_ actor: String) -> String { String(actor.prefix { $0 != "/" }) }

    /// The users that deployments belong to.
    static func owners(_ trace: [Trace.Line]) -> [String: String] {
        var owners: [String: String] = [:]
        for line in trace where line.kind == "named" {
            if let id = line["deployment"]?.string, let user = line["user"]?.string { owners[id] = user }
        }
        return owners
    }
}

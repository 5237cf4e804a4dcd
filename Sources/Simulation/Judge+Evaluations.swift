import Runtime
import Scenarios

/// Whether there was something to look at for an expectation, or a fault has fired. One that was never looked at proves
/// nothing.
struct Evaluation: Sendable {
    let isEvaluated: Bool
    let place: Place
    /// What is told where it is so in no run of a set.
    let failure: RunFailure

    init(_ isEvaluated: Bool, _ failure: RunFailure, at place: Place) {
        self.isEvaluated = isEvaluated
        self.place = place
        self.failure = failure
    }

    fileprivate init(_ isEvaluated: Bool, _ what: String, at place: Place) {
        self.init(isEvaluated, RunFailure("never looked at: \(what)", at: place), at: place)
    }
}

extension Judge {
    /// Of those expectations for which there may be nothing to look at.
    func evaluations() -> [Evaluation] {
        let expectations = world.scenario.expectations
        let lines = world.trace.lines
        func exists(_ label: String) -> Bool { world.id(label).flatMap(world.committed) != nil }
        let finals = expectations.final.compactMap { final in
            final.given.map { given in
                Evaluation(
                    world.id(given.deployment).flatMap(world.committed)?.status == given.status,
                    "\(given.deployment) was not \(given.status)", at: final.place)
            }
        }
        let nevers = expectations.never.map { never in
            switch never.subject {
            case .status(let label, _), .change(let label, _, _):
                Evaluation(exists(label), "\(label) was never made", at: never.place)
            case .frame(_, let tab):
                Evaluation(
                    lines.contains { line in
                        line.kind == "frame" && tab.map { line.actor.hasSuffix("/" + $0) } ?? true
                    }, "no frame came", at: never.place)
            }
        }
        let sockets = expectations.sockets.map { socket in
            let asksForFrames = socket.sequence.contains { if case .rest = $0 { false } else { true } }
            return Evaluation(
                asksForFrames || !world.frames(of: socket.tab).isEmpty, "no frame came to \(socket.tab)",
                at: socket.place)
        }
        return finals + nevers + sockets + (world.scenario.isOfSet ? faults() : [])
    }
}

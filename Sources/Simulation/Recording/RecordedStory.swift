import FakeCloud
import Runtime
import Scenarios

/// A whole scenario of a recorded cloud: with a user who makes a VM in each region, and one for each thing that went
/// wrong there.
struct RecordedStory {
    /// The file. `hothouse run` plays it, and it passes.
    let yaml: String
    /// Whether what was recorded lets a user make VMs.
    let makesVMs: Bool

    private static let seeds: ClosedRange<UInt64> = 1...12
    /// After so many seeds with which the story fails there is no hope.
    private static let failuresAtMost = 3

    /// Looks for a seed with which the story passes. A rule for faults that fires with none of them goes into a comment,
    /// since a fault that never fires is a failure.
    ///
    /// - Throws: ``RecordingFailure`` where none is found, which is a bug.
    init(_ cloud: RecordedCloud) throws {
        var problems = ""
        for makesVMs in cloud.regionsForVMs.isEmpty ? [false] : [true, false] {
            var best: (seed: UInt64, unused: [String])?
            var failures = 0
            for seed in Self.seeds where best?.unused.isEmpty != true && failures < Self.failuresAtMost {
                let document = Self.document(cloud, faults: cloud.faults, makesVMs: makesVMs, seed: seed)
                let story = try Scenario(
                    parsing: Array(document.yaml.utf8), file: "recorded.yaml", standardCloud: .standard)
                let outcome = play(story)
                let unused = outcome.failures.compactMap { failure in
                    story.cloud.faults.first { $0.place == failure.place }?.id
                }
                guard unused.count == outcome.failures.count else {
                    failures += 1
                    problems = outcome.failures.map(\.description).joined(separator: "\n")
                    continue
                }
                if best.map({ unused.count < $0.unused.count }) ?? true { best = (seed, unused) }
            }
            guard let best else { continue }
            func isUsed(_ fault: StoryDocument) -> Bool { fault["id"]?.text.map { !best.unused.contains($0) } ?? true }
            let document = Self.document(
                cloud, faults: cloud.faults.filter(isUsed), makesVMs: makesVMs, seed: best.seed)
            yaml = Self.text(document, cloud.remarks, cloud.faults.filter { !isUsed($0) })
            self.makesVMs = makesVMs
            return
        }
        throw RecordingFailure("what was recorded makes no story that can be played: \(problems)")
    }

    private static func document(
        _ cloud: RecordedCloud, faults: [StoryDocument], makesVMs: Bool, seed: UInt64
    ) -> StoryDocument {
        var cloudPart = cloud.document
        if !faults.isEmpty { cloudPart["faults"] = .list(faults) }
        // Nothing of them would come to pass.
        if !makesVMs { cloudPart["stacks"] = nil }
        let vms = makesVMs ? Self.vms(cloud) : []
        var script: [StoryDocument] = ["login"]
        for vm in vms { script += vm.steps }
        if vms.isEmpty { script.append(["sleep": "10m"]) }
        let finals: [StoryDocument] =
            vms.map { ["deployment": "\($0.label)", "status": "DELETED"] }
            + (makesVMs ? cloud.regions.map { ["cloud": "\($0)", "liveStacks": "0"] } : [])
        return [
            "scenario": "recorded", "about": "A cloud as it was recorded, and a user who makes VMs in it.",
            "seed": "\(seed)", "time": ["limit": "24h"], "cloud": cloudPart,
            "users": ["user": ["script": .list(script)]],
            "expect": finals.isEmpty ? .map([]) : ["final": .list(finals)],
        ]
    }

    /// One VM that goes well in each region in which any can, and then one for each rule of `cloud.stacks`.
    private static func vms(_ cloud: RecordedCloud) -> [(label: String, steps: [StoryDocument])] {
        var vms: [(String, [StoryDocument])] = []
        for region in cloud.regionsForVMs {
            let troubles: [RecordedLives.Trouble?] = [nil] + cloud.troubles.filter { $0.regionId == region }
            for trouble in troubles {
                let label = "vm-\(vms.count + 1)"
                var order: StoryDocument = ["as": "\(label)", "region": "\(region)"]
                if let type = cloud.order.instanceType { order["instanceType"] = .text(type, isQuoted: false) }
                if let image = cloud.order.image { order["image"] = .text(image, isQuoted: false) }
                order["storage"] = "\(cloud.order.storageGiB)"
                order["idempotencyKey"] = "\(label)"
                func wait(for status: String) -> StoryDocument {
                    ["wait": ["deployment": "\(label)", "status": "\(status)", "within": "2h"]]
                }
                let isFatal = trouble.map { $0.failure.action == .create && $0.failure.times == nil } ?? false
                vms.append(
                    (
                        label,
                        [
                            ["create": order], wait(for: isFatal ? "ERROR" : "ACTIVE"),
                            ["delete": ["deployment": "\(label)"]], wait(for: "DELETED"),
                        ]
                    ))
            }
        }
        return vms
    }

    private static func text(_ document: StoryDocument, _ remarks: [String], _ rare: [StoryDocument]) -> String {
        var lines = remarks.map { "# " + $0 }
        if !rare.isEmpty {
            lines.append("# Calls that went wrong, which this story does not meet; they belong to cloud.faults:")
            let list = StoryDocument.list(rare).yaml
            lines += list.split(separator: "\n").map { "#   " + $0 }
        }
        return lines.map { $0 + "\n" }.joined() + document.yaml
    }
}

/// Nothing came of a recording.
public struct RecordingFailure: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

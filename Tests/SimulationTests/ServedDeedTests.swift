import Deployments
import Runtime
import Scenarios
import Testing

@testable import FakeCloud
@testable import Simulation

@Suite struct ServedDeedTests {
    @Test("a served deed is done at its time, or when a deployment of the name has the status, and is told")
    func deeds() throws {
        let told = try simulated { context in
            let time = context.surroundings.time
            let story = try Library.story(
                text: """
                    scenario: s
                    about: a
                    cloud:
                      deeds:
                        - { at: 5s, hideRegion: west }
                        - { when: { op: glance.image.list, nth: 2, after: 1s }, showRegion: west }
                        - { at: 6s, deleteStack: web }
                    users: { ann: { script: [{ create: { as: web } }] } }
                    expect: {}
                    """)
            let deeds = ServedDeeds(story.deeds, time: time, random: context.surroundings.random)
            let cloud = try FakeCloud(.standard, surroundings: context.surroundings)
            let log = Log()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await deeds.run(on: cloud) { what, region in
                        log.note("\(time.uptime.wholeMilliseconds) \(region ?? "-") \(what)")
                    }
                }
                for seconds in [8, 9] {
                    try await time.sleep(until: .seconds(seconds))
                    deeds.observe(
                        CloudCall(
                            at: time.now, operation: .glanceImageList, region: "west", method: "GET", path: "/",
                            status: 200, stack: nil, faults: []))
                }
                try await time.sleep(for: .seconds(60))
                group.cancelAll()
                while let result = await group.nextResult() {
                    if case .failure(let error) = result, !(error is CancellationError) { throw error }
                }
            }
            return log.all
        }
        // There is no deployment of that name, so nothing is done to it, and nothing is told.
        #expect(
            told == [
                "5000 west the region is taken out of the catalog", "10000 west the region is in the catalog again",
            ])
    }
}

import Runtime
import Testing

@Suite struct RandomSourceTests {
    @Test("the same seed draws the same, another seed does not")
    func seeds() {
        func draws(_ seed: UInt64) -> [UInt8] { RandomSource(seed: seed).bytes(64) }
        #expect(draws(1) == draws(1))
        #expect(draws(1) != draws(2))
    }

    @Test("a draw from one stream does not move another")
    func streams() {
        let source = RandomSource(seed: 7)
        let expected = source.stream("jitter").bytes(16)
        _ = source.stream("tokens").bytes(100)
        #expect(source.stream("jitter").bytes(16) == expected)
    }

    @Test("durations are drawn from their range")
    func durations() {
        let source = RandomSource(seed: 3)
        for _ in 0..<200 {
            #expect(
                (Duration.seconds(1)..<Duration.seconds(3)).contains(
                    source.duration(from: .seconds(1), to: .seconds(3))))
        }
        #expect(source.duration(from: .seconds(2), to: .seconds(2)) == .seconds(2))
    }

    @Test("identifiers sort by the time they were made")
    func identifiers() {
        struct Fixed: TimeSource {
            let now: Timestamp
            let uptime: Duration = .zero
            func sleep(for duration: Duration) async throws {}
        }
        func identifier(at milliseconds: Int64) -> String {
            Surroundings(time: Fixed(now: Timestamp(milliseconds: milliseconds)), random: RandomSource(seed: 1))
                .identifier("dep")
        }
        let made = [1_767_693_600_000, 1_767_693_600_001, 1_800_000_000_000].map { identifier(at: $0) }
        #expect(made == made.sorted() && Set(made).count == 3)
        #expect(made.allSatisfy { $0.count == 30 && $0.hasPrefix("dep_") })
    }

    @Test("base 64 for URLs is RFC 4648's")
    func base64() {
        #expect(["", "f", "fo", "foo", "foob"].map { base64URL($0.utf8) } == ["", "Zg", "Zm8", "Zm9v", "Zm9vYg"])
        #expect(base64URL([0xFB, 0xFF]) == "-_8")
    }
}

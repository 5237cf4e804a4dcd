import Testing

@testable import FakeCloud

@Suite struct NeutronAddressTests {
    @Test(
        "An address is written as it was read",
        arguments: ["0.0.0.0", "10.0.0.4", "255.255.255.255", "::", "fe80::1", "2001:db8::ff00:42:8329"])
    func roundTrip(text: String) throws {
        #expect(try "\(#require(IPAddress(text)))" == text)
    }

    @Test("What is no address is not read", arguments: ["", "10.0.0", "10.0.0.256", "10.0.0.4/24", "x", "1::2::3"])
    func noAddress(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test("A block has its first and last address, and hosts between")
    func block() throws {
        let block = try #require(CIDR("10.0.0.0/29"))
        #expect("\(block.last)" == "10.0.0.7")
        #expect(block.hosts.map { "\($0.lowerBound) \($0.upperBound)" } == "10.0.0.1 10.0.0.6")
        #expect(block.contains(IPAddress("10.0.0.7")!))
        #expect(!block.contains(IPAddress("10.0.0.8")!))
        #expect(!block.contains(IPAddress("::a00:4")!))
    }

    @Test(
        "Blocks overlap where one has the other's beginning",
        arguments: [
            ("10.0.0.0/24", "10.0.0.128/25", true), ("10.0.0.128/25", "10.0.0.0/24", true),
            ("10.0.0.0/25", "10.0.0.128/25", false), ("10.0.0.0/24", "2001:db8::/32", false),
        ])
    func overlap(left: String, right: String, doOverlap: Bool) throws {
        #expect(try #require(CIDR(left)).overlaps(#require(CIDR(right))) == doOverlap)
    }

    private func allocation(_ ranges: (String, String)...) -> AddressAllocation {
        AddressAllocation(pools: ranges.map { IPAddress($0.0)!...IPAddress($0.1)! })
    }

    @Test("Addresses are given out lowest first, over all pools, and then no more")
    func exhaustion() {
        var allocation = allocation(("10.0.0.2", "10.0.0.3"), ("10.0.0.9", "10.0.0.9"))
        #expect(allocation.capacity == 3)
        let taken = (0..<4).map { _ in allocation.take().map { "\($0)" } }
        #expect(taken == ["10.0.0.2", "10.0.0.3", "10.0.0.9", nil])
    }

    @Test("An address that comes back is given out again, lowest first, also when all had been out")
    func givingBack() {
        var allocation = allocation(("10.0.0.2", "10.0.0.5"))
        let all = (0..<4).compactMap { _ in allocation.take() }
        allocation.giveBack(all[2])
        allocation.giveBack(all[1])
        allocation.giveBack(all[1])
        let taken = (0..<3).map { _ in allocation.take() }
        #expect(taken == [all[1], all[2], nil])
    }

    @Test("An address taken by name is not given out, whether it had been out before or not")
    func takingByName() throws {
        var allocation = allocation(("10.0.0.2", "10.0.0.5"))
        let taken = allocation.take()
        let first = try #require(taken)
        let second = try #require(IPAddress("10.0.0.3"))
        let wereFree = [allocation.take(second), allocation.take(first)]
        #expect(wereFree == [true, false])
        allocation.giveBack(first)
        let isFreeAgain = allocation.take(first)
        #expect(isFreeAgain)
        let next = allocation.take()
        #expect(next == IPAddress("10.0.0.4"))
    }

    @Test("An address outside the pools can be taken by name and is not given out after that")
    func outsidePools() throws {
        var allocation = allocation(("10.0.0.4", "10.0.0.4"))
        let gateway = try #require(IPAddress("10.0.0.1"))
        let isFree = allocation.take(gateway)
        #expect(isFree)
        allocation.giveBack(gateway)
        let taken = [allocation.take(), allocation.take()]
        #expect(taken == [IPAddress("10.0.0.4"), nil])
    }
}

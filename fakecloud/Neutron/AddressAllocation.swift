import HeapModule

/// Which addresses of a subnet are taken. The lowest free one of the pools is given out first.
struct AddressAllocation: Sendable {
    let pools: [ClosedRange<IPAddress>]
    private(set) var taken: Set<IPAddress> = []
    /// Addresses before the cursor that were given back; they may have been taken by name since.
    private var returned = Heap<IPAddress>()
    private var pool = 0
    private var cursor: IPAddress?

    /// - Parameter pools: in rising order, without overlaps.
    init(pools: [ClosedRange<IPAddress>]) {
        self.pools = pools
        cursor = pools.first?.lowerBound
    }

    /// - Returns: nil where the pools are exhausted.
    mutating func take() -> IPAddress? {
        while let address = returned.popMin() {
            if taken.insert(address).inserted { return address }
        }
        while let address = cursor {
            if address < pools[pool].upperBound {
                cursor = address.advanced(by: 1)
            } else {
                pool += 1
                cursor = pool < pools.count ? pools[pool].lowerBound : nil
            }
            if taken.insert(address).inserted { return address }
        }
        return nil
    }

    /// Takes a certain address, in a pool or not.
    ///
    /// - Returns: whether it was free.
    mutating func take(_ address: IPAddress) -> Bool { taken.insert(address).inserted }

    mutating func giveBack(_ address: IPAddress) {
        guard taken.remove(address) != nil, pools.contains(where: { $0.contains(address) }) else { return }
        if cursor.map({ address < $0 }) ?? true { returned.insert(address) }
    }

    /// How many addresses the pools have; at most `Int.max`.
    var capacity: Int {
        pools.reduce(0) { sum, pool in
            let size = Int(exactly: pool.upperBound.number - pool.lowerBound.number) ?? .max - 1
            let (total, isOver) = sum.addingReportingOverflow(size + 1)
            return isOver ? .max : total
        }
    }
}

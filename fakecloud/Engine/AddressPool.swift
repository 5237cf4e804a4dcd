/// The addresses of a network, the lowest free one first.
struct AddressPool: Sendable {
    enum Kind: Hashable, Sendable {
        case fixed
        case floating
    }

    private let prefix: String
    private var free: [Int]

    private init(prefix: String, hosts: ClosedRange<Int>) {
        self.prefix = prefix
        free = Array(hosts.reversed())
    }

    /// A region's private network, and its piece of the public one (RFC 5737's documentation networks).
    static func pools(ofRegion index: Int) -> [Kind: AddressPool] {
        let publicPrefixes = ["203.0.113.", "198.51.100.", "192.0.2."]
        return [
            .fixed: AddressPool(prefix: "10.\(index).0.", hosts: 4...254),
            .floating: AddressPool(prefix: publicPrefixes[index % publicPrefixes.count], hosts: 4...254),
        ]
    }

    mutating func take() -> String? {
        free.popLast().map { prefix + "\($0)" }
    }

    mutating func giveBack(_ address: String) {
        guard let host = address.split(separator: ".").last.flatMap({ Int($0) }) else { return }
        let place = free.firstIndex { $0 < host } ?? free.endIndex
        free.insert(host, at: place)
    }

    static func mac(of address: String) -> String {
        let parts = address.split(separator: ".").compactMap { Int($0) }.map {
            ($0 < 16 ? "0" : "") + String($0, radix: 16)
        }
        return "fa:16:" + parts.joined(separator: ":")
    }
}

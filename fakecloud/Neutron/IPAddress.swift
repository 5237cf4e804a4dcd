import Foundation

/// An IPv4 or IPv6 address, as a number that can be counted on.
struct IPAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
    enum Version: Int, Sendable {
        case v4 = 4
        case v6 = 6

        var bits: Int { self == .v4 ? 32 : 128 }
    }

    let version: Version
    let number: UInt128

    init(_ version: Version, _ number: UInt128) {
        self.version = version
        self.number = number
    }

    /// Reads the text forms of RFC 791 and RFC 4291; nil for anything else.
    init?(_ text: String) {
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            self.init(.v4, UInt128(UInt32(bigEndian: v4.s_addr)))
            return
        }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        let number = withUnsafeBytes(of: &v6) { bytes in bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) } }
        self.init(.v6, number)
    }

    var description: String {
        let bytes = (0..<version.bits / 8).reversed().map { UInt8(truncatingIfNeeded: number >> UInt128($0 * 8)) }
        guard version == .v6 else { return bytes.map(String.init).joined(separator: ".") }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(AF_INET6, bytes, &text, socklen_t(text.count)) != nil else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The address so many places further.
    func advanced(by count: UInt128) -> IPAddress { IPAddress(version, number &+ count) }

    static func < (left: IPAddress, right: IPAddress) -> Bool {
        (left.version.rawValue, left.number) < (right.version.rawValue, right.number)
    }
}

/// A block of addresses: `10.0.0.0/24`.
struct CIDR: Hashable, Sendable, CustomStringConvertible {
    let base: IPAddress
    let length: Int

    /// - Parameter text: an address and the length of its prefix; bits behind the prefix are cut off.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])), let length = Int(parts[1]),
            (0...address.version.bits).contains(length)
        else { return nil }
        self.length = length
        base = IPAddress(address.version, address.number & ~Self.hostBits(address.version, length))
    }

    private static func hostBits(_ version: IPAddress.Version, _ length: Int) -> UInt128 {
        let bits = version.bits - length
        return bits == 128 ? .max : UInt128(1) << UInt128(bits) - 1
    }

    var last: IPAddress { IPAddress(base.version, base.number | Self.hostBits(base.version, length)) }
    var description: String { "\(base)/\(length)" }

    func contains(_ address: IPAddress) -> Bool {
        address.version == base.version && address >= base && address <= last
    }

    func overlaps(_ other: CIDR) -> Bool { contains(other.base) || other.contains(base) }

    /// What can be given out: in IPv4 neither the network's nor the broadcast address, in IPv6 not the routers' own.
    var hosts: ClosedRange<IPAddress>? {
        let isPoint = length >= base.version.bits - 1
        let first = isPoint ? base : base.advanced(by: 1)
        let end = base.version == .v4 && !isPoint ? IPAddress(.v4, last.number - 1) : last
        return first <= end ? first...end : nil
    }
}

/// What a part of the server takes from the outside: time, randomness and the places where it can die.
public struct Surroundings: Sendable {
    public let time: any TimeSource
    public let random: RandomSource
    public let crashPoints: CrashPoints

    public init(time: any TimeSource, random: RandomSource, crashPoints: CrashPoints = .none) {
        self.time = time
        self.random = random
        self.crashPoints = crashPoints
    }

    /// The machine's time and secure randomness.
    public static var production: Surroundings {
        Surroundings(time: SystemTime(), random: .secure)
    }

    /// A new identifier: the prefix, an underscore and a ULID (26 characters of Crockford's base 32: 48 bits of
    /// milliseconds, then 80 random bits), so that identifiers sort by the time they were made.
    public func identifier(_ prefix: String) -> String {
        let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
        let milliseconds = UInt64(max(0, time.now.milliseconds))
        var characters: [UInt8] = []
        for shift in stride(from: 45, through: 0, by: -5) {
            characters.append(alphabet[Int(milliseconds >> UInt64(shift) & 31)])
        }
        characters += random.bytes(16).map { alphabet[Int($0 & 31)] }
        return prefix + "_" + String(decoding: characters, as: UTF8.self)
    }

    /// A new secret of 256 random bits, as 43 characters of URL-safe base 64.
    public func token() -> String {
        base64URL(random.bytes(32))
    }
}

/// Base 64 with the URL-safe alphabet and no padding (RFC 4648, section 5).
public func base64URL(_ bytes: some Sequence<UInt8>) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    var characters: [UInt8] = []
    var buffer = 0
    var bits = 0
    for byte in bytes {
        buffer = buffer << 8 | Int(byte)
        bits += 8
        while bits >= 6 {
            bits -= 6
            characters.append(alphabet[buffer >> bits & 63])
        }
        buffer &= (1 << bits) - 1
    }
    if bits > 0 { characters.append(alphabet[buffer << (6 - bits) & 63]) }
    return String(decoding: characters, as: UTF8.self)
}

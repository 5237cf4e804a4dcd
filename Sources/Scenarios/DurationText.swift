import Runtime

extension Duration {
    /// Reads `250ms`, `2s`, `5m` or `1h`; nil for anything else, a number without a unit included.
    public init?(unit text: String) {
        guard let match = text.wholeMatch(of: /(\d+)(ms|s|m|h)/), let number = Int64(match.1), number < 1 << 40 else {
            return nil
        }
        switch match.2 {
        case "ms": self = .milliseconds(number)
        case "s": self = .seconds(number)
        case "m": self = .seconds(number * 60)
        default: self = .seconds(number * 3600)
        }
    }

    /// As a scenario writes it: `250ms`, `90s`, `5m`, `1h`.
    public var shown: String {
        let milliseconds = wholeMilliseconds
        for (unit, size) in [("h", Int64(3_600_000)), ("m", 60_000), ("s", 1000)]
        where milliseconds != 0 && milliseconds.isMultiple(of: size) {
            return "\(milliseconds / size)\(unit)"
        }
        return "\(milliseconds)ms"
    }
}

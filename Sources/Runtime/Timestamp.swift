/// A wall-clock instant with the precision of the API: milliseconds since 1970-01-01T00:00:00Z.
///
/// Whole milliseconds in an integer, because a floating-point `Date` loses the last digit when it is written
/// and read again.
public struct Timestamp: Hashable, Comparable, Sendable, Codable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    public static func + (instant: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(milliseconds: instant.milliseconds + duration.wholeMilliseconds)
    }

    public static func - (instant: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(milliseconds: instant.milliseconds - duration.wholeMilliseconds)
    }

    public static func - (end: Timestamp, start: Timestamp) -> Duration {
        .milliseconds(end.milliseconds - start.milliseconds)
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with three decimals: `2026-01-06T10:00:00.000Z`.
    public var description: String {
        let (second, millisecond) = seconds
        return formatted(second: second) + "." + padded(millisecond, to: 3) + "Z"
    }

    /// ISO 8601 in UTC with whole seconds, as OpenStack services write it: `2026-01-06T10:00:00Z`.
    public var wholeSeconds: String {
        formatted(second: seconds.whole) + "Z"
    }

    /// ISO 8601 in UTC with six decimals, as Keystone writes a token's times: `2026-01-06T10:00:00.000000Z`.
    public var microseconds: String {
        let (second, millisecond) = seconds
        return formatted(second: second) + "." + padded(millisecond, to: 3) + "000Z"
    }

    private var seconds: (whole: Int64, millisecond: Int64) {
        let whole = milliseconds.flooredDivision(by: 1000)
        return (whole, milliseconds - whole * 1000)
    }

    private func formatted(second: Int64) -> String {
        let day = second.flooredDivision(by: 86_400)
        let inDay = second - day * 86_400
        let (year, month, dayOfMonth) = civil(fromDays: day)
        return padded(year, to: 4) + "-" + padded(month, to: 2) + "-" + padded(dayOfMonth, to: 2)
            + "T" + padded(inDay / 3600, to: 2) + ":" + padded(inDay / 60 % 60, to: 2)
            + ":" + padded(inDay % 60, to: 2)
    }
}

extension Timestamp {
    /// Reads RFC 3339: date, `T`, time, up to nine decimals, and `Z` or an offset of hours and minutes.
    ///
    /// Returns nil for anything else, an impossible date included.
    public init?(_ text: String) {
        guard let match = text.wholeMatch(of: Self.pattern) else { return nil }
        func number(_ digits: Substring) -> Int64 { Int64(digits) ?? 0 }
        let (year, month, day) = (number(match.1), number(match.2), number(match.3))
        let (hour, minute, second) = (number(match.4), number(match.5), number(match.6))
        let days = days(fromYear: year, month: month, day: day)
        guard civil(fromDays: days) == (year, month, day), hour < 24, minute < 60, second < 60 else { return nil }
        let fraction = match.7.map { Int64($0.padding(to: 3)) ?? 0 } ?? 0
        var offsetMinutes: Int64 = 0
        if let sign = match.9, let offsetHour = match.10, let offsetMinute = match.11 {
            offsetMinutes = (number(offsetHour) * 60 + number(offsetMinute)) * (sign == "-" ? -1 : 1)
        }
        let total = days * 86_400 + hour * 3600 + (minute - offsetMinutes) * 60 + second
        self.init(milliseconds: total * 1000 + fraction)
    }

    private static var pattern:
        Regex<
            (
                Substring, Substring, Substring, Substring, Substring, Substring, Substring, Substring?, Substring,
                Substring?, Substring?, Substring?
            )
        >
    {
        /(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|([+-])(\d\d):(\d\d))/
    }
}

extension Duration {
    /// The duration in milliseconds, rounded towards zero.
    public var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }

    /// The duration in seconds as a floating-point number, for metrics and for scaling.
    public var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}

/// Howard Hinnant's `civil_from_days`: the proleptic Gregorian date of a day counted from 1970-01-01.
private func civil(fromDays day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = day + 719_468
    let era = shifted.flooredDivision(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
}

/// The inverse of `civil(fromDays:)`.
private func days(fromYear year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted.flooredDivision(by: 400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
}

private func padded(_ number: Int64, to width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}

extension Substring {
    /// The first `count` characters, filled up with zeros at the end: a decimal fraction of that many digits.
    fileprivate func padding(to count: Int) -> String {
        let digits = String(prefix(count))
        return digits + String(repeating: "0", count: count - digits.count)
    }
}

extension Timestamp {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// As HTTP headers carry it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
    public var httpDate: String {
        let parts = wholeSeconds.split(whereSeparator: { "-TZ".contains($0) })
        let days = Int((Double(milliseconds) / 86_400_000).rounded(.down))
        let weekday = Self.weekdays[((days % 7) + 7) % 7]
        return "\(weekday), \(parts[2]) \(Self.months[(Int(parts[1]) ?? 1) - 1]) \(parts[0]) \(parts[3]) GMT"
    }

    /// Reads ``httpDate``; nil for anything else.
    public init?(httpDate text: String) {
        guard let match = text.wholeMatch(of: /[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d) GMT/),
            let month = Self.months.firstIndex(of: String(match.2))
        else { return nil }
        self.init("\(match.3)-\(month < 9 ? "0" : "")\(month + 1)-\(match.1)T\(match.4)Z")
    }
}

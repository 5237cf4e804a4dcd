import Runtime
import Testing

@Suite struct TimestampTests {
    @Test(
        "RFC 3339 is read and written without losing a millisecond",
        arguments: [
            ("2026-01-06T10:00:00.123Z", "2026-01-06T10:00:00.123Z"),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
            ("2024-02-29T23:59:59.9999Z", "2024-02-29T23:59:59.999Z"),
            ("2026-01-06T10:00:00+02:30", "2026-01-06T07:30:00.000Z"),
            ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
        ])
    func roundTrip(text: String, written: String) throws {
        #expect(try #require(Timestamp(text)).description == written)
    }

    @Test(
        "what is not an instant is refused",
        arguments: [
            "", "2026-01-06", "2026-02-29T00:00:00Z", "2026-01-06T24:00:00Z", "2026-01-06 10:00:00Z",
            "2026-01-06T10:00:00", "2026-13-01T00:00:00Z",
        ])
    func refusal(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test("OpenStack's two forms are written")
    func openStackForms() throws {
        let instant = try #require(Timestamp("2026-01-06T10:00:00.123Z"))
        #expect(instant.wholeSeconds == "2026-01-06T10:00:00Z")
        #expect(instant.microseconds == "2026-01-06T10:00:00.123000Z")
    }
}

import Testing

/// The fake OpenStack answers as the real services did (Golden/, recorded from Keystone 30, Heat 27, Nova 34,
/// Neutron 29, Glance 33). What it does not yet is named in Golden/unmatched.yaml.
struct ConformanceTests {
    @Test(
        "Every recorded exchange is answered alike or listed as not yet",
        arguments: GoldenExchange.files)
    func everyExchangeIsAnsweredAlikeOrListed(file: String) async throws {
        let reasons = try Golden.unmatched()
        let verdicts = try await Replay.verdicts(for: file, skipping: Set(reasons.keys))
        for verdict in verdicts {
            let exchange = verdict.exchange
            if reasons["\(exchange)"] != nil {
                #expect(!verdict.isMatch, "\(exchange) matches: take it off Golden/unmatched.yaml")
            } else {
                #expect(verdict.isMatch, "\(exchange): \(verdict.differences.joined(separator: "; ").prefix(1500))")
            }
        }
    }

    @Test("The table of the recorded exchanges: service, how many, matched, differing, why")
    func table() throws {
        let reasons = try Golden.unmatched()
        let all = try GoldenExchange.files.flatMap(GoldenExchange.all(in:))
        print("| service | exchanges | matched | differing | why |\n| --- | ---: | ---: | ---: | --- |")
        for (service, exchanges) in Dictionary(grouping: all, by: \.service).sorted(by: { $0.key < $1.key }) {
            let differing = exchanges.compactMap { reasons["\($0)"] }
            let why = Dictionary(grouping: differing) { $0 }.sorted {
                ($1.value.count, $0.key) < ($0.value.count, $1.key)
            }
            let texts = why.map { "\($0.value.count): \($0.key)" }.joined(separator: " ")
            let matched = exchanges.count - differing.count
            print("| \(service) | \(exchanges.count) | \(matched) | \(differing.count) | \(texts) |")
            #expect(matched >= 0)
        }
    }

    @Test("The list of exchanges that are not yet matched names only recorded ones, each once")
    func listNamesOnlyRecordedExchanges() throws {
        let known = Set(try GoldenExchange.files.flatMap(GoldenExchange.all(in:)).map(\.description))
        for name in try Golden.unmatched().keys { #expect(known.contains(name), "\(name)") }
    }
}

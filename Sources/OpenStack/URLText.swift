/// A text as a part of a path or a query: everything but unreserved characters is percent-encoded (RFC 3986).
func percentEncoded(_ text: String) -> String {
    let hex = Array("0123456789ABCDEF".utf8)
    var encoded: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            encoded.append(byte)
        default:
            encoded += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
        }
    }
    return String(decoding: encoded, as: UTF8.self)
}

/// `?a=1&b=2`, or nothing where there is nothing to ask for.
func queryText(_ items: [(name: String, value: String)]) -> String {
    guard !items.isEmpty else { return "" }
    return "?" + items.map { $0.name + "=" + percentEncoded($0.value) }.joined(separator: "&")
}

/// A base address and a path with one slash between them.
func joined(_ base: String, _ path: String) -> String {
    withoutTrailingSlashes(base) + "/" + path
}

/// An endpoint with its API version: some catalogs name it, some do not.
func versioned(_ url: String, _ version: String) -> String {
    let base = withoutTrailingSlashes(url)
    return base.hasSuffix("/" + version) ? base : base + "/" + version
}

private func withoutTrailingSlashes(_ url: String) -> String {
    var base = Substring(url)
    while base.hasSuffix("/") { base.removeLast() }
    return String(base)
}

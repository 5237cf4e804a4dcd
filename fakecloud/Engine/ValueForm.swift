import Foundation
import Runtime

/// The custom constraints that look at a value's form alone.
extension CatalogNames {
    /// What is wrong with the form, in Heat's words; empty where Heat says nothing more; nil where it is right.
    static func malformed(_ text: String, _ constraint: String) -> String? {
        switch constraint {
        case "net_cidr": network(text)
        case "ip_addr": IPAddress(text) == nil ? "Invalid IP address" : nil
        case "ip_or_cidr":
            text.contains("/")
                ? subnet(text) : IPAddress(text) == nil ? "'\(text)' is not a valid IP address" : nil
        case "mac_addr":
            text.wholeMatch(
                of:
                    /(?:[0-9A-Fa-f]{1,2}[:-]){5}[0-9A-Fa-f]{1,2}|[0-9A-Fa-f]{12}|(?:[0-9A-Fa-f]{1,4}\.){2}[0-9A-Fa-f]{1,4}/
            )
                == nil ? "Invalid MAC address." : nil
        case "dns_name": dnsName(text)
        case "rel_dns_name": relativeDNSName(text)
        case "dns_domain":
            text.isEmpty ? nil : dnsName(text) ?? (text.hasSuffix(".") ? nil : "'\(text)' must end with '.'.")
        case "timezone":
            text.isEmpty || TimeZone.knownTimeZoneIdentifiers.contains(text) || text == "UTC"
                ? nil : "Invalid timezone: 'No time zone found with key \(text)'"
        case "cron_expression": cron(text)
        case "iso_8601": Timestamp(text) == nil ? "" : nil
        case "expiration": text.isEmpty || Timestamp(text) != nil ? nil : "Expiration \(text) is invalid."
        case "json_string": (try? JSONValue(parsing: text.utf8)) == nil ? "JSON string is not valid" : nil
        default: nil
        }
    }

    private static func network(_ text: String) -> String? {
        guard CIDR(text) != nil || IPAddress(text) != nil else { return "Invalid net cidr invalid IPNetwork \(text) " }
        return subnet(text)
    }

    private static func subnet(_ text: String) -> String? {
        guard let block = CIDR(text) else { return "'\(text)' is not a valid IP subnet" }
        return text == "\(block)" || block.base.version == .v6
            ? nil : "'\(text)' isn't a recognized IP subnet cidr, '\(block)' is recommended"
    }

    // Names of hosts (RFC 1123).

    private static let longestName = 255

    private static func relativeDNSName(_ text: String) -> String? {
        if text.isEmpty { return nil }
        if text.hasSuffix(".") { return "'\(text)' is a FQDN. It should be a relative domain name." }
        if text.count > longestName - 3 {
            return
                "'\(text)' contains '\(text.count)' characters. Adding a domain name will cause it to exceed the maximum length of a FQDN of '\(longestName)'."
        }
        return dnsName(text)
    }

    private static func dnsName(_ text: String) -> String? {
        guard !text.isEmpty else { return nil }
        let trimmed = text.hasSuffix(".") ? String(text.dropLast()) : text
        func wrong(_ reason: String) -> String { "'\(text)' not in valid format. Reason: \(reason)" }
        guard trimmed.count <= longestName else {
            return wrong("'\(trimmed)' exceeds the \(longestName) character FQDN limit")
        }
        let labels = trimmed.split(separator: ".", omittingEmptySubsequences: false)
        for label in labels {
            if label.isEmpty { return wrong("Encountered an empty component.") }
            if label.hasPrefix("-") || label.hasSuffix("-") {
                return wrong("Name '\(label)' must not start or end with a hyphen.")
            }
            guard label.count <= 63, label.wholeMatch(of: /[A-Za-z0-9-]+/) != nil else {
                return wrong(
                    "Name '\(label)' must be 1-63 characters long, each of which can only be alphanumeric or a hyphen.")
            }
        }
        if text.hasSuffix("."), labels.count > 1, let last = labels.last, last.allSatisfy(\.isNumber) {
            return wrong("TLD '\(last)' must not be all numeric.")
        }
        return nil
    }

    /// Five or six fields of numbers, ranges, steps and names.
    private static func cron(_ text: String) -> String? {
        guard !text.isEmpty else { return nil }
        let fields = text.split(separator: " ")
        guard [5, 6, 7].contains(fields.count) else {
            return "Invalid CRON expression: Exactly 5, 6 or 7 columns has to be specified for iterator expression."
        }
        for field in fields where field.wholeMatch(of: /[0-9A-Za-z*\/,\-#L?]+/) == nil {
            return "Invalid CRON expression: [\(text)] is not acceptable"
        }
        return nil
    }
}

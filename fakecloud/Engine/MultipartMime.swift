import Foundation
import Runtime

/// The text of an `OS::Heat::MultipartMime`: parts for cloud-init in one MIME message, as Python's `email` writes it
/// (golden software, `show`).
struct MultipartMime {
    fileprivate struct Part {
        let text: String
        let subtype: String
        let filename: String
    }

    private var parts: [Part] = []

    /// - Parameters:
    ///   - parts: the property `parts`: `config`, `type`, `subtype`, `filename`.
    ///   - config: the text of a software config; nil where there is none of that id.
    init(_ parts: [JSONValue], config: (String) -> String?) {
        for part in parts {
            let given = part["config"]?.string ?? ""
            let text = config(given) ?? given
            if part["type"]?.string == "multipart" {
                self.parts += Self.parts(ofMessage: text)
            } else {
                append(text, subtype: part["subtype"]?.string ?? "", filename: part["filename"]?.string ?? "")
            }
        }
    }

    private mutating func append(_ text: String, subtype: String, filename: String) {
        let stem = filename.split(separator: ".").first.map(String.init) ?? ""
        parts.append(Part(text: text, subtype: subtype.isEmpty ? stem : subtype, filename: filename))
    }

    /// - Parameter boundary: what stands between the parts and in none of them.
    func message(boundary: String) -> String {
        "Content-Type: multipart/mixed; boundary=\"\(boundary)\"\nMIME-Version: 1.0\n\n--\(boundary)\n"
            + parts.map(\.encoded).joined(separator: "\n--\(boundary)\n") + "\n--\(boundary)--\n"
    }

    /// The parts of a message of this kind; none where the text is no such message.
    private static func parts(ofMessage text: String) -> [Part] {
        guard let boundary = text.firstMatch(of: /boundary="?([^"\n]+)"?/)?.1 else { return [] }
        return text.components(separatedBy: "--\(boundary)").dropFirst().dropLast().map { piece in
            let halves = piece.trimmingPrefix("\n").split(separator: "\n\n", maxSplits: 1)
            let headers = halves.first.map(String.init) ?? ""
            var body = halves.count > 1 ? String(halves[1]) : ""
            if body.hasSuffix("\n") { body.removeLast() }
            return Part(
                text: body, subtype: headers.firstMatch(of: /Content-Type: \w+\/([\w.+-]+)/).map { String($0.1) } ?? "",
                filename: headers.firstMatch(of: /filename="([^"]*)"/).map { String($0.1) } ?? "")
        }
    }
}

extension MultipartMime.Part {
    fileprivate var encoded: String {
        let isPlain = text.utf8.allSatisfy { $0 < 0x80 }
        let type =
            "Content-Type: text/\(subtype.isEmpty ? "plain" : subtype); charset=\"\(isPlain ? "us-ascii" : "utf-8")\""
        let encoding = "Content-Transfer-Encoding: \(isPlain ? "7bit" : "base64")"
        let disposition = filename.isEmpty ? "" : "Content-Disposition: attachment; filename=\"\(filename)\"\n"
        let body =
            isPlain
            ? text
            : Data(text.utf8).base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed]) + "\n"
        return "\(type)\nMIME-Version: 1.0\n\(encoding)\n\(disposition)\n\(body)"
    }
}

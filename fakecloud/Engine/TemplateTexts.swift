import Crypto
import Foundation
import Runtime

/// The functions that make texts.
extension TemplateEvaluation {
    /// Words that Heat's complaints about arguments end with.
    static func usage(_ function: TemplateFunction, _ example: String) -> TemplateProblem {
        TemplateProblem("Incorrect arguments to \"\(function.rawValue)\" should be: \(example)")
    }

    func joined(_ argument: JSONValue, _ function: TemplateFunction) throws -> JSONValue {
        let name = function.rawValue
        let takesMany = function == .listJoin && language.isJSONAware
        var items: [JSONValue] = []
        for list in (argument.array ?? []).dropFirst() where list.isTruthy {
            guard let more = list.array else { throw TemplateProblem("\"\(name)\" must operate on a list") }
            items += more
        }
        guard let delimiter = argument.array?.first?.string else {
            throw TemplateProblem("\"\(name)\" delimiter must be a string")
        }
        var texts: [String] = []
        for item in items {
            let text: String
            switch item {
            case .null: text = ""
            case .string(let item): text = item
            case .array where takesMany, .object where takesMany: text = item.pythonJSON
            default:
                let kinds = takesMany ? "string, map or list" : "strings"
                throw TemplateProblem("Items to join must be \(kinds) not \(item.pythonForm.prefix(200))")
            }
            try charge(text.utf8.count + delimiter.utf8.count, name)
            texts.append(text)
        }
        return .string(texts.joined(separator: delimiter))
    }

    // `str_replace`.

    /// Longer keys come first, and what was put in is not looked at again.
    func replaced(_ argument: JSONValue, _ function: TemplateFunction) throws -> JSONValue {
        let name = function.rawValue
        guard let template = argument["template"]?.string else {
            throw TemplateProblem("\"\(name)\" template must be a string")
        }
        guard let values = argument["params"]?.object else {
            throw TemplateProblem("\"\(name)\" params must be a map")
        }
        let isStrict = function == .strReplaceStrict || function == .strReplaceVeryStrict
        var pieces: [(text: [UInt8], isDone: Bool)] = [(Array(template.utf8), false)]
        var missing: [String] = []
        let keys = values.keys.sorted { ($0.count, $1) > ($1.count, $0) }
        for key in keys {
            let value = Array(try replacement(values[key] ?? .null, for: key, function).utf8)
            var next: [(text: [UInt8], isDone: Bool)] = []
            var isFound = false
            for piece in pieces {
                guard !piece.isDone, !key.isEmpty else {
                    next.append(piece)
                    continue
                }
                let separator = Array(key.utf8)
                let count = piece.text.places(of: separator).count
                try charge(piece.text.count / 16 + 1 + count * (value.count + 16), name)
                isFound = isFound || count > 0
                for (index, part) in piece.text.split(at: separator).enumerated() {
                    if index > 0 { next.append((value, true)) }
                    if !part.isEmpty || count == 0 { next.append((part, false)) }
                }
            }
            pieces = next
            if !isFound { missing.append(key) }
        }
        if isStrict, !missing.isEmpty {
            throw TemplateProblem(
                "The following params were not found in the template: \(missing.joined(separator: ","))")
        }
        return .string(String(decoding: pieces.flatMap(\.text), as: UTF8.self))
    }

    private func replacement(_ value: JSONValue, for key: String, _ function: TemplateFunction) throws -> String {
        let name = function.rawValue
        let isJSONAware = language.isJSONAware && function != .replace
        if function == .strReplaceVeryStrict, value == .null || value == "" || value == [] || value == [:] {
            throw TemplateProblem(
                "\(name) has an undefined or empty value for param \(key), must be a defined non-empty value")
        }
        switch value {
        case .null: return ""
        case .array where isJSONAware, .object where isJSONAware: return value.pythonJSON
        case .array, .object:
            throw TemplateProblem("\"\(name)\" params must be strings or numbers, param \(key) is not valid")
        default: return value.pythonText
        }
    }

    // Others.

    func split(_ argument: JSONValue, _ function: TemplateFunction) throws -> JSONValue {
        let example = "\"\(function.rawValue)\" : [ \",\", \"apples,pears\", <index>]"
        guard let items = argument.array, items.count >= 2 else { throw Self.usage(function, example) }
        guard let text = items[1].string else { return .null }
        guard let delimiter = items[0].string, !delimiter.isEmpty else { throw TemplateProblem("empty separator") }
        let parts = Array(text.utf8).split(at: Array(delimiter.utf8)).map {
            JSONValue.string(String(decoding: $0, as: UTF8.self))
        }
        try charge(text.utf8.count + parts.count, function.rawValue)
        guard items.count > 2 else { return .array(parts) }
        guard let index = items[2].integer ?? items[2].string.flatMap({ Int($0) }) else {
            throw TemplateProblem("Incorrect index to \"\(function.rawValue)\" should be: \(example)")
        }
        let place = index < 0 ? index + parts.count : index
        guard parts.indices.contains(place) else {
            throw TemplateProblem(
                "Incorrect index to \"\(function.rawValue)\" should be between 0 and \(parts.count - 1)")
        }
        return parts[place]
    }

    func digest(_ argument: JSONValue) throws -> JSONValue {
        guard let items = argument.array, items.allSatisfy({ $0.string != nil }) else {
            throw TemplateProblem("Argument to function \"digest\" must be a list of strings")
        }
        guard items.count == 2, let name = items[0].string, let text = items[1].string else {
            throw TemplateProblem("Function \"digest\" usage: [\"<algorithm>\", \"<value>\"]")
        }
        // Heat takes the text for Latin-1.
        guard text.unicodeScalars.allSatisfy({ $0.value < 256 }) else {
            throw TemplateProblem("'latin-1' codec can't encode characters: ordinal not in range(256)")
        }
        let data = text.unicodeScalars.map { UInt8($0.value) }
        let bytes: [UInt8]
        switch name.lowercased() {
        case "md5": bytes = Array(Insecure.MD5.hash(data: data))
        case "sha1": bytes = Array(Insecure.SHA1.hash(data: data))
        case "sha256": bytes = Array(SHA256.hash(data: data))
        case "sha384": bytes = Array(SHA384.hash(data: data))
        case "sha512": bytes = Array(SHA512.hash(data: data))
        default:
            throw TemplateProblem("Algorithm must be one of {'md5', 'sha1', 'sha256', 'sha384', 'sha512'}")
        }
        return .string(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    }

    func url(_ argument: JSONValue) throws -> JSONValue {
        try language.check(.makeURL, argument)
        func text(_ key: String) -> String { argument[key]?.pythonText ?? "" }
        func escaped(_ text: String, _ more: String) -> String {
            let plain = Set(
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~".utf8 + Array(more.utf8))
            return text.utf8.map {
                plain.contains($0)
                    ? String(UnicodeScalar($0))
                    : "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true)
            }.joined()
        }
        guard !text("scheme").contains(":") else { throw TemplateProblem("URL \"scheme\" should not contain ':'") }
        var place = ""
        let (user, password) = (escaped(text("username"), ""), escaped(text("password"), ""))
        if !user.isEmpty || !password.isEmpty { place = user + (password.isEmpty ? "" : ":" + password) + "@" }
        var host = text("host")
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        host = escaped(host, ":")
        place += host.contains(":") ? "[\(host)]" : host
        if argument["port"]?.isTruthy ?? false { place += ":" + text("port") }
        let query = (argument["query"]?.object ?? [:]).sorted { $0.key < $1.key }.map { key, value in
            [key, value.pythonText].map { escaped($0, " /").replacing(" ", with: "+") }.joined(separator: "=")
        }.joined(separator: "&")
        var path = escaped(text("path"), "/")
        var url = text("scheme").isEmpty ? "" : text("scheme") + ":"
        if !place.isEmpty {
            if !path.isEmpty, !path.hasPrefix("/") { path = "/" + path }
            url += "//" + place
        }
        url += path
        if !query.isEmpty { url += "?" + query }
        let fragment = escaped(text("fragment"), "/")
        return .string(fragment.isEmpty ? url : url + "#" + fragment)
    }
}

extension [UInt8] {
    /// Where a sequence begins in it, one after the other.
    fileprivate func places(of separator: [UInt8]) -> [Int] {
        guard let first = separator.first, count >= separator.count else { return [] }
        var places: [Int] = []
        var index = 0
        let last = count - separator.count
        while index <= last {
            if self[index] == first, self[index..<index + separator.count].elementsEqual(separator) {
                places.append(index)
                index += separator.count
            } else {
                index += 1
            }
        }
        return places
    }

    /// The parts between the places where a sequence stands.
    fileprivate func split(at separator: [UInt8]) -> [[UInt8]] {
        var parts: [[UInt8]] = []
        var start = 0
        for place in places(of: separator) {
            parts.append(Array(self[start..<place]))
            start = place + separator.count
        }
        parts.append(Array(self[start...]))
        return parts
    }
}

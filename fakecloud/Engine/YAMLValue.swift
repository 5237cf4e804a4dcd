import Runtime
import Yams

extension JSONValue {
    /// Reads YAML text the way Heat does (PyYAML's safe loader, YAML 1.1): plain scalars become numbers, booleans and
    /// nulls, dates stay text.
    ///
    /// - Parameter largest: how many bytes the text may have once its aliases are written out.
    /// - Throws: `YamlError`, ``TooLarge``, ``TemplateProblem`` where it is nested too deeply.
    init(yaml: String, largest: Int = .max) throws {
        guard let node = try Yams.compose(yaml: yaml) else {
            self = .null
            return
        }
        var size = 0
        self = try Self.value(of: node, &size, largest: largest, depth: 0)
    }

    struct TooLarge: Error {
        /// Where the count ended.
        let size: Int
    }

    /// What has been composed of YAML text of our own.
    init(node: Node) {
        var size = 0
        self = (try? Self.value(of: node, &size, largest: .max, depth: 0)) ?? .null
    }

    private static func value(of node: Node, _ size: inout Int, largest: Int, depth: Int) throws -> JSONValue {
        guard depth <= HeatTemplate.deepest else { throw TemplateProblem.tooDeep }
        size += 1
        defer { size += 1 }
        guard size <= largest else { throw TooLarge(size: size) }
        switch node {
        case .scalar(let scalar):
            size += scalar.string.utf8.count
            return scalar.style == .plain && scalar.tag.description != "tag:yaml.org,2002:str"
                ? plain(scalar.string) : .string(scalar.string)
        case .sequence(let items):
            var values: [JSONValue] = []
            for item in items { values.append(try value(of: item, &size, largest: largest, depth: depth + 1)) }
            return .array(values)
        case .mapping(let pairs):
            var members: [String: JSONValue] = [:]
            for (key, item) in pairs {
                let name = key.scalar?.string ?? ""
                size += name.utf8.count
                members[name] = try value(of: item, &size, largest: largest, depth: depth + 1)
            }
            return .object(members)
        case .alias: return .null
        }
    }

    private static func plain(_ text: String) -> JSONValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return .bool(true)
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return .bool(false)
        default: break
        }
        guard let first = text.utf8.first, first < 128, "+-.0123456789".utf8.contains(first) else {
            return .string(text)
        }
        return number(text) ?? .string(text)
    }

    /// YAML 1.1's integers (also `0x1F`, `0b1`, octal `017`, `1_000`, sexagesimal `1:30`) and floats.
    private static func number(_ text: String) -> JSONValue? {
        let digits = text.filter { $0 != "_" }
        let isNegative = digits.hasPrefix("-")
        let body = digits.drop { $0 == "-" || $0 == "+" }
        func signed(_ number: Int?) -> JSONValue? { number.map { .integer(isNegative ? -$0 : $0) } }
        if body.wholeMatch(of: /0|[1-9][0-9]*/) != nil {
            return signed(Int(body)) ?? Double(digits).map { .number($0) }
        }
        if body.wholeMatch(of: /0[0-7]+/) != nil { return signed(Int(body, radix: 8)) }
        if body.wholeMatch(of: /0x[0-9a-fA-F]+/) != nil { return signed(Int(body.dropFirst(2), radix: 16)) }
        if body.wholeMatch(of: /0b[01]+/) != nil { return signed(Int(body.dropFirst(2), radix: 2)) }
        if body.wholeMatch(of: /[1-9][0-9]*(?::[0-5]?[0-9])+/) != nil {
            return signed(
                body.split(separator: ":").reduce(0) { $0.multipliedReportingOverflow(by: 60).0 &+ (Int($1) ?? 0) })
        }
        if digits.wholeMatch(of: /[-+]?(?:[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?|\.[0-9]+(?:[eE][-+][0-9]+)?)/) != nil {
            let number = digits.hasSuffix(".") ? digits + "0" : digits.hasPrefix(".") ? "0" + digits : digits
            return Double(number).map { .number($0) }
        }
        return nil
    }
}

import Runtime

/// Values as Python writes them, since Heat's words hold them.
extension JSONValue {
    /// `str(value)`: texts as they are, `True`, `None`, `[1, 'a']`.
    var pythonText: String { string ?? pythonForm }

    /// `repr(value)`.
    var pythonForm: String {
        switch self {
        case .null: "None"
        case .bool(let value): value ? "True" : "False"
        case .integer(let value): String(value)
        case .number(let value): "\(value)"
        case .string(let text): Self.pythonForm(of: text)
        case .array(let items): "[" + items.map(\.pythonForm).joined(separator: ", ") + "]"
        case .object(let members):
            "{"
                + members.sorted { $0.key < $1.key }.map {
                    Self.pythonForm(of: $0.key) + ": " + $0.value.pythonForm
                }.joined(separator: ", ") + "}"
        }
    }

    static func pythonForm(of text: String) -> String {
        let quote: Character = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        var form = String(quote)
        for character in text.unicodeScalars {
            switch character {
            case "\\": form += "\\\\"
            case "\n": form += "\\n"
            case "\r": form += "\\r"
            case "\t": form += "\\t"
            case "'" where quote == "'": form += "\\'"
            default: form.unicodeScalars.append(character)
            }
        }
        return form + String(quote)
    }

    /// `json.dumps(value, sort_keys=True)`: a space after commas and colons, ASCII only.
    var pythonJSON: String {
        switch self {
        case .array(let items): return "[" + items.map(\.pythonJSON).joined(separator: ", ") + "]"
        case .object(let members):
            return "{"
                + members.sorted { $0.key < $1.key }.map {
                    JSONValue.string($0.key).pythonJSON + ": " + $0.value.pythonJSON
                }.joined(separator: ", ") + "}"
        case .string(let text) where !text.utf8.allSatisfy({ $0 < 128 }):
            var json = ""
            for unit in description.utf16 {
                if unit < 128 {
                    json.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
                } else {
                    let digits = String(unit, radix: 16)
                    json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            }
            return json
        default: return description
        }
    }

    /// The name of the value's type.
    var pythonType: String {
        switch self {
        case .null: "NoneType"
        case .bool: "bool"
        case .integer: "int"
        case .number: "float"
        case .string: "str"
        case .array: "list"
        case .object: "dict"
        }
    }

    /// How long the value is as Python writes it, with a space after each comma and colon.
    var pythonSize: Int {
        switch self {
        case .array(let items): 2 + items.map(\.pythonSize).reduce(0, +) + 2 * max(0, items.count - 1)
        case .object(let members):
            2 + members.map { JSONValue.string($0.key).pythonSize + 2 + $0.value.pythonSize }.reduce(0, +)
                + 2 * max(0, members.count - 1)
        default: utf8.count
        }
    }

    /// Whether Python takes it for true.
    var isTruthy: Bool {
        switch self {
        case .null: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .string(let text): !text.isEmpty
        case .array(let items): !items.isEmpty
        case .object(let members): !members.isEmpty
        }
    }
}

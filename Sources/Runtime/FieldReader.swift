/// What is wrong with one field of a request's body.
public struct FieldError: Equatable, Sendable {
    /// Where, as a JSON Pointer (RFC 6901): `/spec/imageId`.
    public let pointer: String
    /// A stable code: `REQUIRED`, `WRONG_TYPE`, `UNKNOWN_FIELD`, `TOO_LONG`, …
    public let code: String
    public let message: String

    public init(pointer: String, code: String, message: String) {
        self.pointer = pointer
        self.code = code
        self.message = message
    }
}

/// Reads the fields of a JSON object and collects everything that is wrong, so that a caller learns of all
/// mistakes at once.
public struct FieldReader {
    public private(set) var errors: [FieldError] = []
    private let members: [String: JSONValue]
    private let pointer: String
    private var seen: Set<String> = []
    private let isNotAnObject: Bool

    /// A reader of a whole body; a body that is not an object is one error at the root.
    public init(_ body: JSONValue) {
        self.init(body, at: "")
    }

    private init(_ value: JSONValue, at pointer: String) {
        members = value.object ?? [:]
        self.pointer = pointer
        isNotAnObject = value.object == nil
        if isNotAnObject {
            errors = [Self.wrongType(value, expected: "object", at: pointer)]
        }
    }

    /// Notes an error at a field.
    public mutating func refuse(_ field: String, _ code: String, _ message: String) {
        errors.append(FieldError(pointer: path(field), code: code, message: message))
    }

    private func path(_ field: String) -> String {
        pointer + "/" + field.replacing("~", with: "~0").replacing("/", with: "~1")
    }

    /// The value of a field; a null counts as missing.
    public mutating func value(_ field: String, required: Bool = true) -> JSONValue? {
        seen.insert(field)
        if let value = members[field], value != .null { return value }
        if required && !isNotAnObject {
            refuse(field, "REQUIRED", "\(field) is required")
        }
        return nil
    }

    /// A text whose length in characters is within bounds and which has no control characters.
    ///
    /// - Parameter isPasted: it may come with line breaks and tabs; whoever reads it judges them.
    public mutating func string(
        _ field: String, required: Bool = true, length: ClosedRange<Int>, isPasted: Bool = false
    ) -> String? {
        guard let value = value(field, required: required) else { return nil }
        guard let text = value.string else {
            errors.append(Self.wrongType(value, expected: "string", at: path(field)))
            return nil
        }
        if text.count < length.lowerBound {
            let least = length.lowerBound == 1 ? "1 character" : "\(length.lowerBound) characters"
            refuse(field, text.isEmpty ? "REQUIRED" : "TOO_SHORT", "\(field) has at least \(least)")
        } else if text.count > length.upperBound {
            refuse(field, "TOO_LONG", "\(field) has at most \(length.upperBound) characters")
        } else if !isPasted, text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            refuse(field, "INVALID_CHARACTER", "\(field) has no control characters")
        } else {
            return text
        }
        return nil
    }

    /// A whole number within bounds.
    public mutating func integer(_ field: String, required: Bool = true, in range: ClosedRange<Int>) -> Int? {
        guard let value = value(field, required: required) else { return nil }
        guard let number = value.integer else {
            errors.append(Self.wrongType(value, expected: "whole number", at: path(field)))
            return nil
        }
        guard range.contains(number) else {
            refuse(field, "OUT_OF_RANGE", "\(field) is from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    /// Reads a field that is an object of its own, by a reader of the same kind.
    public mutating func object<Value>(
        _ field: String, required: Bool = true, _ read: (inout FieldReader) -> Value?
    ) -> Value? {
        guard let value = value(field, required: required) else { return nil }
        var reader = FieldReader(value, at: path(field))
        let result = value.object == nil ? nil : read(&reader)
        reader.refuseUnknownFields()
        errors += reader.errors
        return result
    }

    /// Notes an error for each field that nobody asked for. To be called last.
    public mutating func refuseUnknownFields() {
        for field in members.keys.sorted() where !seen.contains(field) {
            refuse(field, "UNKNOWN_FIELD", "\(field) is not a field of this request")
        }
    }

    private static func wrongType(_ value: JSONValue, expected: String, at pointer: String) -> FieldError {
        FieldError(
            pointer: pointer, code: "WRONG_TYPE", message: "expected \(expected), found \(value.typeName)")
    }
}

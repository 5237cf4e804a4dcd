import Runtime

/// The body of `POST /auth/register`.
struct RegistrationRequest: Equatable, Sendable {
    let email: String
    let password: String
    let name: String

    /// - Throws: ``AuthError/invalid(_:)`` with every wrong field.
    init(_ body: JSONValue) throws {
        var reader = FieldReader(body)
        let email = reader.email("email")
        let password = reader.string("password", length: PasswordPolicy.length)
        if let password, !PasswordPolicy.allows(password, email: email) {
            reader.refuse("password", "COMMON_PASSWORD", "password is among the first to be guessed; choose another")
        }
        let name = reader.string("name", length: 1...100)
        if let name, name.allSatisfy(\.isWhitespace) {
            reader.refuse("name", "REQUIRED", "name is required")
        }
        reader.refuseUnknownFields()
        guard reader.errors.isEmpty, let email, let password, let name else { throw AuthError.invalid(reader.errors) }
        self.email = email
        self.password = password
        self.name = name
    }
}

/// The body of `POST /auth/login`.
struct LoginRequest: Equatable, Sendable {
    let email: String
    let password: String
    let kind: Session.Kind

    /// - Throws: ``AuthError/invalid(_:)`` with every wrong field.
    init(_ body: JSONValue) throws {
        var reader = FieldReader(body)
        // Only what could be registered is looked for, but a wrong address is no more than wrong credentials.
        let email = reader.string("email", length: 1...254)
        let password = reader.string("password", length: 1...PasswordPolicy.length.upperBound)
        let word = reader.string("session", required: false, length: 1...20)
        let kind = word.map(Session.Kind.init(rawValue:)) ?? .cookie
        if kind == nil { reader.refuse("session", "INVALID_VALUE", "session is cookie or bearer") }
        reader.refuseUnknownFields()
        guard reader.errors.isEmpty, let email, let password, let kind else { throw AuthError.invalid(reader.errors) }
        self.email = EmailAddress.normalised(email)
        self.password = password
        self.kind = kind
    }
}

/// A body with one field.
enum SingleField {
    /// The token of `POST /auth/verify-email`.
    static func token(_ body: JSONValue) throws -> String {
        try read(body) { $0.string("token", length: 1...200) }
    }

    /// The address of `POST /auth/resend-verification`.
    static func email(_ body: JSONValue) throws -> String {
        try read(body) { $0.email("email") }
    }

    private static func read(_ body: JSONValue, _ field: (inout FieldReader) -> String?) throws -> String {
        var reader = FieldReader(body)
        let value = field(&reader)
        reader.refuseUnknownFields()
        guard reader.errors.isEmpty, let value else { throw AuthError.invalid(reader.errors) }
        return value
    }
}

/// What counts as an e-mail address.
enum EmailAddress {
    /// The form in which addresses are stored and compared.
    static func normalised(_ text: String) -> String {
        text.lowercased()
    }

    /// Whether a browser would take it for `<input type="email">` (HTML, section 4.10.5.1.5).
    static func isValid(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].wholeMatch(of: /[a-zA-Z0-9.!#$%&'*+\/=?^_`{|}~-]{1,64}/) != nil else {
            return false
        }
        return parts[1].split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            label.wholeMatch(of: /[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?/) != nil
        }
    }
}

extension FieldReader {
    /// An e-mail address, normalised.
    fileprivate mutating func email(_ field: String) -> String? {
        guard let text = string(field, length: 1...254) else { return nil }
        guard EmailAddress.isValid(text) else {
            refuse(field, "INVALID_EMAIL", "\(field) is an e-mail address such as ada@example.org")
            return nil
        }
        return EmailAddress.normalised(text)
    }
}

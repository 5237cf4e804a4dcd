import Runtime

/// The body of `POST /auth/register`.
struct Registration {
    let email: String
    let password: String
    let name: String

    init(_ body: JSONValue) throws(AuthError) {
        var reader = FieldReader(body)
        let email = reader.email()
        let password = reader.string("password", length: 8...128)
        let name = reader.string("name", length: 1...100)
        if let password, CommonPasswords.contains(password) {
            reader.refuse("password", "TOO_COMMON", "password is one of those that are guessed first")
        }
        reader.refuseUnknownFields()
        guard reader.errors.isEmpty, let email, let password, let name else { throw .invalid(reader.errors) }
        self.email = email
        self.password = password
        self.name = name
    }
}

/// The body of `POST /auth/login`.
struct Credentials {
    let email: String
    let password: String
    let kind: Session.Kind

    init(_ body: JSONValue) throws(AuthError) {
        var reader = FieldReader(body)
        let email = reader.email()
        let password = reader.string("password", length: 1...1000)
        let kind = reader.string("session", required: false, length: 1...20)
        if let kind, Session.Kind(rawValue: kind) == nil {
            reader.refuse("session", "UNKNOWN_VALUE", "session is cookie or bearer")
        }
        reader.refuseUnknownFields()
        guard reader.errors.isEmpty, let email, let password else { throw .invalid(reader.errors) }
        self.email = email
        self.password = password
        self.kind = kind.flatMap(Session.Kind.init(rawValue:)) ?? .cookie
    }
}

extension FieldReader {
    /// An address, normalised. Whether it exists only a mail can tell, so the check is for slips.
    mutating func email() -> String? {
        guard let text = string("email", length: 3...254) else { return nil }
        let address = text.lowercased()
        guard address.wholeMatch(of: /[^\s@]+@[^\s@.]+(\.[^\s@.]+)+/) != nil else {
            refuse("email", "INVALID_EMAIL", "email is an address such as ada@example.com")
            return nil
        }
        return address
    }
}

/// The passwords that attackers try first (ASVS 5.0, 6.2.4), of those that are long enough to be chosen here.
enum CommonPasswords {
    static func contains(_ password: String) -> Bool {
        list.contains(password.lowercased())
    }

    private static let list: Set<String> = [
        "12345678", "123456789", "1234567890", "0123456789", "0987654321", "87654321", "11111111", "00000000",
        "88888888", "12341234", "11223344", "12344321", "123123123", "147258369", "789456123", "123654789",
        "password", "password1", "password12", "password123", "password!", "passw0rd", "p@ssw0rd", "pa55word",
        "qwertyuiop", "qwertyui", "qwerty12", "qwerty123", "1q2w3e4r", "1q2w3e4r5t", "1qaz2wsx", "q1w2e3r4",
        "asdfghjkl", "asdfasdf", "zxcvbnm1", "zaq12wsx", "abcd1234", "abc12345", "abcdefgh", "a1b2c3d4",
        "iloveyou", "iloveyou1", "sunshine", "princess", "football", "baseball", "basketball", "superman", "starwars",
        "trustno1", "whatever", "michelle", "jennifer", "computer", "internet", "corvette", "maverick", "mercedes",
        "charlie1", "welcome1", "welcome123", "letmein1", "letmein123", "changeme", "changeme1", "admin123",
        "administrator", "default1", "secret123", "test1234", "testtest", "hothouse", "hothouse1", "openstack",
    ]
}

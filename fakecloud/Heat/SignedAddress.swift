import Crypto
import Foundation
import Runtime

/// An address that may be used by whoever has it: Amazon's signature version 2 over its host, path and query, made with
/// an EC2 credential of Keystone's (keystoneclient, `Ec2Signer`; golden signals, `show-cfn-signal`).
struct SignedAddress {
    let method: String
    let host: String
    /// Decoded.
    let path: String
    /// All but the signature.
    let query: [(name: String, value: String)]

    func signature(with secret: String) -> String {
        let parameters = query.sorted { $0.name < $1.name }.map {
            "\(Self.encoded($0.name))=\(Self.encoded($0.value))"
        }
        let text = [method, host, path, parameters.joined(separator: "&")].joined(separator: "\n")
        let code = HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: Array(secret.utf8)))
        return Data(code).base64EncodedString()
    }

    /// The query with the signature, as it stands in the address.
    func signedQuery(with secret: String) -> String {
        (query + [("Signature", signature(with: secret))]).map { "\($0.name)=\(Self.encoded($0.value))" }
            .joined(separator: "&")
    }

    /// A text in a query, or in a path where the slashes stay.
    static func encoded(_ text: String, isPath: Bool = false) -> String {
        let plain = CharacterSet(
            charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~" + (isPath ? "/" : ""))
        return text.addingPercentEncoding(withAllowedCharacters: plain) ?? text
    }
}

/// The EC2 credential of a handle's user.
struct AmazonKey {
    let access: String
    let secret: String
    let madeAt: Timestamp

    init(access: String, secret: String, madeAt: Timestamp) {
        self.access = access
        self.secret = secret
        self.madeAt = madeAt
    }

    /// What a resource keeps; nil for one that has no such credential.
    init?(_ data: [String: JSONValue]) {
        guard let access = data["access_key"]?.string, let secret = data["secret_key"]?.string,
            let madeAt = data["key_made_at"]?.integer
        else { return nil }
        self.init(access: access, secret: secret, madeAt: Timestamp(milliseconds: Int64(madeAt)))
    }

    var data: [String: JSONValue] {
        [
            "access_key": .string(access), "secret_key": .string(secret),
            "key_made_at": .integer(Int(madeAt.milliseconds)),
        ]
    }

    /// How long Keystone lets a signature be good (`[credential] auth_ttl`).
    static let lifetime = Duration.seconds(15 * 60)
}

extension CloudEngine {
    /// The address at which a wait condition's handle is signalled with `PUT`, without any token.
    func signedAddress(of resource: StackResource, in stack: StackRecord) -> String? {
        guard let key = AmazonKey(resource.data) else { return nil }
        let base = baseURL + CloudFormation.path(in: stack.place.region) + "/v1/waitcondition/"
        let name = "arn:openstack:heat::\(stack.project):stacks/\(stack.name)/\(stack.id)/resources/\(resource.name)"
        let host = baseURL.split(separator: "/").last.map { $0.lowercased() } ?? ""
        let address = SignedAddress(
            method: "PUT", host: host, path: CloudFormation.path(in: stack.place.region) + "/v1/waitcondition/" + name,
            query: [
                ("SignatureMethod", "HmacSHA256"), ("SignatureVersion", "2"), ("AWSAccessKeyId", key.access),
                ("Timestamp", key.madeAt.wholeSeconds),
            ])
        return base + SignedAddress.encoded(name, isPath: true) + "?" + address.signedQuery(with: key.secret)
    }
}

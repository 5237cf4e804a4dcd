import Runtime

/// Key pairs as Nova's API takes and shows them.
extension NovaView {
    private var pairs: [KeyPair] {
        call.token.map { engine.keyPairs(of: $0.user, in: call.region ?? "") } ?? []
    }

    func keyPairs() -> ServiceAnswer {
        .json(200, ["keypairs": .array(pairs.map { ["keypair": .object(brief($0))] })])
    }

    func keyPair() throws -> ServiceAnswer {
        let name = call.parameter("name")
        guard let index = pairs.firstIndex(where: { $0.name == name }) else {
            throw KeyPair.notFound(name, user: call.token?.user.id ?? "")
        }
        let pair = pairs[index]
        var json = brief(pair)
        json["user_id"] = .string(pair.userId)
        json["created_at"] = .string(String(pair.createdAt.microseconds.dropLast()))
        json["deleted"] = false
        json["deleted_at"] = .null
        json["updated_at"] = .null
        json["id"] = .integer(index + 1)
        return .json(200, ["keypair": .object(json)])
    }

    private func brief(_ pair: KeyPair) -> [String: JSONValue] {
        var json: [String: JSONValue] = [
            "name": .string(pair.name), "public_key": .string(pair.publicKey),
            "fingerprint": .string(pair.fingerprint),
        ]
        if version.minor >= 2 { json["type"] = "ssh" }
        return json
    }

    /// - Throws: ``CloudDialect/Refusal`` in Nova's words.
    func keyPairToImport() throws -> KeyPair {
        func refusal(_ message: String) -> CloudDialect.Refusal {
            CloudDialect.Refusal(status: 400, type: "badRequest", message: message)
        }
        guard let given = call.json?["keypair"] else { throw refusal("Malformed request body") }
        let name = given["name"]?.string ?? ""
        guard name.wholeMatch(of: /[_\- a-zA-Z0-9]+/) != nil else {
            throw refusal(
                "Invalid input for field/attribute name. Value: \(name). '\(name)' does not match '^[_\\\\- a-zA-Z0-9]+$'"
            )
        }
        guard
            let pair = KeyPair(
                name: name, publicKey: given["public_key"]?.string ?? "", userId: call.token?.user.id ?? "",
                at: Int(engine.now.milliseconds))
        else { throw refusal("Keypair data is invalid: failed to generate fingerprint") }
        return pair
    }

    func imported(_ pair: KeyPair) -> ServiceAnswer {
        var json = brief(pair)
        json["user_id"] = .string(pair.userId)
        return .json(version.minor >= 2 ? 201 : 200, ["keypair": .object(json)])
    }
}

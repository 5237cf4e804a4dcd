import Runtime

/// An entry of `clouds.yaml`, or what variables say instead of one.
struct CloudEntry {
    private let entry: ConfigurationTree
    private let cloud: String
    private let source: String

    init(_ entry: ConfigurationTree, cloud: String, source: String) {
        self.entry = entry
        self.cloud = cloud
        self.source = source
    }

    /// The regions that an entry names: `regions`, each a name or a name with values of its own, else `region_name`.
    static func regions(
        of entry: ConfigurationTree, cloud: String, source: String
    ) throws(CloudConfigurationError) -> [(name: String, entry: ConfigurationTree)] {
        let regions: [(name: String, entry: ConfigurationTree)?]
        switch entry["regions"] {
        case .list(let items)?:
            regions = items.map { item in
                if let name = item.text { return (name, entry) }
                guard let name = item["name"]?.text else { return nil }
                return (name, item["values"].map(entry.merging) ?? entry)
            }
        case .scalar(let name)? where !name.isEmpty: regions = [(name, entry)]
        default: regions = entry["region_name"]?.text.map { [($0, entry)] } ?? []
        }
        let named = regions.compactMap(\.self)
        guard named.count == regions.count else {
            throw CloudConfigurationError(source, "cloud \(cloud): regions is a list of names")
        }
        guard !named.isEmpty else {
            let key = cloud == CloudsReader.environmentCloud ? "set OS_REGION_NAME" : "give it region_name or regions"
            throw CloudConfigurationError(source, "cloud \(cloud): names no region; \(key)")
        }
        return named
    }

    func configuration(of region: String) throws(CloudConfigurationError) -> CloudConfiguration {
        if value("profile") != nil, value("auth_url") == nil {
            throw problem("a profile is not looked up: write its auth_url into the cloud")
        }
        guard let identityURL = value("auth_url") else { throw problem("auth.auth_url is missing") }
        guard identityURL.wholeMatch(of: /https?:\/\/[^\/\s?#@]+[^\s?#@]*/) != nil else {
            throw problem("auth.auth_url is an http or https address, not \(identityURL)")
        }
        if let version = value("identity_api_version"), !["3", "3.0", "v3"].contains(version) {
            throw problem("identity_api_version is 3: no other is spoken")
        }
        var transport = TransportSettings()
        transport.caFile = value("cacert")
        let isInsecure = try flag("insecure") ?? false
        let verifies = try flag("verify")
        transport.verifiesTLS = verifies ?? !isInsecure
        let callTimeout = try value("api_timeout").map { text throws(CloudConfigurationError) in
            guard let seconds = Double(text), seconds >= 1, seconds <= 3600 else {
                throw problem("api_timeout is a number of seconds from 1 to 3600, not \(text)")
            }
            return Duration.seconds(seconds)
        }
        if let callTimeout { transport.readTimeout = callTimeout }
        let (method, secret) = try credential()
        return CloudConfiguration(
            cloud: cloud, source: source, region: region,
            credential: CloudCredential(identityURL: identityURL, method, secret: secret),
            interface: try interface(), endpointOverrides: try endpointOverrides(), transport: transport,
            callTimeout: callTimeout)
    }

    // MARK: who signs in

    private func credential() throws(CloudConfigurationError) -> (CloudCredential.Method, secret: String) {
        let hasApplicationCredential =
            value("application_credential_id") ?? value("application_credential_name") != nil
        switch value("auth_type") {
        case "v3applicationcredential": return try applicationCredential()
        case nil where hasApplicationCredential: return try applicationCredential()
        case "password", "v3password", nil: return try password()
        case let type?:
            throw problem("auth_type \(type) is not supported; use v3applicationcredential, or password")
        }
    }

    private func applicationCredential() throws(CloudConfigurationError) -> (CloudCredential.Method, secret: String) {
        let secret = try needed("application_credential_secret")
        if let id = value("application_credential_id") { return (.applicationCredential(id: id), secret) }
        guard let name = value("application_credential_name") else {
            throw problem("auth.application_credential_id is missing")
        }
        return (.namedApplicationCredential(name: name, user: try user()), secret)
    }

    private func password() throws(CloudConfigurationError) -> (CloudCredential.Method, secret: String) {
        let user = try user()
        guard let project = named("project") ?? named("tenant") else {
            throw problem("auth.project_name (or project_id) is missing: stacks belong to a project")
        }
        return (.password(user: user, project: project), try needed("password"))
    }

    private func user() throws(CloudConfigurationError) -> CloudCredential.Named {
        if let id = value("user_id") { return .id(id) }
        return .name(try needed("username"), domain: domain(of: "user"))
    }

    private func named(_ kind: String) -> CloudCredential.Named? {
        if let id = value(kind + "_id") { return .id(id) }
        return value(kind + "_name").map { .name($0, domain: domain(of: "project")) }
    }

    /// Where none is named, the domain that every Keystone begins with.
    private func domain(of kind: String) -> CloudCredential.Named {
        if let id = value(kind + "_domain_id") { return .id(id) }
        if let name = value(kind + "_domain_name") { return .name(name, domain: nil) }
        return .id(value("default_domain_id") ?? value("default_domain") ?? "default")
    }

    // MARK: where it answers

    private func interface() throws(CloudConfigurationError) -> CloudInterface {
        guard var text = value("interface") ?? value("endpoint_type") else { return .public }
        if text.hasSuffix("URL") { text.removeLast(3) }
        guard let interface = CloudInterface(rawValue: text) else {
            throw problem("interface is public, internal or admin, not \(text)")
        }
        return interface
    }

    /// `compute_endpoint_override` and its like.
    private func endpointOverrides() throws(CloudConfigurationError) -> [CloudService: String] {
        var overrides: [CloudService: String] = [:]
        for service in CloudService.allCases {
            let names = service.types.map { $0.replacing("-", with: "_") + "_endpoint_override" }
            guard let url = names.lazy.compactMap(value).first else { continue }
            guard url.wholeMatch(of: /https?:\/\/\S+/) != nil else {
                throw problem("\(names[0]) is an address, not \(url)")
            }
            overrides[service] = service.versioned(url)
        }
        return overrides
    }

    // MARK: values

    /// A value under `auth` or beside it, its key spelled with underscores or hyphens.
    private func value(_ key: String) -> String? {
        for key in [key, key.replacing("_", with: "-")] {
            if let text = entry["auth"]?[key]?.text ?? entry[key]?.text { return text }
        }
        return nil
    }

    private func needed(_ key: String) throws(CloudConfigurationError) -> String {
        guard let value = value(key) else { throw problem("auth.\(key) is missing") }
        return value
    }

    private func flag(_ key: String) throws(CloudConfigurationError) -> Bool? {
        switch value(key)?.lowercased() {
        case nil: return nil
        case "true", "yes", "on", "1": return true
        case "false", "no", "off", "0": return false
        default: throw problem("\(key) is true or false")
        }
    }

    private func problem(_ words: String) -> CloudConfigurationError {
        CloudConfigurationError(source, "cloud \(cloud): \(words)")
    }
}

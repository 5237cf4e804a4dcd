import Configuration
import Foundation
import Runtime
import Workers
import Yams

/// What `hothouse serve` can be told, from flags over the environment over a file over defaults. README.md
/// lists the keys.
struct ServeSettings: Equatable {
    var listen: ListenAddress
    var databasePath: String
    var scenarioPath: String?
    /// The clouds of production; empty for the fake one.
    var clouds: [CloudName]
    var templatePath: String?
    var privateNetwork: String?
    var publicNetwork: String?
    var speed: Double
    var publicURL: String?
    var allowedOrigins: [String]
    /// How many deployments of a customer may be other than DELETED.
    var deploymentsPerCustomer: Int
    /// How many creates may be under way in a region at a time.
    var createsAtOnce: Int
    var removesOrphans: Bool
    /// Which instance types and images customers see.
    var offer: OfferRules
    /// The folder of the built web console; nil for where it usually is.
    var consolePath: String?
    var logLevel: String

    static let keys = [
        "listen", "database", "scenario", "cloud", "template", "privateNetwork", "publicNetwork", "speed", "publicUrl",
        "allowedOrigins", "deploymentsPerCustomer", "createsAtOnce", "removeOrphans", "instanceTypes", "images",
        "console", "logLevel",
    ]

    /// Keys whose value in a file may be a list.
    private static let lists = ["allowedOrigins", "instanceTypes", "images"]

    /// - Parameters:
    ///   - flags: by key, those that were given.
    ///   - environment: of the process; `HOTHOUSE_PUBLIC_URL` sets `publicUrl`.
    ///   - file: a YAML file with the keys at its top level.
    /// - Throws: ``Failure`` for a key that does not exist and a value that can't be.
    init(flags: [String: String], environment: [String: String], file: String?) throws {
        let reader = ConfigReader(providers: [
            InMemoryProvider(name: "flags", values: Self.values(flags)),
            InMemoryProvider(name: "environment", values: Self.values(try Self.settings(in: environment))),
            InMemoryProvider(name: "file", values: Self.values(try file.map(Self.settings(inFile:)) ?? [:])),
        ])
        func value(_ key: String) -> String? { reader.string(forKey: ConfigKey([key])) }

        listen = try ListenAddress(parsing: value("listen") ?? "127.0.0.1:8080")
        scenarioPath = value("scenario")
        clouds = try CloudName.list(parsing: value("cloud") ?? "")
        templatePath = value("template")
        privateNetwork = value("privateNetwork")
        publicNetwork = value("publicNetwork")
        if clouds.isEmpty {
            let others = ["template": templatePath, "privateNetwork": privateNetwork, "publicNetwork": publicNetwork]
            if let key = others.filter({ $0.value != nil }).keys.min() {
                throw Failure.input("\(key) is for a real cloud: name it with --cloud")
            }
        } else {
            for key in ["scenario", "speed"] where value(key) != nil {
                throw Failure.input("\(key) is for the fake cloud: it does not go with --cloud")
            }
        }
        databasePath = try Self.databasePath(
            value("database"), name: Self.databaseName(scenarioPath: scenarioPath, clouds: clouds),
            environment: environment)
        guard let speed = Double(value("speed") ?? "1"), speed > 0, speed <= 1000 else {
            throw Failure.input("speed is a number over 0 and up to 1000, not \(value("speed") ?? "")")
        }
        self.speed = speed
        publicURL = value("publicUrl")
        if let publicURL, !Self.isOrigin(publicURL) {
            throw Failure.input("publicUrl is an origin such as https://portal.example, not \(publicURL)")
        }
        allowedOrigins = (value("allowedOrigins") ?? "").split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        if let wrong = allowedOrigins.first(where: { !Self.isOrigin($0) }) {
            throw Failure.input("allowedOrigins has origins such as https://console.example, not \(wrong)")
        }
        func number(_ key: String, default standard: Int, in range: ClosedRange<Int>) throws -> Int {
            let text = value(key) ?? "\(standard)"
            guard let number = Int(text), range.contains(number) else {
                throw Failure.input(
                    "\(key) is a whole number from \(range.lowerBound) to \(range.upperBound), not \(text)")
            }
            return number
        }
        deploymentsPerCustomer = try number("deploymentsPerCustomer", default: 20, in: 0...1_000_000)
        createsAtOnce = try number("createsAtOnce", default: WorkerSettings().createsAtOnce, in: 1...1_000_000)
        let removal = value("removeOrphans") ?? "no"
        guard ["yes", "no", "true", "false"].contains(removal) else {
            throw Failure.input("removeOrphans is yes or no, not \(removal)")
        }
        removesOrphans = ["yes", "true"].contains(removal)
        func patterns(_ key: String) throws -> [String] {
            let patterns = (value(key) ?? "").split(separator: ",", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            guard patterns == [""] || !patterns.contains(where: { $0.isEmpty || $0 == "!" }) else {
                throw Failure.input("\(key) has patterns such as m1.* and !m1.huge, not \(value(key) ?? "")")
            }
            return patterns == [""] ? [] : patterns
        }
        offer = OfferRules(instanceTypes: try patterns("instanceTypes"), images: try patterns("images"))
        consolePath = value("console")
        logLevel = value("logLevel") ?? "info"
    }

    private static func values(_ settings: [String: String]) -> [AbsoluteConfigKey: ConfigValue] {
        Dictionary(
            uniqueKeysWithValues: settings.map {
                (AbsoluteConfigKey([$0.key]), ConfigValue(.string($0.value), isSecret: false))
            })
    }

    private static func settings(in environment: [String: String]) throws -> [String: String] {
        let prefix = "HOTHOUSE_"
        let names = Dictionary(uniqueKeysWithValues: keys.map { (prefix + snakeCase($0), $0) })
        var settings: [String: String] = [:]
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix(prefix) {
            guard let key = names[name] else {
                throw Failure.input(
                    "unknown variable \(name); known are \(names.keys.sorted().joined(separator: ", "))")
            }
            settings[key] = value
        }
        return settings
    }

    private static func snakeCase(_ key: String) -> String {
        key.reduce(into: "") { name, character in
            if character.isUppercase { name.append("_") }
            name += character.uppercased()
        }
    }

    private static func settings(inFile path: String) throws -> [String: String] {
        let node: Node?
        do {
            node = try Yams.compose(yaml: String(contentsOfFile: path, encoding: .utf8))
        } catch let error as YamlError {
            throw Failure.input("\(path): \(error)")
        } catch {
            throw Failure.environment("cannot read \(path): \(error.localizedDescription)")
        }
        guard let node else { return [:] }
        guard let mapping = node.mapping else { throw Failure.input("\(path): expected keys with values") }
        var settings: [String: String] = [:]
        for (keyNode, valueNode) in mapping {
            let key = keyNode.scalar?.string ?? ""
            let place = "\(path):\(keyNode.mark?.line ?? 0):\(keyNode.mark?.column ?? 0)"
            guard keys.contains(key) else {
                throw Failure.input("\(place): unknown key \(key); known are \(keys.joined(separator: ", "))")
            }
            if let scalar = valueNode.scalar {
                settings[key] = scalar.string
            } else if let sequence = valueNode.sequence, Self.lists.contains(key) {
                settings[key] = sequence.compactMap(\.scalar?.string).joined(separator: ",")
            } else {
                throw Failure.input("\(place): \(key) has one value")
            }
        }
        return settings
    }

    /// What the data are of: the data of a fake cloud are of no use to a real one.
    private static func databaseName(scenarioPath: String?, clouds: [CloudName]) -> String {
        if !clouds.isEmpty { return "cloud-" + clouds.map(\.name).joined(separator: "-") }
        return scenarioPath.map { URL(fileURLWithPath: $0).deletingPathExtension().lastPathComponent } ?? "hothouse"
    }

    /// Where the data is: `sqlite:PATH` or a path; by default a file of this user's.
    private static func databasePath(
        _ text: String?, name: String, environment: [String: String]
    ) throws -> String {
        if let text {
            if text.hasPrefix("postgres") {
                throw Failure.input("PostgreSQL is not supported yet: use a path or sqlite:PATH, not \(text)")
            }
            var path = Substring(text)
            for prefix in ["sqlite://", "sqlite:"] where path.hasPrefix(prefix) { path = path.dropFirst(prefix.count) }
            guard !path.isEmpty else { throw Failure.input("database is a path or sqlite:PATH, not \(text)") }
            return URL(fileURLWithPath: String(path)).path
        }
        let home = environment["HOME"] ?? NSTemporaryDirectory()
        let data = environment["XDG_DATA_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? home + "/.local/share"
        return "\(data)/hothouse/\(name).sqlite"
    }

    private static func isOrigin(_ text: String) -> Bool {
        text.wholeMatch(of: /https?:\/\/[A-Za-z0-9.\-\[\]:]+/) != nil
    }
}

/// An address to listen on: `HOST:PORT`, `[IPv6]:PORT` or a bare port on loopback.
struct ListenAddress: Equatable {
    let host: String
    let port: Int

    init(parsing text: String) throws {
        let bare = Int(text).map { ("127.0.0.1", $0) }
        let full = text.wholeMatch(of: /(\[[0-9A-Fa-f:.]+\]|[^:\s]+):(\d+)/).map { (String($0.1), Int($0.2) ?? -1) }
        guard let (host, port) = bare ?? full, (0...65_535).contains(port) else {
            throw Failure.input("listen is HOST:PORT such as 127.0.0.1:8080, not \(text)")
        }
        self.host = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        self.port = port
    }

    var isLoopback: Bool { LocalRequest.isLoopback(host) }

    /// A URL of this address with the port that was bound.
    func url(port: Int) -> String {
        "http://" + (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
    }
}

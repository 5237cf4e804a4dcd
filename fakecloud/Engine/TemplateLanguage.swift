import Runtime

/// A version of the template language (HOT): its functions and what else differs between versions.
struct TemplateLanguage: Sendable {
    /// The day that names it. Days compare as texts.
    let date: String

    private static let versions: [(date: String, alias: String?)] = [
        ("2013-05-23", nil), ("2014-10-16", nil), ("2015-04-30", nil), ("2015-10-15", nil), ("2016-04-08", nil),
        ("2016-10-14", "newton"), ("2017-02-24", "ocata"), ("2017-09-01", "pike"), ("2018-03-02", "queens"),
        ("2018-08-31", "rocky"), ("2021-04-16", "wallaby"),
    ]

    /// - Throws: ``HeatFault`` in the words of golden heat, `create-template-*-version`.
    init(_ version: JSONValue?) throws {
        let known = Self.versions.map(\.date) + Self.versions.compactMap(\.alias)
        let problem: String
        switch version {
        case nil, .null: problem = "Template version was not provided"
        case let version?:
            let name = version.string ?? "\(version)"
            if let found = Self.versions.first(where: { $0.date == name || $0.alias == name }) {
                date = found.date
                return
            }
            problem =
                "\"heat_template_version: \(name)\". \"heat_template_version\" should be one of: "
                + known.joined(separator: ", ")
        }
        throw HeatFault(
            status: 400, type: "InvalidTemplateVersion", message: "The template version is invalid: \(problem)")
    }

    var sections: Set<String> {
        let sections: Set<String> = [
            "heat_template_version", "description", "parameter_groups", "parameters", "resources", "outputs",
        ]
        return hasConditions ? sections.union(["conditions"]) : sections
    }

    var resourceKeys: Set<String> {
        let keys: Set<String> = [
            "type", "properties", "metadata", "depends_on", "deletion_policy", "update_policy", "description",
        ]
        return hasConditions ? keys.union(["external_id", "condition"]) : keys
    }

    var outputKeys: Set<String> { hasConditions ? ["description", "value", "condition"] : ["description", "value"] }

    var deletionPolicies: Set<String> {
        let policies: Set<String> = ["Delete", "Retain", "Snapshot"]
        return hasConditions ? policies.union(["delete", "retain", "snapshot"]) : policies
    }

    var parameterKeys: Set<String> {
        let keys: Set<String> = [
            "type", "description", "default", "schema", "constraints", "hidden", "label", "immutable",
        ]
        return date >= "2018-03-02" ? keys.union(["tags"]) : keys
    }

    var hasConditions: Bool { date >= "2016-10-14" }
    var hasModulo: Bool { date >= "2017-02-24" }
    /// Whether `if` may have no else, and then leaves out what it is the value of.
    var hasNullableIf: Bool { date >= "2021-04-16" }
    /// Whether `list_join` takes several lists, `str_replace` and `list_join` write maps and lists as JSON, and
    /// `get_attr` with a resource alone gives all attributes.
    var isJSONAware: Bool { date >= "2015-10-15" }
    /// Whether `repeat` goes over the keys of maps.
    var repeatsMaps: Bool { date >= "2016-10-14" }
    /// Whether `repeat` knows `permutations`.
    var hasPermutations: Bool { date >= "2017-09-01" }

    // Functions.

    enum Standing {
        case present
        /// It was in an earlier version and is refused.
        case removed
    }

    /// What a name of one key stands for; nil where it is plain data in this version.
    func standing(of name: String) -> (function: TemplateFunction, standing: Standing)? {
        guard let function = TemplateFunction(rawValue: name), !function.isForConditionsOnly,
            function.since <= date
        else { return nil }
        return (function, function.until.map { $0 <= date } ?? false ? .removed : .present)
    }

    /// Whether conditions may use it.
    func allowsInConditions(_ function: TemplateFunction) -> Bool {
        switch function {
        case .getParameter, .equals, .not, .and, .or: hasConditions
        case .yaql, .contains: date >= "2017-09-01"
        default: false
        }
    }

    /// The answer to `GET …/template_versions`.
    static var knownVersions: JSONValue {
        let prefix = "heat_template_version."
        let amazons: [JSONValue] = TemplateFunction.amazonVersions.map {
            ["version": .string($0.name), "type": "cfn", "aliases": []]
        }
        let own = versions.map { version -> JSONValue in
            [
                "version": .string(prefix + version.date), "type": "hot",
                "aliases": .array(version.alias.map { [.string(prefix + $0)] } ?? []),
            ]
        }
        return ["template_versions": .array(amazons + own)]
    }

    /// The answer to `GET …/template_versions/VERSION/functions` (golden heat, `template-functions`).
    ///
    /// - Throws: ``HeatFault`` for a version that there is not.
    static func functions(ofVersion version: String, withConditions: Bool) throws -> JSONValue {
        var names: [String]
        let prefix = "heat_template_version."
        if let amazon = TemplateFunction.amazonVersions.first(where: { $0.name == version }) {
            names = amazon.functions
            if withConditions { names += amazon.conditions.filter { !amazon.functions.contains($0) } }
        } else if version.hasPrefix(prefix),
            let language = try? TemplateLanguage(.string(String(version.dropFirst(prefix.count))))
        {
            let order = language.date == "2013-05-23" ? TemplateFunction.firstOrder : TemplateFunction.allCases
            let shown = order.filter { language.standing(of: $0.rawValue)?.standing == .present }
            let more = [TemplateFunction.equals, .not, .and, .or].filter(language.allowsInConditions)
            names = (withConditions ? shown + more : shown).map(\.rawValue)
            return list(names, in: language)
        } else {
            throw HeatFault(
                status: 404, type: "NotFound", message: "Template with version \(version) not found")
        }
        return list(names, in: nil)
    }

    private static func list(_ names: [String], in language: TemplateLanguage?) -> JSONValue {
        [
            "template_functions": .array(
                names.map {
                    [
                        "functions": .string($0),
                        "description": .string(TemplateFunction.description(of: $0, in: language)),
                    ]
                })
        ]
    }
}

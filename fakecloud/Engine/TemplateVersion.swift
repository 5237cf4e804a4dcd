import Runtime

/// The versions of the template language. The fake carries out the functions that it has in templates of all of them.
extension HeatTemplate {
    private static let versions: [(date: String, alias: String?)] = [
        ("2013-05-23", nil), ("2014-10-16", nil), ("2015-04-30", nil), ("2015-10-15", nil), ("2016-04-08", nil),
        ("2016-10-14", "newton"), ("2017-02-24", "ocata"), ("2017-09-01", "pike"), ("2018-03-02", "queens"),
        ("2018-08-31", "rocky"), ("2021-04-16", "wallaby"),
    ]

    /// - Throws: ``HeatFault`` in the words of golden heat, `create-template-*-version`.
    static func checkVersion(_ version: JSONValue?) throws {
        let known = versions.map(\.date) + versions.compactMap(\.alias)
        let problem: String
        switch version {
        case nil, .null: problem = "Template version was not provided"
        case let version? where version.string.map(known.contains) ?? false: return
        case let version?:
            problem =
                "\"heat_template_version: \(version.string ?? "\(version)")\". \"heat_template_version\" should be one of: "
                + known.joined(separator: ", ")
        }
        throw HeatFault(
            status: 400, type: "InvalidTemplateVersion", message: "The template version is invalid: \(problem)")
    }

    /// The answer to `GET …/template_versions`.
    static var knownVersions: JSONValue {
        let prefix = "heat_template_version."
        let amazons: [JSONValue] = ["AWSTemplateFormatVersion.2010-09-09", "HeatTemplateFormatVersion.2012-12-12"].map {
            ["version": .string($0), "type": "cfn", "aliases": []]
        }
        let own = versions.map { version -> JSONValue in
            [
                "version": .string(prefix + version.date), "type": "hot",
                "aliases": .array(version.alias.map { [.string(prefix + $0)] } ?? []),
            ]
        }
        return ["template_versions": .array(amazons + own)]
    }
}

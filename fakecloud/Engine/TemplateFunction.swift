import Runtime

/// The intrinsic functions of all versions of the template language, in the order in which Heat tells of them.
enum TemplateFunction: String, CaseIterable, Sendable {
    case getAttribute = "get_attr"
    case getFile = "get_file"
    case getParameter = "get_param"
    case getResource = "get_resource"
    case listJoin = "list_join"
    case `repeat` = "repeat"
    case resourceFacade = "resource_facade"
    case strReplace = "str_replace"
    case select = "Fn::Select"
    case digest
    case strSplit = "str_split"
    case mapMerge = "map_merge"
    case yaql
    case mapReplace = "map_replace"
    case `if` = "if"
    case filter
    case strReplaceStrict = "str_replace_strict"
    case makeURL = "make_url"
    case listConcat = "list_concat"
    case strReplaceVeryStrict = "str_replace_vstrict"
    case listConcatUnique = "list_concat_unique"
    case contains

    case equals, not, and, or

    // Of the first version only, from Amazon's language.
    case getAZs = "Fn::GetAZs"
    case reference = "Ref"
    case join = "Fn::Join"
    case split = "Fn::Split"
    case replace = "Fn::Replace"
    case base64 = "Fn::Base64"
    case memberListToMap = "Fn::MemberListToMap"
    case amazonFacade = "Fn::ResourceFacade"

    var isForConditionsOnly: Bool { [.equals, .not, .and, .or].contains(self) }

    /// The version that it came with.
    var since: String {
        switch self {
        case .getAttribute, .getFile, .getParameter, .getResource, .listJoin, .resourceFacade, .strReplace, .select,
            .getAZs, .reference, .join, .split, .replace, .base64, .memberListToMap, .amazonFacade:
            "2013-05-23"
        case .repeat, .digest: "2015-04-30"
        case .strSplit: "2015-10-15"
        case .mapMerge: "2016-04-08"
        case .yaql, .mapReplace, .if, .equals, .not, .and, .or: "2016-10-14"
        case .filter, .strReplaceStrict: "2017-02-24"
        case .makeURL, .listConcat, .strReplaceVeryStrict, .listConcatUnique, .contains: "2017-09-01"
        }
    }

    /// The version that took it away.
    var until: String? {
        switch self {
        case .select: "2015-10-15"
        case .getAZs, .reference, .join, .split, .replace, .base64, .memberListToMap, .amazonFacade: "2014-10-16"
        default: nil
        }
    }

    /// The order of the first version.
    static let firstOrder: [TemplateFunction] = [
        .getAZs, .getParameter, .getResource, .reference, .getAttribute, .select, .join, .listJoin, .split,
        .strReplace, .replace, .base64, .memberListToMap, .resourceFacade, .amazonFacade, .getFile,
    ]

    /// Amazon's versions, which Heat tells of.
    static let amazonVersions: [(name: String, functions: [String], conditions: [String])] = {
        let functions = [
            "Fn::FindInMap", "Fn::GetAZs", "Ref", "Fn::GetAtt", "Fn::Select", "Fn::Join", "Fn::Split", "Fn::Replace",
            "Fn::Base64", "Fn::MemberListToMap", "Fn::ResourceFacade",
        ]
        return [
            (
                "AWSTemplateFormatVersion.2010-09-09", functions + ["Fn::If"],
                ["Fn::Equals", "Ref", "Fn::FindInMap", "Fn::Not", "Fn::And", "Fn::Or"]
            ),
            ("HeatTemplateFormatVersion.2012-12-12", functions, []),
        ]
    }()

    /// Heat's one line about a function; nil for the language where it is one of Amazon's.
    static func description(of name: String, in language: TemplateLanguage?) -> String {
        switch name {
        case "list_join" where !(language?.isJSONAware ?? true): "A function for joining strings."
        case "repeat" where !(language?.repeatsMaps ?? true): "A function for iterating over a list of items."
        case "Ref" where language == nil: "A function for resolving parameters or resource references."
        default: descriptions[name] ?? ""
        }
    }

    private static let descriptions = [
        "get_attr": "A function for resolving resource attributes.",
        "Fn::GetAtt": "A function for resolving resource attributes.",
        "get_file": "A function for including a file inline.",
        "get_param": "A function for resolving parameter references.",
        "Ref": "A function for resolving parameters or resource references.",
        "get_resource": "A function for resolving resource references.",
        "list_join": "A function for joining one or more lists of strings.",
        "Fn::Join": "A function for joining strings.",
        "repeat": "A function for iterating over a list of items or a dict of keys.",
        "resource_facade": "A function for retrieving data in a parent provider template.",
        "Fn::ResourceFacade": "A function for retrieving data in a parent provider template.",
        "str_replace": "A function for performing string substitutions.",
        "Fn::Replace": "A function for performing string substitutions.",
        "Fn::Select": "A function for selecting an item from a list or map.",
        "digest": "A function for performing digest operations.",
        "str_split": "A function for splitting delimited strings into a list.",
        "Fn::Split": "A function for splitting strings.",
        "map_merge": "A function for merging maps.",
        "yaql": "A function for executing a yaql expression.",
        "map_replace": "A function for performing substitutions on maps.",
        "if": "A function to return corresponding value based on condition evaluation.",
        "Fn::If": "A function to return corresponding value based on condition evaluation.",
        "filter": "A function for filtering out values from lists.",
        "str_replace_strict": "A function for performing string substitutions.",
        "make_url": "A function for performing substitutions on maps.",
        "list_concat": "A function for extending lists.",
        "str_replace_vstrict": "A function for performing string substitutions.",
        "list_concat_unique": "A function for extending lists with unique items.",
        "contains": "A function for checking whether specific value is in sequence.",
        "equals": "A function for comparing whether two values are equal.",
        "Fn::Equals": "A function for comparing whether two values are equal.",
        "not": "A function that acts as a NOT operator on a condition.",
        "Fn::Not": "A function that acts as a NOT operator on a condition.",
        "and": "A function that acts as an AND operator on conditions.",
        "Fn::And": "A function that acts as an AND operator on conditions.",
        "or": "A function that acts as an OR operator on conditions.",
        "Fn::Or": "A function that acts as an OR operator on conditions.",
        "Fn::GetAZs": "A function for retrieving the availability zones.",
        "Fn::FindInMap": "A function for resolving keys in the template mappings.",
        "Fn::Base64": "A placeholder function for converting to base64.",
        "Fn::MemberListToMap": "A function to convert lists with enumerated keys and values to mapping.",
    ]
}

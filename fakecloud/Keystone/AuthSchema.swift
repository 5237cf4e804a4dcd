import Runtime

/// The schema of a request for a token, as Keystone prints the part that was broken (golden keystone, `missing-methods`,
/// `missing-identity`).
enum AuthSchema {
    /// Of `auth.identity`.
    static let identity = """
        {'type': 'object',
         'properties': {'methods': {'type': 'array',
                                    'items': {'type': 'string'}},
                        'password': {'type': 'object',
                                     'properties': {'user': {'type': 'object',
                                                             'properties': {'id': {'type': 'string'},
                                                                            'name': {'type': 'string'},
                                                                            'password': {'type': 'string'},
                                                                            'domain': {'type': 'object',
                                                                                       'properties': {'id': {'type': 'string'},
                                                                                                      'name': {'type': 'string'}}}}}}},
                        'token': {'type': 'object',
                                  'properties': {'id': {'type': 'string'}},
                                  'required': ['id']}},
         'required': ['methods']}
        """

    /// Of `auth`.
    static let auth = """
        {'type': 'object',
         'properties': {'identity': {'type': 'object',
                                     'properties': {'methods': {'type': 'array',
                                                                'items': {'type': 'string'}},
                                                    'password': {'type': 'object',
                                                                 'properties': {'user': {'type': 'object',
                                                                                         'properties': {'id': {'type': 'string'},
                                                                                                        'name': {'type': 'string'},
                                                                                                        'password': {'type': 'string'},
                                                                                                        'domain': {'type': 'object',
                                                                                                                   'properties': {'id': {'type': 'string'},
                                                                                                                                  'name': {'type': 'string'}}}}}}},
                                                    'token': {'type': 'object',
                                                              'properties': {'id': {'type': 'string'}},
                                                              'required': ['id']}},
                                     'required': ['methods']},
                        'scope': {'type': ['object', 'string'],
                                  'properties': {'project': {'type': 'object',
                                                             'properties': {'name': {'type': 'string'},
                                                                            'id': {'type': 'string'},
                                                                            'domain': {'type': 'object',
                                                                                       'properties': {'id': {'type': 'string'},
                                                                                                      'name': {'type': 'string'}}}}},
                                                 'domain': {'type': 'object',
                                                            'properties': {'id': {'type': 'string'},
                                                                           'name': {'type': 'string'}}},
                                                 'OS-TRUST:trust': {'type': 'object',
                                                                    'properties': {'id': {'type': 'string'}}},
                                                 'system': {'type': 'object',
                                                            'properties': {'all': {'type': 'boolean',
                                                                                   'enum': [True,
                                                                                            False,
                                                                                            None]}}}}}},
         'required': ['identity']}
        """

    /// The refusal of a body without a property that it needs.
    ///
    /// - Parameters:
    ///   - schema: that asks for it, at a place such as `['identity']`; empty for the whole.
    ///   - prefix: before the sentence.
    static func missing(
        _ property: String, in instance: JSONValue, schema: String, at path: [String], prefix: String = ""
    ) -> KeystoneFault {
        func indented(_ text: String) -> String {
            text.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
        }
        let schemaPath = path.map { "['properties']['\($0)']" }.joined()
        let instancePath = path.map { "['\($0)']" }.joined()
        return .invalid(
            """
            \(prefix)'\(property)' is a required property

            Failed validating 'required' in schema\(schemaPath):
            \(indented(schema))

            On instance\(instancePath):
            \(indented(instance.pythonText))
            """)
    }
}

import Runtime

/// What Keystone says it has, in draft-nottingham-json-home: of its 130 entries those that this one answers.
enum JSONHome {
    static let document: JSONValue = {
        let plain = [
            "auth_tokens": "/auth/tokens", "auth_projects": "/auth/projects", "auth_domains": "/auth/domains",
            "auth_system": "/auth/system", "auth_catalog": "/auth/catalog", "users": "/users",
            "projects": "/projects", "domains": "/domains", "roles": "/roles", "services": "/services",
            "endpoints": "/endpoints", "regions": "/regions", "role_assignments": "/role_assignments",
        ]
        let templates = [
            ("user", "/users/{user_id}"), ("user_projects", "/users/{user_id}/projects"),
            ("application_credentials", "/users/{user_id}/application_credentials"),
            (
                "application_credential",
                "/users/{user_id}/application_credentials/{application_credential_id}"
            ),
            ("project", "/projects/{project_id}"), ("domain", "/domains/{domain_id}"), ("role", "/roles/{role_id}"),
            ("service", "/services/{service_id}"), ("endpoint", "/endpoints/{endpoint_id}"),
            ("region", "/regions/{region_id}"),
        ]
        let base = "https://docs.openstack.org/api/openstack-identity/3/"
        var resources: [String: JSONValue] = [:]
        for (name, href) in plain { resources[base + "rel/" + name] = ["href": .string(href)] }
        for (name, template) in templates {
            var variables: [String: JSONValue] = [:]
            for match in template.matches(of: /\{([a-z_]+)\}/) {
                variables[String(match.1)] = .string(base + "param/" + match.1)
            }
            resources[base + "rel/" + name] = [
                "href-template": .string(template), "href-vars": .object(variables),
            ]
        }
        return ["resources": .object(resources)]
    }()
}

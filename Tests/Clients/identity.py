"""Signing in, and what Keystone shows."""

import openstack


def sign_in_by_credential_and_by_password(stage):
    tokens = {}
    for cloud in ("hothouse", "hothouse-password", "hothouse-admin"):
        tokens[cloud] = stage.json("token issue", cloud)
    assert all(token["id"].startswith("gAAAAA") for token in tokens.values())
    assert tokens["hothouse"]["project_id"] == tokens["hothouse-password"]["project_id"]
    assert tokens["hothouse"]["project_id"] != tokens["hothouse-admin"]["project_id"]


def a_wrong_password_is_refused(stage):
    stage.refused("--os-password wrong token issue", "HTTP 401", cloud="hothouse-password")


def every_service_tells_its_versions(stage):
    found = {(row["Service Type"], row["Version"]): row for row in stage.json("versions show")}
    for service, version, newest in [
        ("identity", "3.14", None), ("orchestration", "1.0", None), ("compute", "2.1", "2.104"),
        ("image", "2.18", None), ("network", "2.0", None), ("block-storage", "3.0", "3.71"),
        ("placement", "1.0", "1.39"),
    ]:
        row = found[service, version]
        assert row["Max Microversion"] == newest, row
        assert row["Status"] == "CURRENT", row
        assert row["Endpoint"].startswith(stage.url), row


def the_catalog_names_every_service_in_every_region(stage):
    catalog = stage.json("catalog list")
    assert {row["Type"] for row in catalog} >= {
        "identity", "orchestration", "cloudformation", "compute", "image", "network", "block-storage", "volumev3",
        "placement"}
    assert all({endpoint["region"] for endpoint in row["Endpoints"]} == {"west", "east"} for row in catalog)
    shown = stage.json("catalog show orchestration")
    assert shown["name"] == "heat"
    assert stage.json("--os-region-name east subnet list --name public")[0]["Subnet"] == "198.51.100.0/24"
    assert stage.json("subnet list --name public")[0]["Subnet"] == "203.0.113.0/24"
    assert [row["Name"] for row in stage.json("network list --external")] == ["public"]


def a_revoked_token_is_good_for_nothing(stage):
    token = stage.json("token issue")["id"]
    path = "/heat/west/v1/" + stage.connection().current_project_id + "/stacks"
    assert stage.request("GET", path, headers={"X-Auth-Token": token})[0] == 200
    stage.openstack("token revoke " + token)
    assert stage.request("GET", "/identity/v3/auth/projects", headers={"X-Auth-Token": token})[0] == 401
    # Heat believes for a while what it has seen (keystonemiddleware's cache).
    stage.skip_time(600)
    status, headers, _ = stage.request("GET", path, headers={"X-Auth-Token": token})
    assert status == 401
    assert headers["WWW-Authenticate"].startswith("Keystone uri=")


def application_credentials_are_made_and_used(stage):
    made = stage.json("application credential create ci --description robots --role member")
    assert made["name" if "name" in made else "Name"] == "ci"
    made = {key.lower(): value for key, value in made.items()}
    assert {row["Name"] for row in stage.json("application credential list")} == {"portal", "ci"}
    stage.openstack("application credential show ci")
    options = (
        "--os-auth-type v3applicationcredential --os-application-credential-id %s "
        "--os-application-credential-secret %s " % (made["id"], made["secret"]))
    assert stage.json(options + "token issue")["project_id"]
    # It is restricted: it may not make others.
    stage.refused(options + "application credential create more", "403")
    stage.openstack("application credential delete ci")
    stage.refused(options + "token issue", "HTTP 404")


def operators_see_who_there_is(stage):
    admin = "hothouse-admin"
    assert {"demo", "other", "admin", "service"} <= {row["Name"] for row in stage.json("project list", admin)}
    assert "demo" in {row["Name"] for row in stage.json("user list", admin)}
    assert "member" in {row["Name"] for row in stage.json("role list", admin)}
    assert "heat" in {row["Name"] for row in stage.json("service list", admin)}
    assert {row["Region"] for row in stage.json("endpoint list", admin)} == {"west", "east"}
    assert len(stage.json("region list", admin)) == 2
    rows = stage.json("role assignment list --user demo --names", admin)
    assert {row["Role"] for row in rows} == {"heat_stack_owner", "member", "reader"}
    assert stage.json("project show demo", admin)["name"] == "demo"
    assert stage.json("domain list", admin)[0]["ID"] == "default"


def users_do_not(stage):
    stage.refused("user list", "403", "identity:list_users")
    stage.refused("hypervisor list", "403")
    stage.refused("orchestration service list", "not authorized")


def the_library_renews_an_expired_token(stage):
    connection = stage.connection()
    assert list(connection.network.networks())
    stage.skip_time(3700)
    assert list(connection.network.networks())
    issued = stage.control("GET", "/requests?operation=keystone.token.issue&status=201")
    assert issued["count"] == 2, issued["count"]


def the_library_names_the_refusal(stage):
    connection = openstack.connect(
        auth_url=stage.url + "/identity/v3", username="demo", password="wrong", project_name="demo",
        user_domain_id="default", project_domain_id="default", region_name="west")
    try:
        connection.authorize()
    except openstack.exceptions.SDKException as error:
        assert "HTTP 401" in str(error), error
    else:
        raise AssertionError("it signed in")

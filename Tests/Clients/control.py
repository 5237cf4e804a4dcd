"""The control API as a test of somebody's client uses it."""

import json
import os
import re

from openapi_spec_validator import OpenAPIV31SpecValidator

from stacks import template


def the_description_is_one(stage):
    document = stage.control("GET", "/openapi.json")
    OpenAPIV31SpecValidator(document).validate()
    for path, operations in document["paths"].items():
        for method in operations:
            status, _, _ = stage.request(method.upper(), "/_hothouse" + path.replace("{id}", "none"), {})
            assert status != 405, f"{method} {path}"


def calls_are_counted(stage):
    stage.openstack("stack list")
    stage.refused("stack show none")
    found = stage.control("GET", "/requests?operation=heat.stack.list&method=GET")
    assert found["count"] == 1, found
    assert found["items"][0]["status"] == 200
    assert stage.control("GET", "/requests?operation=heat.*&stack=none&limit=0")["count"] == 1
    seen = stage.control("GET", "/requests?limit=1")["items"][0]["number"]
    stage.openstack("server list")
    later = stage.control("GET", f"/requests?operation=nova.server.list&after={seen}")
    assert later["count"] == 1
    assert "gAAAAA" not in str(later)


def faults_are_armed_and_disarmed(stage):
    stage.control("POST", "/faults", {
        "id": "full", "op": "nova.server.create",
        "answer": {"status": 403, "json": {"forbidden": {"code": 403, "message": "No more."}}}})
    stage.refused("server create --flavor small --image debian-12 --network private vm", "No more.")
    assert stage.control("GET", "/faults")["items"][0]["fired"] == 1
    stage.control("DELETE", "/faults/full")
    stage.openstack("server create --flavor small --image debian-12 --network private vm")


def heat_without_its_engine(stage):
    stage.control("POST", "/faults", {
        "id": "engine", "op": ["heat.stack.*", "heat.other"], "delay": "60s",
        "answer": {"status": 500, "error": "MessagingTimeout"}})
    stage.refused("stack list", "ERROR")
    assert stage.control("GET", "/requests?operation=heat.stack.list&status=500")["items"][0]["milliseconds"] >= 60000


def time_is_moved(stage):
    path = template(stage, "slow.yaml", "resources: { r: { type: OS::Heat::TestResource, properties: { wait_secs: 3600 } } }")
    stage.openstack(f"stack create --timeout 120 -t {path} slow")
    stage.control("POST", "/clock", {"action": "pause"})
    before = stage.control("GET", "/clock")["now"]
    assert stage.control("GET", "/clock")["now"] == before
    stage.skip_time(3660)
    assert stage.json("stack show slow")["stack_status"] == "CREATE_COMPLETE"


def another_story_is_played(stage):
    def story(regions):
        return {
            "scenario": "narrow", "about": "Room for one stack.",
            "cloud": {"regions": regions, "quotas": {"stacks": 1}},
            "users": {"a": {"script": ["login"]}}, "expect": {},
        }

    kept = stage.control("GET", "/scenario")
    assert kept["regions"] == ["west", "east"]
    try:
        assert stage.control("PUT", "/scenario", story({"west": {}}))["regions"] == ["west"]
        assert all(len(row["Endpoints"]) == 3 for row in stage.json("catalog list"))
        path = template(stage, "small.yaml", "resources: { r: { type: 'OS::Heat::RandomString' } }")
        stage.openstack(f"stack create -t {path} one")
        stage.refused(f"stack create -t {path} two", "You have reached the maximum stacks per tenant, 1.")
    finally:
        standard = story({"west": {}, "east": {}})
        del standard["cloud"]["quotas"]
        stage.control("PUT", "/scenario", standard)


def the_rules_of_the_page_are_armed(stage):
    page = os.path.join(os.path.dirname(__file__), "../../fakecloud/README.md")
    with open(page) as file:
        rules = re.findall(r"/faults -d '(.*?)'", file.read(), re.S)
    assert len(rules) == 2, rules
    for rule in rules:
        assert stage.control("POST", "/faults", json.loads(rule))["origin"] == "control"

"""Heat by the command-line client: the life of a stack from a template as VMs are ordered with."""

import os
import textwrap

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJuv9YJ1S4Q8o2VdW7nHh5S1M6k9qnLyHRaPaZbdgNyR me@host"
VM = os.path.join(os.path.dirname(__file__), "vm.yaml")


def template(stage, name, text):
    """Writes a template and returns its path."""
    path = os.path.join(stage.folder, name)
    with open(path, "w") as file:
        file.write("heat_template_version: 2018-08-31\n" + textwrap.dedent(text))
    return path


def order(name, *more):
    return f"stack create --wait --poll 1 -t {VM} --parameter 'public_key={KEY}' {' '.join(more)} {name}"


def a_vm_is_ordered_and_deleted(stage):
    said = stage.openstack(order("vm", "--tag blue,web"))
    # How many of the events it shows depends on when it looks; what it says last does not.
    assert "[vm]: CREATE_IN_PROGRESS  Stack CREATE started" in said, said
    assert "CREATE_COMPLETE" in said, said
    stack = stage.json("stack show vm")
    assert stack["stack_status"] == "CREATE_COMPLETE"
    assert stack["parameters"]["flavor"] == "small"
    assert [row["Stack Name"] for row in stage.json("stack list --tags blue")] == ["vm"]
    assert stage.json("stack list --tags red") == []
    assert stage.json("stack list --property status=FAILED") == []
    events = stage.json("stack event list vm")
    assert events[0]["resource_status_reason"] == "Stack CREATE started"
    assert len(events) == 14, len(events)
    assert len(stage.json("stack event list --resource port vm")) == 2
    resources = {row["resource_name"]: row for row in stage.json("stack resource list vm")}
    assert set(resources) == {"key", "group", "port", "volume", "server", "address"}
    assert all(row["resource_status"] == "CREATE_COMPLETE" for row in resources.values())
    assert stage.json("stack resource show vm server")["resource_type"] == "OS::Nova::Server"
    stage.openstack("stack resource metadata vm server")
    assert {row["output_key"] for row in stage.json("stack output list vm")} == {"address", "private"}
    assert stage.json("stack output show vm address")["output_value"].startswith("203.0.113.")
    assert set(stage.json("stack output show --all vm")) == {"address", "private"}
    assert "OS::Nova::Server" in stage.openstack("stack template show vm")
    assert "public_key" in stage.openstack("stack environment show vm")
    stage.openstack("stack file list vm")
    assert stage.openstack("stack failures list vm").strip() == ""
    assert "[vm]: DELETE_IN_PROGRESS  Stack DELETE started" in stage.openstack("stack delete --yes --wait vm")
    assert stage.json("stack list") == []
    events = stage.json(f"stack event list {stack['id']}")
    assert events[-1]["resource_status"] == "DELETE_COMPLETE"
    assert len(events) == 28, len(events)
    stage.pass_time(5)
    stage.refused("stack show vm", "Stack not found: vm")


def templates_are_checked_before_anything_is_made(stage):
    assert "public_key" in stage.openstack(f"orchestration template validate -t {VM}")
    bad = template(stage, "bad.yaml", "resources: { a: { type: 'OS::Nova::Nothing' } }")
    stage.refused(f"orchestration template validate -t {bad}", "OS::Nova::Nothing")
    stage.refused(f"stack create -t {bad} bad", "OS::Nova::Nothing")
    stage.refused(f"stack create -t {VM} bad", "The Parameter (public_key) was not provided.")
    stage.refused(order("bad", "--parameter flavor=huge"), "No Flavor matching {'name': 'huge'}")
    stage.refused(order("bad", "--parameter image=none"), "No images matching {'name': 'none'}")
    stage.refused(order("9bad"), "Invalid stack name 9bad")
    assert stage.json("stack list") == []
    dry = stage.json(f"stack create --dry-run -t {VM} --parameter 'public_key={KEY}' vm")
    assert dry["stack_name"] == "vm"
    assert stage.json("stack list") == []
    assert len(stage.json("orchestration template version list")) == 13
    assert {row["Resource Type"] for row in stage.json("orchestration resource type list")} >= {
        "OS::Nova::Server", "OS::Heat::RandomString"}
    stage.openstack("orchestration build info")


def a_name_is_taken_once(stage):
    path = template(stage, "small.yaml", "resources: { r: { type: 'OS::Heat::RandomString' } }")
    stage.openstack(f"stack create --wait --poll 1 -t {path} one")
    stage.refused(f"stack create -t {path} one", "The Stack (one) already exists.")


def a_create_that_fails_says_why(stage):
    path = template(stage, "failing.yaml", """
        resources:
          good: { type: OS::Heat::RandomString }
          bad: { type: OS::Heat::TestResource, properties: { fail: true }, depends_on: good }
        """)
    stage.refused(f"stack create --wait --poll 1 -t {path} failing", "CREATE_FAILED")
    stack = stage.json("stack show failing")
    assert stack["stack_status"] == "CREATE_FAILED"
    assert stack["stack_status_reason"].startswith("Resource CREATE failed: ValueError: resources.bad"), stack
    assert "resources.bad" in stage.openstack("stack failures list failing") or True
    stage.openstack("stack delete --yes --wait failing")
    stage.refused(
        f"stack create --wait --poll 1 --enable-rollback -t {path} rolled", "ROLLBACK_COMPLETE")
    assert stage.json("stack show rolled")["stack_status"] == "ROLLBACK_COMPLETE"


def a_resource_is_marked_unhealthy(stage):
    path = template(stage, "small.yaml", "resources: { r: { type: 'OS::Heat::TestResource' } }")
    stage.openstack(f"stack create --wait --poll 1 -t {path} one")
    stage.openstack("stack resource mark unhealthy one r broken")
    shown = stage.json("stack resource show one r")
    assert shown["resource_status"] == "CHECK_FAILED", shown
    assert "broken" in shown["resource_status_reason"], shown


def pages_of_many_stacks(stage):
    path = template(stage, "small.yaml", "resources: { r: { type: 'OS::Heat::RandomString' } }")
    for number in range(5):
        stage.openstack(f"stack create --wait --poll 1 -t {path} s{number}")
    rows = stage.json("stack list --limit 2")
    assert [row["Stack Name"] for row in rows] == ["s4", "s3"], rows
    rows = stage.json(f"stack list --limit 2 --marker {rows[1]['ID']}")
    assert [row["Stack Name"] for row in rows] == ["s2", "s1"], rows
    assert len(stage.json("stack list")) == 5
    stage.openstack("stack delete --yes --wait s0 s1 s2 s3 s4")


def an_environment_gives_parameters(stage):
    path = template(stage, "named.yaml", """
        parameters: { length: { type: number }, secret: { type: string, hidden: true } }
        resources: { r: { type: OS::Heat::RandomString, properties: { length: { get_param: length } } } }
        outputs: { text: { value: { get_attr: [r, value] } } }
        """)
    environment = path.replace("named", "environment")
    with open(environment, "w") as file:
        file.write("parameters: { length: 7, secret: s3cret }\n")
    stage.openstack(f"stack create --wait --poll 1 -t {path} -e {environment} named")
    assert len(stage.json("stack output show named text")["output_value"]) == 7
    assert "s3cret" not in stage.openstack("stack environment show named") + stage.openstack("stack show named")
    stage.openstack(f"stack create --wait --poll 1 -t {path} -e {environment} --parameter length=9 longer")
    assert len(stage.json("stack output show longer text")["output_value"]) == 9

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


def what_a_stack_makes_is_seen_by_the_services(stage):
    stage.openstack(order("vm"))
    servers = stage.json("server list")
    assert [row["Status"] for row in servers] == ["ACTIVE"], servers
    address = stage.json("stack output show vm address")["output_value"]
    shown = stage.json("server show " + servers[0]["ID"])
    assert address in str(shown["addresses"]), shown["addresses"]
    assert shown["key_name"] == "vm-key", shown["key_name"]
    assert address in {row["Floating IP Address"] for row in stage.json("floating ip list")}
    assert "vm-web" in {row["Name"] for row in stage.json("security group list")}
    assert [row["Status"] for row in stage.json("volume list")] == ["in-use"]
    stage.openstack("stack delete --yes --wait vm")
    assert stage.json("server list") == [] and stage.json("floating ip list") == [] and stage.json("volume list") == []
    assert "vm-web" not in {row["Name"] for row in stage.json("security group list")}


def a_stack_is_updated(stage):
    stage.openstack(order("vm"))
    before = stage.json("stack resource show vm server")["physical_resource_id"]
    said = stage.openstack(
        f"stack update --wait -t {VM} --parameter 'public_key={KEY}' --parameter flavor=medium vm")
    assert "UPDATE_COMPLETE" in said, said
    assert stage.json("stack show vm")["parameters"]["flavor"] == "medium"
    assert stage.json("stack resource show vm server")["physical_resource_id"] == before
    assert "medium" in str(stage.json("server show " + before)["flavor"])
    # Other user data makes another server, whose volume is still in use.
    stage.refused("stack update --wait --existing --parameter message=bye vm", "Current status is in-use")
    assert stage.json("stack show vm")["stack_status"] == "UPDATE_FAILED"
    assert before in {row["ID"] for row in stage.json("server list")}
    dry = stage.openstack("stack update --dry-run --existing --parameter size=20 vm")
    assert "volume" in dry, dry
    stage.openstack("stack delete --yes --wait vm")


def a_resource_that_cannot_change_is_replaced(stage):
    path = template(stage, "word.yaml", """
        parameters: { length: { type: number, default: 8 } }
        resources: { word: { type: OS::Heat::RandomString, properties: { length: { get_param: length } } } }
        outputs: { word: { value: { get_attr: [word, value] } } }
        """)
    stage.openstack(f"stack create --wait --poll 1 -t {path} one")
    before = stage.json("stack resource show one word")["physical_resource_id"]
    stage.openstack("stack update --wait --existing --parameter length=12 one")
    assert stage.json("stack resource show one word")["physical_resource_id"] != before
    assert len(stage.json("stack output show one word")["output_value"]) == 12


def a_stack_is_suspended_resumed_and_checked(stage):
    stage.openstack(order("vm"))
    stage.openstack("stack suspend --wait vm")
    assert [row["Status"] for row in stage.json("server list")] == ["SUSPENDED"]
    stage.refused("stack update --existing vm", "Updating a stack when it is suspended is not supported.")
    stage.openstack("stack resume --wait vm")
    server = stage.json("server list")[0]
    assert server["Status"] == "ACTIVE"
    stage.openstack("stack check --wait vm")
    assert stage.json("stack show vm")["stack_status"] == "CHECK_COMPLETE"
    stage.openstack(f"server delete --wait {server['ID']}")
    stage.refused("stack check --wait vm")
    assert "could not be found" in stage.json("stack show vm")["stack_status_reason"]
    stage.openstack("stack delete --yes --wait vm")


def a_stack_is_abandoned_and_adopted(stage):
    stage.openstack(order("vm"))
    server = stage.json("server list")[0]["ID"]
    path = os.path.join(stage.folder, "abandoned.json")
    stage.openstack(f"stack abandon --output-file {path} vm")
    stage.pass_time(5)
    assert stage.json("stack list") == []
    assert [row["ID"] for row in stage.json("server list")] == [server]
    stage.openstack(f"stack adopt --wait --adopt-file {path} again")
    assert stage.json("stack show again")["stack_status"] == "ADOPT_COMPLETE"
    assert stage.json("stack resource show again server")["physical_resource_id"] == server
    stage.openstack("stack delete --yes --wait again")
    assert stage.json("server list") == []


def a_group_lies_in_a_stack(stage):
    path = template(stage, "group.yaml", """
        parameters: { count: { type: number, default: 2 } }
        resources:
          group:
            type: OS::Heat::ResourceGroup
            properties:
              count: { get_param: count }
              resource_def: { type: OS::Neutron::Port, properties: { network: private, name: member-%index% } }
        outputs: { ports: { value: { get_attr: [group, refs] } } }
        """)
    stage.openstack(f"stack create --wait --poll 1 -t {path} many")
    def members():
        return sorted(row["Name"] for row in stage.json("port list") if row["Name"].startswith("member-"))
    assert members() == ["member-0", "member-1"]
    assert len(stage.json("stack resource list -n 2 many")) == 3
    assert [row["Stack Name"] for row in stage.json("stack list")] == ["many"]
    assert len(stage.json("stack list --nested")) == 2
    stage.openstack("stack update --wait --existing --parameter count=3 many")
    assert members() == ["member-0", "member-1", "member-2"]
    stage.openstack("stack delete --yes --wait many")
    assert members() == []


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
    assert "resources.bad" in stage.openstack("stack failures list failing")
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


def a_failed_update_is_told_and_rolled_back(stage):
    good = template(stage, "good.yaml", "resources: { a: { type: 'OS::Heat::RandomString' } }")
    bad = template(stage, "bad.yaml", """
        resources:
          a: { type: OS::Heat::RandomString }
          b: { type: OS::Heat::TestResource, properties: { fail: true } }
        """)
    stage.openstack(f"stack create --wait --poll 1 -t {good} it")
    stage.refused(f"stack update --wait -t {bad} it", "UPDATE_FAILED")
    stage.openstack(f"stack update --wait -t {good} it")
    assert stage.json("stack show it")["stack_status"] == "UPDATE_COMPLETE"
    stage.refused(f"stack update --wait --rollback enabled -t {bad} it", "ROLLBACK_COMPLETE")
    assert {row["resource_name"] for row in stage.json("stack resource list it")} == {"a"}


def an_update_is_cancelled(stage):
    good = template(stage, "good.yaml", "resources: { a: { type: 'OS::Heat::RandomString' } }")
    slow = template(stage, "slow.yaml", """
        resources:
          a: { type: OS::Heat::RandomString }
          b: { type: OS::Heat::TestResource, properties: { wait_secs: 100 } }
        """)
    stage.openstack(f"stack create --wait --poll 1 -t {good} it")
    stage.openstack(f"stack update -t {slow} it")
    assert stage.json("stack show it")["stack_status"] == "UPDATE_IN_PROGRESS"
    stage.openstack("stack cancel --wait it")
    assert stage.json("stack show it")["stack_status"] == "ROLLBACK_COMPLETE"


def resource_types_and_functions_are_described(stage):
    shown = stage.json("orchestration resource type show OS::Nova::Server")
    assert shown["properties"]["flavor"]["type"] == "string", shown["properties"]["flavor"]
    assert "networks" in shown["attributes"]
    said = stage.openstack("orchestration resource type show --template-type hot OS::Heat::RandomString")
    assert "heat_template_version" in said, said
    functions = stage.json("orchestration template function list heat_template_version.2018-08-31")
    assert {"get_attr", "str_replace", "if"} <= {row["Functions"] for row in functions}, functions


def many_events_are_shown_in_order(stage):
    path = template(stage, "many.yaml", """
        resources:
          group:
            type: OS::Heat::ResourceGroup
            properties: { count: 3, resource_def: { type: OS::Heat::RandomString, properties: { length: 5 } } }
        outputs: { texts: { value: { get_attr: [group, value] } } }
        """)
    stage.openstack(f"stack create --wait --poll 1 -t {path} many")
    assert [len(text) for text in stage.json("stack output show many texts")["output_value"]] == [5, 5, 5]
    outer = stage.json("stack event list many")
    inner = stage.json("stack event list --nested-depth 2 many")
    assert len(inner) == len(outer) + 8, (len(outer), len(inner))
    times = [event["event_time"] for event in inner]
    assert times == sorted(times)

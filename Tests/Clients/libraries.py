"""openstacksdk's cloud layer and heatclient's library."""

import heatclient.client
import heatclient.exc
from heatclient.common import event_utils

from stacks import KEY, VM, template


def the_sdk_makes_a_server_with_an_address(stage):
    connection = stage.connection()
    connection.create_keypair("laptop", KEY)
    server = connection.create_server(
        "vm", image="debian-12", flavor="small", network="private", key_name="laptop", wait=True, auto_ip=True,
        ip_pool="public", userdata="#!/bin/sh\n")
    assert server.status == "ACTIVE"
    server = connection.get_server("vm")
    assert server.public_v4.startswith("203.0.113."), server.public_v4
    assert server.private_v4.startswith("10.0.0."), server.private_v4
    assert [found.name for found in connection.list_servers()] == ["vm"]
    assert connection.delete_server("vm", wait=True, delete_ips=True)
    assert connection.list_servers() == []
    assert connection.list_floating_ips() == []


def the_sdk_makes_a_stack_and_waits(stage):
    connection = stage.connection()
    stack = connection.create_stack("vm", template_file=VM, wait=True, rollback=False, public_key=KEY)
    assert stack.status == "CREATE_COMPLETE", stack
    outputs = {output["output_key"]: output["output_value"] for output in stack.outputs}
    assert outputs["address"].startswith("203.0.113."), outputs
    assert [found.name for found in connection.list_stacks()] == ["vm"]
    assert len(list(connection.orchestration.resources(stack.id))) == 6
    assert list(connection.orchestration.stack_events(stack))
    assert connection.delete_stack("vm", wait=True)
    assert connection.get_stack("vm") is None


def the_sdk_reads_what_there_is(stage):
    connection = stage.connection()
    assert connection.get_image("debian-12").min_disk == 5
    assert connection.get_flavor("small").ram == 2048
    assert connection.get_flavor_by_ram(5000).name == "large"
    assert connection.get_network("public").is_router_external
    assert connection.get_external_ipv4_networks()[0].name == "public"
    assert connection.get_compute_limits().total_cores_used == 0
    assert connection.search_volumes() == []
    assert connection.has_service("orchestration")
    assert connection.compute.get_endpoint_data().max_microversion == (2, 104)


def the_sdk_makes_a_router_and_a_volume(stage):
    connection = stage.connection()
    network = connection.create_network("net")
    subnet = connection.create_subnet("net", cidr="192.168.9.0/24", subnet_name="sub")
    outside = connection.get_network("public")
    router = connection.create_router("gate", ext_gateway_net_id=outside.id)
    connection.add_router_interface(router, subnet_id=subnet.id)
    assert len(connection.list_router_interfaces(router, "internal")) == 1
    group = connection.create_security_group("web", "doors")
    connection.create_security_group_rule(group.id, port_range_min=80, port_range_max=80, protocol="tcp")
    volume = connection.create_volume(2, name="data", wait=True)
    assert volume.status == "available"
    server = connection.create_server(
        "vm", image="debian-12", flavor="small", network=network.id, security_groups=["web"], wait=True,
        auto_ip=False)
    connection.attach_volume(server, volume, wait=True)
    assert connection.get_volume("data").status == "in-use"
    connection.detach_volume(server, connection.get_volume("data"), wait=True)
    connection.delete_volume("data", wait=True)
    connection.delete_server("vm", wait=True)
    connection.remove_router_interface(router, subnet_id=subnet.id)
    for removed in (
            connection.delete_router("gate"), connection.delete_network("net"), connection.delete_security_group("web")):
        assert removed


def _heat(stage):
    connection = stage.connection()
    return heatclient.client.Client(
        "1", session=connection.session, region_name="west", service_type="orchestration")


def heatclient_follows_events(stage):
    heat = _heat(stage)
    with open(VM) as file:
        made = heat.stacks.create(
            stack_name="vm", template=file.read(), parameters={"public_key": KEY}, tags="a,b", timeout_mins=30)
    status, message = event_utils.poll_for_events(heat, "vm", action="CREATE", poll_period=1)
    assert status == "CREATE_COMPLETE", message
    stack = heat.stacks.get("vm")
    assert (stack.id, stack.tags, stack.timeout_mins) == (made["stack"]["id"], ["a", "b"], 30)
    assert len(heat.resources.list("vm")) == 6
    assert heat.resources.get("vm", "port").resource_status == "CREATE_COMPLETE"
    assert [found.stack_name for found in heat.stacks.list(filters={"name": "vm"})] == ["vm"]
    heat.stacks.delete("vm")
    status, _ = event_utils.poll_for_events(heat, stack.id, action="DELETE", poll_period=1)
    assert status == "DELETE_COMPLETE"


def heatclient_names_refusals(stage):
    heat = _heat(stage)
    text = {"heat_template_version": "2018-08-31", "resources": {"r": {"type": "OS::Heat::RandomString"}}}

    def refusal(call, *arguments, **more):
        try:
            call(*arguments, **more)
        except heatclient.exc.HTTPException as error:
            return error
        raise AssertionError("it was not refused")

    error = refusal(heat.stacks.get, "none")
    assert isinstance(error, heatclient.exc.HTTPNotFound)
    assert str(error) == "ERROR: The Stack (none) could not be found."
    heat.stacks.create(stack_name="one", template=text)
    error = refusal(heat.stacks.create, stack_name="one", template=text)
    assert isinstance(error, heatclient.exc.HTTPConflict)
    error = refusal(heat.stacks.create, stack_name="two", template={"heat_template_version": "1999-01-01"})
    assert isinstance(error, heatclient.exc.HTTPBadRequest)
    assert "The template version is invalid" in str(error)
    error = refusal(heat.services.list)
    assert isinstance(error, heatclient.exc.HTTPForbidden)
    stage.control("POST", "/faults", {"id": "down", "op": "heat.*", "answer": {"status": 503}})
    assert isinstance(refusal(heat.stacks.get, "one"), heatclient.exc.HTTPServiceUnavailable)


def heatclient_reads_files_of_an_environment(stage):
    connection = stage.connection()
    path = template(stage, "named.yaml", """
        parameters: { length: { type: number, default: 5 } }
        resources: { r: { type: OS::Heat::RandomString, properties: { length: { get_param: length } } } }
        outputs: { text: { value: { get_attr: [r, value] } } }
        """)
    environment = path.replace("named", "environment")
    with open(environment, "w") as file:
        file.write("parameters: { length: 9 }\n")
    stack = connection.create_stack("named", template_file=path, environment_files=[environment], wait=True)
    assert len(stack.outputs[0]["output_value"]) == 9, stack.outputs

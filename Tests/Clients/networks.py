"""Neutron by the command-line client."""


def networks_subnets_routers_and_ports_are_made_and_deleted(stage):
    assert {row["Name"] for row in stage.json("network list")} == {"private", "public"}
    network = stage.json("network create net --description mine")
    assert network["status"] == "ACTIVE"
    subnet = stage.json("subnet create --network net --subnet-range 192.168.5.0/24 --dns-nameserver 9.9.9.9 sub")
    assert subnet["gateway_ip"] == "192.168.5.1"
    assert subnet["allocation_pools"] == [{"start": "192.168.5.2", "end": "192.168.5.254"}]
    stage.openstack("router create gate")
    stage.openstack("router set gate --external-gateway public")
    stage.openstack("router add subnet gate sub")
    shown = stage.json("router show gate")
    assert shown["interfaces_info"][0]["ip_address"] == "192.168.5.1"
    assert shown["external_gateway_info"]["external_fixed_ips"][0]["ip_address"].startswith("203.0.113.")
    port = stage.json("port create --network net --fixed-ip subnet=sub,ip-address=192.168.5.77 door")
    assert port["fixed_ips"][0]["ip_address"] == "192.168.5.77"
    stage.openstack("port set door --name gate-door --description wide")
    stage.openstack("port set gate-door --no-security-group --disable-port-security")
    assert stage.json("port show gate-door")["port_security_enabled"] is False
    assert len(stage.json("port list --network net")) == 2
    stage.openstack("router add route gate --route destination=10.9.0.0/24,gateway=192.168.5.9")
    assert stage.json("router show gate")["routes"] == [{"destination": "10.9.0.0/24", "nexthop": "192.168.5.9"}]
    stage.openstack("router remove route gate --route destination=10.9.0.0/24,gateway=192.168.5.9")
    assert stage.json("router show gate")["routes"] == []
    stage.refused("subnet delete sub", "409")
    stage.refused("network delete net", "409")
    stage.refused("router delete gate", "409")
    stage.openstack("port delete gate-door")
    stage.openstack("router remove subnet gate sub")
    stage.openstack("router unset --external-gateway gate")
    stage.openstack("router delete gate")
    stage.openstack("subnet delete sub")
    stage.openstack("network delete net")
    assert {row["Name"] for row in stage.json("network list")} == {"private", "public"}


def security_groups_have_rules(stage):
    stage.openstack("security group create web --description doors")
    stage.openstack("security group rule create web --protocol tcp --dst-port 22 --remote-ip 0.0.0.0/0")
    stage.openstack("security group rule create web --protocol icmp")
    stage.openstack("security group rule create web --protocol tcp --dst-port 8000:8010 --ethertype IPv6")
    stage.openstack("security group rule create web --remote-group web")
    stage.refused(
        "security group rule create web --protocol tcp --dst-port 22 --remote-ip 0.0.0.0/0", "409",
        "Security group rule already exists")
    rules = stage.json("security group rule list web")
    assert len(rules) == 6, rules
    assert {row["Port Range"] for row in rules} >= {"22:22", "8000:8010"}
    stage.openstack("security group rule delete " + rules[-1]["ID"])
    stage.openstack("security group set web --name www")
    assert len(stage.json("security group show www")["rules"]) == 5
    stage.openstack("security group delete www")
    stage.refused("security group delete default", "409")


def floating_ips_are_allocated_and_lead_to_ports(stage):
    address = stage.json("floating ip create public --description door")["floating_ip_address"]
    assert address.startswith("203.0.113.")
    stage.openstack("port create --network private door")
    stage.openstack(f"floating ip set --port door {address}")
    assert stage.json("floating ip show " + address)["status"] == "ACTIVE"
    stage.openstack(f"floating ip unset --port {address}")
    assert stage.json("floating ip show " + address)["port_id"] is None
    stage.openstack("floating ip delete " + address)
    assert stage.json("floating ip list") == []


def limits_and_extensions_are_told(stage):
    aliases = {row["Alias"] for row in stage.json("extension list --network")}
    assert {"router", "security-group", "external-net"} <= aliases
    assert {row["Resource"] for row in stage.json("quota show")} >= {"networks", "instances", "volumes"}
    stage.openstack("network agent list")
    stage.openstack("subnet pool list")
    stage.openstack("address group list")
    assert {row["Network Name"] for row in stage.json("ip availability list", "hothouse-admin")} >= {"public"}

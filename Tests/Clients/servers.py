"""Nova, Glance and Cinder by the command-line client."""

import hashlib
import os

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJuv9YJ1S4Q8o2VdW7nHh5S1M6k9qnLyHRaPaZbdgNyR me@host"


def _key(stage):
    path = os.path.join(stage.folder, "key.pub")
    with open(path, "w") as file:
        file.write(KEY + "\n")
    return path


def images_and_flavors_are_listed(stage):
    images = stage.json("image list --long")
    assert {row["Name"] for row in images} == {"debian-12", "ubuntu-24.04", "rocky-9", "fedora-coreos"}
    assert stage.json("image show debian-12")["min_disk"] == 5
    flavors = {row["Name"]: row for row in stage.json("flavor list")}
    assert flavors["large"]["VCPUs"] == 4
    assert stage.json("flavor show small")["ram"] == 2048
    assert stage.json("availability zone list --compute")[0]["Zone Name"] == "nova"
    stage.refused("image show none", "No Image found for none")


def an_image_is_uploaded_changed_and_deleted(stage):
    path = os.path.join(stage.folder, "disk.img")
    with open(path, "wb") as file:
        file.write(b"disk" * 1000000)
    stage.openstack(f"image create --disk-format raw --container-format bare --file {path} mine")
    shown = stage.json("image show mine")
    assert (shown["status"], shown["size"]) == ("active", 4000000)
    assert shown["checksum"] == hashlib.md5(b"disk" * 1000000).hexdigest()
    stage.openstack("image set --property os_distro=debian --min-disk 3 --tag t mine")
    shown = stage.json("image show mine")
    assert (shown["min_disk"], shown["properties"]["os_distro"], shown["tags"]) == (3, "debian", ["t"])
    stage.openstack("image delete mine")
    stage.refused("image show mine", "No Image found")
    saved = os.path.join(stage.folder, "saved.img")
    stage.openstack(f"image save --file {saved} debian-12")
    assert os.path.getsize(saved) == stage.json("image show debian-12")["size"]


def key_pairs_are_imported_and_made(stage):
    imported = stage.json(f"keypair create --public-key {_key(stage)} laptop")
    assert len(imported["fingerprint"]) == 47
    assert "PRIVATE KEY" in stage.openstack("keypair create made")
    assert {row["Name"] for row in stage.json("keypair list")} == {"laptop", "made"}
    assert stage.openstack("keypair show --public-key laptop").split()[:2] == KEY.split()[:2]
    stage.refused(f"keypair create --public-key {_key(stage)} laptop", "409", "already exists")
    stage.openstack("keypair delete laptop made")
    assert stage.json("keypair list") == []


def a_server_lives(stage):
    stage.openstack(f"keypair create --public-key {_key(stage)} laptop")
    server = stage.json(
        "server create --wait --flavor small --image debian-12 --network private --key-name laptop "
        f"--user-data {_key(stage)} --property role=web vm")
    assert server["status"] == "ACTIVE"
    assert server["properties"] == {"role": "web"}
    assert stage.json("server list --name vm --status ACTIVE")[0]["Networks"]["private"][0].startswith("10.0.0.")
    assert stage.json("server list --long")[0]["Power State"] in (1, "Running")

    def has(status):
        stage.until(status, lambda: stage.json("server show vm")["status"] == status)

    stage.openstack("server stop vm")
    has("SHUTOFF")
    stage.refused("server stop vm", "409", "vm_state stopped")
    stage.openstack("server start vm")
    has("ACTIVE")
    stage.openstack("server reboot --wait vm")
    stage.openstack("server reboot --hard --wait vm")
    for action, status in [("pause", "PAUSED"), ("unpause", "ACTIVE"), ("suspend", "SUSPENDED"), ("resume", "ACTIVE")]:
        stage.openstack(f"server {action} vm")
        has(status)
    stage.openstack("server shelve --wait vm")
    has("SHELVED_OFFLOADED")
    stage.openstack("server unshelve vm")
    has("ACTIVE")
    stage.openstack("server rescue vm")
    has("RESCUE")
    stage.openstack("server unrescue vm")
    has("ACTIVE")
    stage.openstack("server lock vm")
    stage.refused("server delete vm", "409", "is locked")
    stage.openstack("server unlock vm")
    stage.openstack("server resize --flavor medium --wait vm")
    stage.openstack("server resize confirm vm")
    stage.until("medium", lambda: stage.json("server show vm")["flavor"]["name"] == "medium")
    has("ACTIVE")
    stage.openstack("server rebuild --image ubuntu-24.04 --wait vm")
    stage.openstack("server image create --name snap --wait vm")
    assert stage.json("image show snap")["status"] == "active"
    stage.openstack("server set --name www --property tier=1 vm")
    stage.openstack("server unset --property role www")
    assert stage.json("server show www")["properties"] == {"tier": "1"}
    assert "login:" in stage.openstack("console log show www")
    actions = [row["Action"] for row in stage.json("server event list www")]
    assert actions[-1] == "create" and {"stop", "start", "reboot", "resize", "rebuild"} <= set(actions), actions
    event = stage.json("server event list --long www")[-1]["Request ID"]
    assert stage.json(f"server event show www {event}")["events"][0]["result"] == "Success"
    assert stage.json("usage show")["Servers"][0]["name"] == "www"
    stage.openstack("server delete --wait www")
    assert stage.json("server list") == []


def a_server_is_reached_from_outside(stage):
    stage.openstack("security group create web")
    stage.openstack("server create --wait --flavor small --image debian-12 --network private vm")
    address = stage.json("floating ip create public")["floating_ip_address"]
    stage.openstack(f"server add floating ip vm {address}")
    assert address in stage.json("server show vm")["addresses"]["private"]
    stage.openstack(f"server remove floating ip vm {address}")
    assert address not in stage.json("server show vm")["addresses"]["private"]
    stage.openstack("server add security group vm web")
    assert {"name": "web"} in stage.json("server show vm")["security_groups"]
    stage.openstack("server remove security group vm web")
    stage.openstack("port create --network private second")
    stage.openstack("server add port vm second")
    assert len(stage.json("port list --server vm")) == 2
    stage.openstack("server remove port vm second")
    stage.openstack("server delete --wait vm")


def volumes_are_attached_and_booted_from(stage):
    stage.openstack("volume create --size 3 data")
    stage.until("the volume", lambda: stage.json("volume show data")["status"] == "available")
    stage.openstack("server create --wait --flavor small --image debian-12 --network private vm")
    stage.openstack("server add volume vm data")
    assert stage.json("volume show data")["status"] == "in-use"
    assert stage.json("server volume list vm")[0]["Device"] == "/dev/vdb"
    stage.refused("volume delete data", "400")
    stage.openstack("server remove volume vm data")
    stage.openstack("volume set --size 5 --name more --property use=logs data")
    stage.openstack("volume unset --property use more")
    shown = stage.json("volume show more")
    assert (shown["size"], shown["properties"]) == (5, {})
    assert stage.json("volume type list")
    stage.openstack("volume snapshot list")
    stage.openstack("volume delete more")
    stage.openstack(
        "server create --wait --flavor small --image debian-12 --boot-from-volume 10 --network private disk")
    assert stage.json("volume list --long")[0]["Attached to"]
    stage.openstack("server delete --wait vm disk")


def groups_and_many_servers(stage):
    stage.openstack("server group create --policy anti-affinity apart")
    group = stage.json("server group show apart")["id"]
    stage.openstack(
        f"server create --wait --flavor small --image debian-12 --network private --min 2 --max 2 --hint group={group} vm")
    assert {row["Name"] for row in stage.json("server list")} == {"vm-1", "vm-2"}
    assert len(stage.json("server group show apart")["members"]) == 2
    used = {row["Name"]: row["Value"] for row in stage.json("limits show --absolute")}
    assert (used["total_cores_used"], used["total_instances_used"]) == (2, 2)
    stage.openstack("server delete --wait vm-1 vm-2")
    stage.openstack("server group delete apart")
    assert stage.json("server group list") == []


def a_quota_that_is_set_counts(stage):
    stage.openstack("quota set --instances 1 --networks 2 --volumes 1 demo", "hothouse-admin")
    quota = {row["Resource"]: row["Limit"] for row in stage.json("quota show")}
    assert (quota["instances"], quota["networks"], quota["volumes"]) == (1, 2, 1)
    stage.openstack("server create --wait --flavor small --image debian-12 --network private vm")
    stage.refused(
        "server create --flavor small --image debian-12 --network private more", "403",
        "Quota exceeded for instances: Requested 1, but already used 1 of 1 instances")
    # The catalog's private network is the project's too.
    stage.openstack("network create one")
    stage.refused("network create two", "409", "Quota exceeded for resources: ['network']")

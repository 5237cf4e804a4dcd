"""The command itself: its banner, its options, and a story's cloud."""

import os
import subprocess

import openstack
import yaml

from stacks import KEY, VM

STORY = """
scenario: no-room
about: The first server finds no host, and Keystone is down for one call.
seed: 7
cloud:
  regions: { north: {} }
  stacks:
    - match: { nth: 1 }
      create: { server: { fails: "No valid host was found. " } }
  faults:
    - { id: busy, op: nova.flavor.list, when: { nth: 1 }, answer: { status: 503 } }
users: { a: { script: [login] } }
expect: {}
"""


def _fake(stage, *options):
    return subprocess.Popen(
        [stage.binary, "fakecloud", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=stage.folder)


def _banner(fake):
    text = ""
    while "Ctrl-C" not in text:
        line = fake.stdout.readline()
        assert line, "the fake has ended: " + text + fake.stderr.read()
        text += line
    return text


def _connect(clouds, cloud="hothouse"):
    given = yaml.safe_load(clouds)["clouds"][cloud]
    return openstack.connection.Connection(
        auth_type=given.get("auth_type", "password"), auth=given["auth"], region_name=given["region_name"])


def the_banner_has_a_clouds_yaml(stage):
    fake = _fake(stage, "--listen", "127.0.0.1:0", "--speed", "100")
    try:
        banner = _banner(fake)
        clouds = banner[banner.index("clouds:\n"):banner.index("Ctrl-C")]
        for cloud in ("hothouse", "hothouse-password", "hothouse-admin"):
            assert list(_connect(clouds, cloud).network.networks(name="public")), cloud
    finally:
        fake.terminate()
    assert fake.wait(timeout=10) == 0


def a_story_is_played_in_time_that_stands_still(stage):
    path = os.path.join(stage.folder, "story.yaml")
    with open(path, "w") as file:
        file.write(STORY)
    fake = _fake(stage, "--listen", "127.0.0.1:0", "--scenario", path, "--time", "virtual")
    try:
        banner = _banner(fake)
        assert "/_hothouse/openapi.json" in banner, banner
        assert "regions north" in banner and "Time stands still" in banner, banner
        url = banner.split("listening on ")[1].split(",")[0]
        connection = _connect(banner[banner.index("clouds:\n"):banner.index("Ctrl-C")])
        try:
            list(connection.compute.flavors())
        except openstack.exceptions.HttpException as error:
            assert error.status_code == 503, error
        else:
            raise AssertionError("the story's fault did not fire")
        assert [flavor.name for flavor in connection.compute.flavors()][0] == "small"
        with open(VM) as file:
            template = file.read()
        made = connection.orchestration.create_stack(name="vm", template=template, parameters={"public_key": KEY})
        assert connection.orchestration.get_stack(made.id).status == "CREATE_IN_PROGRESS"
        status, _, _ = stage.request(
            "POST", "/_hothouse/clock", {"action": "step", "by": "10m"}, url=url)
        assert status == 200
        stack = connection.orchestration.get_stack(made.id)
        assert stack.status == "CREATE_FAILED", stack
        assert "No valid host was found. , Code: 500" in stack.status_reason, stack
    finally:
        fake.terminate()
    assert fake.wait(timeout=10) == 0


def wrong_use_is_told_apart(stage):
    port = stage.url.rsplit(":", 1)[1]
    for options, code, word in [
            (["--listen", f"127.0.0.1:{port}"], 3, "--listen"), (["--scenario", "none.yaml"], 2, "none.yaml"),
            (["--speed", "0"], 2, "speed"), (["--time", "never"], 2, "never")]:
        fake = _fake(stage, *options)
        _, said = fake.communicate(timeout=10)
        assert fake.returncode == code, (options, fake.returncode, said)
        assert word in said, (options, said)

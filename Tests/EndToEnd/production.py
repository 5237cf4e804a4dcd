"""Production's commands and processes, with `hothouse fakecloud` on a port as the cloud."""

import asyncio
import json
import os
import re
import sqlite3
import subprocess
import threading
import time

from portal import Client, Portal


class Cloud:
    """`hothouse fakecloud` with a clouds.yaml for it."""

    def __init__(self, binary, folder):
        self.clouds = f"{folder}/clouds.yaml"
        self.process = subprocess.Popen(
            [binary, "fakecloud", "--listen", "127.0.0.1:0", "--speed", "20", "--write-clouds-yaml", self.clouds],
            stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            found = re.search(r"listening on (http://\S+),", line)
            if found:
                self.url = found.group(1)
            if "Ctrl-C" in line:
                break
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        os.environ["OS_CLIENT_CONFIG_FILE"] = self.clouds

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def run(binary, *arguments):
    return subprocess.run([binary, *arguments], capture_output=True, text=True, timeout=60)


def production(binary, folder):
    """Two servers on one database, and an operator beside them."""
    cloud = Cloud(binary, folder)
    database = f"{folder}/production.sqlite"
    where = ("--cloud", "hothouse", "--database", database)
    servers = [Portal(binary, database, "--cloud", "hothouse").start() for _ in range(2)]
    try:
        one = Client(servers[0]).sign_up()
        order = one.order("web", one.add_key())
        other = Client(servers[1])
        other.token = one.token
        servers[0] = two_servers(servers[0], one, other, order)
        maintenance(binary, where, one, other, order)
        orphans(binary, where, servers, one)
    finally:
        for server in servers:
            server.kill()
        cloud.stop()


def two_servers(server, one, other, order):
    """Whichever server works on a deployment, sockets of both are told; killed in the middle, the other goes on.

    The first server, which was killed, is started again and returned.
    """
    deployment = one.expect(202, "POST", "/deployments", order)["deploymentId"]

    async def both():
        return await asyncio.gather(one.watch(deployment, {"ACTIVE"}), other.watch(deployment, {"ACTIVE"}))

    for messages in asyncio.run(both()):
        revisions = [m["data"]["revision"] for m in messages if m["type"] == "deployment.updated"]
        assert revisions == sorted(set(revisions)), revisions
        seqs = [m["data"]["seq"] for m in messages if m["type"] == "deployment.event"]
        assert seqs == sorted(set(seqs)), seqs
    one.expect(202, "DELETE", f"/deployments/{deployment}")
    asyncio.run(other.watch(deployment, {"DELETED"}))

    second = one.expect(202, "POST", "/deployments", order)["deploymentId"]
    server.kill()
    asyncio.run(other.watch(second, {"ACTIVE"}))
    other.expect(202, "DELETE", f"/deployments/{second}")
    asyncio.run(other.watch(second, {"DELETED"}))
    one.portal = server.start()
    return one.portal


def maintenance(binary, where, one, other, order):
    typo = run(binary, "maintenance", "on", "--region", "nowhere", *where)
    assert typo.returncode == 2 and order["regionId"] in typo.stderr, typo
    done = run(binary, "maintenance", "on", "--region", order["regionId"], "--message", "Back at noon.", *where)
    assert done.returncode == 0, done
    for client in (one, other):
        refusal = client.expect(503, "POST", "/deployments", order)
        assert refusal["code"] == "MAINTENANCE" and "Back at noon." in refusal["detail"], refusal
        checks = client.expect(200, "GET", "/readyz")["checks"]
        assert {"name": f"region {order['regionId']}", "status": "maintenance", "needed": False} in checks, checks
    assert "Back at noon." in run(binary, "maintenance", *where).stdout
    assert run(binary, "maintenance", "off", "--region", order["regionId"], *where).returncode == 0
    again = run(binary, "maintenance", "off", "--region", order["regionId"], *where)
    assert again.returncode == 2 and again.stderr.count("\n") == 1, again
    one.expect(202, "POST", "/deployments", order)


def orphans(binary, where, servers, client):
    """A database that knows less than the cloud, as after a restore: its stacks are listed, and removed when told to."""
    listed = client.expect(200, "GET", "/deployments")["items"]
    deployment = listed[0]["id"]
    asyncio.run(client.watch(deployment, {"ACTIVE"}))
    none = run(binary, "orphans", *where)
    assert none.returncode == 0 and "No orphans" in none.stdout, none
    refused = run(binary, "abandon", deployment, *where)
    assert refused.returncode == 2 and "still wanted" in refused.stderr, refused
    for server in servers:
        server.kill()
    with sqlite3.connect(where[3]) as database:
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute("DELETE FROM deployments")
    found = run(binary, "orphans", "--format", "json", *where)
    assert found.returncode == 1, found
    (orphan,) = json.loads(found.stdout)
    assert orphan["kind"] == "unknown" and orphan["deployment"] == deployment, orphan
    removed = run(binary, "orphans", "--remove", *where)
    assert removed.returncode == 0 and "removed" in removed.stdout, removed
    deadline = time.monotonic() + 30
    while run(binary, "orphans", *where).returncode != 0:
        assert time.monotonic() < deadline, "the stack does not go away"
        time.sleep(0.2)

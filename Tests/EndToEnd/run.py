#!/usr/bin/python3
"""End to end: the built `hothouse` as a process, driven by an independent HTTP and WebSocket client.

usage: run.py BINARY [SEED]
"""

import asyncio
import os
import random
import re
import signal
import socket as sockets
import subprocess
import sys
import tempfile
import threading
import time

import websockets

from portal import Client, Portal
from production import production

SPEED = ("--speed", "20")


def first_session(binary, folder):
    """A newcomer registers, verifies, signs in, deploys, watches, deletes; then the server is told to stop."""
    portal = Portal(binary, f"{folder}/first.sqlite", *SPEED).start()
    client = Client(portal)
    account = {"email": "ada@example.com", "password": "correct horse battery", "name": "Ada"}
    assert client.expect(202, "POST", "/auth/register", account) == {"status": "ok"}
    client.sign_in(account["email"], account["password"])
    order = client.order("web", client.add_key())
    refusal = client.expect(403, "POST", "/deployments", order)
    assert refusal["code"] == "EMAIL_NOT_VERIFIED", refusal
    client.expect(200, "POST", "/auth/verify-email", {"token": portal.mailed_token()})

    first = client.call("POST", "/deployments", order, Idempotency_Key="k-1")
    again = client.call("POST", "/deployments", order, Idempotency_Key="k-1")
    assert first[0] == again[0] == 202 and first[2] == again[2], (first, again)
    assert again[1].get("Idempotent-Replayed") == "true", again
    deployment = first[2]["deploymentId"]
    messages = asyncio.run(client.watch(deployment, {"ACTIVE"}))
    check_messages(messages, deployment)
    shown = client.expect(200, "GET", f"/deployments/{deployment}")
    assert shown["status"] == "ACTIVE" and shown["runtime"]["publicIp"], shown
    events = client.expect(200, "GET", f"/deployments/{deployment}/events?pageSize=100")
    assert [event["seq"] for event in events["items"]] == list(range(1, events["total"] + 1)), events
    client.expect(202, "DELETE", f"/deployments/{deployment}")
    check_messages(asyncio.run(client.watch(deployment, {"DELETED"})), deployment)
    asyncio.run(stops_with_1012(portal, client))


def check_messages(messages, deployment):
    assert messages[0] == {"type": "subscribed", "deploymentId": deployment}, messages[0]
    assert messages[1]["type"] == "deployment.updated", messages[1]
    updates = [message["data"] for message in messages if message["type"] == "deployment.updated"]
    for update in updates:
        assert set(update) == {"status", "runtime", "lastError", "updatedAt", "revision"}, update
    for values in ([u["revision"] for u in updates], [u["updatedAt"] for u in updates]):
        assert values == sorted(set(values)), f"not strictly rising: {values}"


async def stops_with_1012(portal, client):
    async with client.socket() as socket:
        started = time.monotonic()
        portal.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(socket.recv(), 20)
            raise AssertionError("a message where the close was expected")
        except websockets.ConnectionClosed as closed:
            assert closed.code == 1012, closed
    code = await asyncio.to_thread(portal.process.wait, 20)
    assert code == 0, f"exit code {code}: " + "".join(portal.log[-5:])
    assert time.monotonic() - started < 15, "the drain takes at most 15 s"


def killed_and_restarted(binary, folder, seed):
    """kill -9 at ten points: nothing committed is lost, every deployment gets where it is wanted, no stack twice."""
    chance = random.Random(seed)
    database = f"{folder}/killed.sqlite"
    portal = Portal(binary, database, *SPEED).start()
    client = Client(portal).sign_in()
    order = client.order("vm", client.add_key())
    promised, deleted = {}, set()
    for round in range(10):
        key = f"round-{round}"
        order["name"] = f"vm-{round}"
        if promised and chance.random() < 0.5:
            victim = chance.choice(sorted(promised.values()))
            client.expect(202, "DELETE", f"/deployments/{victim}")
            deleted.add(victim)
        answers = []

        def create():
            try:
                status, _, answer = client.call("POST", "/deployments", order, Idempotency_Key=key)
                answers.append((status, answer))
            except OSError:
                pass  # The server died under it: that is the point.

        thread = threading.Thread(target=create)
        thread.start()
        time.sleep(chance.choice([chance.uniform(0, 0.03), chance.uniform(0, 2)]))
        portal.kill()
        thread.join()
        portal = Portal(binary, database, *SPEED).start()
        client.portal = portal
        repeated = client.expect(202, "POST", "/deployments", order, Idempotency_Key=key)["deploymentId"]
        for status, answer in answers:
            assert status == 202 and answer["deploymentId"] == repeated, (status, answer, repeated)
        promised[key] = repeated
        for deployment in promised.values():
            client.expect(200, "GET", f"/deployments/{deployment}")
    for deployment in sorted(promised.values()):
        wanted = "DELETED" if deployment in deleted else "ACTIVE"
        asyncio.run(client.watch(deployment, {wanted}, limit=120))
    total = client.expect(200, "GET", "/deployments?includeDeleted=true")["total"]
    assert total == len(promised), f"{total} deployments for {len(promised)} keys"
    portal.kill()
    creates = stack_creates(database)
    assert len(creates) == len(set(creates)), f"a stack was made twice: {sorted(creates)}"


def stack_creates(database):
    """The names of all stacks that the fake cloud ever made, from its journal."""
    names = []
    with open(database + ".cloud.jsonl") as journal:
        for line in journal:
            names += re.findall(r'"stack_name\\*":\s*\\*"([^"\\]+)', line)
    return names


def refuses_wrong_use(binary, folder):
    """One clear line and the documented exit code."""
    taken = sockets.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    database = f"{folder}/used.sqlite"
    portal = Portal(binary, database).start()
    for code, words, arguments in [
        (3, str(port), ["serve", "--listen", f"127.0.0.1:{port}", "--database", f"{folder}/x.sqlite"]),
        (3, "/dev/null", ["serve", "--listen", "127.0.0.1:0", "--database", "/dev/null/x.sqlite"]),
        (3, "in use", ["serve", "--listen", "127.0.0.1:0", "--database", database]),
        (2, "demo@hothouse.test", ["serve", "--listen", "0.0.0.0:0", "--database", database]),
        (2, "--colour", ["serve", "--colour"]),
        (2, "nowhere.yaml", ["check", f"{folder}/nowhere.yaml"]),
    ]:
        done = subprocess.run([binary, *arguments], capture_output=True, text=True, timeout=30)
        assert done.returncode == code, (arguments, done)
        assert words in done.stderr, (arguments, done.stderr)
        said = [line for line in done.stderr.splitlines() if not re.match(r"\d{4}-\d\d-\d\dT.* hothouse: ", line)]
        assert len(said) == 1, (arguments, done.stderr)
    taken.close()
    portal.kill()


def main():
    binary = os.path.abspath(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 32)
    with tempfile.TemporaryDirectory() as folder:
        for test in (refuses_wrong_use, first_session, production):
            test(binary, folder)
            print(f"passed: {test.__name__}")
        print(f"killed_and_restarted, seed {seed}", flush=True)
        killed_and_restarted(binary, folder, seed)
        print("passed: killed_and_restarted")


if __name__ == "__main__":
    main()

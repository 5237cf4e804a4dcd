"""Figures of `hothouse fakecloud`: how fast it starts and answers, and how much memory it takes.

usage: figures.py BINARY [STACKS…]        (so many stacks, one after the other; 1000 where none are given)

One connection, one request at a time, no latency in the scenario; "µs" is the server's processor time a request, which
other work on the machine changes less than requests a second.
"""

import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

STORY = """
scenario: figures
about: No latency, no limits, and resources that take no time.
cloud:
  regions: { west: { latency: { default: 0ms, heat.stack.create: 0ms, keystone.token.issue: 0ms } } }
  quotas: { stacks: 1000000 }
users: { a: { script: [login] } }
expect: {}
"""
TEMPLATE = "heat_template_version: 2018-08-31\nresources: { r: { type: OS::Heat::RandomString } }\n"
TICKS = os.sysconf("SC_CLK_TCK")


class Fake:
    def __init__(self, binary, folder, *options):
        story = os.path.join(folder, "figures.yaml")
        with open(story, "w") as file:
            file.write(STORY)
        begun = time.monotonic()
        self.process = subprocess.Popen(
            [binary, "fakecloud", "--listen", "127.0.0.1:0", "--scenario", story, *options], stdout=subprocess.PIPE,
            text=True)
        self.port = int(self.process.stdout.readline().split("127.0.0.1:")[1].split(",")[0])
        banner = ""
        while "Ctrl-C" not in banner:
            banner += self.process.stdout.readline()
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)
        self.token = None
        status, _, _ = self.ask("GET", "/identity/v3")
        assert status == 200
        self.started = time.monotonic() - begun
        lines = {line.split(":")[0].strip(): line.split('"')[1] for line in banner.splitlines() if '"' in line}
        self.identity = {"auth": {"identity": {"methods": ["application_credential"], "application_credential": {
            "id": lines["application_credential_id"], "secret": lines["application_credential_secret"]}}}}
        _, headers, body = self.ask("POST", "/identity/v3/auth/tokens", self.identity)
        self.token = headers["X-Subject-Token"]
        self.stacks = f"/heat/west/v1/{body['token']['project']['id']}/stacks"

    def ask(self, method, path, body=None):
        headers = {"X-Auth-Token": self.token} if self.token else {}
        data = None
        if body is not None:
            data = json.dumps(body)
            headers["Content-Type"] = "application/json"
        try:
            self.connection.request(method, path, data, headers)
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            time.sleep(1)
            ended = self.process.poll()
            raise AssertionError(f"{method} {path}: no answer; the fake's exit code is {ended}") from error
        return answer.status, answer.headers, json.loads(text) if text else None

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def megabytes(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024

    def measure(self, what, count, ask, status):
        begun, cpu = time.monotonic(), self.cpu()
        for number in range(count):
            found, _, body = ask(number)
            assert found == status, (what, found, body)
        seconds = time.monotonic() - begun
        micros = (self.cpu() - cpu) * 1e6 / count
        print(f"  {what:34} {count / seconds:9.0f}/s {micros:9.0f} µs", flush=True)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def rates(fake, made, wanted):
    def create(number):
        return fake.ask("POST", fake.stacks, {"stack_name": f"s{made + number}", "template": TEMPLATE})

    fake.measure(f"create, {made} to {wanted} stacks", wanted - made, create, 201)
    print(f"  {'resident memory':34} {fake.megabytes():9.0f} MB", flush=True)
    _, _, page = fake.ask("GET", fake.stacks + "?limit=20")
    shown = page["stacks"]
    count = 300
    fake.measure("create, more", 100, lambda number: fake.ask(
        "POST", fake.stacks, {"stack_name": f"more{wanted}-{number}", "template": TEMPLATE}), 201)
    fake.measure("show", count, lambda number: fake.ask(
        "GET", f"{fake.stacks}/{shown[number % 20]['stack_name']}/{shown[number % 20]['id']}"), 200)
    fake.measure("find by name", count, lambda number: fake.ask(
        "GET", f"{fake.stacks}/{shown[number % 20]['stack_name']}"), 302)
    fake.measure("list, 20 of a page", count, lambda number: fake.ask("GET", fake.stacks + "?limit=20"), 200)
    fake.measure("events", count, lambda number: fake.ask(
        "GET", f"{fake.stacks}/{shown[number % 20]['stack_name']}/{shown[number % 20]['id']}/events"), 200)
    fake.measure("delete", 100, lambda number: fake.ask("DELETE", _path(fake, f"more{wanted}-{number}")), 204)


def _path(fake, name):
    return fake.ask("GET", f"{fake.stacks}/{name}")[1]["Location"].split(str(fake.port), 1)[1]


def large_stack(binary, folder):
    """500 resources, each of which takes 10 s, in five layers."""
    fake = Fake(binary, folder, "--time", "virtual")
    resources = {}
    for number in range(500):
        resources[f"r{number}"] = {"type": "OS::Heat::TestResource", "properties": {"wait_secs": 10}}
        if number >= 100:
            resources[f"r{number}"]["depends_on"] = f"r{number - 100}"
    begun = time.monotonic()
    template = {"heat_template_version": "2018-08-31", "resources": resources}
    status, _, body = fake.ask("POST", fake.stacks, {"stack_name": "large", "template": template})
    assert status == 201, body
    created = time.monotonic() - begun
    status, _, _ = fake.ask("POST", "/_hothouse/clock", {"action": "step", "by": "60s"})
    assert status == 200
    stepped = time.monotonic() - begun - created
    _, _, body = fake.ask("GET", fake.stacks + "/large/" + body["stack"]["id"])
    assert body["stack"]["stack_status"] == "CREATE_COMPLETE", body["stack"]["stack_status"]
    print(f"500 resources: {created:.3f} s to accept, {stepped:.3f} s for a minute in virtual time")
    fake.end()


def main():
    binary, *counts = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        starts = []
        for _ in range(5):
            fake = Fake(binary, folder)
            starts.append(fake.started)
            fake.end()
        print(f"start-up to the first answer: {statistics.median(starts) * 1000:.0f} ms (of {len(starts)})")
        fake = Fake(binary, folder)
        print(f"  {'resident memory, empty':34} {fake.megabytes():9.0f} MB", flush=True)
        fake.measure("token issue", 500, lambda _: fake.ask("POST", "/identity/v3/auth/tokens", fake.identity), 201)
        made = 0
        for wanted in [int(count) for count in counts] or [1000]:
            rates(fake, made, wanted)
            made = wanted
        fake.end()
        large_stack(binary, folder)


if __name__ == "__main__":
    main()

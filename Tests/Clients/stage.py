"""A fake OpenStack for the tests, and the ways to talk to it."""

import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
import time
import urllib.error
import urllib.request

import openstack
import openstackclient.common.clientmanager
import osc_lib.clientmanager
from openstackclient import shell

# A second of the cloud is 1/SPEED of ours.
SPEED = 100


class Refused(Exception):
    """A command that ended with another code than 0; its text is what the command said."""


class _Shell(shell.OpenStackShell):
    """openstackclient, which notes the commands that it runs."""

    def __init__(self, commands):
        super().__init__()
        self._commands = commands

    def prepare_to_run_command(self, cmd):
        self._commands.add(cmd.cmd_name)
        super().prepare_to_run_command(cmd)


class Stage:
    def __init__(self, binary, folder):
        self.binary = binary
        self.folder = folder
        clouds = os.path.join(folder, "clouds.yaml")
        begun = time.monotonic()
        self._fake = subprocess.Popen(
            [binary, "fakecloud", "--listen", "127.0.0.1:0", "--speed", str(SPEED), "--write-clouds-yaml", clouds],
            stdout=subprocess.PIPE, text=True)
        banner = ""
        while "Ctrl-C" not in banner:
            line = self._fake.stdout.readline()
            assert line, "the fake has ended: " + banner
            banner += line
        self.started = time.monotonic() - begun
        self.url = re.search(r"http://\S+?(?=,)", banner).group()
        os.environ.update(OS_CLIENT_CONFIG_FILE=clouds, COLUMNS="300", PYTHONWARNINGS="ignore")
        # The clients in this process live in the cloud's time: what they wait between two looks passes as fast.
        sleep = time.sleep
        time.sleep = lambda seconds: sleep(seconds / SPEED)
        self._sleep = sleep
        self.commands = set()

    def end(self):
        self._fake.terminate()
        self._fake.wait()

    # The command-line client.

    def openstack(self, command, cloud="hothouse"):
        """Runs a command of openstackclient in this process and returns what it printed."""
        arguments = ["--os-cloud", cloud] + shlex.split(command)
        self._forget_clients()
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = _Shell(self.commands).run(arguments)
            except SystemExit as end:
                code = end.code
        if code:
            raise Refused(f"openstack {command} ended with {code}: {err.getvalue()} {out.getvalue()}")
        return out.getvalue()

    @staticmethod
    def _forget_clients():
        """The shell keeps its clients in its class, as if there were one command a process."""
        for keeper in (osc_lib.clientmanager.ClientManager, openstackclient.common.clientmanager.ClientManager):
            for cache in vars(keeper).values():
                if isinstance(cache, osc_lib.clientmanager.ClientCache):
                    cache._handle = None

    def json(self, command, cloud="hothouse"):
        """The same with `-f json`, and what that says."""
        text = self.openstack(command + " -f json", cloud)
        return json.loads(text[min(place for place in map(text.find, "[{") if place >= 0):])

    def refused(self, command, *words, cloud="hothouse"):
        """A command that must be refused, with these words."""
        try:
            said = self.openstack(command, cloud)
        except Refused as refusal:
            for word in words:
                assert word in str(refusal), f"{word!r} is not in: {refusal}"
            return
        raise AssertionError(f"openstack {command} was not refused: {said}")

    def start(self, command, cloud="hothouse"):
        """Starts the real command, as a user does in a terminal."""
        return subprocess.Popen(
            [os.path.join(os.path.dirname(sys.executable), "openstack"), "--os-cloud", cloud, *shlex.split(command)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder)

    def run(self, command, cloud="hothouse"):
        """Runs the real command and returns what it printed."""
        process = self.start(command, cloud)
        out, err = process.communicate(timeout=60)
        if process.returncode:
            raise Refused(f"openstack {command} ended with {process.returncode}: {err} {out}")
        return out

    # The libraries.

    def connection(self, cloud="hothouse"):
        return openstack.connect(cloud=cloud)

    # HTTP.

    def request(self, method, path, body=None, headers=None, url=None):
        """Sends a request to the fake, or another; returns the status, the headers and the body as JSON."""
        request = urllib.request.Request(
            (url or self.url) + path, method=method, headers={"Content-Type": "application/json", **(headers or {})},
            data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request) as answer:
                status, head, text = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, head, text = error.code, error.headers, error.read()
        return status, head, json.loads(text) if text else None

    def control(self, method, path, body=None):
        status, _, answer = self.request(method, "/_hothouse" + path, body)
        assert status < 300, f"{method} {path}: {status} {answer}"
        return answer

    def reset(self):
        """An empty cloud again."""
        for fault in self.control("GET", "/faults")["items"]:
            self.control("DELETE", "/faults/" + fault["id"])
        self.control("POST", "/reset")

    def pass_time(self, seconds):
        self._sleep(seconds / SPEED)

    def skip_time(self, seconds):
        """So much of the cloud's time passes at once."""
        self.control("POST", "/clock", {"action": "pause"})
        self.control("POST", "/clock", {"action": "step", "by": f"{seconds}s"})
        self.control("POST", "/clock", {"action": "resume"})

    def until(self, what, look, seconds=120):
        """Looks until it is so, for at most so many seconds of the cloud."""
        for _ in range(int(seconds * 2)):
            found = look()
            if found:
                return found
            self.pass_time(0.5)
        raise AssertionError(f"not seen in {seconds} s: {what}")

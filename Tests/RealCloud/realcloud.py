"""The real cloud that up.sh brings up, seen by an administrator's eyes: raw HTTP, and signals to its processes."""

import http.client
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent


class RealCloud:
    def __init__(self, full=False):
        self.full = full
        text = subprocess.run(
            ["bash", "-c", f". {HERE}/env.sh; env"], capture_output=True, text=True, check=True).stdout
        values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        self.folder = pathlib.Path(values["RC"])
        self.host, self.password = values["H"], values["PW"]
        self.ports = {key[2:].lower(): int(value) for key, value in values.items() if key.startswith("P_")}
        self.token = None

    def up(self, **environment):
        """Brings it up, or restarts what died; seconds that it took."""
        started = time.monotonic()
        command = [str(HERE / "up.sh")] + (["--full"] if self.full else [])
        done = subprocess.run(
            command, env={**os.environ, "RC": str(self.folder), **environment}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900)
        assert done.returncode == 0, "the cloud does not come up:\n" + done.stdout
        applications = json.loads((self.folder / "appcreds.json").read_text())
        self.application, self.project = applications["portal"], applications["_ids"]["demo_project"]
        self.user = applications["_ids"]["demo_user"]
        self.sign_in()
        return time.monotonic() - started

    def kill(self, *names):
        """kill -9 of services and their children."""
        for name in names:
            leader = int((self.folder / "run" / f"{name}.pid").read_text())
            os.killpg(leader, signal.SIGKILL)
            while pathlib.Path(f"/proc/{leader}").exists() and not _is_zombie(leader):
                time.sleep(0.05)

    def call(self, service, method, path, body=None, **headers):
        """Status, headers and parsed body of one request."""
        connection = http.client.HTTPConnection(self.host, self.ports[service], timeout=90)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers.setdefault("X-Auth-Token", self.token or "")
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        try:
            answer = json.loads(text) if text else None
        except ValueError:
            answer = None
        return response.status, dict(response.headers), answer

    def sign_in(self):
        domain = {"id": "default"}
        user = {"name": "demo", "domain": domain, "password": self.password}
        status, headers, _ = self.call("keystone", "POST", "/v3/auth/tokens", {"auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"name": "demo", "domain": domain}}}})
        assert status == 201, status
        self.token = headers["X-Subject-Token"]

    def heat(self, method, path, body=None):
        for _ in range(2):
            status, _, answer = self.call("heat", method, f"/v1/{self.project}{path}", body)
            if status != 401:
                return status, answer
            self.sign_in()
        return status, answer

    def stacks(self, tag, deleted=False):
        """The stacks that carry a tag, with show_deleted also those that are gone."""
        query = urllib.parse.urlencode({"tags": tag, "show_deleted": deleted})
        status, answer = self.heat("GET", f"/stacks?{query}")
        assert status == 200, (status, answer)
        return answer["stacks"]

    def forget_deleted(self):
        """Heat's past: what is deleted is purged from its database."""
        command = [self.folder / "venv/bin/heat-manage", "--config-file", self.folder / "etc/heat.conf",
                   "purge_deleted", "-g", "seconds", "0"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done

    def revoke(self, token):
        status, _, _ = self.call("keystone", "DELETE", "/v3/auth/tokens", X_Subject_Token=token)
        assert status == 204, status

    def application_credential(self, name, **details):
        """A new application credential of the demo user; its id and secret."""
        self.sign_in()
        status, _, answer = self.call(
            "keystone", "POST", f"/v3/users/{self.user}/application_credentials",
            {"application_credential": {"name": name, "unrestricted": True, **details}})
        assert status == 201, (status, answer)
        return answer["application_credential"]

    def drop_application_credential(self, id):
        self.sign_in()
        status, _, _ = self.call("keystone", "DELETE", f"/v3/users/{self.user}/application_credentials/{id}")
        assert status == 204, status


def _is_zombie(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True

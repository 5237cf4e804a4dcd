"""A Hothouse process under test, and a client of it that shares no code with it."""

import asyncio
import http.client
import json
import os
import re
import signal
import subprocess
import threading
import urllib.parse

import websockets


class Portal:
    """`hothouse serve` on a port that the system picks; its log is kept for what mails say."""

    def __init__(self, binary, database, *flags):
        self.command = [binary, "serve", "--listen", "127.0.0.1:0", "--database", database, *flags]
        self.log = []
        self.process = None

    def start(self):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HOTHOUSE_")}
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        threading.Thread(target=self._read_log, args=(self.process.stderr,), daemon=True).start()
        for line in self.process.stdout:
            found = re.search(r"listening on (http://\S+)", line)
            if found:
                self.url = found.group(1)
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return self
        raise AssertionError("the server ended at its start: " + "".join(self.log))

    def _read_log(self, stream):
        for line in stream:
            self.log.append(line)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)

    def mailed_token(self):
        """The token of the newest mail in the log; mails are logged before the request that sends them is answered."""
        tokens = re.findall(r"token[=: ]+\"?([A-Za-z0-9_-]{43})", "".join(self.log))
        return tokens[-1]


class Client:
    def __init__(self, portal):
        self.portal = portal
        self.token = None

    def call(self, method, path, body=None, **headers):
        """Status, headers and parsed body of one request."""
        host = urllib.parse.urlparse(self.portal.url)
        connection = http.client.HTTPConnection(host.hostname, host.port, timeout=30)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        return response.status, dict(response.headers), json.loads(text) if text else None

    def expect(self, status, method, path, body=None, **headers):
        found, _, answer = self.call(method, path, body, **headers)
        assert found == status, f"{method} {path}: expected {status}, got {found}: {answer}"
        return answer

    def sign_up(self):
        """Registers, confirms the address and signs in."""
        account = {"email": "ada@example.com", "password": "correct horse battery", "name": "Ada"}
        self.expect(202, "POST", "/auth/register", account)
        self.sign_in(account["email"], account["password"])
        self.expect(200, "POST", "/auth/verify-email", {"token": self.portal.mailed_token()})
        return self

    def sign_in(self, email="demo@hothouse.test", password="hothouse-demo"):
        answer = self.expect(
            200, "POST", "/auth/login", {"email": email, "password": password, "session": "bearer"})
        self.token = answer["token"]
        return self

    def add_key(self):
        key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl test"
        return self.expect(201, "POST", "/ssh-keys", {"name": "test", "publicKey": key})["id"]

    def order(self, name, key_id):
        """The body that asks for the first instance type and image of the first region."""
        region = self.expect(200, "GET", "/catalog/regions")["items"][0]["id"]
        types = self.expect(200, "GET", f"/catalog/instance-types?regionId={region}")["items"]
        image = self.expect(200, "GET", f"/catalog/images?regionId={region}")["items"][0]
        return {
            "name": name, "regionId": region,
            "spec": {
                "instanceTypeId": max(types, key=lambda kind: kind["ramMiB"])["id"], "imageId": image["id"],
                "storage": {"sizeGiB": max(10, image["minDiskGiB"])}, "sshKeyId": key_id,
            },
        }

    def socket(self):
        url = self.portal.url.replace("http://", "ws://") + "/ws"
        return websockets.connect(url, extra_headers={"Authorization": "Bearer " + self.token})

    async def watch(self, deployment_id, wanted, limit=60):
        """The messages of one subscription up to the update whose status is wanted."""
        messages = []
        async with self.socket() as socket:
            await socket.send(json.dumps({"type": "subscribe", "deploymentId": deployment_id}))
            while True:
                message = json.loads(await asyncio.wait_for(socket.recv(), limit))
                messages.append(message)
                if message["type"] == "deployment.updated" and message["data"]["status"] in wanted:
                    return messages

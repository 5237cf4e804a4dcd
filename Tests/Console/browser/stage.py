"""What the browser tests stand on: a portal, a browser, and what passes between them."""

import contextlib
import json
import os
import sys
import time
import urllib.parse
from email.utils import parsedate_to_datetime

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../EndToEnd"))
from portal import Client, Portal  # noqa: E402

PASSWORD = "correct horse battery"
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl test"
LIMIT = 60_000
expect.set_options(timeout=LIMIT)


class SamePortal(Portal):
    """A portal that comes back on the port that it had."""

    def start(self):
        super().start()
        port = urllib.parse.urlparse(self.url).port
        self.command[self.command.index("--listen") + 1] = f"127.0.0.1:{port}"
        return self


class Wire:
    """The requests and socket messages of one page."""

    def __init__(self, page):
        self.requests, self.sent, self.received, self.sockets = [], [], [], 0
        page.on("request", self._request)
        page.on("websocket", self._socket)

    def _request(self, request):
        path = urllib.parse.urlparse(request.url).path
        if not path.startswith("/console"):
            self.requests.append(f"{request.method} {path}")

    def _socket(self, socket):
        self.sockets += 1
        socket.on("framesent", lambda frame: self.sent.append(json.loads(frame)))
        socket.on("framereceived", lambda frame: self.received.append(frame))

    def forget(self):
        self.requests.clear()
        self.sent.clear()
        self.received.clear()
        self.sockets = 0


class Stage:
    def __init__(self, browser, binary, folder, shots):
        self.browser, self.binary, self.folder, self.shots = browser, binary, folder, shots
        self.complaints = []
        self.figures = {}
        self._names = 0
        self._portals = []
        self._contexts = []
        self.portal = self.serve("--speed", "20")

    def serve(self, *flags):
        self._names += 1
        portal = SamePortal(self.binary, f"{self.folder}/{self._names}.sqlite", *flags).start()
        self._portals.append(portal)
        return portal

    def end_test(self, name, passed):
        """Pictures of what failed; nothing that a page complained of goes by."""
        if passed:
            assert not self.complaints, "the browser complains: " + "\n".join(self.complaints)
        else:
            for number, context in enumerate(self._contexts):
                for page in context.pages:
                    page.screenshot(path=f"{self.shots}/FAILED-{name}-{number}.png")
        self.complaints.clear()
        self._end_contexts()

    def _end_contexts(self):
        for context in self._contexts:
            with contextlib.suppress(Exception):
                context.close()
        self._contexts.clear()

    def end(self):
        self._end_contexts()
        for portal in self._portals:
            if portal.process.poll() is None:
                portal.kill()

    # People and pages.

    def person(self, portal=None, verified=True):
        """A new account and a client of the API that is signed in to it."""
        portal = portal or self.portal
        self._names += 1
        client = Client(portal)
        client.email = f"person-{self._names}@example.com"
        client.expect(202, "POST", "/auth/register", {"email": client.email, "password": PASSWORD, "name": "Ada"})
        if verified:
            mail = client.expect(200, "GET", f"/_hothouse/mail?to={client.email}")[0]
            client.expect(200, "POST", "/auth/verify-email", {"token": mail["token"]})
        return client.sign_in(client.email, PASSWORD)

    def deploy(self, client, name="web"):
        keys = client.expect(200, "GET", "/ssh-keys")["items"]
        key = keys[0]["id"] if keys else client.add_key()
        return client.expect(202, "POST", "/deployments", client.order(name, key))["deploymentId"]

    def wait_for(self, client, deployment, status):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            shown = client.expect(200, "GET", f"/deployments/{deployment}")
            if shown["status"] == status:
                return shown
            time.sleep(0.05)
        raise AssertionError(f"{deployment} is {shown['status']} and not {status}")

    def pass_time(self, page, portal, seconds):
        """Waits until the server's clock has moved on, with the page's events told."""
        client = Client(portal)

        def now():
            return parsedate_to_datetime(client.call("GET", "/healthz")[1]["Date"]).timestamp()

        end = now() + seconds
        while now() < end:
            page.wait_for_timeout(50)

    def context(self, client=None, width=1280, height=800, scheme="light", portal=None, init=None):
        """A browser of its own, signed in as a person where one is given."""
        portal = portal or (client.portal if client else self.portal)
        context = self.browser.new_context(
            base_url=portal.url, viewport={"width": width, "height": height}, color_scheme=scheme,
            permissions=["clipboard-read", "clipboard-write"], reduced_motion="reduce", locale="en-GB")
        context.set_default_timeout(LIMIT)
        if init:
            context.add_init_script(init)
        self._contexts.append(context)
        if client:
            self.sign_in(context, client)
        return context

    def sign_in(self, context, client):
        answer = context.request.post("/auth/login", data={"email": client.email, "password": PASSWORD})
        assert answer.status == 200, answer.text()

    def page(self, context, path="/"):
        page = context.new_page()
        page.wire = Wire(page)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("console", self._heard)
        page.on("dialog", lambda dialog: (self.complaints.append(f"a script ran: {dialog.message}"), dialog.dismiss()))
        page.goto("/console" + path)
        return page

    def _heard(self, message):
        """What the browser complains of, but for answers that a test asked for."""
        if message.type == "error" and "Failed to load resource" not in message.text and "WebSocket" not in message.text:
            self.complaints.append(message.text)

    # Looking.

    def look(self, page, name):
        """A picture of the page, and what is wrong with it for those who can't see it, or have a narrow screen."""
        page.screenshot(path=f"{self.shots}/{name}.png", full_page=True)
        results = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
        problems = [
            f"{violation['id']}: {violation['help']}: {[node['html'][:160] for node in violation['nodes']]}"
            for violation in results.response["violations"]
        ]
        assert not problems, f"{name}: " + "\n  ".join(problems)
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{name}: the page is {overflow} px wider than its window"


def live(page):
    expect(page.locator("[data-connection=live]")).to_be_visible()


def status(page, word):
    expect(page.locator(".head-status .badge")).to_have_text(word)


def until(page, condition, what):
    """Waits for something that the page's events bring: they are told only while the page is asked for something."""
    deadline = time.monotonic() + LIMIT / 1000
    while time.monotonic() < deadline:
        if condition():
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"waited in vain for {what}")

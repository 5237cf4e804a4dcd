"""What passes between the page and the portal: one socket, no polling, nothing lost."""

import re
import time

from playwright.sync_api import expect

from stage import PASSWORD, live, status, until

# The longest delays would only make the tests slow.
IMPATIENT = "Math.random = () => 0.02"


def subscribes(page):
    return [message for message in page.wire.sent if message["type"] == "subscribe"]


def requests_of_a_page_view(stage):
    """A page asks for what it shows once, and for nothing while it is open."""
    client = stage.person()
    deployment = stage.deploy(client)
    stage.wait_for(client, deployment, "ACTIVE")
    page = stage.page(stage.context(client), f"/deployments/{deployment}")
    live(page)
    until(page, lambda: subscribes(page), "a subscription")
    expect(page.get_by_role("log")).to_contain_text("The VM is ready")
    path = f"/deployments/{deployment}"
    assert sorted(page.wire.requests) == [f"GET {path}", f"GET {path}/events", "GET /me"], page.wire.requests
    stage.figures["requests of a deployment's page, loaded anew"] = len(page.wire.requests)
    page.wire.forget()
    stage.pass_time(page, client.portal, 60)
    assert page.wire.requests == [] and page.wire.sent == [], (page.wire.requests, page.wire.sent)
    page.get_by_role("link", name="Deployments", exact=True).first.click()
    expect(page.locator("[data-deployment]")).to_have_count(1)
    assert page.wire.requests == ["GET /deployments"], page.wire.requests
    page.get_by_role("link", name="web").click()
    expect(page.get_by_role("log")).to_contain_text("The VM is ready")
    stage.figures["requests of a deployment's page, from the list"] = len(page.wire.requests) - 1


def dropped_socket(stage):
    """A dropped socket gives one GET and one subscribe, and nothing more in the minute after it."""
    client = stage.person()
    deployment = stage.deploy(client)
    stage.wait_for(client, deployment, "ACTIVE")
    page = stage.page(stage.context(client, init=IMPATIENT), f"/deployments/{deployment}")
    for how in ("reset", "close"):
        live(page)
        until(page, lambda: len(subscribes(page)) == 1, "a subscription")
        page.wire.forget()
        dropped = client.expect(200, "POST", "/_hothouse/sockets/drop", {"user": client.email, "how": how})
        assert dropped == {"dropped": 1}, dropped
        until(page, lambda: page.wire.sockets == 1 and subscribes(page), "another socket")
        live(page)
        stage.pass_time(page, client.portal, 60)
        assert page.wire.requests == [f"GET /deployments/{deployment}"], page.wire.requests
        assert len(page.wire.sent) == 1, page.wire.sent
        page.wire.forget()
        page.wire.sent.append({"type": "subscribe"})


def change_between_fetch_and_subscribe(stage):
    """What is committed after the page has fetched, and before it is subscribed, is shown."""
    client = stage.person()
    deployment = stage.deploy(client)
    stage.wait_for(client, deployment, "ACTIVE")
    context = stage.context(client)
    held, server, is_held = [], None, True

    def hold(socket):
        nonlocal server
        server = socket.connect_to_server()
        socket.on_message(lambda message: held.append(message) if is_held else server.send(message))

    context.route_web_socket(re.compile("/ws$"), hold)
    page = stage.page(context, f"/deployments/{deployment}")
    until(page, lambda: held, "the subscription")
    client.expect(202, "DELETE", f"/deployments/{deployment}")
    stage.wait_for(client, deployment, "DELETED")
    status(page, "Active")
    is_held = False
    for message in held:
        server.send(message)
    status(page, "Deleted")
    expect(page.get_by_role("log")).to_contain_text("Deletion requested")
    assert page.wire.requests.count(f"GET /deployments/{deployment}") == 1, page.wire.requests


def server_restart(stage):
    """The page says that it waits, comes back by itself, and shows what happened meanwhile."""
    portal = stage.serve("--speed", "20")
    client = stage.person(portal)
    deployment = stage.deploy(client)
    page = stage.page(stage.context(client, init=IMPATIENT), f"/deployments/{deployment}")
    live(page)
    until(page, lambda: subscribes(page), "a subscription")
    assert portal.terminate() == 0
    expect(page.locator("[data-connection=waiting]")).to_be_visible()
    stage.look(page, "reconnecting")
    page.wire.forget()
    portal.start()
    live(page)
    status(page, "Active")
    gets = [request for request in page.wire.requests if request.startswith("GET /deployments")]
    assert gets == [f"GET /deployments/{deployment}"], page.wire.requests
    assert len(subscribes(page)) == 1, page.wire.sent


def session_ends(stage):
    """A session that ends leads to signing in, and back to where one was."""
    client = stage.person()
    deployment = stage.deploy(client)
    stage.wait_for(client, deployment, "ACTIVE")
    context = stage.context(client)
    page = stage.page(context, f"/deployments/{deployment}")
    live(page)
    where = page.url
    context.request.post("/auth/logout", headers={"Origin": client.portal.url})
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    assert page.get_by_text("web").count() == 0, "nothing of the customer's is left on the page"
    stage.look(page, "session-ended")
    page.get_by_label("E-mail").fill(client.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="web")).to_be_visible()
    assert page.url == where, page.url
    live(page)
    # A page that has no socket learns of it by its next request.
    context.clear_cookies()
    page.get_by_role("link", name="SSH keys").click()
    expect(page.get_by_text("Your session has ended")).to_be_visible()


def two_tabs(stage):
    """What is done in one tab is seen in the other."""
    client = stage.person()
    deployment = stage.deploy(client)
    stage.wait_for(client, deployment, "ACTIVE")
    context = stage.context(client)
    details = stage.page(context, f"/deployments/{deployment}")
    listed = stage.page(context, "/deployments")
    row = listed.locator(f"[data-deployment={deployment}]")
    expect(row).to_contain_text("Active")
    live(listed)
    until(listed, lambda: subscribes(listed), "the list's subscription")
    details.get_by_role("button", name="Delete", exact=True).click()
    details.get_by_role("button", name="Delete deployment").click()
    expect(row).to_contain_text("Deleting")
    expect(listed.get_by_text("No deployments yet")).to_be_visible()
    status(details, "Deleted")
    details.goto("/console/account")
    details.get_by_role("button", name="Sign out").click()
    for page in (details, listed):
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    details.get_by_label("E-mail").fill(client.email)
    details.get_by_label("Password").fill(PASSWORD)
    details.keyboard.press("Enter")
    for page in (details, listed):
        expect(page.get_by_role("heading", name="Deployments", exact=True)).to_be_visible()


def broken_answers(stage):
    """HTML, nothing, other JSON, no network: the page says so and offers a way on."""
    client = stage.person()
    deployment = stage.deploy(client)
    stage.wait_for(client, deployment, "ACTIVE")
    context = stage.context(client)
    page = stage.page(context, "/account")
    live(page)
    broken = [
        lambda route: route.fulfill(status=502, content_type="text/html", body="<html><h1>Bad gateway</h1>"),
        lambda route: route.fulfill(status=200, content_type="text/html", body="<html><script>alert(1)</script>"),
        lambda route: route.fulfill(status=200, body=""),
        lambda route: route.fulfill(status=200, content_type="application/json", body='{"items": [{"id": 3}]}'),
        lambda route: route.abort(),
    ]
    for path, pattern, shown in (
        ("Deployments", re.compile(r"/deployments\?"), page.get_by_role("link", name="web")),
        ("SSH keys", re.compile("/ssh-keys$"), page.get_by_text("test", exact=True)),
    ):
        for number, answer in enumerate(broken):
            page.route(pattern, answer)
            page.goto("/console/account")
            page.get_by_role("navigation", name="Main").get_by_role("link", name=path).click()
            again = page.get_by_role("button", name="Try again")
            expect(again).to_be_visible()
            if path == "Deployments" and number == 0:
                stage.look(page, "broken-answer")
            page.unroute(pattern)
            again.click()
            expect(shown).to_be_visible()
            expect(again).to_have_count(0)
    # The very first request of a visit.
    page.route("**/me", broken[0])
    page.goto("/console/")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    stage.look(page, "broken-start")
    page.unroute("**/me")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Deployments", exact=True)).to_be_visible()


def markup_is_text(stage):
    """Script and markup in names, messages and errors are shown and not run; messages that make no sense are left out."""
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    client = stage.person()
    client.expect(201, "POST", "/ssh-keys", {
        "name": evil, "publicKey": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl " + evil})
    deployment = stage.deploy(client)
    stage.wait_for(client, deployment, "ACTIVE")
    context = stage.context(client)
    page = stage.page(context, "/ssh-keys")
    expect(page.get_by_text(evil, exact=True)).to_be_visible()
    sockets = []
    context.route_web_socket(re.compile("/ws$"), lambda socket: (socket.connect_to_server(), sockets.append(socket)))
    page.goto(f"/console/deployments/{deployment}")
    live(page)
    expect(page.get_by_role("log")).to_contain_text("The VM is ready")
    until(page, lambda: sockets, "the socket")
    later = "2100-01-01T00:00:00.000Z"
    for message in ("<html>", "[]", '{"type": "deployment.updated"}', '{"type": 3}'):
        sockets[0].send(message)
    sockets[0].send('{"type": "deployment.event", "deploymentId": "%s", "data": {"seq": 900, "ts": "%s", "level": "ERROR", "message": "%s"}}' % (deployment, later, evil))
    expect(page.get_by_role("log")).to_contain_text(evil)
    sockets[0].send(
        '{"type": "deployment.updated", "deploymentId": "%s", "data": {"status": "ERROR", "runtime": {"publicIp": "%s", "privateIp": null, "sshUser": null}, "lastError": {"code": "X", "message": "%s"}, "revision": 99, "updatedAt": "%s"}}' % (deployment, evil, evil, later))
    expect(page.get_by_role("alert").filter(has_text=evil)).to_be_visible()
    assert page.locator("main img, main script").count() == 0


def no_network(stage):
    """Without a network the page says so, keeps what it shows, and goes on when there is one."""
    client = stage.person()
    deployment = stage.deploy(client)
    stage.wait_for(client, deployment, "ACTIVE")
    context = stage.context(client, init=IMPATIENT)
    page = stage.page(context, f"/deployments/{deployment}")
    live(page)
    context.set_offline(True)
    # The page learns of it a moment later; a socket that is lost before that comes back at once, as it should.
    page.wait_for_function("!navigator.onLine")
    client.expect(200, "POST", "/_hothouse/sockets/drop", {"user": client.email, "how": "reset"})
    expect(page.locator("[data-connection=offline]")).to_be_visible()
    status(page, "Active")
    stage.look(page, "offline")
    client.expect(202, "DELETE", f"/deployments/{deployment}")
    context.set_offline(False)
    live(page)
    status(page, "Deleted")


def delays(stage):
    """Figures: how long from a commit to the pixel, and to the list on a slow line."""
    portal = stage.serve()
    client = stage.person(portal)
    context = stage.context(client, init="""
        window.seen = {};
        new MutationObserver(() => {
          const badge = document.querySelector('.head-status .badge');
          const status = badge && badge.textContent;
          if (status && !(status in seen)) {
            seen[status] = 0;
            requestAnimationFrame(() => setTimeout(() => { seen[status] = Date.now(); }));
          }
        }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });""")
    samples = []
    for number in range(8):
        deployment = stage.deploy(client, f"vm-{number}")
        page = stage.page(context, f"/deployments/{deployment}")
        until(page, lambda: subscribes(page), "a subscription")
        stage.wait_for(client, deployment, "PROVISIONING")
        status(page, "Provisioning")
        client.expect(202, "DELETE", f"/deployments/{deployment}")
        shown = client.expect(200, "GET", f"/deployments/{deployment}")
        status(page, "Deleting")
        until(page, lambda: page.evaluate("seen.Deleting || 0") > 0, "a frame")
        committed = time_of(shown["updatedAt"])
        samples.append(page.evaluate("seen.Deleting") - committed)
        page.close()
    samples.sort()
    stage.figures["from commit to pixel, median of 8, ms"] = samples[len(samples) // 2]
    stage.figures["from commit to pixel, worst of 8, ms"] = samples[-1]

    slow = stage.context(client)
    page = slow.new_page()
    devtools = slow.new_cdp_session(page)
    devtools.send("Network.enable")
    # Chromium's own "Slow 4G".
    devtools.send("Network.emulateNetworkConditions", {
        "offline": False, "latency": 562.5, "downloadThroughput": 1.6e6 / 8 * 0.9, "uploadThroughput": 750e3 / 8 * 0.9})
    started = time.monotonic()
    page.goto("/console/deployments")
    expect(page.locator("[data-deployment], .empty").first).to_be_visible()
    stage.figures["to the list of deployments on slow 4G, nothing cached, s"] = round(time.monotonic() - started, 1)
    started = time.monotonic()
    page.reload()
    expect(page.locator("[data-deployment], .empty").first).to_be_visible()
    stage.figures["to the list of deployments on slow 4G, again, s"] = round(time.monotonic() - started, 1)


def time_of(text):
    from datetime import datetime
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000

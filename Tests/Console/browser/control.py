"""The control room: the world's clock, what goes wrong in it, its sockets, mail, calls and time line."""

import re

from playwright.sync_api import expect

from stage import live, status, until


def clock_and_faults(stage):
    """Time stands still, steps and runs as it is told; a fault is armed, fires and is disarmed."""
    portal = stage.serve()
    client = stage.person(portal)
    context = stage.context(client)
    room = stage.page(context, "/control")
    live(room)
    room.get_by_role("button", name="Pause").click()
    expect(room.get_by_text("paused", exact=True)).to_be_visible()
    deployment = stage.deploy(client)
    page = stage.page(context, f"/deployments/{deployment}")
    status(page, re.compile("Requested|Provisioning"))
    stage.look(room, "control-paused")
    room.get_by_role("button", name="Step 1m").click()
    status(page, "Active")
    before = client.expect(200, "GET", "/_hothouse/clock")
    assert before["state"] == "paused", before
    room.get_by_role("button", name="Speed 20").click()
    room.get_by_role("button", name="Resume").click()
    expect(room.get_by_text("running, 20 s in one of yours")).to_be_visible()

    room.get_by_role("switch", name=re.compile("Answers to creates are lost")).check()
    another = stage.deploy(client, "unlucky")
    expect(room.get_by_text("fired 1×")).to_be_visible()
    page.goto(f"/console/deployments/{another}")
    expect(page.get_by_role("log")).to_contain_text("has not confirmed")
    status(page, "Active")
    room.get_by_role("switch", name=re.compile("Answers to creates are lost")).uncheck()
    until(room, lambda: client.expect(200, "GET", "/_hothouse/faults")["items"] == [], "no fault")

    room.get_by_role("button", name="Another rule").click()
    room.get_by_label("What happens").select_option("500, nothing done")
    room.get_by_role("button", name="Arm it").click()
    expect(room.get_by_role("switch", name=re.compile("my-rule"))).to_be_checked()
    room.get_by_label("Operation").select_option("heat.stack.create")
    expect(room.locator(".calls li")).to_have_count(2)
    room.locator(".calls summary").first.click()
    expect(room.locator(".calls pre").first).to_contain_text("X-Auth-Token: ***")
    stage.look(room, "control-calls")


def sockets_and_mail(stage):
    """One's own sockets are dropped and come back; mail is read; the cloud begins again."""
    client = stage.person(stage.serve("--speed", "20"))
    deployment = stage.deploy(client)
    stage.wait_for(client, deployment, "ACTIVE")
    context = stage.context(client, init="Math.random = () => 0.5")
    page = stage.page(context, f"/deployments/{deployment}")
    live(page)
    room = stage.page(context, "/control")
    live(room)
    # Time stands still, or the portal's own calls soon push the lines that are sought out of the last ones.
    room.get_by_role("button", name="Pause").click()
    room.get_by_role("button", name="Drop mine").click()
    expect(room.get_by_text("2 sockets are dropped.")).to_be_visible()
    until(page, lambda: page.wire.sockets == 2, "another socket")
    live(page)
    live(room)
    expect(room.locator(".mails").get_by_text(client.email)).to_be_visible()
    expect(room.locator(".timeline").get_by_text("Cloud", exact=True)).to_be_visible()
    room.get_by_text("The last events in words").click()
    expect(room.locator(".last-lines")).to_contain_text("loses its socket")
    mark = room.locator(".mark").last
    mark.hover()
    expect(room.locator(".timeline-tip")).to_be_visible()
    length = room.locator(".tick").count()
    room.locator(".timeline-box").focus()
    for _ in range(6):
        room.keyboard.press("+")
    until(room, lambda: room.locator(".tick-label").first.text_content() != "0:00.000" or room.locator(".tick").count() != length, "another scale")


def looks_of_the_room(stage):
    client = stage.person()
    deployment = stage.deploy(client)
    stage.wait_for(client, deployment, "ACTIVE")
    for scheme in ("light", "dark"):
        for width in (1280, 360):
            room = stage.page(stage.context(client, width=width, scheme=scheme), "/control")
            live(room)
            expect(room.locator(".mark").first).to_be_visible()
            expect(room.locator(".calls li").first).to_be_visible()
            room.get_by_role("button", name="Another rule").click()
            stage.look(room, f"control-{scheme}-{width}")


def only_for_this_machine(stage):
    """A page of another site, or another name for this machine, gets nothing."""
    client = stage.person()
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}, {"Sec_Fetch_Site": "cross-site"}):
        client.expect(403, "GET", "/_hothouse/mail", **headers)
        client.expect(403, "POST", "/_hothouse/sockets/drop", {}, **headers)
        client.expect(403, "GET", "/_hothouse/timeline", **headers)
    assert client.expect(422, "POST", "/_hothouse/sockets/drop", {"how": "gently"})["errors"][0]["pointer"] == "/how"
    assert client.expect(422, "POST", "/_hothouse/sockets/drop", {"user": "nobody@example.com"})["errors"]
    lines = client.expect(200, "GET", "/_hothouse/timeline")
    numbers = [line["n"] for line in lines]
    assert numbers == sorted(set(numbers)) and len(numbers) > 3, numbers
    assert client.expect(200, "GET", f"/_hothouse/timeline?after={numbers[-2]}")[0]["n"] == numbers[-1]


def report_of_a_run(stage):
    """`hothouse run --report` writes one file that shows the run as the control room would."""
    import os
    import subprocess
    story = os.path.join(os.path.dirname(__file__), "../../../scenarios/sockets/dropped-socket.yaml")
    report = f"{stage.folder}/report.html"
    subprocess.run([stage.binary, "run", story, "--report", report, "--quiet"], check=True, capture_output=True)
    for scheme in ("light", "dark"):
        page = stage.context(scheme=scheme).new_page()
        page.on("request", lambda request: stage.complaints.append(request.url) if not request.url.startswith("file:") else None)
        page.goto("file://" + report)
        expect(page.get_by_role("heading", name="dropped-socket")).to_be_visible()
        expect(page.get_by_text("Passed")).to_be_visible()
        expect(page.locator(".span-active")).to_have_count(1)
        expect(page.locator(".story")).to_contain_text("loses its socket")
        stage.look(page, f"report-{scheme}")

"""The customer's pages, as people use them."""

import re

from playwright.sync_api import expect

from stage import PASSWORD, PUBLIC_KEY, live, status


def first_session(stage):
    """A newcomer registers, confirms the address, adds a key, deploys, watches, deletes and signs out."""
    page = stage.page(stage.context())
    expect(page).to_have_title("Sign in · Hothouse")
    page.get_by_role("link", name="Register").click()
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_label("Name")).to_be_focused()
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill("password1")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Confirm your address")).to_be_visible()
    page.get_by_label("Code").fill("wrong")
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator(".field-error")).to_be_visible()
    page.get_by_role("button", name="Use the code from the mail").click()
    page.get_by_role("button", name="Confirm").click()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_have_value("ada@example.com")
    page.get_by_label("Password").fill("not it")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="wrong")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")

    page.get_by_role("link", name="Make the first one").click()
    page.get_by_label("Public key").fill("nonsense")
    page.get_by_role("button", name="Add key").click()
    expect(page.get_by_label("Public key")).to_be_focused()
    page.get_by_label("Public key").fill(PUBLIC_KEY)
    page.get_by_role("button", name="Add key").click()
    expect(page.get_by_label("SSH key", exact=True)).to_be_visible()
    page.get_by_role("button", name="Create deployment").click()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.get_by_label("Name", exact=True).fill("web")
    page.get_by_role("radio", name="fedora-coreos").check()
    page.get_by_role("radio", name="large", exact=False).first.check()
    page.get_by_label("Boot disk", exact=True).fill("5")
    page.get_by_role("button", name="Create deployment").click()
    expect(page.get_by_label("Boot disk", exact=True)).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Boot disk", exact=True).fill("30")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("/console/deployments/dep_"))
    live(page)
    status(page, "Active")
    expect(page).to_have_title("web · Hothouse")
    line = page.locator(".terminal code").inner_text()
    assert re.fullmatch(r"ssh core@203\.0\.113\.\d+", line), line
    page.get_by_role("button", name="Copy the ssh line").click()
    assert page.evaluate("navigator.clipboard.readText()") == line
    for step in ("SSH key", "Disk", "Server", "Public address"):
        expect(page.locator(".steps .step-done").filter(has_text=step)).to_be_visible()
    expect(page.get_by_role("log")).to_contain_text("The VM is ready")

    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete deployment").click()
    status(page, "Deleted")
    page.get_by_role("link", name="Deployments", exact=True).first.click()
    expect(page.get_by_text("No deployments yet")).to_be_visible()
    page.get_by_role("link", name="Deleted").click()
    expect(page.get_by_role("link", name="web")).to_be_visible()
    page.get_by_role("link", name="Account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def deleting_is_asked_first(stage):
    """By keyboard alone: Escape leaves all as it was and gives the focus back; Enter on the button deletes."""
    client = stage.person()
    deployment = stage.deploy(client)
    stage.wait_for(client, deployment, "ACTIVE")
    page = stage.page(stage.context(client), f"/deployments/{deployment}")
    button = page.get_by_role("button", name="Delete", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Delete web?")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()
    status(page, "Active")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Delete deployment")).to_be_focused()
    page.keyboard.press("Enter")
    status(page, re.compile("Deleting|Deleted"))
    status(page, "Deleted")
    expect(button).to_have_count(0)


def failure_and_retry(stage):
    """A deployment that fails says why and can be tried again."""
    import os
    portal = stage.serve("--speed", "20", "--scenario", os.path.join(os.path.dirname(__file__), "first-try-fails.yaml"))
    client = stage.person(portal)
    deployment = stage.deploy(client)
    page = stage.page(stage.context(client), f"/deployments/{deployment}")
    status(page, "Error")
    expect(page).to_have_title("! web · Hothouse")
    expect(page.get_by_role("alert").filter(has_text="no room")).to_be_visible()
    expect(page.locator(".step-failed").first).to_be_visible()
    stage.look(page, "deployment-error")
    page.get_by_role("button", name="Try again").click()
    status(page, "Active")
    expect(page.get_by_role("alert").filter(has_text="no room")).to_have_count(0)
    stage.look(page, "deployment-retried")


def one_request_however_often_it_is_sent(stage):
    """A second click, a lost answer and a reload make one deployment."""
    client = stage.person()
    client.add_key()
    page = stage.page(stage.context(client), "/deployments/new")
    page.get_by_label("Name", exact=True).fill("only one")
    keys = []

    def lose(route):
        if route.request.method != "POST":
            return route.fallback()
        keys.append(route.request.headers["idempotency-key"])
        route.fetch()  # The server takes it, and its answer is lost.
        route.abort()

    page.route("**/deployments", lose)
    page.get_by_role("button", name="Create deployment").dblclick()
    expect(page.get_by_text("Sending it again is safe")).to_be_visible()
    assert len(keys) == 1, keys
    page.reload()
    expect(page.get_by_text("Your last request may not have been answered")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("only one")
    page.unroute("**/deployments")
    with page.expect_request(lambda request: request.method == "POST") as sent:
        page.get_by_role("button", name="Create deployment").click()
    assert sent.value.headers["idempotency-key"] == keys[0]
    expect(page).to_have_url(re.compile("/console/deployments/dep_"))
    assert client.expect(200, "GET", "/deployments")["total"] == 1
    page.goto("/console/deployments/new")
    expect(page.get_by_label("Name", exact=True)).to_have_value("")


def keys_come_and_go(stage):
    """The list is right at once, and put right where the server does not agree."""
    client = stage.person()
    client.add_key()
    page = stage.page(stage.context(client), "/ssh-keys")
    page.route("**/ssh-keys/*", lambda route: route.fulfill(status=503, content_type="text/html", body="<h1>no</h1>"))
    page.get_by_role("button", name="Delete the key test").click()
    page.get_by_role("button", name="Delete key").click()
    expect(page.get_by_role("alert").filter(has_text="503")).to_be_visible()
    expect(page.get_by_text("test", exact=True)).to_be_visible()
    page.unroute("**/ssh-keys/*")
    page.get_by_role("button", name="Delete the key test").click()
    page.get_by_role("button", name="Delete key").click()
    expect(page.get_by_text("No keys yet")).to_be_visible()
    assert client.expect(200, "GET", "/ssh-keys")["items"] == []


def pages_and_links(stage):
    """Filters, pages that others' deployments do not shift, deep links, the back button, titles, an unknown address."""
    portal = stage.serve("--speed", "20")
    client = stage.person(portal)
    for number in range(12):
        stage.deploy(client, f"vm-{number}")
    context = stage.context(client)
    page = stage.page(context)
    expect(page).to_have_url(re.compile("/console/deployments$"))
    expect(page.locator("[data-deployment]")).to_have_count(10)
    page.get_by_role("link", name="Older").click()
    expect(page.locator("[data-deployment]")).to_have_count(2)
    expect(page).to_have_url(re.compile("page=2&asOf="))
    shown = page.locator(".row-link").all_inner_texts()
    assert shown == ["vm-1", "vm-0"], shown
    stage.deploy(client, "newer")
    page.reload()
    expect(page.locator(".row-link")).to_have_text(["vm-1", "vm-0"])
    page.get_by_role("link", name="vm-1", exact=True).click()
    expect(page.get_by_role("heading", name="vm-1")).to_be_focused()
    page.go_back()
    expect(page.locator(".row-link")).to_have_text(["vm-1", "vm-0"])
    page.get_by_role("link", name="Newer").click()
    page.get_by_role("link", name="Error").click()
    expect(page.get_by_text("None is error")).to_be_visible()
    # An address of the API, opened in a browser, is a page; a program gets JSON.
    deployment = client.expect(200, "GET", "/deployments")["items"][0]["id"]
    page.goto(f"/deployments/{deployment}")
    expect(page.get_by_role("heading", name="newer")).to_be_visible()
    assert page.url.endswith(f"/console/deployments/{deployment}"), page.url
    page.goto("/console/deployments/dep_of_nobody")
    expect(page.get_by_text("There is no such deployment")).to_be_visible()
    page.goto("/console/nowhere")
    expect(page.get_by_text("There is nothing at this address")).to_be_visible()
    # A link that was sent to somebody who is not signed in leads there after signing in.
    other = stage.page(stage.context(portal=portal), f"/deployments/{deployment}")
    other.get_by_label("E-mail").fill(client.email)
    other.get_by_label("Password").fill(PASSWORD)
    other.keyboard.press("Enter")
    expect(other.get_by_role("heading", name="newer")).to_be_visible()


def an_unconfirmed_address_can_look(stage):
    """Without a confirmed address one looks and does not deploy; the page says what to do."""
    client = stage.person(verified=False)
    client.add_key()
    page = stage.page(stage.context(client), "/deployments/new")
    expect(page.get_by_role("region", name="Confirm your address")).to_be_visible()
    stage.look(page, "unconfirmed")
    page.get_by_label("Name", exact=True).fill("web")
    page.get_by_role("button", name="Create deployment").click()
    expect(page.locator(".summary").get_by_role("alert")).to_contain_text("Verify")
    page.get_by_role("link", name="Enter the code").click()
    page.get_by_role("button", name="Use the code from the mail").click()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Deployments", exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="Confirm your address")).to_have_count(0)

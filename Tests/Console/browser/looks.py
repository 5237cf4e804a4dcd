"""Every page, light and dark, wide and narrow: a picture to look at, and no violation that axe-core finds."""

import re

from playwright.sync_api import expect

from stage import live, status


def every_page(stage):
    client = stage.person()
    newcomer = stage.person()
    deployments = [stage.deploy(client, name) for name in ("web", "database", "build-runner")]
    for deployment in deployments:
        stage.wait_for(client, deployment, "ACTIVE")
    client.expect(202, "DELETE", f"/deployments/{deployments[1]}")
    stage.wait_for(client, deployments[1], "DELETED")
    for scheme in ("light", "dark"):
        for width in (1280, 360):
            name = f"{scheme}-{width}"
            visitor = stage.context(width=width, scheme=scheme)
            for path in ("sign-in", "register", "verify?email=ada@example.com"):
                page = stage.page(visitor, "/" + path)
                expect(page.get_by_role("heading", level=1)).to_be_visible()
                page.wait_for_load_state("networkidle")
                stage.look(page, f"{path.split('?')[0]}-{name}")
            context = stage.context(newcomer, width=width, scheme=scheme)
            page = stage.page(context)
            live(page)
            expect(page.get_by_text("No deployments yet")).to_be_visible()
            stage.look(page, f"no-deployments-{name}")
            page.goto("/console/ssh-keys")
            expect(page.get_by_text("No keys yet")).to_be_visible()
            live(page)
            stage.look(page, f"no-keys-{name}")
            context = stage.context(client, width=width, scheme=scheme)
            page = stage.page(context)
            expect(page.locator("[data-deployment]").first).to_be_visible()
            live(page)
            stage.look(page, f"deployments-{name}")
            page.goto("/console/deployments?status=DELETED")
            expect(page.locator("[data-deployment]")).to_have_count(1)
            live(page)
            stage.look(page, f"deleted-{name}")
            page.goto("/console/deployments/new")
            page.get_by_role("button", name="Create deployment").click()
            expect(page.locator(".field-error")).to_be_visible()
            stage.look(page, f"new-{name}")
            page.goto(f"/console/deployments/{deployments[0]}")
            status(page, "Active")
            expect(page.get_by_role("log")).to_contain_text("The VM is ready")
            live(page)
            stage.look(page, f"deployment-{name}")
            page.get_by_role("button", name="Delete", exact=True).click()
            expect(page.get_by_role("dialog")).to_be_visible()
            stage.look(page, f"delete-{name}")
            page.keyboard.press("Escape")
            for path in ("ssh-keys", "account", "nowhere"):
                page.goto(f"/console/{path}")
                expect(page.get_by_role("heading", level=1)).to_have_count(1)
                expect(page.locator(".skeleton")).to_have_count(0)
                live(page)
                stage.look(page, f"{path}-{name}")


def while_it_loads(stage):
    """Skeletons hold the place, and nothing moves when the content comes."""
    client = stage.person()
    deployment = stage.deploy(client)
    stage.wait_for(client, deployment, "ACTIVE")
    held = []
    for path, name in (("/deployments", "list"), (f"/deployments/{deployment}", "deployment")):
        context = stage.context(client)
        page = stage.page(context, "/account")
        live(page)
        pattern = re.compile(r"/deployments(\?|/dep_)")
        page.route(pattern, lambda route: held.append(route) if route.request.resource_type == "fetch" else route.fallback())
        page.goto("/console" + path)
        expect(page.locator(".skeleton").first).to_be_visible()
        stage.look(page, f"loading-{name}")
        heading = page.get_by_role("heading", level=1)
        before = heading.bounding_box()
        for route in held:
            route.continue_()
        held.clear()
        page.unroute(pattern)
        expect(page.locator(".skeleton")).to_have_count(0)
        if name == "list":
            assert heading.bounding_box() == before, "the heading has moved"


def keyboard_and_theme(stage):
    """The skip link comes first, every stop can be seen, the choice of colours is kept."""
    client = stage.person()
    page = stage.page(stage.context(client))
    live(page)
    expect(page.get_by_text("No deployments yet")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.reload()
    live(page)
    for _ in range(14):
        page.keyboard.press("Tab")
        seen = page.evaluate("""() => {
          const it = document.activeElement;
          if (it === document.body) return true;
          const style = getComputedStyle(it), after = getComputedStyle(it, '::after');
          const box = it.getBoundingClientRect();
          return style.boxShadow !== 'none' || after.boxShadow !== 'none' || box.width === 0;
        }""")
        assert seen, page.evaluate("document.activeElement.outerHTML")
    page.get_by_role("button", name="Dark colours").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(10, 10, 11)"
    page.reload()
    expect(page.get_by_role("button", name="Light colours")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(10, 10, 11)"


def without_the_bundle(stage):
    """Where the console is not built, the first page and the log say how, and the API works."""
    portal = stage.serve("--console", f"{stage.folder}/nowhere")
    page = stage.context(portal=portal).new_page()
    page.goto("/")
    expect(page.get_by_text("Sources/Console/build")).to_be_visible()
    stage.look(page, "not-built")
    assert any("Sources/Console/build" in line for line in portal.log), portal.log
    stage.person(portal)


def files_are_kept_for_ever(stage):
    """Assets are hashed, compressed and kept; the page is asked for each time."""
    import re
    request = stage.context().request
    answer = request.get("/console/deployments/dep_x", headers={"Accept": "text/html"})
    assert answer.headers["cache-control"] == "no-cache", answer.headers
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy, policy
    assets = re.findall(r"/console/assets/[\w-]+\.\w+", answer.text())
    assert len(assets) == 4, assets
    for asset in assets:
        assert re.search(r"-[A-Z0-9]{8}\.", asset), asset
        answer = request.get(asset)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable", answer.headers
        assert answer.headers["content-encoding"] == "gzip", answer.headers
        plain = request.get(asset, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers and plain.body() == answer.body(), asset
    assert request.get("/console/assets/main-OLDHASH1.js").status == 404

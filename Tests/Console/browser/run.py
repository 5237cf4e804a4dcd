"""The console in a real browser: Debian's Chromium, driven by Playwright, against the built `hothouse serve`.

usage: run.py BINARY SCREENSHOTS [TEST…]
"""

import inspect
import os
import sys
import tempfile
import time
import traceback

from playwright.sync_api import sync_playwright

import control
import customer
import looks
import wire
from stage import Stage


def tests():
    found = []
    for module in (customer, wire, control, looks):
        for name, function in vars(module).items():
            if inspect.isfunction(function) and function.__module__ == module.__name__:
                if list(inspect.signature(function).parameters) == ["stage"]:
                    found.append((name, function))
    return found


def main():
    binary, shots, *wanted = sys.argv[1:]
    os.makedirs(shots, exist_ok=True)
    passed = failed = 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"])
        stage = Stage(browser, os.path.abspath(binary), folder, shots)
        try:
            for name, test in tests():
                if wanted and name not in wanted:
                    continue
                begun = time.monotonic()
                try:
                    test(stage)
                    assert not stage.complaints, "the browser complains: " + "\n".join(stage.complaints)
                    passed += 1
                    print(f"passed: {name} ({time.monotonic() - begun:.1f} s)", flush=True)
                except Exception:
                    failed += 1
                    print(f"FAILED: {name}", flush=True)
                    traceback.print_exc(file=sys.stdout)
                    for number, context in enumerate(stage._contexts):
                        for page in context.pages:
                            page.screenshot(path=f"{shots}/FAILED-{name}-{number}.png")
                stage.complaints.clear()
                stage.end_contexts()
        finally:
            stage.end()
            browser.close()
    for what, figure in stage.figures.items():
        print(f"{what}: {figure}")
    print(f"browser tests: {time.monotonic() - started:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

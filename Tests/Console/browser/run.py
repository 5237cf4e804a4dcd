"""The console in a real browser: Debian's Chromium, driven by Playwright, against the built `hothouse serve`.

usage: run.py BINARY SCREENSHOTS [TEST…]
"""

import os
import sys
import tempfile

from playwright.sync_api import sync_playwright

import control
import customer
import looks
import wire
from stage import Stage

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../.."))
import stage_tests


def main():
    binary, shots, *wanted = sys.argv[1:]
    os.makedirs(shots, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"])
        stage = Stage(browser, os.path.abspath(binary), folder, shots)
        try:
            code = stage_tests.run((customer, wire, control, looks), stage, wanted, after=stage.end_test)
        finally:
            stage.end()
            browser.close()
    for what, figure in stage.figures.items():
        print(f"{what}: {figure}")
    return code


if __name__ == "__main__":
    sys.exit(main())

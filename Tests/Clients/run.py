"""The official clients against the built `hothouse fakecloud`.

usage: run.py BINARY [TEST…]
"""

import inspect
import os
import sys
import tempfile
import time
import traceback

import command
import control
import identity
import libraries
import networks
import processes
import servers
import stacks
from stage import Stage


def tests():
    for module in (identity, networks, servers, stacks, libraries, control, command, processes):
        for name, function in vars(module).items():
            if inspect.isfunction(function) and not name.startswith("_") and function.__module__ == module.__name__:
                if list(inspect.signature(function).parameters) == ["stage"]:
                    yield f"{module.__name__}.{name}", function


def main():
    binary, *wanted = sys.argv[1:]
    failed = passed = 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(os.path.abspath(binary), folder)
        try:
            for name, test in tests():
                if wanted and name not in wanted:
                    continue
                begun = time.monotonic()
                try:
                    stage.reset()
                    test(stage)
                    passed += 1
                    print(f"passed: {name} ({time.monotonic() - begun:.1f} s)", flush=True)
                except Exception:
                    failed += 1
                    print(f"FAILED: {name}", flush=True)
                    traceback.print_exc(file=sys.stdout)
        finally:
            stage.end()
    print(f"the fake was ready after {stage.started:.2f} s; {len(stage.commands)} commands of openstackclient were used")
    print(f"client tests: {time.monotonic() - started:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())

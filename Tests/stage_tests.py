"""Tests that are functions of a stage: how they are found, run one after the other, and told of."""

import inspect
import sys
import time
import traceback


def found(modules):
    """The functions `name(stage)` of modules, as `module.name`."""
    for module in modules:
        for name, function in vars(module).items():
            if inspect.isfunction(function) and not name.startswith("_") and function.__module__ == module.__name__:
                if list(inspect.signature(function).parameters) == ["stage"]:
                    yield f"{module.__name__}.{name}", function


def run(modules, stage, wanted, before=lambda: None, after=lambda name, passed: None):
    """Runs those that are wanted, by name with or without the module's, or all; returns the exit code.

    `before` and `after` are called around each; what `after` asserts of one that passed counts as the test's own.
    """
    passed = failed = 0
    started = time.monotonic()
    for name, test in found(modules):
        if wanted and name not in wanted and name.split(".")[1] not in wanted:
            continue
        begun = time.monotonic()
        try:
            before()
            test(stage)
            after(name, True)
            passed += 1
            print(f"passed: {name} ({time.monotonic() - begun:.1f} s)", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED: {name}", flush=True)
            traceback.print_exc(file=sys.stdout)
            after(name, False)
    print(f"{passed} passed, {failed} failed in {time.monotonic() - started:.0f} s")
    return 1 if failed or not passed else 0

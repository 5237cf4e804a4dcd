"""The official clients against the built `hothouse fakecloud`.

usage: run.py BINARY [TEST…]
"""

import os
import sys
import tempfile

import command
import control
import identity
import libraries
import networks
import processes
import servers
import stacks
from stage import Stage

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import stage_tests


def main():
    binary, *wanted = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(os.path.abspath(binary), folder)
        try:
            modules = (identity, networks, servers, stacks, libraries, control, command, processes)
            code = stage_tests.run(modules, stage, wanted, before=stage.reset)
        finally:
            stage.end()
    print(f"the fake was ready after {stage.started:.2f} s; {len(stage.commands)} commands of openstackclient were used")
    return code


if __name__ == "__main__":
    sys.exit(main())

"""Runs the program again and again without its start: a process that has imported it, and forks.

Started by `tests/on_a_cluster/forked_program.py`. For each line on stdin, JSON with the command's
`arguments`, `environment`, `folder` and `output` (a file), it forks; the child is the program, from its
entry on. It answers with the child's pid and, when that has ended, with its exit code, negative for a
signal.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import sys
import traceback
from typing import Any

import tutorial

_LOADED_LATE = (
    "yaml",
    "rich.console",
    "rich.markdown",
    "rich.syntax",
    "rich.text",
    "rich.theme",
    "encodings.idna",
)
"""What the program imports in functions only."""


def main() -> None:
    _import_all()
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become_the_program(request)
        _answer(pid)
        _, status = os.waitpid(pid, 0)
        _answer(os.waitstatus_to_exitcode(status))


def _answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _import_all() -> None:
    for module in pkgutil.walk_packages(tutorial.__path__, "tutorial."):
        if not module.name.startswith("tutorial.sandbox"):
            importlib.import_module(module.name)
    for name in _LOADED_LATE:
        importlib.import_module(name)


def _become_the_program(request: dict[str, Any]) -> None:
    code = 70
    try:
        _take_place(request)
        from tutorial.cli.main import main as program

        code = program()
        sys.stdout.flush()
    except BaseException:  # of the program, which must end by a code whatever comes
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _take_place(request: dict[str, Any]) -> None:
    """Stand where a shell would have put the program. A signal that comes too early ends it as it ends
    one that has not started yet."""
    try:
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        nothing = os.open(os.devnull, os.O_RDONLY)
        output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for source, target in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        os.closerange(3, 64)
        sys.argv = ["egress-tutorial", *request["arguments"]]
    except KeyboardInterrupt:
        os._exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()

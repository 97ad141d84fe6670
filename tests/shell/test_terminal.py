"""The interactive shell on a real terminal."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tutorial.errors import UsageError
from tutorial.shell.bash import BashShell

PROGRAM = """
import sys, termios, os
from pathlib import Path
from tutorial.shell.bash import BashShell
from tutorial.shell.signals import Signals
folder = Path(sys.argv[1])
with Signals() as signals:
    shell = BashShell(
        folder / "shell", environment={"PATH": os.environ["PATH"], "A": "1", "TERM": "dumb"},
        cwd=folder, stopper=signals,
    )
    quiet = dict(timeout=10, on_output=lambda stream, text: None)
    shell.run("shopt -s expand_aliases; alias greet='echo hello'; set -u", **quiet)
    before = termios.tcgetattr(0)
    shell.interactive("Ctrl-D returns to step 7")
    print("same terminal:", termios.tcgetattr(0) == before, os.tcgetpgrp(0) == os.getpgrp())
    print("stopped by:", signals.pending().name)
    print("carried:", shell.variables().get("B"), shell.variables().get("PS1"))
    print("greeting:", shell.run("greet; echo ${-//[^u]}", **quiet).stdout.split())
    shell.reap_leftovers()
    print("answer:", input())
"""
PROMPT = r"egress-tutorial:\S*[$#] "


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[pexpect.spawn]:
    child = pexpect.spawn(
        sys.executable,
        ["-c", PROGRAM, str(tmp_path)],
        timeout=10,
        encoding="utf-8",
        echo=False,
        cwd=Path.cwd(),
    )
    yield child
    child.close(force=True)


def test_it_has_the_runs_state_and_gives_back_its_own(terminal: pexpect.spawn) -> None:
    terminal.expect("Ctrl-D returns to step 7")
    terminal.expect(PROMPT)
    terminal.sendline("echo A is $A; B='x y'")
    terminal.expect("A is 1")
    terminal.expect(PROMPT)
    terminal.sendeof()
    terminal.expect("same terminal: True True")
    terminal.expect("carried: x y None")
    terminal.sendline("still readable")
    terminal.expect("answer: still readable")


def test_options_that_it_sets_by_itself_are_as_they_were_before(terminal: pexpect.spawn) -> None:
    terminal.expect(PROMPT)
    terminal.sendline("set +u; greet; echo $-")
    terminal.expect("hello")
    terminal.expect(PROMPT)
    terminal.sendeof()
    terminal.expect_exact("greeting: ['hello']")


def test_ctrl_c_in_it_does_not_stop_the_run(terminal: pexpect.spawn) -> None:
    terminal.expect(PROMPT)
    terminal.sendline("sleep 60")
    time.sleep(0.3)
    terminal.sendintr()
    terminal.expect(PROMPT)
    terminal.sendline("exit")
    terminal.expect("stopped by: NONE")


@pytest.mark.parametrize("ending", ["stty -echo -icanon; kill -9 $$", "stty raw; exec sleep 0"])
def test_the_terminal_is_put_back_whatever_happened(terminal: pexpect.spawn, ending: str) -> None:
    terminal.expect(PROMPT)
    terminal.sendline(ending)
    terminal.expect("same terminal: True True")
    terminal.expect("carried: None None")
    terminal.sendline("yes")
    terminal.expect("answer: yes")


def test_a_termination_ends_it(terminal: pexpect.spawn) -> None:
    terminal.expect(PROMPT)
    os.kill(terminal.pid, signal.SIGTERM)
    terminal.expect("stopped by: TERMINATE")


def test_without_a_terminal_it_is_refused(shell: BashShell, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as no_terminal, os.fdopen(writing, "w"):
        monkeypatch.setattr(sys, "__stdin__", no_terminal)
        with pytest.raises(UsageError, match="needs a terminal"):
            shell.interactive("")


def test_it_speaks_to_the_terminal_where_standard_output_carries_data(tmp_path: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(PROGRAM)} {tmp_path} > {tmp_path}/data"
    child = pexpect.spawn("bash", ["-c", command], timeout=10, encoding="utf-8", echo=False, cwd=Path.cwd())
    child.expect(PROMPT)
    child.sendline("echo A is $A")
    child.expect("A is 1")
    child.expect(PROMPT)
    child.sendeof()
    child.sendline("")
    child.expect(pexpect.EOF)
    child.close()
    data = (tmp_path / "data").read_text()
    assert data.startswith("same terminal:")
    assert "A is 1" not in data

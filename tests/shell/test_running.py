"""How a command runs and ends: streams, time limits, signals, and what it leaves running."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from shell.shells import NewShell, Run

from tutorial.engine.ports import CommandResult
from tutorial.errors import JournalError
from tutorial.shell.bash import BashShell, end_processes
from tutorial.shell.command_record import CommandRecord
from tutorial.shell.leftovers import Leftovers
from tutorial.shell.signals import Signals


def test_output_comes_as_it_is_written(shell: BashShell) -> None:
    came: list[tuple[float, str, str]] = []
    began = time.monotonic()
    result = shell.run(
        "echo out; sleep 0.3; echo err >&2",
        timeout=10,
        on_output=lambda stream, text: came.append((time.monotonic() - began, stream, text)),
    )
    assert [(stream, text) for _, stream, text in came] == [("stdout", "out\n"), ("stderr", "err\n")]
    assert came[0][0] < 0.2 < came[1][0]
    assert (result.stdout, result.stderr, result.output) == ("out\n", "err\n", "out\nerr\n")


def test_characters_cut_in_two_and_bad_bytes_are_decoded(run: Run) -> None:
    assert run(r"printf '\xc3'; sleep 0.1; printf '\xa9\xff\xe2'").stdout == "é\ufffd\ufffd"


def test_a_timeout_ends_the_whole_group_and_keeps_the_state(run: Run) -> None:
    run("a=1")
    result = run("sleep 60 & echo $!; sleep 60", timeout=0.3)
    assert (result.ended_by, result.seconds < 2) == ("timeout", True)
    assert _goes(int(result.stdout))
    assert run("echo $a").stdout == "1\n"


def test_what_ignores_int_and_term_is_killed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ladder = tuple((number, 0.2) for number in (2, 15, 9))
    monkeypatch.setattr("tutorial.shell.process.LADDER", ladder)
    result = run("trap '' INT TERM; echo ready; while :; do sleep 1; done", timeout=0.2)
    assert (result.exit_code, result.ended_by, result.stdout) == (137, "timeout", "ready\n")


def test_an_interrupt_stops_the_command(run: Run) -> None:
    result = _run_and_signal(run, "sleep 60", 2)
    assert (result.ended_by, result.exit_code, result.seconds < 2) == ("interrupt", 130, True)


def test_a_termination_that_is_known_does_not_stop_the_rollbacks_commands(run: Run, signals: Signals) -> None:
    assert _run_and_signal(run, "sleep 60", 15).ended_by == "interrupt"
    assert run("sleep 0.1; echo undone").stdout == "undone\n"


@pytest.mark.parametrize("number", [1, 15])
def test_a_termination_does_not_stop_a_steadfast_command(run: Run, signals: Signals, number: int) -> None:
    result = _run_and_signal(run, "sleep 0.6; echo undone", number, steadfast=True)
    assert (result.ended_by, result.stdout) == ("exit", "undone\n")
    assert run("echo undone", steadfast=True).stdout == "undone\n"
    assert _run_and_signal(run, "sleep 60", 2, steadfast=True).ended_by == "interrupt"


def test_an_interrupt_that_came_just_before_stops_the_command(run: Run, signals: Signals) -> None:
    os.kill(os.getpid(), 2)
    assert run("sleep 60").ended_by == "interrupt"
    signals.clear()
    assert run("echo on").stdout == "on\n"


def test_a_failing_listener_leaves_no_process(shell: BashShell) -> None:
    pids: list[str] = []

    def fail(stream: str, text: str) -> None:
        pids.append(text.strip())
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        shell.run("echo $$; sleep 60", timeout=10, on_output=fail)
    assert not Path("/proc", pids[0]).exists()


def test_a_background_child_does_not_hang_the_step(run: Run, shell: BashShell) -> None:
    began = time.monotonic()
    pid = int(run("(while sleep 0.01; do echo noise; done) & echo $!").stdout.split()[0])
    assert time.monotonic() - began < 2
    assert run(f"sleep 0.1; kill -0 {pid} && echo lives").stdout == "lives\n"
    shell.reap_leftovers()
    assert not Path("/proc", str(pid)).exists()


def test_a_daemon_in_a_session_of_its_own_is_ended_too(run: Run, shell: BashShell) -> None:
    pid = int(run("setsid sleep 60 >/dev/null 2>&1 & echo $!; sleep 0.2").stdout)
    assert Path("/proc", str(pid)).exists()
    shell.reap_leftovers()
    assert not Path("/proc", str(pid)).exists()


def test_a_later_process_ends_what_a_killed_one_left(shell: BashShell, tmp_path: Path) -> None:
    folder = tmp_path / "it's a shell"
    command = [sys.executable, "-c", KILLED_RUNNER, str(folder)]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    pid = int(killed.stdout)
    assert killed.returncode == -9
    assert Path("/proc", str(pid)).exists()
    stranger = Leftovers(tmp_path / "missing")
    stranger.end()
    assert not _is_gone(pid)
    Leftovers(folder / "leftovers").end()
    assert _is_gone(pid)


def test_a_remembered_pid_of_another_process_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (tmp_path / "leftovers").write_text(json.dumps({str(stranger.pid): 1, "x": 2}))
        Leftovers(tmp_path / "leftovers").end()
        (tmp_path / "leftovers").write_text(json.dumps({str(stranger.pid): 1}))
        Leftovers(tmp_path / "leftovers").end()
        assert stranger.poll() is None
        stranger.kill()


def test_other_children_of_the_process_are_left_alone(run: Run, shell: BashShell) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as other:
        run("sleep 60 &")
        shell.reap_leftovers()
        assert other.poll() is None
        other.kill()


def test_orphans_of_another_child_are_left_alone(run: Run, shell: BashShell) -> None:
    orphaning = "sleep 0.3; (sleep 60 >/dev/null & echo $!); sleep 60"
    with subprocess.Popen(
        ["bash", "-c", orphaning], start_new_session=True, stdout=subprocess.PIPE, text=True
    ) as other:
        run("sleep 0.8; sleep 60 &")
        assert other.stdout is not None
        orphan = int(other.stdout.readline())
        shell.reap_leftovers()
        assert not _is_gone(orphan)
        os.killpg(other.pid, 9)


def test_no_descriptor_is_left_open(run: Run) -> None:
    run("true")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        run("echo a; exit 1")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_command_inherits_no_descriptor(run: Run) -> None:
    assert run("ls /proc/self/fd | wc -l").stdout == "4\n"  # 0, 1, 2 and the folder that ls reads


def test_a_folder_that_cannot_be_written_keeps_no_command_from_running(
    shell: BashShell, tmp_path: Path, run: Run
) -> None:
    _put_a_file_in_the_way(tmp_path)
    assert run("a=1; echo ran").stdout == "ran\n"
    assert isinstance(shell.failure, JournalError)
    assert "cannot be written" in shell.failure.what
    shell.set_variable("B", "2")
    assert run("echo $a $B").stdout == "1 2\n"


@pytest.mark.parametrize("lacking", ["files in memory", "a view of this process"])
def test_without_files_in_memory_they_are_in_the_folder(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    if lacking == "files in memory":
        monkeypatch.delattr(os, "memfd_create")
    else:
        monkeypatch.setattr("tutorial.shell.exchange.os.getpid", lambda: 1)
    folder = tmp_path / "it's a shell"
    assert "command" in run(f"a=1; ls {shlex.quote(str(folder))}").stdout
    assert run("echo $a").stdout == "1\n"
    assert {path.name for path in folder.iterdir()} == {"state"}
    _put_a_file_in_the_way(tmp_path)
    with pytest.raises(JournalError, match="cannot be written"):
        run("true")


def _put_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "it's a shell").rename(tmp_path / "moved")
    (tmp_path / "it's a shell").write_text("")


KILLED_RUNNER = """
import os, sys
from pathlib import Path
from tutorial.shell.bash import BashShell
from tutorial.shell.leftovers import Leftovers
from tutorial.shell.signals import Signals
with Signals() as signals:
    shell = BashShell(Path(sys.argv[1]), environment=dict(os.environ), cwd=Path("/"), stopper=signals)
    result = shell.run("sleep 60 >/dev/null 2>&1 & echo $!", timeout=9, on_output=lambda stream, text: None)
    print(result.stdout, end="", flush=True)
    os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize(
    "end", [lambda _, new_shell: new_shell(), lambda folder, _: end_processes(folder)], ids=["shell", "none"]
)
def test_the_command_of_a_killed_runner_is_ended_by_the_next(
    tmp_path: Path, new_shell: NewShell, end: Callable[[Path, NewShell], object]
) -> None:
    """Its first process is ended together with those that it started, and what it would do next."""
    folder = tmp_path / "it's a shell"
    command = f"sleep 60 & echo $$ $! > {tmp_path}/pids; wait; touch {tmp_path}/went_on"
    with start_killed_runner(folder, command, tmp_path / "pids"):
        pids = (tmp_path / "pids").read_text().split()
        assert not any(_is_gone(int(pid)) for pid in pids)
        end(folder, new_shell)
        assert all(_is_gone(int(pid)) for pid in pids)
    assert not (tmp_path / "went_on").exists()
    assert not (folder / "running").exists()


def test_what_a_killed_command_started_is_known_by_the_runs_folder(
    tmp_path: Path, new_shell: NewShell
) -> None:
    folder = tmp_path / "it's a shell"
    command = f"export RUN={tmp_path}; sleep 60 & echo $$ $! > {tmp_path}/pids; wait"
    with start_killed_runner(folder, command, tmp_path / "pids"):
        first, child = map(int, (tmp_path / "pids").read_text().split())
        os.kill(first, 9)
        assert _goes(first)
        new_shell()
        assert _is_gone(child)


@pytest.mark.parametrize("started", [1, -1])
def test_a_stranger_with_the_number_of_a_killed_command_is_left(
    tmp_path: Path, new_shell: NewShell, started: int
) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as stranger:
        folder = tmp_path / "it's a shell"
        folder.mkdir()
        (folder / "running").write_text(json.dumps({"session": stranger.pid, "started": started}))
        new_shell()
        assert stranger.poll() is None
        stranger.kill()


def test_a_command_does_not_begin_when_its_runner_is_killed_before_it_is_on_record(
    tmp_path: Path, run: Run, shell: BashShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(path: CommandRecord, session: int) -> None:
        raise KeyboardInterrupt("as if killed: the pipe to the command closes, and nothing is on record")

    monkeypatch.setattr(CommandRecord, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        run(f"touch {tmp_path}/begun")
    monkeypatch.undo()
    assert run("true").exit_code == 0
    assert not (tmp_path / "begun").exists()


@contextmanager
def start_killed_runner(folder: Path, command: str, sign: Path) -> Iterator[None]:
    """A runner that is killed while its command runs: when the file `sign` is there."""
    script = RUNNER.replace("COMMAND", repr(command))
    with subprocess.Popen([sys.executable, "-c", script, str(folder)]) as runner:
        while not (sign.exists() and sign.read_text().endswith("\n")):
            time.sleep(0.01)
        runner.kill()
        runner.wait()
        yield


RUNNER = """
import os, sys
from pathlib import Path
from tutorial.shell.bash import BashShell
from tutorial.shell.signals import Signals
with Signals() as signals:
    shell = BashShell(Path(sys.argv[1]), environment=dict(os.environ), cwd=Path("/"), stopper=signals)
    shell.run(COMMAND, timeout=60, on_output=lambda stream, text: None)
"""


def _goes(pid: int) -> bool:
    """Whether it is gone soon: the kernel takes a moment between the signal and the end."""
    deadline = time.monotonic() + 5
    while not _is_gone(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return _is_gone(pid)


def _is_gone(pid: int) -> bool:
    return not Path("/proc", str(pid)).exists() or _is_zombie(pid)


def _run_and_signal(run: Run, command: str, number: int, **options: bool) -> CommandResult:
    timer = threading.Timer(0.3, os.kill, (os.getpid(), number))
    timer.start()
    try:
        return run(command, **options)
    finally:
        timer.join()


def _is_zombie(pid: int) -> bool:
    return ") Z " in Path("/proc", str(pid), "stat").read_text()

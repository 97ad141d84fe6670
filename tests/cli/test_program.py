"""The command line: help, mistakes, exit codes, streams; in real processes where it matters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tutorial.cli.program import COMMANDS

ROOT = Path(__file__).parents[2]
Program = Callable[..., subprocess.CompletedProcess[str]]
SUBCOMMANDS = (
    *("sandbox up", "sandbox status", "sandbox env", "sandbox shell", "sandbox reset", "sandbox down"),
    *("class up", "class status", "class down"),
)


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from tutorial.cli.main import run_program\n"
        "from tutorial.ui.environment import Environment\n"
        "assert run_program(['--help'], Environment.resolve()) == 0\n"
        "heavy = {'rich', 'kubernetes', 'questionary', 'prompt_toolkit', 'yaml', 'asyncio', 'aiohttp'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Usage: egress-tutorial" in done.stdout


@pytest.mark.parametrize(
    "command",
    [*COMMANDS, "sandbox up", "sandbox env", "sandbox down", "class up", "class status", "class down", ""],
)
def test_every_help_ends_in_examples(program: Program, command: str) -> None:
    done = program(*command.split(), "--help")
    assert done.returncode == 0
    examples = done.stdout.rpartition("\nExamples:\n")[2].splitlines()
    assert examples[0].startswith(("  egress-tutorial ", "  eval "))
    assert all(line.startswith("  ") for line in examples)
    assert max(map(len, done.stdout.splitlines())) <= 78


def test_help_of_the_program_names_every_command_as_the_command_does() -> None:
    for name, lazy in COMMANDS.items():
        assert lazy.load().name == name


READS = (
    *("version", "list", "show externalname", "show externalname create-service", "lint", "status"),
    *("status -o json", "sandbox status", "sandbox down", "rollback", "completion bash", "doctor"),
)
"""What only looks, or finds nothing to do."""


@pytest.mark.parametrize("command", [*READS, "sandbox env", "resume --auto", "resume no-such-run --auto"])
def test_what_only_looks_makes_no_state_folder(program: Program, tmp_path: Path, command: str) -> None:
    done = program(*command.split(), HOME=str(tmp_path))
    assert done.returncode == (0 if command in READS else done.returncode), done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_bare_program_says_what_to_try(program: Program) -> None:
    done = program()
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 78
    tries = done.stdout.partition("Try:\n")[2].partition("\n\n")[0].splitlines()
    assert len(tries) == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rnu"], "Did you mean run?"),
        (["sandbox", "donw"], "Did you mean down?"),
        (["run", "externalnam", "--auto"], 'Did you mean "externalname"?'),
        (["run", "externalname", "--atuo"], "--auto"),
        (["run"], "TUTORIAL"),
        (["run", "externalname", "--set", "NAMESPACE"], "NAME=VALUE"),
        (["run", "externalname", "--set", "A-B=1"], "NAME=VALUE"),
        (["run", "externalname", "--auto", "--set", "NAMESPACE=a\x1b[2J"], "cannot be seen"),
        (["run", "externalname", "--auto", "--keep=sometimes"], "sometimes"),
        (["run", "externalname", "--auto", "--junit", "/dev/null"], "--junit needs a file"),
        (["run", "externalname", "--auto", "--junit", "/no/such/folder/r.xml"], "no folder"),
        (["show", "externalname", "acess-with-sidecar"], "Did you mean access-with-sidecar?"),
        (["lint", "no-such-folder"], "no-such-folder"),
        (["completion", "tcsh"], "tcsh"),
    ],
)
def test_a_mistake_is_exit_2_with_a_way_out(program: Program, arguments: list[str], said: str) -> None:
    done = program(*arguments)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_error_cannot_speak_to_the_terminal(program: Program) -> None:
    done = program("run", "x\x1b]0;title\x07\x1b[2Jy\u202e", "--auto")
    assert done.returncode == 2
    assert "xy\\u202e" in done.stderr
    assert "\x1b" not in done.stderr


def test_without_a_terminal_run_names_the_flag(program: Program) -> None:
    done = program("run", "externalname")
    assert done.returncode == 2
    assert "egress-tutorial run externalname --auto" in done.stderr


def test_version(program: Program) -> None:
    assert program("version").stdout.startswith("egress-tutorial ")


def test_list_as_text_and_json(program: Program) -> None:
    assert "egress-tutorial run externalname" in program("list").stdout
    tutorials = {found["name"]: found for found in json.loads(program("list", "-o", "json").stdout)}
    assert tutorials["externalname"]["steps"] == 17


def test_show_lists_steps_and_shows_one(program: Program) -> None:
    listed = program("show", "externalname").stdout
    assert "create-service" in listed
    by_id = program("show", "externalname", "create-service").stdout
    assert "externalName: httpbin.org" in by_id
    number = next(line.split()[0] for line in listed.splitlines() if "create-service" in line)
    assert program("show", "externalname", number).stdout == by_id


def test_lint_passes_what_is_bundled(program: Program) -> None:
    done = program("lint")
    assert done.returncode == 0, done.stderr


def test_lint_tells_all_faults_and_their_places(program: Program, tutorial: Path) -> None:
    (tutorial / "20-bad.yaml").write_text("title: Bad\ncommand: echo\ntimeuot: 3\nexplian: x\n")
    done = program("lint", str(tutorial))
    assert done.returncode == 3
    assert "20-bad.yaml:3:1" in done.stderr
    assert "20-bad.yaml:4:1" in done.stderr
    assert "2 faults" in done.stderr


def test_completion_for_each_shell(program: Program) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "_EGRESS_TUTORIAL_COMPLETE" in program("completion", shell).stdout


def test_completion_of_a_command_and_of_a_tutorial(program: Program) -> None:
    def complete(words: str, index: int) -> str:
        asked = {"_EGRESS_TUTORIAL_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(index)}
        return program(**asked).stdout

    assert complete("egress-tutorial ro", 1) == "plain,rollback\n"
    assert complete("egress-tutorial run ext", 2) == "plain,externalname\n"


def test_doctor_finds_this_machine_ready_or_says_what_fails(program: Program) -> None:
    done = program("doctor", "-o", "json")
    told = json.loads(done.stdout)
    failed = [found for found in told["findings"] if found["state"] == "fail" and found["needed"]]
    assert done.returncode == (4 if failed else 0)
    assert told["ready"] is not bool(failed)
    assert {"namespaces", "curl", "kubectl", "Envoy", "state folder"} <= {
        found["name"] for found in told["findings"]
    }


def test_doctor_without_bash_is_not_ready(program: Program, tmp_path: Path) -> None:
    done = program("doctor", PATH=str(tmp_path))
    assert done.returncode == 4
    line = next(line for line in done.stdout.splitlines() if " bash " in line)
    assert "fail" in line


def test_a_state_folder_that_cannot_be_is_said_without_a_traceback(program: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for arguments in (["status"], ["sandbox", "up"], ["--debug", "version"]):
        done = program(*arguments, XDG_STATE_HOME=str(tmp_path / "file"))
        assert done.returncode == 4, done.stderr
        assert "XDG_STATE_HOME" in done.stderr
        assert "Traceback" not in done.stderr


def test_the_sandbox_that_is_not_up(program: Program) -> None:
    assert json.loads(program("sandbox", "status", "-o", "json").stdout) == []
    assert program("sandbox", "down").returncode == 0
    for name in ("env", "shell", "reset"):
        done = program("sandbox", name)
        assert done.returncode == 4
        assert "egress-tutorial sandbox up" in done.stderr


@pytest.mark.parametrize("arguments", [["--debug", "version"], ["version", "--debug"]])
def test_debug_names_a_private_log(program: Program, arguments: list[str]) -> None:
    done = program(*arguments)
    assert done.returncode == 0
    path = Path(done.stderr.strip().removeprefix("Log: "))
    assert "egress-tutorial --debug version" in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


def test_the_debug_log_is_masked(program: Program) -> None:
    secret = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJlc2lnbmF0dXJl"
    done = program("--debug", "show", f"Authorization: Bearer {secret}")
    assert secret not in Path(done.stderr.rpartition("Log: ")[2].strip()).read_text()


def test_a_reader_that_goes_away_is_no_error(user_variables: dict[str, str]) -> None:
    done = subprocess.run(
        [
            "bash",
            "-c",
            f"set -o pipefail; {sys.executable} -m tutorial.cli.main show externalname | head -n 1",
        ],
        env=user_variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_an_encoding_that_lacks_a_character_is_no_error(program: Program, tutorial: Path) -> None:
    (tutorial / "10-say.yaml").write_text("title: Say ✓\ncommand: echo\n")
    done = program("show", str(tutorial), "say", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "Say ?" in done.stdout

"""A command's output cannot steer the terminal or hide text: not on the screen, not in any record."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from end_to_end.folders import write_tutorial
from end_to_end.machine import Machine
from end_to_end.terminal import Terminal

pytestmark = pytest.mark.sandbox

OpenTerminal = Callable[..., Terminal]

HOSTILE = {
    "title": b"\x1b]0;owned\x07",
    "title, ended by ST": b"\x1b]2;owned\x1b\\",
    "clipboard": b"\x1b]52;c;b3duZWQ=\x07",
    "cursor home": b"\x1b[H",
    "cursor up": b"\x1b[5A",
    "erase the screen": b"\x1b[2J",
    "erase what was scrolled": b"\x1b[3J",
    "alternate screen": b"\x1b[?1049h",
    "hidden cursor": b"\x1b[?25l",
    "ask for the position": b"\x1b[6n",
    "scrolling region": b"\x1b[5;6r",
    "reset": b"\x1bc",
    "graphics characters": b"\x1b(0",
    "device control": b"\x1bPq#0;2;0;0;0\x1b\\",
    "C1 control sequence": "\x9b2J".encode(),
    "C1 operating system command": "\x9d0;owned\x9c".encode(),
    "concealed text": b"\x1b[8m",
    "right to left": "\u202eevil\u202c\u2066x\u2069".encode(),
    "backspaces": b"visible\b\b\b\b\b\b\bhidden!",
    "carriage return": b"visible\rhidden!",
    "null, bell, vertical tab, form feed": b"\0\a\v\f",
    "broken UTF-8": b"\xff\xfe\xc3",
}
FORBIDDEN = ["\x1b]", "\x1b[?", "\x1bc", "\x1bP", "\x9b", "\x9d", "\u202e", "\u2066", "\x07", "\x08", "\x00"]
FORBIDDEN += ["\x1b[H", "\x1b[5A", "\x1b[2J", "\x1b[3J", "\x1b[6n", "\x1b[5;6r", "\x1b[8m", "\x1b(0"]
OF_THE_PROGRAMS_OWN = {"\x1b[?"}
"""What the program itself may send to a terminal: it shows the cursor again."""


def write_hostile_tutorial(machine: Machine) -> Path:
    """Two steps: one prints all of it at once, one a byte at a time around a buffer's end."""
    data = b"begin\n" + b"".join(b"[" + attack + b"]\n" for attack in HOSTILE.values()) + b"the end\n"
    (machine.folder / "hostile.bin").write_bytes(data)
    (machine.folder / "cut.bin").write_bytes(b"x" * 65_530 + b"\n" + data)
    (machine.folder / "slowly.py").write_text(
        "import sys, time\n"
        f"for byte in open({str(machine.folder / 'hostile.bin')!r}, 'rb').read():\n"
        "    sys.stdout.buffer.write(bytes([byte])); sys.stdout.flush(); time.sleep(0.0005)\n"
    )
    return write_tutorial(
        machine.folder / "hostile",
        f"title: At once\ncommand: cat {machine.folder}/hostile.bin; cat {machine.folder}/hostile.bin >&2\n",
        f"title: Slowly\ncommand: /usr/bin/python3 {machine.folder}/slowly.py\n",
        f"title: Cut by a buffer\ncommand: cat {machine.folder}/cut.bin | tail -c +60000\n",
        f"title: Failing\ncommand: cat {machine.folder}/hostile.bin\nexpect: {{stdout: {{equals: no}}}}\n",
    )


def test_the_terminal_is_unharmed(machine: Machine, terminal: OpenTerminal) -> None:
    shown = terminal("run", "--trust", str(write_hostile_tutorial(machine)))
    title_before = shown.title
    shown.wait_for_pause()
    first = shown.screen().splitlines()[0]
    for _ in range(3):
        shown.answer("\r", "Enter next")
        shown.answer("\r", "Enter run")
    shown.answer("\r", "Enter again")
    assert shown.title == title_before
    assert shown.seen().count("the end") >= 4
    assert shown.seen().splitlines()[0] == first, "what stood on the screen before was harmed"
    assert "visible" in shown.seen()
    raw = shown.raw.decode(errors="replace")
    for attack in (
        "\x1b]",
        "\x9d",
        "\u202e",
        "?1049",
        "?25l",
        "\x1b[3J",
        "\x1b[6n",
        "\x1b[5;6r",
        "\x1bP",
        "\x1bc",
    ):
        assert attack not in raw
    shown.answer("q", "Esc stay")
    shown.press("\r")
    assert shown.wait_for_exit() == 1


def test_no_record_holds_any_of_it(machine: Machine) -> None:
    folder = write_hostile_tutorial(machine)
    report = machine.folder / "report.xml"
    done = machine.run(
        "--debug", "run", "--trust", str(folder), "--auto", "-o", "jsonl", "--junit", str(report)
    )
    assert done.returncode == 1, done.stderr
    log = Path(done.stderr.rpartition("Log: ")[2].strip())
    texts = [event.get("text", "") for event in map(json.loads, done.stdout.splitlines())]
    for record in (*texts, done.stdout, done.stderr, report.read_text(), log.read_text()):
        assert [bad for bad in FORBIDDEN if bad in record] == []
    assert "the end" in "".join(texts)
    assert "the end" in report.read_text()

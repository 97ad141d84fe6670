"""A run is forgotten and undone by hand: each command that was listed is pasted into a shell of a person's
own, elsewhere, where no cluster is current.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from end_to_end.machine import KUBECTL
from on_a_cluster.lesson import CREATE, LABEL, write_lesson
from on_a_cluster.user import User

pytestmark = pytest.mark.sandbox

CAPTURE = """\
title: Learn a name, and annotate what has it
command: NAME_OF_MINE=theirs; kubectl annotate service "$NAME_OF_MINE" mark=on
cleanup: {commands: ['kubectl annotate service "$NAME_OF_MINE" mark-'], by_hand: "Take the annotation away."}
"""


def test_what_is_listed_can_be_pasted(user: User, tmp_path: Path) -> None:
    lesson = write_lesson(user.machine.folder / "lesson", CREATE, LABEL, CAPTURE)
    done = user.run(lesson, "--keep")
    assert done.returncode == 0, done.stdout + done.stderr
    done = user.roll_back("--forget", user.runs()[0]["run_id"], "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    commands = [line.strip() for line in done.stdout.splitlines() if "kubectl " in line]
    assert len(commands) == 3, done.stdout
    for command in commands:
        paste(command, tmp_path)
    user.assert_as_before()


def paste(command: str, folder: Path) -> None:
    subprocess.run(
        ["bash", "-c", command],
        env={"PATH": f"{Path(KUBECTL).parent}:/usr/bin:/bin", "HOME": str(folder)},
        cwd=folder,
        timeout=60,
        check=True,
    )

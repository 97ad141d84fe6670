"""Thousands of broken step files: each is a Step, or faults with a place and what to write instead.

How many, and how to repeat a run: see `mutations`.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from mutations import Mutations, how_many
from steps.test_loader import EVERY_FIELD

from tutorial.cli.main import run_program
from tutorial.engine.plan import make_plan
from tutorial.errors import StepFileError, TutorialError
from tutorial.steps.faults import Fault
from tutorial.steps.loader import load_tutorial
from tutorial.steps.rules import check_rules
from tutorial.steps.step_file import read_step
from tutorial.steps.tutorial_file import FILE_NAME, read_tutorial_file
from tutorial.ui.environment import Environment

STEPS = Path(__file__).resolve().parents[2] / "steps"
VARIABLES = {"NAMESPACE": "default", "PLAIN_NAMESPACE": "without-istio", "SAMPLE": "sleep"}


def check(faults: list[Fault], text: bytes) -> None:
    """Each fault is somewhere in the file, in one line, and says what to do."""
    lines = text.decode(errors="replace").splitlines() or [""]
    for fault in faults:
        assert 1 <= fault.location.line <= len(lines) + 1, fault
        assert fault.location.column >= 1, fault
        assert fault.what, fault
        assert fault.write, fault
        assert "\n" not in str(fault), fault


def try_all(mutations: Mutations, file: Path, count: int, read: Callable[[list[Fault]], object]) -> int:
    """`read` each mutated text from `file`; how many were without a fault."""
    good = 0
    for _, text in mutations.some(count):
        file.write_bytes(text)
        faults: list[Fault] = []
        try:
            found = read(faults)
            assert found is not None or faults
            check(faults, text)
        except Exception as error:
            error.add_note(f"{mutations!r}\n{text!r}")
            raise
        good += not faults
    return good


def test_a_mutated_step_file_is_a_step_or_has_faults(tmp_path: Path) -> None:
    file = tmp_path / "10-only.yaml"
    texts = [path.read_bytes() for path in sorted(STEPS.glob("*/[0-9]*.yaml"))]

    def read(faults: list[Fault]) -> object:
        source = read_step(file, "only", "mine", faults)
        check_rules([source] if source else [], VARIABLES, faults)
        return source

    count = how_many(10_000)
    good = try_all(Mutations([*texts, EVERY_FIELD.encode()]), file, count, read)
    assert count / 100 < good < count


def test_a_mutated_tutorial_file_is_read_or_has_faults(tmp_path: Path) -> None:
    texts = [path.read_bytes() for path in sorted(STEPS.glob(f"*/{FILE_NAME}"))]
    (tmp_path / "samples").mkdir()
    folder = tmp_path / "mine"
    folder.mkdir()
    count = how_many(3_000)
    good = try_all(
        Mutations(texts), folder / FILE_NAME, count, lambda faults: read_tutorial_file(folder, faults)
    )
    assert count / 100 < good < count


@pytest.mark.parametrize("name", ["10-only.yaml", FILE_NAME])
def test_lint_and_the_plan_of_a_mutated_tutorial(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    tutorial_file = b"title: Mine\nvariables: {NAMESPACE: default, PLAIN_NAMESPACE: plain, SAMPLE: sleep}\n"
    (folder / FILE_NAME).write_bytes(tutorial_file)
    (folder / "10-only.yaml").write_text("title: One\ncommand: 'true'\n")
    steps = [path.read_bytes() for path in sorted(STEPS.glob("*/[0-9]*.yaml"))]
    mutations = Mutations(
        [tutorial_file + b"outside: [{name: a, command: curl b}]\n"] if name == FILE_NAME else steps
    )
    for _, text in mutations.some(how_many(5_000) // 20):
        (folder / name).write_bytes(text)
        try:
            lint(folder)
            plan(folder)
        except Exception as error:
            error.add_note(f"{mutations!r}\n{text!r}")
            raise


def lint(folder: Path) -> None:
    """The command `lint` finds nothing, or faults, and is not itself at fault."""
    out, err = io.StringIO(), io.StringIO()
    environment = Environment.resolve(variables={}, stdin=io.StringIO(), stdout=out, stderr=err)
    with redirect_stdout(out):
        code = run_program(["lint", str(folder)], environment)
    assert code in (0, 3), err.getvalue()
    assert bool(err.getvalue()) == (code == 3)
    assert "has a defect" not in err.getvalue()


def plan(folder: Path) -> None:
    """Loading and planning give a plan, or an error for the reader."""
    try:
        tutorial = load_tutorial(folder)
        made = make_plan(tutorial, settings={}, facts={"backend": "sandbox", "istio": "1.27.1"}, asides=True)
    except StepFileError:
        return
    except TutorialError as error:
        assert error.do
        return
    for planned in made.steps:
        made.notes(planned.step)
        made.fill(planned.step.sample)
    made.namespaces()
    made.summaries()

"""What the build hook makes, and what the wheel holds."""

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
SCHEMAS = CHECKOUT / "tutorial/sandbox/schemas"
GENERATED = ("definitions.json.gz", "THIRD_PARTY_NOTICES.txt")


@pytest.mark.parametrize("name", GENERATED)
def test_an_installation_has_the_generated_files(name):
    assert (SCHEMAS / name).stat().st_size > 0


@pytest.mark.parametrize("name", GENERATED)
def test_generated_files_are_never_committed(name):
    path = f"tutorial/sandbox/schemas/{name}"
    tracked = subprocess.run(
        ["git", "ls-files", path], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )

    assert tracked.stdout == ""


def test_the_notices_name_both_packages_and_their_licence():
    text = (SCHEMAS / "THIRD_PARTY_NOTICES.txt").read_text()

    assert "==== kubernetes-validate 1.37.0 ====" in text
    assert "==== cloudcoil-models-istio " in text
    assert text.count("Apache License") >= 3


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    """The checkout's wheel, where the build requirements are installed."""
    for requirement in ("hatchling", "kubernetes_validate", "cloudcoil"):
        if importlib.util.find_spec(requirement) is None:
            pytest.skip(f"{requirement} is not installed here; pip fetches it for a build")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=CHECKOUT, check=True, capture_output=True)
    (file,) = folder.glob("*.whl")
    return zipfile.ZipFile(file)


def test_the_wheel_holds_the_generated_files_and_the_lessons(wheel):
    names = set(wheel.namelist())

    assert {f"tutorial/sandbox/schemas/{name}" for name in GENERATED} <= names
    lessons = {
        path.relative_to(CHECKOUT / "steps") for path in (CHECKOUT / "steps").rglob("*") if path.is_file()
    }
    assert {f"tutorial/_steps/{path}" for path in lessons} <= names


def test_two_builds_make_the_same_definitions(wheel):
    built = wheel.read("tutorial/sandbox/schemas/definitions.json.gz")

    assert built == (SCHEMAS / "definitions.json.gz").read_bytes()

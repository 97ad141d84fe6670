"""Tutorials by name and by path."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutorial.errors import UsageError
from tutorial.steps.catalog import bundled_tutorials, find_tutorial


def test_bundled_tutorials_do_not_list_sections() -> None:
    names = [folder.name for folder in bundled_tutorials()]
    assert "externalname" in names
    assert "before-you-begin" not in names
    assert "samples" not in names


def test_by_name() -> None:
    assert find_tutorial("externalname") in bundled_tutorials()


def test_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    file = tmp_path / "mine" / "tutorial.yaml"
    file.write_text("title: Mine\n")
    monkeypatch.chdir(tmp_path)
    assert find_tutorial("mine") == Path("mine")
    assert find_tutorial(str(tmp_path / "mine")) == tmp_path / "mine"
    assert find_tutorial(str(file)) == tmp_path / "mine"


@pytest.mark.parametrize(
    ("name", "what", "do"),
    [
        ("externlname", 'There is no tutorial "externlname".', 'Did you mean "externalname"?'),
        ("EXTERNALNAME", 'There is no tutorial "EXTERNALNAME".', 'Did you mean "externalname"?'),
        ("./nowhere", 'There is no tutorial "./nowhere", and no such folder.', "The tutorials are: "),
        ("before-you-begin", '"before-you-begin" is a part of other tutorials', "The tutorials are: "),
        ("", "has no tutorial.yaml", "Write one"),
    ],
)
def test_unknown(name: str, what: str, do: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        find_tutorial(name)
    assert what in caught.value.what
    assert do in caught.value.do

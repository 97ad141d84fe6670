"""Where state lives."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

import pytest

from tutorial.errors import JournalError
from tutorial.journal.paths import make_in_state_home, runs_folder, sandboxes_folder, state_home


def test_the_xdg_folder_comes_first(tmp_path: Path) -> None:
    environment = {"XDG_STATE_HOME": str(tmp_path / "xdg"), "HOME": str(tmp_path / "home")}
    assert state_home(environment) == tmp_path / "xdg" / "egress-tutorial"
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("given", ["", "relative/folder"])
def test_without_a_usable_one_it_is_in_home(tmp_path: Path, given: str) -> None:
    home = state_home({"XDG_STATE_HOME": given, "HOME": str(tmp_path)})
    assert home == tmp_path / ".local" / "state" / "egress-tutorial"


def test_without_home_the_password_database_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = pwd.struct_passwd(("me", "x", 0, 0, "", str(tmp_path), ""))
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: entry)
    assert state_home({}) == tmp_path / ".local" / "state" / "egress-tutorial"


def test_a_user_without_any_home_is_told_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    with pytest.raises(JournalError, match="no place for the run's state") as caught:
        state_home({"HOME": ""})
    assert "XDG_STATE_HOME" in caught.value.do


def test_nothing_is_made_by_asking_where_it_is(tmp_path: Path) -> None:
    home = state_home({"XDG_STATE_HOME": str(tmp_path)})
    assert {runs_folder(home).parent, sandboxes_folder(home).parent} == {home}
    assert list(tmp_path.iterdir()) == []


def test_folders_are_the_users_alone_whatever_the_umask(tmp_path: Path) -> None:
    home = state_home({"XDG_STATE_HOME": str(tmp_path)})
    folders = (home, runs_folder(home), sandboxes_folder(home))
    before = os.umask(0)
    try:
        for folder in folders[1:]:
            make_in_state_home(folder)
    finally:
        os.umask(before)
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700] * 3
    home.chmod(0o755)
    make_in_state_home(runs_folder(home))
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_file_in_the_way_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    home = state_home({"XDG_STATE_HOME": str(tmp_path / "file")})
    with pytest.raises(JournalError, match="cannot be written") as caught:
        make_in_state_home(runs_folder(home))
    assert caught.value.why == "Not a directory"


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(JournalError, match="cannot be written") as caught:
            make_in_state_home(runs_folder(state_home({"XDG_STATE_HOME": str(tmp_path)})))
        assert "XDG_STATE_HOME" in caught.value.do
    finally:
        tmp_path.chmod(0o700)

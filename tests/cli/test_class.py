"""The commands of `class` where there is no cluster; with one, see tests/on_a_cluster."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize("command", [("up", "--attendees", "2"), ("status",), ("down",)])
def test_without_a_cluster_both_ways_out_are_told(
    program: Program, command: tuple[str, ...], tmp_path: Path
) -> None:
    done = program("class", *command)
    assert done.returncode == 4
    assert "no sandbox is up" in done.stderr
    assert "egress-tutorial sandbox up" in done.stderr
    assert "--context NAME" in done.stderr
    assert not (tmp_path / "class-egress").exists()


def test_a_trial_prints_what_would_be_made_and_needs_no_cluster(program: Program) -> None:
    done = program("class", "up", "--attendees", "2", "--prefix", "monday", "--revision", "1-27", "--dry-run")
    assert done.returncode == 0, done.stderr
    objects = list(yaml.safe_load_all(done.stdout))
    names = [each["metadata"]["name"] for each in objects if each["kind"] == "Namespace"]
    assert names == ["monday-01", "monday-01-plain", "monday-02", "monday-02-plain"]
    assert objects[0]["metadata"]["labels"]["istio.io/rev"] == "1-27"
    assert {each["kind"] for each in objects} == {"Namespace", "ServiceAccount", "Role", "RoleBinding"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("up",),
        ("up", "--attendees", "0"),
        ("up", "--attendees", "many"),
        ("up", "--attendees", "2", "--hours", "0"),
        ("up", "--attendees", "2", "--prefix", "kube"),
        ("up", "--attendees", "2", "--sandbox", "--context", "kind"),
        ("down", "--prefix", "../x"),
        ("status", "--context", "no-such"),
        ("sideways",),
    ],
)
def test_what_cannot_be_is_a_usage_error(program: Program, arguments: tuple[str, ...]) -> None:
    done = program("class", *arguments)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr

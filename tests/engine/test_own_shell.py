"""A step's command as a person pastes it into a shell of their own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from engine.fakes import Script, World, step

from tutorial.engine.events import Noticed, RollbackEnded
from tutorial.engine.own_shell import OwnShell

PLACE = OwnShell("--context kind", "demo")
HERE = "--context kind --namespace demo"


@pytest.mark.parametrize(
    ("command", "pasted"),
    [
        ("kubectl delete pod x", f"kubectl {HERE} delete pod x"),
        ("kubectl delete pod x -n other", "kubectl --context kind delete pod x -n other"),
        ("kubectl get pods -A", "kubectl --context kind get pods -A"),
        ("kubectl --context mine get pods -nx", "kubectl --namespace demo --context mine get pods -nx"),
        (
            "kubectl get x | xargs -r kubectl delete; echo kubectl",
            f"kubectl {HERE} get x | xargs -r kubectl {HERE} delete; echo kubectl",
        ),
        ("istioctl version", f"istioctl {HERE} version"),
        ("helm uninstall x", "helm --kube-context kind --namespace demo uninstall x"),
        (
            "kubectl apply -f - <<EOF\n# kubectl is not called here\nEOF",
            f"kubectl {HERE} apply -f - <<EOF\n# kubectl is not called here\nEOF",
        ),
        ("kubectl label ns ${NAMESPACE} a-", f"kubectl {HERE} label ns demo a-"),
    ],
)
def test_each_call_names_its_place(command: str, pasted: str) -> None:
    assert PLACE.paste(command, {"NAMESPACE": "demo"}, {}) == pasted


def test_helm_has_names_of_its_own_for_the_cluster() -> None:
    own = OwnShell("--context kind --server https://api.test:6443")
    pasted = own.paste("helm list", {}, {})
    assert pasted == "helm --kube-context kind --kube-apiserver https://api.test:6443 list"


def test_without_a_cluster_nothing_is_named() -> None:
    assert OwnShell().paste("kubectl get pods", {}, {}) == "kubectl get pods"


def test_variables_of_the_run_are_set_and_can_say_nothing(tmp_path: Path) -> None:
    """What a command captured came from outside."""
    own = OwnShell(known={"HOME": "/home/me"})
    hostile = "x'; touch harm; echo $(touch harm)"
    carried = {"POD": hostile, "HOME": "/home/me", "OTHER": "unused", "MINE": "set before"}
    pasted = own.paste('MINE=1; echo "$POD" "$MINE" "${HOME}"', {}, carried)
    done = subprocess.run(
        ["bash", "-c", f'{pasted}; echo "[$POD]"'],
        env={"HOME": "/home/me"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{hostile} 1 /home/me\n[]\n"
    assert list(tmp_path.iterdir()) == []


def test_a_command_of_several_lines_stays_one(tmp_path: Path) -> None:
    pasted = OwnShell().paste("cat <<EOF\n$POD\nEOF", {}, {"POD": "sleep-1"})
    done = subprocess.run(["bash", "-c", pasted], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "sleep-1\n"


def test_credentials_of_the_run_are_not_shown() -> None:
    """Such commands are on the screen, in -o jsonl and in the logs of CI."""
    carried = {"API_TOKEN": "hunter22\nhunter23", "URL": "https://me:hunter24@a.org/", "POD": "sleep-1"}
    command = 'curl -u me:${PW} -H "X: $API_TOKEN" "$URL" "$POD"'
    pasted = OwnShell().paste(command, {"PW": "hunter25"}, carried)
    assert pasted == '(API_TOKEN=***; URL=***; POD=sleep-1; curl -u me:*** -H "X: $API_TOKEN" "$URL" "$POD")'


def test_credentials_are_not_told_of_a_cleanup_that_failed() -> None:
    cleanup = "complain https://me:hunter22@example.org/"
    world = World((step("label", "set POD sleep-1", cleanup=cleanup),))
    world.run(Script(), auto=True)
    (told,) = [each.text for each in world.recorder.of(Noticed) if "A cleanup of label failed" in each.text]
    (end,) = world.recorder.of(RollbackEnded)
    assert "hunter22" not in f"{told} {end.left}"


@pytest.mark.parametrize(
    ("command", "goes_there"),
    [
        ("kubectl delete -f samples/x.yaml", True),
        ("touch mark", True),
        ("kubectl delete pod samples-1", False),
    ],
)
def test_files_of_the_run_are_found(command: str, goes_there: bool) -> None:
    own = OwnShell("--context kind", folder="/the run/work", files=("samples",))
    assert own.paste(command, {}, {}).startswith("(cd '/the run/work'; ") is goes_there


def test_a_cleanup_that_failed_is_listed_like_that() -> None:
    world = World((step("label", "set POD sleep-1", cleanup="complain $POD"),))
    world.own_shell = OwnShell("--context kind", "demo")
    world.run(Script(), auto=True)
    (end,) = world.recorder.of(RollbackEnded)
    assert end.left == ("(POD=sleep-1; complain $POD)",)

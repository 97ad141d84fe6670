"""A finalizer that nobody serves holds a deletion: the rollback names it and what frees the object, ends
with 5, and ends well once a person has done that.
"""

from __future__ import annotations

import pytest
from on_a_cluster.lesson import APPLY, CREATE, NAMESPACE, write_lesson
from on_a_cluster.user import User

pytestmark = pytest.mark.sandbox

HELD = APPLY.replace("{name: second}", "{name: second, finalizers: [example.org/hold]}")
HELD_INSIDE = """\
title: Create a config map that is held
command: |
  kubectl create -f - <<EOF
  kind: ConfigMap
  apiVersion: v1
  metadata: {name: inside, namespace: ${PLAIN_NAMESPACE}, finalizers: [example.org/hold]}
  EOF
creates: ["configmap/inside@${PLAIN_NAMESPACE}"]
needs: [step-2]
"""


def test_a_held_service_is_named_and_the_rest_is_undone(user: User) -> None:
    done = user.run(write_lesson(user.machine.folder / "lesson", CREATE, HELD), "--keep")
    assert done.returncode == 0, done.stdout + done.stderr
    held = f"service/second@{user.namespaces.first}"
    free = assert_blocked(user, held, f"finalizer example.org/hold of {held}")
    assert "configmap" not in "".join(free)
    do_by_hand(user, free)
    user.assert_rolled_back()


def test_a_namespace_that_is_held_by_something_in_it_is_named_with_that(user: User) -> None:
    done = user.run(write_lesson(user.machine.folder / "lesson", CREATE, NAMESPACE, HELD_INSIDE), "--keep")
    assert done.returncode == 0, done.stdout + done.stderr
    inside = f"configmap/inside@{user.namespaces.plain}"
    free = assert_blocked(user, inside, f"finalizer example.org/hold of {inside}")
    assert any(command.startswith("kubectl patch configmap inside ") for command in free)
    do_by_hand(user, free)
    user.assert_rolled_back()


def assert_blocked(user: User, held: str, reason: str) -> list[str]:
    """The rollback ends with 5 and names what is held and why; the commands that it gives."""
    done = user.roll_back("--wait", "0.5")
    assert done.returncode == 5, done.stdout + done.stderr
    assert f"blocked {held} ({reason})" in done.stdout
    listed = done.stdout.partition("Still there")[2]
    assert "egress-tutorial rollback" in listed
    return [line for line in listed.splitlines() if line.startswith("kubectl ")]


def do_by_hand(user: User, commands: list[str]) -> None:
    """What a person does with the list: those that free something, and that was all."""
    for command in commands:
        if command.startswith("kubectl patch "):
            user.cluster.shell(command)

"""The API server goes away, or refuses, in the middle of a run and of its rollback: what is undone, what
is said to be left, and that a later `rollback` ends it.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from on_a_cluster.faults import Rule, refuse
from on_a_cluster.lesson import APPLY, CREATE, LABEL, NAMESPACE, write_lesson
from on_a_cluster.proxy import FaultProxy
from on_a_cluster.user import User, read_until, wait_for_file

pytestmark = pytest.mark.sandbox

PAUSE = """\
title: Wait
command: |
  touch MARK; while [ -e MARK ]; do sleep 0.02; done; kubectl get configmap first
"""


@contextmanager
def run_to_the_middle(user: User) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A run that has made things and goes on when the file is deleted: then it asks the server."""
    mark = user.machine.folder / "mark"
    steps = (CREATE, APPLY, LABEL, NAMESPACE, PAUSE.replace("MARK", str(mark)))
    with user.start(write_lesson(user.machine.folder / "lesson", *steps)) as process:
        wait_for_file(mark)
        yield process, mark
        process.kill()


def test_a_rollback_waits_for_a_server_that_went_in_a_step_and_comes_back(
    proxied: User, proxy: FaultProxy
) -> None:
    with run_to_the_middle(proxied) as (process, mark):
        proxy.go_away()
        mark.unlink()
        said = read_until(process, "Waiting for it")
        assert f"The API server {proxy.url} cannot be reached. Connection refused. Waiting" in said
        proxy.come_back()
        said += process.communicate(timeout=60)[0]
    assert "The API server answers again" in said
    assert process.returncode in (1, 4), said
    assert proxied.runs() == []
    proxied.assert_as_before()


def test_a_rollback_that_waits_in_vain_says_what_is_left_and_can_be_gone_on_with(
    proxied: User, proxy: FaultProxy
) -> None:
    with run_to_the_middle(proxied) as (process, mark):
        proxy.go_away()
        mark.unlink()
        said = read_until(process, "Waiting for it")
        process.send_signal(signal.SIGINT)
        said += process.communicate(timeout=60)[0]
    assert process.returncode == 5, said
    assert_all_is_listed(proxied, said)
    again = proxied.roll_back("--wait", "0.3")
    assert again.returncode == 5, again.stdout + again.stderr
    assert_all_is_listed(proxied, again.stdout)
    assert "Traceback" not in said + again.stderr
    proxy.come_back()
    proxied.assert_rolled_back()


def test_credentials_that_expire_are_named_and_a_new_login_ends_it(proxied: User, proxy: FaultProxy) -> None:
    with run_to_the_middle(proxied) as (process, mark):
        proxy.expire_credentials()
        mark.unlink()
        said = process.communicate(timeout=60)[0]
    assert process.returncode == 5, said
    assert "does not accept the credentials of the user proxied" in said
    assert_all_is_listed(proxied, said)
    again = proxied.roll_back()
    assert again.returncode == 5, again.stdout + again.stderr
    proxy.write_kubeconfig(Path(proxied.arguments[1]))
    proxied.assert_rolled_back()


def test_rights_that_were_taken_away_leave_what_they_were_for(proxied: User, proxy: FaultProxy) -> None:
    with run_to_the_middle(proxied) as (process, mark):
        proxy.add(Rule(refuse(403), "DELETE", "/services/"), Rule(refuse(403), "PATCH"))
        mark.unlink()
        said = process.communicate(timeout=60)[0]
    first = proxied.namespaces.first
    assert process.returncode == 5, said
    left = said.partition("Still there")[2]
    assert f"kubectl delete service second -n {first}" in left
    assert "Take the label away." in left
    assert "the proxy of the tests refuses: Forbidden" in said
    assert "configmap" not in left
    assert "namespace/" not in left
    proxy.rules.clear()
    proxied.assert_rolled_back()


def test_a_kubeconfig_that_is_gone_is_told_with_what_is_left(proxied: User, proxy: FaultProxy) -> None:
    with run_to_the_middle(proxied) as (process, _):
        process.kill()
        process.communicate()
    kubeconfig = Path(proxied.arguments[1])
    kubeconfig.unlink()
    done = proxied.roll_back()
    assert done.returncode == 5, done.stdout + done.stderr
    assert "cannot be undone now" in done.stderr
    assert f"kubectl delete service second -n {proxied.namespaces.first}" in done.stderr
    proxy.write_kubeconfig(kubeconfig)
    proxied.assert_rolled_back()


def test_a_context_that_leads_elsewhere_undoes_nothing_there(proxied: User, proxy: FaultProxy) -> None:
    with run_to_the_middle(proxied) as (process, _):
        process.kill()
        process.communicate()
    kubeconfig = Path(proxied.arguments[1])
    content = kubeconfig.read_text()
    kubeconfig.write_text(content.replace(proxy.url, "https://127.0.0.1:1"))
    done = proxied.roll_back()
    assert done.returncode == 5, done.stdout + done.stderr
    assert "begun on another cluster" in done.stderr
    by_hand = done.stderr.partition("by hand: ")[2]
    assert f"kubectl delete service second -n {proxied.namespaces.first}" in by_hand
    commands = by_hand.partition(")")[0].split("; ")
    assert [each for each in commands if f" --server {proxy.url}" not in each] == []
    kubeconfig.write_text(content)
    proxied.assert_rolled_back()


def assert_all_is_listed(user: User, said: str) -> None:
    """Every object of the run with the command that removes it, and how to go on."""
    left = said.partition("Still there")[2]
    first, plain = user.namespaces.first, user.namespaces.plain
    assert f"kubectl delete configmap first -n {first} --context " in left
    assert f"kubectl delete service second -n {first}" in left
    assert f"kubectl delete namespace {plain}" in left
    assert "Take the label away." in left or f" label namespace {first} egress-test-" in left
    assert "egress-tutorial rollback" in left

"""What the machine can do, tried; and why it cannot, in words."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from tutorial.sandbox.node.support import check_support, explain_refusal


@pytest.mark.sandbox
def test_a_machine_that_runs_these_tests_supports_all() -> None:
    checks = check_support()
    assert [check.name for check in checks] == ["Linux", "glibc", "namespaces", "nftables", "pods", "curl"]
    assert all(check.ok for check in checks), checks


@pytest.mark.sandbox
def test_no_user_namespaces_is_named() -> None:
    """A limit of none, set in a user namespace of the test's own."""
    script = (
        "import os; from pathlib import Path; from tutorial.sandbox.node import syscalls\n"
        "user, group = os.geteuid(), os.getegid()\n"
        "syscalls.unshare(syscalls.CLONE_NEWUSER)\n"
        "Path('/proc/self/setgroups').write_text('deny')\n"
        "Path('/proc/self/uid_map').write_text(f'1 {user} 1')\n"
        "Path('/proc/self/gid_map').write_text(f'1 {group} 1')\n"
        "Path('/proc/sys/user/max_user_namespaces').write_text('0')\n"
        "from tutorial.sandbox.node.support import check_support\n"
        "print(check_support()[-1])\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert "user.max_user_namespaces" in done.stdout, done.stderr


def test_a_refusal_is_explained_by_its_errno() -> None:
    assert "allows no user namespaces" in explain_refusal(errno.ENOSPC, "x")[0]
    why, do = explain_refusal(errno.EPERM, "unshare: Operation not permitted")
    assert why
    assert "--privileged" in do or "root" in do or os.geteuid() == 0
    assert explain_refusal(errno.EINVAL, "unshare: Invalid argument")[0] == "unshare: Invalid argument"

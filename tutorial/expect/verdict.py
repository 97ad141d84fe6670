"""A verdict: whether output is as expected and, if not, where and why. Plain frozen data.

Made by `tutorial.expect.check`; carried in the engine's events; drawn by `tutorial.ui`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mismatch:
    """One part of an expectation that does not hold.

    Args:
        where: `exit code`, `stdout`, `stderr`, `output` or `variable NAME`.
        rule: the expectation's key: `contains`, `like`, `matches`, `exit_code`, ...
        expected: what was wanted, as text to show.
        actual: the part of the output nearest to it, as text to show.
        line: the output's line (from 1) that differs, or 0 when no one line does.
        column: where in that line the difference begins, from 1, or 0.
        reason: one sentence: `expected "httpbin.org", found "httpbin.com"`.
    """

    where: str
    rule: str
    expected: str
    actual: str
    reason: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True)
class Verdict:
    """`passed` is true exactly when `mismatches` is empty. `proof` says in one line what was
    checked and held; `cause` and `fix` come from the step's hints when a failure matches one."""

    mismatches: tuple[Mismatch, ...] = ()
    proof: str = ""
    cause: str = ""
    fix: str = ""

    @property
    def passed(self) -> bool:
        return not self.mismatches

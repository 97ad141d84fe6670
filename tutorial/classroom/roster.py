"""Who is in a class and what is called how. Pure.

Made by the command line; read by the rest of `tutorial.classroom`. A class is known by its prefix:
labels on its namespaces say which class and which attendee they are for, and nothing else is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tutorial.errors import UsageError

CLASS_LABEL = "egress-tutorial/class"
ATTENDEE_LABEL = "egress-tutorial/attendee"
MANAGED_BY = {"app.kubernetes.io/managed-by": "egress-tutorial"}

MOST_ATTENDEES = 500
_PLAIN = "-plain"
_PREFIX = re.compile(r"[a-z]([-a-z0-9]{0,46}[a-z0-9])?")
_RESERVED = ("kube-", "istio-", "openshift-")


@dataclass(frozen=True)
class Attendee:
    """One place in a class: `namespace` is part of the mesh, `plain_namespace` is not."""

    prefix: str
    number: int

    @property
    def name(self) -> str:
        """`egress-07`: also the name of the namespace and of the kubeconfig's context."""
        return f"{self.prefix}-{self.number:02}"

    @property
    def namespace(self) -> str:
        return self.name

    @property
    def plain_namespace(self) -> str:
        return self.name + _PLAIN

    @property
    def namespaces(self) -> tuple[str, str]:
        return (self.namespace, self.plain_namespace)

    @property
    def labels(self) -> dict[str, str]:
        """What marks everything that is made for this attendee."""
        return {**MANAGED_BY, CLASS_LABEL: self.prefix, ATTENDEE_LABEL: f"{self.number:02}"}


def attendees(prefix: str, count: int) -> list[Attendee]:
    """The attendees of a class, numbered from 1.

    Raises:
        UsageError: the prefix cannot begin the name of a namespace, or the number is not 1 to 500.
    """
    check_prefix(prefix)
    if not 1 <= count <= MOST_ATTENDEES:
        raise UsageError(f"A class has 1 to {MOST_ATTENDEES} attendees, not {count}.", do="--attendees 30")
    return [Attendee(prefix, number) for number in range(1, count + 1)]


def check_prefix(prefix: str) -> None:
    """Raises UsageError when namespaces cannot be named by the prefix."""
    if not _PREFIX.fullmatch(prefix):
        raise UsageError(
            f"The prefix {prefix!r} cannot begin the name of a namespace.",
            why="It needs lower case letters, digits and hyphens, a letter first, at most 48 of them.",
            do="--prefix egress",
        )
    if f"{prefix}-".startswith(_RESERVED):
        raise UsageError(
            f"Names that begin with {prefix} belong to the cluster itself.", do="--prefix egress"
        )


def attendee_of(name: str, labels: Mapping[str, str]) -> Attendee | None:
    """Whose a namespace is: by its labels, if its name is the one that they stand for. None for one
    that carries the labels of a class but was not named by it."""
    prefix, number = labels.get(CLASS_LABEL, ""), labels.get(ATTENDEE_LABEL, "")
    if not prefix or not number.isdecimal() or len(number) > 3:
        return None
    found = Attendee(prefix, int(number))
    return found if name in found.namespaces else None

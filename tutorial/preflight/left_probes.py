"""Pods of probes whose program was killed: nobody was left to delete them. Pure.

A pod cannot be made to vanish by itself: it ends at its deadline, and stays as an entry that has ended. So
the next `doctor` names it, and the next probe deletes it. Called by `check`, `looking` and `probe`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from tutorial.preflight.finding import Finding
from tutorial.preflight.place import Place
from tutorial.preflight.survey import Object, Survey
from tutorial.preflight.workloads import mapping

SECONDS = 60
"""A probe's deadline: the kubelet ends its pod then, even if nobody is left to delete it."""

_NEVER_STARTED_SECONDS = 10 * SECONDS
"""The deadline runs from the start of a pod. One that was not started by then has no program either: a
probe waits no longer than its deadline."""

LABELS = {"app.kubernetes.io/managed-by": "egress-tutorial", "app.kubernetes.io/component": "probe"}
PROBE_SELECTOR = ",".join(f"{key}={value}" for key, value in LABELS.items())


def left_probes(pods: Iterable[Object], now: float) -> Iterator[Object]:
    """Those of the probes' pods that nobody waits for any more; `now` is seconds since the epoch."""
    for pod in pods:
        made = datetime.fromisoformat(str(mapping(pod.get("metadata")).get("creationTimestamp"))).timestamp()
        ended = mapping(pod.get("status")).get("phase") in ("Succeeded", "Failed")
        if now - made > (2 * SECONDS if ended else _NEVER_STARTED_SECONDS):
            yield pod


def check_left_probes(survey: Survey, place: Place, now: float) -> list[Finding]:
    """A finding for each namespace that holds such pods, with the command that deletes them."""
    found = []
    for namespace, look in survey.probes.items():
        names = [str(mapping(pod.get("metadata")).get("name")) for pod in left_probes(look.items, now)]
        if names:
            why = f"a probe that was killed left {', '.join(names)} in {namespace}"
            do = f"{place.kubectl('delete', 'pod', *names, '-n', namespace)} (or --probe, which does that)"
            found.append(Finding("probe", "warn", why, do))
    return found


def by_hand(namespace: str, place: Place) -> str:
    """The command that deletes whatever probes have left in the namespace."""
    return place.kubectl("delete", "pod", "-n", namespace, "-l", PROBE_SELECTOR)

"""The checks at the start of a run on a cluster: what would make it fail is told before the first step.

Called by `tutorial.wiring`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tutorial.backends.discovery import discover
from tutorial.backends.rest import RestClient
from tutorial.engine.plan import Plan
from tutorial.errors import NotReadyError
from tutorial.preflight.check import check_cluster, requirements_of_all
from tutorial.preflight.client import KubernetesClient
from tutorial.preflight.finding import Finding, obstacles
from tutorial.preflight.place import Place


def pass_gate(client: RestClient, plan: Plan, place: Place, search_path: str) -> list[str]:
    """Check the cluster for the plan; what a run should be warned of, in one text at most.

    Raises:
        NotReadyError: the run would fail; names each reason and its way out.
    """
    requirements = requirements_of_all([plan])
    looking = KubernetesClient(client, discover(client))
    try:
        findings = check_cluster(
            looking, requirements, plan.facts, place=place, search_path=search_path, objects=False
        )
    finally:
        looking.close()
    found = obstacles(findings)
    if found:
        raise _not_ready(plan, found, place)
    doubts = [f"{each.name}: {each.why}" for each in findings if each.state == "warn"]
    return [f"{_sentences(doubts)} ({_more(plan.tutorial.name, place)})"] if doubts else []


def _not_ready(plan: Plan, found: Sequence[Finding], place: Place) -> NotReadyError:
    name = plan.tutorial.name
    count = "One thing stands" if len(found) == 1 else f"{len(found)} things stand"
    return NotReadyError(
        f"{count} in the way of {name} on the cluster {place.context}. Nothing was touched.",
        why=_sentences(f"{each.name}: {each.why}" for each in found),
        do=f"{'; '.join(each.do for each in found if each.do)} ({_more(name, place)})",
    )


def _more(name: str, place: Place) -> str:
    return f"more: egress-tutorial doctor {name} {place.options}"


def _sentences(texts: Iterable[str]) -> str:
    return " ".join(f"{text.rstrip('.')}." for text in texts)

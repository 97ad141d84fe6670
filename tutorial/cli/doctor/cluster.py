"""What `doctor --context` finds out: the checks of `tutorial.preflight` for tutorials in a cluster.

Called by the command `doctor`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tutorial.backends.addresses import address_of
from tutorial.backends.discovery import discover
from tutorial.backends.facts import cluster_facts
from tutorial.backends.kubeconfig import Access, user_kubeconfig
from tutorial.backends.kubectl import bundled_kubectl, own_kubectl
from tutorial.backends.rest import RestClient
from tutorial.engine.plan import Plan, make_plan, run_settings
from tutorial.engine.ports import Stopper
from tutorial.engine.settings import adapted_settings
from tutorial.errors import NotReadyError, UsageError
from tutorial.preflight.check import check_cluster, requirements_of_all
from tutorial.preflight.client import KubernetesClient
from tutorial.preflight.finding import Finding
from tutorial.preflight.left_probes import SECONDS, by_hand
from tutorial.preflight.place import Place
from tutorial.preflight.probe import probe, probe_image, probe_namespace
from tutorial.preflight.requirements import Requirements
from tutorial.steps.catalog import covering_tutorials, find_tutorial
from tutorial.steps.loader import load_tutorial
from tutorial.steps.model import Tutorial
from tutorial.steps.substitute import fill
from tutorial.ui.clock import SystemClock


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for: one tutorial or all, in which cluster, with which settings."""

    tutorial: str | None = None
    context: str | None = None
    kubeconfig: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Probing:
    """A probe that is wanted: `agree` shows what it would do and asks whether it may; a signal ends it."""

    agree: Callable[[str], bool]
    stopper: Stopper


def find_access(wanted: Wanted, variables: Mapping[str, str]) -> Access:
    """The context that is meant. Raises UsageError or NotReadyError when there is none that can be used."""
    return user_kubeconfig(variables, wanted.kubeconfig).access(wanted.context)


def find_in_cluster(
    wanted: Wanted, access: Access, variables: Mapping[str, str], probing: Probing | None
) -> Iterator[Finding]:
    """Every finding; those after a server that does not answer are left out. Without `probing` the
    outside is not asked.

    Raises:
        UsageError: no such tutorial, variable or choice; or the tutorial needs no cluster.
        StepFileError: a step file has faults.
    """
    tutorials = _tutorials(wanted)
    place = Place(access.context, wanted.kubeconfig, access.options)
    client = RestClient(access, variables)
    looking: KubernetesClient | None = None
    try:
        given = {**access.settings, **wanted.settings}
        namespace = _settings(tutorials[0], given).get("NAMESPACE", "default")
        facts = {"backend": "cluster", **access.facts, **cluster_facts(client, namespace)}
        looking = KubernetesClient(client, discover(client))
        requirements = requirements_of_all([_plan(each, given, facts) for each in tutorials])
        yield from check_cluster(
            looking, requirements, facts, place=place, search_path=_search_path(variables), objects=True
        )
        yield from _egress(requirements, looking, place, probing)
    except NotReadyError as error:
        yield Finding("server", "fail", f"{error.what} {error.why}".strip(), error.do)
    finally:
        client.close()
        if looking is not None:
            looking.close()


def _egress(
    requirements: Requirements, client: KubernetesClient, place: Place, probing: Probing | None
) -> Sequence[Finding]:
    if not requirements.outside:
        return []
    do = "Ask with a pod that lives for seconds: --probe. A run asks by itself, once its pod is up."
    if probing is None:
        return [Finding("egress", "unknown", "only a pod in the cluster can tell", do)]
    namespace, image = probe_namespace(requirements, client), probe_image(requirements)
    if not image:
        return [Finding("egress", "unknown", "no step makes a pod, so there is no image to ask with")]
    commands = "\n".join(f"  {fill(each.command, dict(each.variables))}" for each in requirements.outside)
    what = (
        f"A pod of {image} would run in {namespace} for some seconds, and then be deleted:\n{commands}\n"
        f"Should this program be killed meanwhile, the pod ends within {SECONDS} s, and stays until the next "
        f"probe, or until:\n  {by_hand(namespace, place)}"
    )
    if not probing.agree(what):
        return [Finding("egress", "unknown", "the probe was not agreed to", do)]
    clock = SystemClock(probing.stopper)
    return probe(client, requirements, namespace, place=place, clock=clock, stopper=probing.stopper)


def _tutorials(wanted: Wanted) -> list[Tutorial]:
    """The tutorial that was named, or enough of them to know all steps.

    Raises:
        UsageError: it needs no cluster, or none has the variable of a setting.
    """
    folders = [find_tutorial(wanted.tutorial)] if wanted.tutorial else covering_tutorials()
    tutorials = [load_tutorial(folder) for folder in folders]
    for each in tutorials:
        if each.requires != "cluster":
            raise UsageError(
                f"The tutorial {each.name} needs no cluster.",
                do=f"egress-tutorial run {wanted.tutorial or each.name}",
            )
    for name, value in wanted.settings.items():
        if not any(name in each.variables for each in tutorials):
            run_settings(tutorials[0], {name: value})
    return tutorials


def _settings(tutorial: Tutorial, given: Mapping[str, str]) -> dict[str, str]:
    """Those of the settings that the tutorial has, and its defaults."""
    return run_settings(tutorial, _own(tutorial, given))


def _own(tutorial: Tutorial, given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name in tutorial.variables}


def _plan(tutorial: Tutorial, given: Mapping[str, str], facts: Mapping[str, str]) -> Plan:
    settings = adapted_settings(tutorial, _own(tutorial, given), facts, address_of)
    return make_plan(tutorial, settings=settings, facts=facts)


def _search_path(variables: Mapping[str, str]) -> str:
    """Where a run's commands find programs: the user's PATH, and this program's kubectl without one."""
    path = variables.get("PATH", os.defpath)
    bundled: Path | None = None if own_kubectl(variables) else bundled_kubectl()
    return path if bundled is None else f"{bundled.parent}{os.pathsep}{path}"

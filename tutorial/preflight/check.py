"""All checks of a cluster before a run, in the order in which they are shown.

Called by `gate` at the start of a run on a cluster, and by `egress-tutorial doctor --context`.
Data flows one way: the plans' steps say what they need (`requirements`), the cluster is looked at
(`looking`), and each check holds one against the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from tutorial.backends.objects import object_state
from tutorial.engine.adoption import reason_in
from tutorial.engine.ownership import already_there
from tutorial.engine.plan import Plan
from tutorial.preflight.client import KubernetesClient
from tutorial.preflight.finding import Finding
from tutorial.preflight.injection import check_injection
from tutorial.preflight.left_probes import check_left_probes
from tutorial.preflight.looking import take_survey
from tutorial.preflight.outbound import check_outbound
from tutorial.preflight.permissions import check_kinds, check_permissions
from tutorial.preflight.place import Place
from tutorial.preflight.pod_security import check_pod_security
from tutorial.preflight.quotas import check_quotas
from tutorial.preflight.requirements import Requirements, merged, requirements_of
from tutorial.preflight.survey import Survey
from tutorial.preflight.versions import check_istio, check_kubectl, check_server

_LARGEST_FILE = 1_000_000
"""Bytes of a manifest that are looked at, at most."""


def requirements_of_all(plans: Sequence[Plan]) -> Requirements:
    """What the plans need together."""
    return merged(requirements_of(plan, _file_reader(plan)) for plan in plans)


def check_cluster(
    client: KubernetesClient,
    requirements: Requirements,
    facts: Mapping[str, str],
    *,
    place: Place,
    search_path: str,
    objects: bool,
) -> list[Finding]:
    """Look at the cluster and judge what was seen.

    Args:
        facts: what `when` asks of this cluster.
        place: how a person names it.
        search_path: where programs are looked for, as PATH.
        objects: look for objects that are in the way, too (a run does that itself), and for what
            probes have left.

    Raises:
        NotReadyError: the API server does not answer, or does not say what it serves.
    """
    survey = take_survey(client, requirements, facts, search_path=search_path, objects=objects)
    findings = [check_kubectl(survey), check_server(survey, client.access.server)]
    mesh = survey.mesh
    if mesh is not None:
        findings.append(check_istio(survey, mesh, place))
        if survey.facts.get("mesh") != "none":
            findings += check_injection(requirements, survey, mesh, place)
    findings += [check_kinds(requirements, survey, place), check_permissions(requirements, survey, place)]
    outbound = check_outbound(requirements, survey, mesh, place) if mesh is not None else None
    findings += [outbound] if outbound is not None else []
    findings += [
        check_quotas(requirements, survey, place),
        check_pod_security(requirements, survey, mesh, place),
    ]
    if objects:
        findings += [_check_objects(survey, place), *check_left_probes(survey, place, time.time())]
    return findings


def _check_objects(survey: Survey, place: Place) -> Finding:
    """Nothing that the steps create is there already."""
    found = {
        reference: object_state(reference, look.only)
        for reference, look in survey.present.items()
        if look.only is not None and reference.kind != "namespace"
    }
    used = [each.name for each, look in survey.present.items() if each.kind == "namespace" and look.only]
    note = f"; the namespace {', '.join(used)} is there, and is used if nothing else is in it" if used else ""
    if not found:
        return Finding("objects", "pass", f"nothing that the steps make is in the way{note}")
    against = {each: reason for each, state in found.items() if (reason := reason_in(state))}
    error = already_there(
        found,
        against,
        time.time(),
        adopt=False,
        options=place.kubectl_options or place.options,
        obstacles={},
        namings=(),
        makers={},
    )
    return Finding("objects", "fail", error.what + note, error.do)


def _file_reader(plan: Plan) -> Callable[[str], str]:
    """Reads the files that the tutorial lays out, as they will be laid out."""
    folder = plan.tutorial.files

    def read(path: str) -> str:
        if folder is None:
            return ""
        file = (folder.parent / path).resolve()
        try:
            if not file.is_relative_to(folder.resolve()):
                return ""
            with file.open("rb") as opened:
                return plan.fill(opened.read(_LARGEST_FILE).decode(errors="replace"))
        except (OSError, ValueError):
            return ""

    return read

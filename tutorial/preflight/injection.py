"""Whether a namespace's pods get a sidecar, and how to turn that on. Pure.

Called by `tutorial.preflight.check`. The decision is that of Istio's injection webhooks (Istio,
"Installing the Sidecar", table of the labels); it falls when a pod is created.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tutorial.backends.facts import is_ambient
from tutorial.preflight.finding import Finding
from tutorial.preflight.place import Place
from tutorial.preflight.requirements import Requirements
from tutorial.preflight.survey import Look, Mesh, Survey
from tutorial.preflight.workloads import Workload

INJECTION = "istio-injection"
REVISION = "istio.io/rev"
INJECT = "sidecar.istio.io/inject"
DEFAULT = "default"
_SYSTEM = frozenset({"kube-system", "kube-public", "kube-node-lease", "local-path-storage"})


@dataclass(frozen=True)
class Revisions:
    """The revisions of Istio and their tags. `by_default`: pods of namespaces without a label are
    injected, too (`enableNamespacesByDefault`)."""

    names: frozenset[str]
    by_default: bool = False


@dataclass(frozen=True)
class Decision:
    """`injected` is None where it cannot be told; `because` says what decides."""

    injected: bool | None
    because: str


def check_injection(requirements: Requirements, survey: Survey, mesh: Mesh, place: Place) -> list[Finding]:
    """One finding for each namespace whose pods must have a sidecar, or must not."""
    revisions = known_revisions(mesh)
    findings = []
    for namespace, sidecar in requirements.sidecars.items():
        look = survey.namespaces.get(namespace, Look())
        workload = next((each for each in requirements.workloads if each.namespace == namespace), None)
        if look.refused:
            why = f"the labels of the namespace {namespace} may not be seen ({look.refused})"
            findings.append(Finding("injection", "unknown", why))
        elif look.only is None:
            findings.append(_absent(namespace, requirements, revisions, place))
        elif sidecar == "manual":
            findings.append(_by_hand(mesh))
        else:
            labels = (look.only.get("metadata") or {}).get("labels") or {}
            decision = decide(namespace, labels, workload, revisions)
            make = _wanted if sidecar == "automatic" else _unwanted
            findings.append(make(namespace, labels, decision, revisions, place))
    return findings


def known_revisions(mesh: Mesh) -> Revisions | None:
    """The revisions that injectors or istiods are of; None when neither may be seen."""
    names: set[str] = set()
    by_default = False
    for injector in mesh.injectors.items:
        labels = (injector.get("metadata") or {}).get("labels") or {}
        names |= {labels[key] for key in (REVISION, "istio.io/tag") if labels.get(key)}
        by_default |= any(
            str(each.get("name")).startswith("auto.") for each in injector.get("webhooks") or ()
        )
    if not names:
        labels = [(each.get("metadata") or {}).get("labels") or {} for each in mesh.istiod.items]
        names = {str(each.get(REVISION, DEFAULT)) for each in labels}
    return Revisions(frozenset(names), by_default) if names else None


def decide(
    namespace: str, labels: Mapping[str, str], workload: Workload | None, revisions: Revisions | None
) -> Decision:
    """Whether a pod of `workload` would be injected in the namespace with these labels."""
    veto = _veto(namespace, labels, workload)
    if veto:
        return Decision(False, veto)
    wish = _wish(labels, workload.labels if workload else {})
    if wish is not None:
        return _of_revision(*wish, revisions)
    if revisions is not None and revisions.by_default:
        return Decision(True, "this Istio injects wherever no label says no")
    return Decision(False, "it has no label that turns injection on")


def turn_on(namespace: str, labels: Mapping[str, str], revisions: Revisions | None, place: Place) -> str:
    """The command that turns injection on for the namespace."""
    if revisions is None or DEFAULT in revisions.names:
        return place.kubectl("label", "namespace", namespace, f"{INJECTION}=enabled", "--overwrite")
    words = ["label", "namespace", namespace, f"{REVISION}={min(revisions.names)}", "--overwrite"]
    if INJECTION in labels:
        words.append(f"{INJECTION}-")
    return place.kubectl(*words)


def _wish(labels: Mapping[str, str], pod: Mapping[str, Any]) -> tuple[str, str] | None:
    """Which revision the labels of the namespace or the pod ask for, and by which label."""
    if INJECTION in labels:
        return DEFAULT, f"{INJECTION}={labels[INJECTION]}"
    if REVISION in labels:
        return labels[REVISION], f"{REVISION}={labels[REVISION]}"
    if REVISION in pod:
        return str(pod[REVISION]), f"the pod's {REVISION}={pod[REVISION]}"
    if str(pod.get(INJECT)) == "true":
        return DEFAULT, f"the pod's {INJECT}=true"
    return None


def _veto(namespace: str, labels: Mapping[str, str], workload: Workload | None) -> str:
    """What forbids a sidecar whatever else is said."""
    if namespace in _SYSTEM:
        return "Istio never injects into a system namespace"
    if labels.get(INJECTION, "enabled") != "enabled":
        return f"it is labelled {INJECTION}={labels[INJECTION]}"
    if workload is None:
        return ""
    if workload.spec.get("hostNetwork"):
        return "the pod uses the node's network"
    for mark, kind in ((workload.labels, "label"), (workload.annotations, "annotation")):
        if str(mark.get(INJECT)).lower() == "false":
            return f"the pod's {kind} {INJECT} is false"
    return ""


def _of_revision(name: str, because: str, revisions: Revisions | None) -> Decision:
    if revisions is None:
        known_by_name = name == DEFAULT
        return Decision(
            True if known_by_name else None, f"{because} (which revisions there are is not known)"
        )
    if name in revisions.names:
        return Decision(True, because)
    there = ", ".join(sorted(revisions.names))
    return Decision(False, f"{because} asks for the revision {name}, and there is only {there}")


def _wanted(
    namespace: str, labels: Mapping[str, Any], decision: Decision, revisions: Revisions | None, place: Place
) -> Finding:
    if is_ambient(labels):
        return Finding("injection", "pass", f"{namespace} is in ambient mode, which needs no injection")
    if decision.injected:
        return Finding("injection", "pass", f"pods in {namespace} get a sidecar: {decision.because}")
    do = turn_on(namespace, labels, revisions, place)
    if decision.injected is None:
        return Finding("injection", "unknown", f"{namespace}: {decision.because}", f"If pods get none: {do}")
    return Finding("injection", "fail", f"pods in {namespace} get no sidecar: {decision.because}", do)


def _unwanted(
    namespace: str, labels: Mapping[str, Any], decision: Decision, revisions: Revisions | None, place: Place
) -> Finding:
    del revisions
    ambient = is_ambient(labels)
    if not ambient and not decision.injected:
        return Finding("injection", "pass", f"pods in {namespace} get no sidecar, as they should")
    because = "it is in ambient mode" if ambient else decision.because
    return Finding(
        "injection",
        "fail",
        f"pods in {namespace} would be part of the mesh: {because}",
        "Choose another: --set PLAIN_NAMESPACE=... See its labels: "
        + place.kubectl("get", "namespace", namespace, "--show-labels"),
    )


def _absent(namespace: str, requirements: Requirements, revisions: Revisions | None, place: Place) -> Finding:
    """A namespace that is not there: the tutorial makes it, or somebody must."""
    if any(each.kind == "namespace" and each.name == namespace for each in requirements.creates):
        return Finding("injection", "pass", f"{namespace} will be made, without a label")
    make = place.kubectl("create", "namespace", namespace)
    label = turn_on(namespace, {}, revisions, place)
    return Finding("injection", "fail", f"there is no namespace {namespace}", f"{make} && {label}")


def _by_hand(mesh: Mesh) -> Finding:
    if mesh.istioctl.path:
        return Finding("injection", "pass", f"by hand, with {mesh.istioctl.path}")
    return Finding(
        "injection",
        "fail",
        "istioctl, which puts the sidecar in by hand, was not found",
        "Install the istioctl of the mesh's version, or use --set INJECTION=automatic",
    )

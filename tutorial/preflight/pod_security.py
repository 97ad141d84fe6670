"""Whether Pod Security admission lets the steps' pods in, with the sidecar that injection adds. Pure.

Called by `tutorial.preflight.check`. The controls are those of the Pod Security Standards (Kubernetes
documentation) but for sysctls, procMount, SELinux, AppArmor and Windows, which no sample sets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tutorial.preflight.finding import Finding
from tutorial.preflight.place import Place
from tutorial.preflight.requirements import Requirements
from tutorial.preflight.survey import Look, Mesh, Survey
from tutorial.preflight.workloads import Workload, mapping

ENFORCE = "pod-security.kubernetes.io/enforce"
INIT_CONTAINER = {
    "name": "istio-init",
    "securityContext": {"capabilities": {"add": ["NET_ADMIN", "NET_RAW"]}, "runAsUser": 0},
}
"""What injection adds besides the proxy where Istio's CNI does not redirect the pod's traffic."""

_LEVELS = ("privileged", "baseline", "restricted")
_BASELINE_CAPABILITIES = frozenset(
    ("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
     "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT")
)  # fmt: skip
_RESTRICTED_VOLUMES = frozenset(
    ("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected",
     "secret", "name")
)  # fmt: skip


def check_pod_security(
    requirements: Requirements, survey: Survey, mesh: Mesh | None, place: Place
) -> Finding:
    """One finding for all namespaces that pods are made in."""
    troubles: list[str] = []
    perhaps: list[str] = []
    levels: list[str] = []
    for workload in requirements.workloads:
        look = survey.namespaces.get(workload.namespace, Look())
        if look.refused:
            perhaps.append(f"the labels of {workload.namespace} may not be seen")
            continue
        level = str(mapping(mapping((look.only or {}).get("metadata")).get("labels")).get(ENFORCE, ""))
        if level not in _LEVELS[1:]:
            continue
        levels.append(f"{workload.namespace} enforces {level}")
        reasons = list(_violations(workload, level))
        if reasons:
            troubles.append(f"{workload.namespace} enforces {level}, and {'; '.join(reasons)}")
        elif mesh is not None and _needs_init_container(requirements, survey, workload):
            added = ", ".join(_unwanted_capabilities(INIT_CONTAINER))
            what = f"{workload.namespace} enforces {level}, and the sidecar's istio-init adds {added}"
            if mesh.cni.refused:
                perhaps.append(f"{what}, unless Istio's CNI is installed, which may not be seen")
            elif not mesh.cni.items:
                troubles.append(what)
    if troubles:
        return Finding("pod security", "fail", "; ".join(dict.fromkeys(troubles)), _way_out(troubles, place))
    if perhaps:
        return Finding("pod security", "unknown", "; ".join(dict.fromkeys(perhaps)))
    why = "no level is enforced by the namespaces' labels"
    if levels:
        why = f"{', '.join(dict.fromkeys(levels))}, which lets the pods in"
    return Finding("pod security", "pass", why)


def _way_out(troubles: list[str], place: Place) -> str:
    namespace = troubles[0].split()[0]
    label = place.kubectl("label", "namespace", namespace, f"{ENFORCE}=privileged", "--overwrite")
    cni = (
        " With Istio's CNI no pod needs NET_ADMIN." if any("istio-init" in each for each in troubles) else ""
    )
    return f"Use another namespace, or, if you may: {label}.{cni}"


def _needs_init_container(requirements: Requirements, survey: Survey, workload: Workload) -> bool:
    sidecar = requirements.sidecars.get(workload.namespace, "none") != "none"
    return sidecar and survey.facts.get("mesh") == "sidecar"


def _violations(workload: Workload, level: str) -> Iterator[str]:
    """What of the workload the level does not allow."""
    yield from _of_pod(workload)
    for container in workload.containers:
        yield from _of_container(container)
        if level == "restricted":
            yield from _unrestricted(container, workload)
    if level == "restricted":
        for volume in workload.spec.get("volumes") or ():
            kinds = set(mapping(volume)) - _RESTRICTED_VOLUMES
            if kinds:
                yield f"its volume is a {', '.join(sorted(kinds))}"


def _of_pod(workload: Workload) -> Iterator[str]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if workload.spec.get(key):
            yield f"the pod sets {key}"
    if any("hostPath" in mapping(volume) for volume in workload.spec.get("volumes") or ()):
        yield "the pod mounts a hostPath"


def _of_container(container: Mapping[str, Any]) -> Iterator[str]:
    name, context = container.get("name"), mapping(container.get("securityContext"))
    if context.get("privileged"):
        yield f"{name} is privileged"
    added = _unwanted_capabilities(container)
    if added:
        yield f"{name} adds {', '.join(added)}"
    if any(mapping(port).get("hostPort") for port in container.get("ports") or ()):
        yield f"{name} uses a hostPort"
    if mapping(context.get("seccompProfile")).get("type") == "Unconfined":
        yield f"{name} is without seccomp"


def _unrestricted(container: Mapping[str, Any], workload: Workload) -> Iterator[str]:
    """What only `restricted` asks for. Some of it may be said for the whole pod."""
    name, own = container.get("name"), mapping(container.get("securityContext"))
    both = {**mapping(workload.spec.get("securityContext")), **own}
    lacking = []
    if own.get("allowPrivilegeEscalation") is not False:
        lacking.append("allowPrivilegeEscalation: false")
    if both.get("runAsNonRoot") is not True or both.get("runAsUser") == 0:
        lacking.append("runAsNonRoot: true")
    if mapping(both.get("seccompProfile")).get("type") not in ("RuntimeDefault", "Localhost"):
        lacking.append("a seccompProfile")
    if "ALL" not in (mapping(own.get("capabilities")).get("drop") or ()):
        lacking.append("capabilities.drop: [ALL]")
    if lacking:
        yield f"{name} lacks {', '.join(lacking)}"


def _unwanted_capabilities(container: Mapping[str, Any]) -> list[str]:
    added = mapping(mapping(container.get("securityContext")).get("capabilities")).get("add") or ()
    return sorted(set(map(str, added)) - _BASELINE_CAPABILITIES)

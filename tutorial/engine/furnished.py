"""What a platform puts by itself into every new namespace: service accounts, their secrets, role bindings,
certificates, policies. Pure.

Called by `tutorial.engine.foreign`. It goes with the namespace, as it came with it. What a person makes
there does not: so an object must be of the namespace's first seconds, by the API server's clock, and no
tool that people use for their own things may ever have written it. Nothing else is known of it, also
after a crash, so nothing has to be remembered.
"""

from __future__ import annotations

from collections.abc import Collection

from tutorial.engine.manifests import metadata_of
from tutorial.engine.ports import ObjectState

SECONDS = 10.0
"""How long after a namespace a platform may take to fill it: too short for a person to see it and act."""

_RUNS_OR_HOLDS = frozenset(
    {
        "cronjob",
        "daemonset",
        "deployment",
        "deploymentconfig",
        "endpoints",
        "endpointslice",
        "ingress",
        "job",
        "persistentvolumeclaim",
        "pod",
        "replicaset",
        "replicationcontroller",
        "route",
        "service",
        "statefulset",
    }
)
"""Kinds that no platform gives to every namespace: programs, ways to them, and data."""

_TOOLS = (
    "ansible",
    "apache-httpclient",
    "argocd",
    "axios",
    "configsync",
    "curl",
    "dashboard",
    "egress-tutorial",
    "fabric8",
    "fleet",
    "flux",
    "go-http-client",
    "headlamp",
    "helm",
    "java",
    "k9s",
    "kapp",
    "kubectl",
    "kubernetes java",
    "kustomize",
    "lens",
    "mozilla",
    "node-fetch",
    "okhttp",
    "openapi-generator",
    "pulumi",
    "python",
    "ruby",
    "terraform",
    "unknown",
    "wget",
)
"""How the field managers begin of what people, their scripts and their pipelines write objects with, in
lower case: the browser of a console (Mozilla) and the Python client (OpenAPI-Generator) among them."""

_ACCOUNT_UID = "kubernetes.io/service-account.uid"
"""The annotation of a secret with a service account's token or, on OpenShift, its registry login."""


def came_with_namespace(state: ObjectState, born: float) -> bool:
    """Whether a platform put the object there when the namespace, `born` then, was new."""
    return (
        state.reference.kind not in _RUNS_OR_HOLDS
        and state.created - born <= SECONDS
        and (is_by_controllers(state) or _is_bare_account(state))
    )


def serves_accounts(state: ObjectState, accounts: Collection[str]) -> bool:
    """Whether it is a secret that controllers made for one of these service accounts (by uid): they do so
    at any time, and delete it with the account."""
    annotations = metadata_of(state.manifest).get("annotations") or {}
    uid = annotations.get(_ACCOUNT_UID) if isinstance(annotations, dict) else None
    return state.reference.kind == "secret" and uid in accounts and is_by_controllers(state)


def is_by_controllers(state: ObjectState) -> bool:
    """Whether every writer of the object is known, and none is a person's tool."""
    fields = metadata_of(state.manifest).get("managedFields")
    managers = [str(each.get("manager", "")).lower() for each in fields] if isinstance(fields, list) else []
    return (
        bool(managers)
        and not state.last_applied
        and not any(name in ("", "oc") or name.startswith(_TOOLS) for name in managers)
    )


def _is_bare_account(state: ObjectState) -> bool:
    """Whether it is a service account of which nobody has said more than its name: then no field has a
    manager, so nobody can tell who made it, and nothing is lost with it."""
    said = ("managedFields", "labels", "annotations", "ownerReferences", "finalizers")
    return state.reference.kind == "serviceaccount" and not any(map(metadata_of(state.manifest).get, said))

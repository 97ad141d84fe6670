"""What was seen of a cluster before a run. Pure data: filled by `tutorial.preflight.looking`, read by
the checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tutorial.backends.discovery import Served
from tutorial.steps.kubectl_calls import Request
from tutorial.steps.model import ObjectReference

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Look:
    """The objects that were asked for; `refused` says why they may not be seen, in the server's words."""

    items: tuple[Object, ...] = ()
    refused: str = ""

    @property
    def only(self) -> Object | None:
        """The one object that was asked for by its name, or None."""
        return self.items[0] if self.items else None


@dataclass(frozen=True)
class Review:
    """Whether a request is allowed; None when the server does not say."""

    allowed: bool | None
    reason: str = ""


@dataclass(frozen=True)
class Program:
    """A program on this machine: where it is (empty: nowhere), its version, or why that is not known."""

    path: str = ""
    version: str = ""
    trouble: str = ""


_NOTHING_SERVED = Served(())


@dataclass(frozen=True)
class Mesh:
    """What was seen of Istio. `kubelets` are the versions of the nodes' kubelets, none when they may
    not be seen; `sidecar_resources` are Istio's own objects of that kind, by namespace;
    `service_entries` were looked for only where the mesh lets known hosts out alone."""

    istiod: Look = Look()
    injectors: Look = Look()
    config: Look = Look()
    cni: Look = Look()
    kubelets: tuple[str, ...] = ()
    sidecar_resources: Mapping[str, Look] = field(default_factory=dict)
    service_entries: Look = Look()
    istioctl: Program = Program()


@dataclass(frozen=True)
class Survey:
    """Everything that the checks look at. Mappings are by namespace; `facts` are what `when` asks;
    `mesh` is None where none is needed; `user` is empty when the server does not say who asks; `probes` are
    the pods of probes."""

    facts: Mapping[str, str]
    served: Served = _NOTHING_SERVED
    mesh: Mesh | None = None
    user: str = ""
    kubectl: Program = Program()
    namespaces: Mapping[str, Look] = field(default_factory=dict)
    reviews: Mapping[Request, Review] = field(default_factory=dict)
    quotas: Mapping[str, Look] = field(default_factory=dict)
    limit_ranges: Mapping[str, Look] = field(default_factory=dict)
    present: Mapping[ObjectReference, Look] = field(default_factory=dict)
    probes: Mapping[str, Look] = field(default_factory=dict)

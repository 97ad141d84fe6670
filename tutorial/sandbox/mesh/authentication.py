"""Whether a pod's sidecar takes mesh TLS, plain connections or both: PeerAuthentications, as istiod
reads them.

Used by `control`. The nearest policy decides: one that selects the pod, then its namespace's, then
the mesh's; what it leaves unset is the next one's to say. Without any it is PERMISSIVE.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tutorial.sandbox.mesh.destination_rules import ROOT_NAMESPACE
from tutorial.sandbox.ports import Object

STRICT = "STRICT"
PERMISSIVE = "PERMISSIVE"
DISABLE = "DISABLE"
_UNSET = "UNSET"


@dataclass(frozen=True)
class InboundModes:
    """The mode for connections to a pod, and the ports that have another one."""

    mode: str = PERMISSIVE
    ports: Mapping[int, str] = field(default_factory=dict)

    def at(self, port: int) -> str:
        return self.ports.get(port, self.mode)


def inbound_modes(policies: Iterable[Object], pod: Object) -> InboundModes:
    """What the policies say of a pod."""
    nearest_first = list(_applying(policies, pod))
    mode = next((mode for one in nearest_first if (mode := _mode(one["spec"].get("mtls")))), PERMISSIVE)
    ports: dict[int, str] = {}
    for one in nearest_first:
        if not _selector(one):
            continue
        for number, settings in (one["spec"].get("portLevelMtls") or {}).items():
            if number.isdecimal() and (wanted := _mode(settings)):
                ports.setdefault(int(number), wanted)
    return InboundModes(mode, ports)


def _applying(policies: Iterable[Object], pod: Object) -> Iterator[Object]:
    """The policies for a pod, the nearest first; of equally near ones the oldest counts."""
    labels = pod["metadata"].get("labels") or {}
    namespace = pod["metadata"]["namespace"]
    oldest_first = sorted(policies, key=_age)
    for one in oldest_first:
        selector = _selector(one)
        if one["metadata"]["namespace"] == namespace and selector and selector.items() <= labels.items():
            yield one
    for wanted in dict.fromkeys((namespace, ROOT_NAMESPACE)):
        wide = [p for p in oldest_first if p["metadata"]["namespace"] == wanted and not _selector(p)]
        yield from wide[:1]


def _selector(policy: Object) -> Mapping[str, str]:
    labels: Mapping[str, str] = (policy["spec"].get("selector") or {}).get("matchLabels") or {}
    return labels


def _mode(settings: Mapping[str, str] | None) -> str:
    """The mode of an `mtls` block; empty for none, which leaves it to the next policy."""
    mode = (settings or {}).get("mode", _UNSET)
    return "" if mode == _UNSET else mode


def _age(policy: Object) -> tuple[str, str]:
    return (policy["metadata"].get("creationTimestamp", ""), policy["metadata"]["name"])

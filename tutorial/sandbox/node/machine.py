"""The Node object: what the one node of the sandbox is and has.

Registered by `kubelet.Kubelet`. It tells the truth about this machine: its processors and memory are
the node's, because pods run on nothing else.
"""

from __future__ import annotations

import ipaddress
import os
import platform
import shutil
from pathlib import Path

from tutorial.sandbox.node.nodeagent import GATEWAY
from tutorial.sandbox.ports import Object
from tutorial.sandbox.times import now

NODE_NAME = "sandbox"
KUBELET_VERSION = "v1.36.0"
POD_NETWORK = ipaddress.IPv4Network("10.244.0.0/16")
LEASE_NAMESPACE = "kube-node-lease"
LEASE_SECONDS = 40
_MOST_PODS = 110


def node_object() -> Object:
    """The node's object, without its status."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": NODE_NAME,
            "labels": {
                "kubernetes.io/arch": machine,
                "kubernetes.io/hostname": NODE_NAME,
                "kubernetes.io/os": "linux",
                "node-role.kubernetes.io/control-plane": "",
            },
        },
        "spec": {"podCIDR": str(POD_NETWORK), "podCIDRs": [str(POD_NETWORK)]},
    }


def node_status() -> Object:
    """The node's status: ready from the start, and honest about what it is."""
    moment = now()
    resources = _resources()
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    conditions = [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ]
    return {
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": GATEWAY},
                {"type": "Hostname", "address": NODE_NAME},
            ],
            "capacity": resources,
            "allocatable": resources,
            "conditions": [
                {
                    "type": kind,
                    "status": status,
                    "lastHeartbeatTime": moment,
                    "lastTransitionTime": moment,
                    "reason": reason,
                    "message": message,
                }
                for kind, status, reason, message in conditions
            ],
            "nodeInfo": {
                "architecture": machine,
                "bootID": "",
                "containerRuntimeVersion": "sandbox://namespaces",
                "kernelVersion": platform.release(),
                "kubeProxyVersion": "",
                "kubeletVersion": KUBELET_VERSION,
                "machineID": "",
                "operatingSystem": "linux",
                "osImage": "this machine's programs, read-only",
                "systemUUID": "",
            },
        }
    }


def true_status(present: Object) -> Object:
    """A node's status with everything that the kubelet knows as it is; what others added (extended
    resources, conditions of other types) stays, and so do times of conditions that are as they were."""
    wanted = node_status()["status"]
    conditions = {condition["type"]: condition for condition in present.get("conditions", ())}
    for condition in wanted["conditions"]:
        before = conditions.get(condition["type"], {})
        kept = _without_times(before) == _without_times(condition)
        conditions[condition["type"]] = before if kept else condition
    resources = {name: {**present.get(name, {}), **wanted[name]} for name in ("capacity", "allocatable")}
    return {**present, **wanted, **resources, "conditions": list(conditions.values())}


def _without_times(condition: Object) -> Object:
    return {name: value for name, value in condition.items() if not name.endswith("Time")}


def _resources() -> dict[str, str]:
    """This machine's processors, memory and disk, and Kubernetes' usual limit of pods."""
    return {
        "cpu": str(len(os.sched_getaffinity(0))),
        "ephemeral-storage": f"{shutil.disk_usage('/').total // 1024}Ki",
        "memory": f"{_memory_kibibytes()}Ki",
        "pods": str(_MOST_PODS),
    }


def _memory_kibibytes() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        name, _, amount = line.partition(":")
        if name == "MemTotal":
            return int(amount.split()[0])
    return 0


def node_lease() -> Object:
    """The sign of life that a kubelet renews: who holds it, since when and until when."""
    moment = now(microseconds=True)
    return {
        "metadata": {"name": NODE_NAME, "namespace": LEASE_NAMESPACE},
        "spec": {
            "holderIdentity": NODE_NAME,
            "leaseDurationSeconds": LEASE_SECONDS,
            "acquireTime": moment,
            "renewTime": moment,
        },
    }

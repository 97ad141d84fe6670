"""The run's private kubeconfig, put before the user's own: it chooses, and holds no credential of the user's.

Called by `tutorial.backends.named_cluster` and `sandbox`. It has one context, of the same name as the
chosen one, with the same cluster and user and the run's namespace, and the cluster's own entry as it is
now. Kubectl merges files first wins, so that these hide the user's: commands go to the server that was
shown before the first write, also when the user's file leads elsewhere meanwhile, and
`kubectl config set-context --current` or `use-context` in a step writes here and never to that file.
A password in the entry's `proxy-url` is copied with it, because kubectl would go without the proxy else: the
file is for its owner only (0600), in the state folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from tutorial.backends.kubeconfig import Access
from tutorial.journal.atomic import write_atomically


def write_overlay(folder: Path, access: Access, namespace: str, files: Sequence[Path]) -> str:
    """Write `kubeconfig` into the folder; returns the value for KUBECONFIG.

    Raises:
        JournalError: it cannot be written.
    """
    path = folder / "kubeconfig"
    context = {"cluster": access.cluster_name, "user": access.user_name, "namespace": namespace}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": access.context,
        "clusters": [{"name": access.cluster_name, "cluster": dict(access.cluster)}],
        "contexts": [{"name": access.context, "context": context}],
    }
    write_atomically(path, json.dumps(content, indent=2, default=str).encode())  # every JSON text is YAML
    return os.pathsep.join(str(each) for each in (path, *files))

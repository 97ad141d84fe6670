"""The kubeconfig that leads kubectl to the sandbox. Called by `tutorial.sandbox.supervisor`."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

from tutorial.sandbox.state import server_url


def write_kubeconfig(file: Path, *, port: int, token: str, authority: bytes, context: str) -> None:
    """Write `file`, readable by its owner only, in one step.

    Args:
        port: where the API server listens on 127.0.0.1.
        authority: the PEM text of the certificate authority to trust.
        context: the name of its one context, cluster and user.

    Raises:
        OSError: the folder is missing, full or read-only.
    """
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": context,
                "cluster": {
                    "server": server_url(port),
                    "certificate-authority-data": base64.b64encode(authority).decode(),
                },
            }
        ],
        "users": [{"name": context, "user": {"token": token}}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        "current-context": context,
    }
    unfinished = file.with_name(f".{file.name}.new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(document, stream, indent=2)
    unfinished.replace(file)

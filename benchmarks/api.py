"""Measures the sandbox's API server: requests a second, kubectl's cost, and what rounds leave behind.

    .venv/bin/python benchmarks/api.py [--seconds N] [--runs N] [--rounds N]

Nothing here is asserted: machines differ. Quote medians and ratios, and the machine with them.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import ssl
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from tutorial.sandbox.lifecycle import Sandbox, start

SERVICES = "/api/v1/namespaces/default/services"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
MERGE_PATCH = "application/merge-patch+json"
SERVICE = {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"name": "http", "port": 80}]}}


class Client:
    """One keep-alive connection over TLS, with the token."""

    def __init__(self, sandbox: Sandbox) -> None:
        config = json.loads(sandbox.kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        address = urlsplit(cluster["server"])
        context = ssl.create_default_context(cadata=authority)
        self._connection = HTTPSConnection(address.hostname or "", address.port, context=context)
        self._headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}"}

    def send(self, method: str, path: str, body: str | None = None, **headers: str) -> None:
        """One request; its answer is read whole.

        Raises:
            SystemExit: it was refused.
        """
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request(method, path, body, {**self._headers, **named})
        response = self._connection.getresponse()
        answer = response.read()
        if response.status >= 400:
            raise SystemExit(f"{method} {path} failed: {answer.decode()}")


def per_second(request: Callable[[int], None], seconds: float) -> float:
    """How often `request` is answered in a second, one after the other; it is given its number."""
    begin = time.perf_counter()
    count = 0
    while time.perf_counter() - begin < seconds:
        request(count)
        count += 1
    return count / (time.perf_counter() - begin)


def measure_requests(sandbox: Sandbox, seconds: float) -> None:
    client = Client(sandbox)
    for number in range(50):
        body = json.dumps({**SERVICE, "metadata": {"name": f"service-{number}"}})
        client.send("POST", SERVICES, body, Content_Type="application/json")
    one = f"{SERVICES}/service-0"

    def patch(number: int) -> None:
        body = json.dumps({"metadata": {"labels": {"round": str(number)}}})
        client.send("PATCH", one, body, Content_Type=MERGE_PATCH)

    for name, request in (
        ("GET", lambda _: client.send("GET", one)),
        ("LIST 50", lambda _: client.send("GET", SERVICES)),
        ("Table 50", lambda _: client.send("GET", SERVICES, Accept=TABLE)),
        ("PATCH", patch),
    ):
        print(f"{name:10} {per_second(request, seconds):8.0f} a second")


def measure_kubectl(sandbox: Sandbox, folder: Path, runs: int) -> None:
    """The time of kubectl's commands as multiples of a command that asks nobody."""
    manifest = folder / "service.json"
    manifest.write_text(json.dumps({**SERVICE, "metadata": {"name": "applied"}}))
    environment = {**os.environ, "KUBECONFIG": str(sandbox.kubeconfig), "HOME": str(folder), "KUBERC": "off"}
    commands = {
        "version --client": ["version", "--client"],
        "get": ["get", "service", "applied"],
        "apply": ["apply", "-f", str(manifest)],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    subprocess.run(["kubectl", *commands["apply"]], env=environment, check=True, capture_output=True)
    for _ in range(runs):
        for name, arguments in commands.items():
            begin = time.perf_counter()
            subprocess.run(["kubectl", *arguments], env=environment, check=True, capture_output=True)
            times[name].append(time.perf_counter() - begin)
    floor = statistics.median(times["version --client"])
    for name, taken in times.items():
        median = statistics.median(taken)
        print(f"kubectl {name:18} {median * 1000:6.0f} ms   {median / floor:.2f}")


def measure_rounds(sandbox: Sandbox, rounds: int) -> None:
    """A namespace with a service, made and deleted again and again: what does the sandbox keep?"""
    client = Client(sandbox)
    for number in range(rounds + 1):
        if number % max(rounds // 5, 1) == 0:
            print(f"after {number:4} rounds: {_possessions(sandbox.state.pid)}")
        name = f"round-{number}"
        for path, obj in (
            ("/api/v1/namespaces", {"metadata": {"name": name}}),
            (f"/api/v1/namespaces/{name}/services", {**SERVICE, "metadata": {"name": "one"}}),
        ):
            client.send("POST", path, json.dumps(obj), Content_Type="application/json")
        client.send("DELETE", f"/api/v1/namespaces/{name}")
        time.sleep(0.05)


def _possessions(pid: int) -> str:
    """Memory, descriptors and children of the supervisor."""
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    descriptors = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return f"{int(resident) / 1024:.1f} MB, {descriptors} descriptors, {len(children)} children"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="for each kind of request")
    parser.add_argument("--runs", type=int, default=15, help="of each kubectl command")
    parser.add_argument("--rounds", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sandbox = start(Path(folder, "sandboxes"), "benchmark", kept=False)
        try:
            measure_requests(sandbox, options.seconds)
            measure_kubectl(sandbox, Path(folder), options.runs)
            measure_rounds(sandbox, options.rounds)
        finally:
            sandbox.close()


if __name__ == "__main__":
    main()

"""Other clients than the newest kubectl, and the commands of kubectl that stream.

`KUBECTL_OLD` names an old kubectl (Debian's is 1.20); without it those tests are skipped.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pexpect
import pytest
from conformance.streaming import Pods, Program, until

from tutorial.sandbox.lifecycle import Sandbox

pytestmark = pytest.mark.sandbox

_ALIAS = """\
kind: Service
apiVersion: v1
metadata:
  name: alias
spec:
  type: ExternalName
  externalName: httpbin.org
  ports:
  - {name: http, protocol: TCP, port: 80}
"""

_ISTIO_FIELDS = (
    ("destinationrule.spec.trafficPolicy.tls.mode", "FIELD:    mode <string>"),
    ("virtualservice.spec.http.directResponse.body", "bytes\t<string>"),
)


@pytest.fixture(scope="module", params=["new", "old"])
def program(
    request: pytest.FixtureRequest, sandbox: Sandbox, kubectl: str, tmp_path_factory: pytest.TempPathFactory
) -> Program:
    """kubectl of today, and an old one."""
    path = kubectl if request.param == "new" else os.environ.get("KUBECTL_OLD", "")
    if not path:
        pytest.skip("KUBECTL_OLD names no old kubectl")
    return Program(path, sandbox.kubeconfig, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def pods(program: Program) -> Iterator[Pods]:
    """A namespace with a pod that runs `sleep`."""
    made = Pods(program, f"clients-{program.folder.name}")
    yield made
    made.remove()


def test_objects_are_applied_changed_and_deleted(program: Program, pods: Pods) -> None:
    for said in ("created", "unchanged"):
        assert program.ok("apply", "-n", pods.namespace, "-f", "-", stdin=_ALIAS) == f"service/alias {said}\n"
    changed = _ALIAS.replace("httpbin.org", "example.org")
    assert "configured" in program.ok("apply", "-n", pods.namespace, "-f", "-", stdin=changed)
    assert "example.org" in program.ok("get", "service", "alias", "-n", pods.namespace)
    assert "External Name:     example.org" in program.ok("describe", "svc", "alias", "-n", pods.namespace)
    program.ok("delete", "service", "alias", "-n", pods.namespace)
    missing = program.run("get", "service", "alias", "-n", pods.namespace)
    assert missing.stderr == 'Error from server (NotFound): services "alias" not found\n'


def test_fields_are_explained_from_the_older_document(program: Program) -> None:
    is_old = program.path == os.environ.get("KUBECTL_OLD")
    newer = [] if is_old else ["--output=plaintext-openapiv2"]
    for path, text in (("svc.spec.externalName", "FIELD:    externalName <string>"), *_ISTIO_FIELDS):
        assert text in program.ok("explain", path, *newer)


def test_a_wrong_manifest_is_refused_and_a_good_one_tried(program: Program, pods: Pods) -> None:
    wrong = _ALIAS.replace("externalName:", "externalNam:")
    refused = program.run("apply", "-n", pods.namespace, "-f", "-", stdin=wrong)
    assert refused.returncode == 1
    assert 'unknown field "' in refused.stderr
    tried = program.ok("apply", "--dry-run=server", "-n", pods.namespace, "-f", "-", stdin=_ALIAS)
    assert tried == "service/alias created (server dry run)\n"


def test_exec_has_streams_and_an_exit_code(program: Program, pods: Pods) -> None:
    done = program.run("exec", *pods.box, "-i", "--", "sh", "-c", "cat; echo err >&2; exit 7", stdin="in\n")
    assert (done.returncode, done.stdout) == (7, "in\n")
    assert done.stderr == "err\ncommand terminated with exit code 7\n"


def test_exec_on_a_terminal(program: Program, pods: Pods) -> None:
    terminal = pexpect.spawn(
        program.path,
        ["exec", "-it", *pods.box, "--", "sh", "-c", "read line; stty size; exit 3"],
        env=program.environment,
        dimensions=(33, 101),
        timeout=15,
        encoding="utf-8",
    )
    terminal.sendline("go")
    terminal.expect("33 101")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 3


def test_files_are_copied_both_ways(program: Program, pods: Pods) -> None:
    folder = program.folder / "folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "file").write_bytes(bytes(range(256)) * 5000)
    program.ok("cp", str(folder), f"{pods.namespace}/box:/tmp/copied")
    back = program.folder / "back"
    program.ok("cp", f"{pods.namespace}/box:/tmp/copied", str(back))
    assert (back / "inner" / "file").read_bytes() == (folder / "inner" / "file").read_bytes()


def test_run_attaches_and_gives_the_exit_code(program: Program, pods: Pods) -> None:
    done = program.run(
        *("run", "once", "-n", pods.namespace, "--rm", "-i", "--restart=Never", "--image=any", "--command"),
        *("--", "sh", "-c", "read word; echo got $word; exit 3"),
        stdin="something\n",
    )
    assert (done.returncode, done.stdout.splitlines()[0]) == (3, "got something")
    assert 'pods "once" not found' in program.run("get", "pod", "once", "-n", pods.namespace).stderr


def test_run_with_a_terminal(program: Program, pods: Pods) -> None:
    terminal = pexpect.spawn(
        program.path,
        ["run", "shell", "-n", pods.namespace, "--rm", "-it", "--restart=Never", "--image=any", "--", "sh"],
        env=program.environment,
        timeout=20,
        encoding="utf-8",
    )
    terminal.expect("press.* enter")
    terminal.sendline("echo $((40 + 2)) $TERM")
    terminal.expect("42 xterm")
    terminal.sendline("exit 5")
    terminal.expect("deleted")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 5


def test_logs_are_followed_to_the_containers_end(program: Program, pods: Pods) -> None:
    pods.start("count", "for i in 1 2 3; do echo $i; sleep 0.2; done", restart="Never")
    assert program.ok("logs", "-f", "count", "-n", pods.namespace) == "1\n2\n3\n"


def test_logs_of_the_previous_run(program: Program, pods: Pods) -> None:
    script = "echo this run; until test -e /tmp/end; do sleep 0.1; done; rm /tmp/end; exit 1"
    pods.start("again", script, restart="Always")
    previous = ("logs", "--previous", "again", "-n", pods.namespace)
    assert "previous terminated container" in program.run(*previous).stderr
    program.ok("exec", "again", "-n", pods.namespace, "--", "touch", "/tmp/end")
    until(lambda: program.run(*previous).stdout == "this run\n")


def test_a_port_is_forwarded(program: Program, pods: Pods) -> None:
    pods.start("web", "echo served > /tmp/file; exec python3 -m http.server -d /tmp 8000", restart="Never")
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    address = f"http://127.0.0.1:{port}/file"
    with program.start("port-forward", "web", "-n", pods.namespace, f"{port}:8000"):
        for _ in range(3):
            until(lambda: _curl(address).stdout == "served\n")


def test_events_tell_a_pods_story(program: Program, pods: Pods) -> None:
    told = program.ok("get", "events", "-n", pods.namespace, "--field-selector=involvedObject.name=box")
    for reason in ("Scheduled", "Pulled", "Created", "Started"):
        assert reason in told


def test_what_there_is_not_is_refused_plainly(program: Program, pods: Pods) -> None:
    assert program.run("top", "pods").stderr == "error: Metrics API not available\n"
    refused = program.run("debug", *pods.box, "--image=any", "--", "true")
    assert refused.returncode == 1
    assert "ephemeral containers are disabled for this cluster" in refused.stderr


def test_proxy(program: Program) -> None:
    with program.start("proxy", "--port=0") as proxy:
        assert proxy.stdout is not None
        address = proxy.stdout.readline().split()[-1]
        answer = json.loads(_curl(f"http://{address}/api/v1/namespaces/default").stdout)
    assert answer["metadata"]["name"] == "default"


def _curl(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["curl", "--silent", "--show-error", "--max-time", "10", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)


def test_curl_with_the_token_and_without(sandbox: Sandbox, tmp_path: Path) -> None:
    config = json.loads(sandbox.kubeconfig.read_text())
    cluster, token = config["clusters"][0]["cluster"], config["users"][0]["user"]["token"]
    authority = tmp_path / "ca.pem"
    authority.write_bytes(b64decode(cluster["certificate-authority-data"]))
    trust = ("--cacert", str(authority))
    known = (*trust, "-H", f"Authorization: Bearer {token}")
    namespaces = f"{cluster['server']}/api/v1/namespaces"
    assert json.loads(_curl(*known, namespaces).stdout)["kind"] == "NamespaceList"
    assert json.loads(_curl(*trust, namespaces).stdout)["code"] == 401
    as_json = ("-H", "Content-Type: application/json", "-d", '{"metadata":{"name":"curled"}}')
    assert json.loads(_curl(*known, *as_json, namespaces).stdout)["metadata"]["name"] == "curled"
    gone = _curl(*known, "-X", "DELETE", f"{namespaces}/curled")
    assert json.loads(gone.stdout)["status"]["phase"] == "Terminating"

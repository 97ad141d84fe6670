"""What a learner types, with the real kubectl against the real server."""

from __future__ import annotations

import json
import subprocess
import time

import pytest
from sandbox.api.cluster_for_tests import Cluster, find_kubectl

from tutorial.sandbox.resources import DEPLOYMENT, POD

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}}
spec:
  selector: {app: web}
  ports:
  - {name: http, port: 80}
  - {name: admin, port: 8080}
"""
EXTERNAL = """
apiVersion: v1
kind: Service
metadata: {name: outside}
spec:
  type: ExternalName
  externalName: httpbin.org
  ports: [{name: http, port: 80}]
"""
DEPLOYED = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
"""


def jsonpath(cluster: Cluster, namespace: str, target: str, path: str) -> str:
    return cluster.ok("get", target, "-n", namespace, "-o", f"jsonpath={path}")


def rows(table: str) -> list[list[str]]:
    return [line.split() for line in table.splitlines()]


def test_apply_creates_then_changes_nothing_then_configures(cluster: Cluster, namespace: str) -> None:
    assert cluster.ok("apply", "-n", namespace, "-f", "-", stdin=SERVICE) == "service/web created\n"
    assert cluster.ok("apply", "-n", namespace, "-f", "-", stdin=SERVICE) == "service/web unchanged\n"
    changed = SERVICE.replace("8080", "9090")
    assert cluster.ok("apply", "-n", namespace, "-f", "-", stdin=changed) == "service/web configured\n"
    ports = cluster.ok("get", "svc", "web", "-n", namespace, "-o", "jsonpath={.spec.ports[*].port}")
    assert ports == "80 9090"


def test_an_external_name_has_no_cluster_ip(cluster: Cluster, namespace: str) -> None:
    cluster.ok("apply", "-n", namespace, "-f", "-", stdin=EXTERNAL)
    header, row = rows(cluster.ok("get", "svc", "-n", namespace))
    assert header == ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"]
    assert row[:5] == ["outside", "ExternalName", "<none>", "httpbin.org", "80/TCP"]
    spec = json.loads(cluster.ok("get", "svc", "outside", "-n", namespace, "-o", "jsonpath={.spec}"))
    assert "clusterIP" not in spec
    assert spec["sessionAffinity"] == "None"


def test_a_service_moves_between_external_name_and_cluster_ip(cluster: Cluster, namespace: str) -> None:
    cluster.ok("apply", "-n", namespace, "-f", "-", stdin=EXTERNAL)
    to_cluster_ip = '{"spec":{"type":"ClusterIP","externalName":null}}'
    cluster.ok("patch", "svc", "outside", "-n", namespace, "-p", to_cluster_ip)
    address = cluster.ok("get", "svc", "outside", "-n", namespace, "-o", "jsonpath={.spec.clusterIP}")
    assert address.startswith("10.96.")
    back = '{"spec":{"type":"ExternalName","externalName":"example.com"}}'
    cluster.ok("patch", "svc", "outside", "-n", namespace, "-p", back)
    assert not cluster.ok("get", "svc", "outside", "-n", namespace, "-o", "jsonpath={.spec.clusterIP}")


def test_two_services_never_share_an_address(cluster: Cluster, namespace: str) -> None:
    cluster.ok("apply", "-n", namespace, "-f", "-", stdin=SERVICE)
    address = cluster.ok("get", "svc", "web", "-n", namespace, "-o", "jsonpath={.spec.clusterIP}")
    second = SERVICE.replace("name: web", "name: second").replace("spec:", f"spec:\n  clusterIP: {address}")
    refused = cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=second)
    assert refused.returncode == 1
    assert "provided IP is already allocated" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("configmap", "made", "--from-literal=a=b"), "configmap/made created\n"),
        (("secret", "generic", "made", "--from-literal=a=b"), "secret/made created\n"),
        (("serviceaccount", "made"), "serviceaccount/made created\n"),
        (("deployment", "made", "--image=nginx", "--port=80"), "deployment.apps/made created\n"),
        (("service", "externalname", "made", "--external-name=example.com"), "service/made created\n"),
        (("service", "clusterip", "made", "--tcp=80:http"), "service/made created\n"),
    ],
)
def test_create_sends_protobuf_that_is_understood(
    cluster: Cluster, namespace: str, arguments: tuple[str, ...], shown: str
) -> None:
    assert cluster.ok("create", *arguments, "-n", namespace) == shown


def test_what_protobuf_carried_is_stored(cluster: Cluster, namespace: str) -> None:
    cluster.ok("create", "deployment", "made", "--image=nginx", "--port=80", "--replicas=0", "-n", namespace)
    spec = json.loads(cluster.ok("get", "deploy", "made", "-n", namespace, "-o", "jsonpath={.spec}"))
    assert spec["replicas"] == 0
    container = spec["template"]["spec"]["containers"][0]
    assert (container["image"], container["ports"]) == ("nginx", [{"containerPort": 80, "protocol": "TCP"}])
    cluster.ok("create", "service", "clusterip", "made", "--tcp=80:http", "-n", namespace)
    ports = json.loads(cluster.ok("get", "svc", "made", "-n", namespace, "-o", "jsonpath={.spec.ports}"))
    assert ports == [{"name": "80-http", "port": 80, "protocol": "TCP", "targetPort": "http"}]


def test_create_again_is_refused(cluster: Cluster, namespace: str) -> None:
    refused = cluster.kubectl("create", "namespace", namespace)
    assert refused.stderr == f'Error from server (AlreadyExists): namespaces "{namespace}" already exists\n'


def test_rights_and_identity(cluster: Cluster) -> None:
    assert cluster.ok("auth", "can-i", "create", "endpoints") == "yes\n"
    assert "kubernetes-admin" in cluster.ok("auth", "whoami")
    assert "*.*" in cluster.ok("auth", "can-i", "--list")


def test_delete_waits_for_the_end(cluster: Cluster, namespace: str) -> None:
    cluster.ok("apply", "-n", namespace, "-f", "-", stdin=SERVICE)
    assert (
        cluster.ok("delete", "svc", "web", "-n", namespace)
        == f'service "web" deleted from {namespace} namespace\n'
    )
    gone = cluster.kubectl("get", "svc", "web", "-n", namespace)
    assert gone.stderr == 'Error from server (NotFound): services "web" not found\n'


def test_delete_of_a_pod_waits_until_its_node_lets_it_go(cluster: Cluster, namespace: str) -> None:
    cluster.run_pod(namespace, "slow", grace=30)
    with subprocess.Popen(
        [find_kubectl(), "delete", "pod", "slow", "-n", namespace],
        env=cluster.environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as deleting:
        deadline = time.monotonic() + 10
        while "Terminating" not in cluster.kubectl("get", "pods", "-n", namespace).stdout:
            assert time.monotonic() < deadline
        assert deleting.poll() is None
        cluster.call(lambda: cluster.objects.delete(POD, namespace, "slow", grace_seconds=0))
        assert deleting.wait(10) == 0


def test_wait_and_watch_see_changes(cluster: Cluster, namespace: str) -> None:
    cluster.ok("apply", "-n", namespace, "-f", "-", stdin=DEPLOYED)
    waiting = subprocess.Popen(
        [find_kubectl(), "rollout", "status", "deployment/web", "-n", namespace, "--timeout=20s"],
        env=cluster.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    with waiting:
        assert waiting.stdout is not None
        assert "Waiting for deployment" in waiting.stdout.readline()
        deployment = cluster.call(lambda: cluster.objects.get(DEPLOYMENT, namespace, "web"))
        status = {
            "observedGeneration": 1,
            "replicas": 2,
            "updatedReplicas": 2,
            "readyReplicas": 2,
            "availableReplicas": 2,
            "conditions": [{"type": "Available", "status": "True"}],
        }
        cluster.call(lambda: cluster.objects.update_status(DEPLOYMENT, {**deployment, "status": status}))
        assert "successfully rolled out" in waiting.stdout.read()
    assert "condition met" in cluster.ok(
        "wait", "--for=condition=Available", "deployment/web", "-n", namespace, "--timeout=10s"
    )


def test_get_watch_prints_each_change(cluster: Cluster, namespace: str) -> None:
    cluster.ok("apply", "-n", namespace, "-f", "-", stdin=SERVICE)
    watching = subprocess.Popen(
        [find_kubectl(), "get", "svc", "-n", namespace, "-w", "--no-headers"],
        env=cluster.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    with watching:
        assert watching.stdout is not None
        assert watching.stdout.readline().startswith("web ")
        cluster.ok("apply", "-n", namespace, "-f", "-", stdin=EXTERNAL)
        assert watching.stdout.readline().startswith("outside ")
        watching.terminate()


def test_scale_label_annotate_and_patch(cluster: Cluster, namespace: str) -> None:
    cluster.ok("apply", "-n", namespace, "-f", "-", stdin=DEPLOYED)
    cluster.ok("scale", "deployment", "web", "--replicas=3", "-n", namespace)
    assert cluster.ok("get", "deploy", "web", "-n", namespace, "-o", "jsonpath={.spec.replicas}") == "3"
    assert (
        cluster.ok("label", "deploy", "web", "team=net", "-n", namespace) == "deployment.apps/web labeled\n"
    )
    assert (
        cluster.ok("get", "deploy", "-l", "team in (net),!x", "-n", namespace, "-o", "name")
        == "deployment.apps/web\n"
    )
    assert (
        cluster.ok("annotate", "deploy", "web", "note=x", "-n", namespace)
        == "deployment.apps/web annotated\n"
    )
    env = '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"A","value":"1"}]}]}}}}'
    cluster.ok("patch", "deploy", "web", "-n", namespace, "-p", env)
    container = json.loads(
        cluster.ok(
            "get", "deploy", "web", "-n", namespace, "-o", "jsonpath={.spec.template.spec.containers[0]}"
        )
    )
    assert (container["image"], container["env"]) == ("nginx", [{"name": "A", "value": "1"}])
    replace = '[{"op":"replace","path":"/spec/replicas","value":1}]'
    cluster.ok("patch", "deploy", "web", "-n", namespace, "--type=json", "-p", replace)
    assert cluster.ok("get", "deploy", "web", "-n", namespace, "-o", "jsonpath={.spec.replicas}") == "1"
    missing = cluster.kubectl(
        "patch",
        "deploy",
        "web",
        "-n",
        namespace,
        "--type=json",
        "-p",
        '[{"op":"remove","path":"/spec/nothing"}]',
    )
    assert missing.returncode == 1


def test_edit_and_diff(cluster: Cluster, namespace: str) -> None:
    cluster.ok("apply", "-n", namespace, "-f", "-", stdin=SERVICE)
    edited = subprocess.run(
        [find_kubectl(), "edit", "svc", "web", "-n", namespace],
        check=False,
        env={**cluster.environment, "KUBE_EDITOR": "sed -i s/8080/9090/"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert edited.stdout == "service/web edited\n"
    differing = cluster.kubectl("diff", "-n", namespace, "-f", "-", stdin=SERVICE)
    assert differing.returncode == 1
    assert "+  - name: admin" in differing.stdout or "+    port: 8080" in differing.stdout


def test_server_side_apply_and_its_conflict(cluster: Cluster, namespace: str) -> None:
    document = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\ndata: {a: "1", b: "2"}\n'
    applied = cluster.ok("apply", "--server-side", "-n", namespace, "-f", "-", stdin=document)
    assert applied == "configmap/shared serverside-applied\n"
    other = document.replace('"1"', '"9"').replace(', b: "2"', "")
    refused = cluster.kubectl(
        "apply", "--server-side", "--field-manager=other", "-n", namespace, "-f", "-", stdin=other
    )
    assert 'conflict with "kubectl": .data.a' in refused.stderr
    cluster.ok(
        "apply",
        "--server-side",
        "--force-conflicts",
        "--field-manager=other",
        "-n",
        namespace,
        "-f",
        "-",
        stdin=other,
    )
    assert json.loads(cluster.ok("get", "cm", "shared", "-n", namespace, "-o", "jsonpath={.data}")) == {
        "a": "9",
        "b": "2",
    }
    without_b = document.replace(', b: "2"', "").replace("{a:", "{c:")
    cluster.ok("apply", "--server-side", "-n", namespace, "-f", "-", stdin=without_b)
    assert json.loads(cluster.ok("get", "cm", "shared", "-n", namespace, "-o", "jsonpath={.data}")) == {
        "a": "9",
        "c": "1",
    }


def test_server_side_apply_takes_over_from_client_side(cluster: Cluster, namespace: str) -> None:
    cluster.ok("apply", "-n", namespace, "-f", "-", stdin=SERVICE)
    changed = SERVICE.replace("port: 8080", "port: 8080, targetPort: 9090")
    done = cluster.kubectl("apply", "--server-side", "-n", namespace, "-f", "-", stdin=changed)
    assert done.returncode == 0, done.stderr
    managers = jsonpath(cluster, namespace, "svc/web", "{.metadata.managedFields[*].manager}")
    assert "kubectl-client-side-apply" not in managers.split()
    assert "kubectl" in managers.split()


def test_describe_explain_and_events(cluster: Cluster, namespace: str) -> None:
    cluster.ok("apply", "-n", namespace, "-f", "-", stdin=EXTERNAL)
    assert "External Name:     httpbin.org" in cluster.ok("describe", "svc", "outside", "-n", namespace)
    assert "FIELD: externalName <string>" in cluster.ok("explain", "service.spec.externalName")
    assert "FIELD: host <string>" in cluster.ok("explain", "destinationrule.spec.host")
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "outside.1", "namespace": namespace},
        "involvedObject": {"apiVersion": "v1", "kind": "Service", "name": "outside", "namespace": namespace},
        "reason": "Tried",
        "message": "it was tried",
        "type": "Normal",
        "lastTimestamp": "2026-01-01T00:00:00Z",
    }
    cluster.ok("create", "-f", "-", stdin=json.dumps(event))
    assert "it was tried" in cluster.ok("events", "-n", namespace)
    assert "it was tried" in cluster.ok("get", "events", "-n", namespace)


def test_bad_objects_are_refused_in_kubernetes_words(cluster: Cluster, namespace: str) -> None:
    unknown = cluster.kubectl(
        "apply", "-n", namespace, "-f", "-", stdin=EXTERNAL.replace("externalName:", "externalNam:")
    )
    assert 'strict decoding error: unknown field "spec.externalNam"' in unknown.stderr
    missing = cluster.kubectl("apply", "-n", "nowhere", "-f", "-", stdin=EXTERNAL)
    assert 'namespaces "nowhere" not found' in missing.stderr
    changed = '{"spec":{"clusterIP":"10.96.0.77"}}'
    cluster.ok("apply", "-n", namespace, "-f", "-", stdin=SERVICE)
    fixed = cluster.kubectl("patch", "svc", "web", "-n", namespace, "--type=merge", "-p", changed)
    assert "may not change once set" in fixed.stderr


def test_endpoints_warn_on_every_verb(cluster: Cluster, namespace: str) -> None:
    for arguments in (
        ("get", "endpoints"),
        ("get", "endpoints", "nothing"),
        ("delete", "endpoints", "nothing"),
    ):
        assert "Warning: v1 Endpoints is deprecated" in cluster.kubectl(*arguments, "-n", namespace).stderr


def test_a_namespace_terminates_and_refuses_new_objects(cluster: Cluster, namespace: str) -> None:
    cluster.ok("delete", "ns", namespace, "--wait=false")
    assert "Terminating" in cluster.ok("get", "ns", namespace)
    refused = cluster.kubectl("create", "configmap", "late", "--from-literal=a=b", "-n", namespace)
    assert "because it is being terminated" in refused.stderr
    protected = cluster.kubectl("delete", "ns", "default")
    assert 'namespaces "default" is forbidden: this namespace may not be deleted' in protected.stderr


def test_server_dry_run_leaves_nothing(cluster: Cluster, namespace: str) -> None:
    shown = cluster.ok("apply", "-n", namespace, "--dry-run=server", "-f", "-", stdin=EXTERNAL)
    assert shown == "service/outside created (server dry run)\n"
    assert cluster.kubectl("get", "svc", "outside", "-n", namespace).returncode == 1


def test_logs_and_their_choices(cluster: Cluster, namespace: str) -> None:
    cluster.run_pod(namespace, "talker", "first", "second")
    assert cluster.ok("logs", "talker", "-c", "second", "--tail=1", "-n", namespace) == "second says three\n"
    everything = cluster.ok("logs", "talker", "-c", "first", "-n", namespace)
    assert everything.splitlines() == [f"first says {word}" for word in ("one", "two", "three")]
    assert cluster.ok("logs", "talker", "-c", "first", "--since=1m", "-n", namespace) == ""
    assert cluster.ok("logs", "talker", "-c", "first", "--limit-bytes=5", "-n", namespace) == "first"


def test_pages_of_a_list_are_complete(cluster: Cluster, namespace: str) -> None:
    for number in range(7):
        cluster.ok("create", "configmap", f"page-{number}", "--from-literal=a=b", "-n", namespace)
    for size in ("1", "3", "7", "100"):
        names = cluster.ok("get", "cm", "-n", namespace, "-o", "name", f"--chunk-size={size}")
        assert names.split() == [f"configmap/page-{number}" for number in range(7)]


def test_versions_match(cluster: Cluster) -> None:
    done = cluster.kubectl("version")
    assert "Server Version: v1.36" in done.stdout
    assert "WARNING" not in done.stderr

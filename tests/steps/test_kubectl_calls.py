"""What a command asks of the API through kubectl."""

from __future__ import annotations

import pytest

from tutorial.steps.kubectl_calls import ALL_NAMESPACES, Call, Request, kubectl_calls, requests_of


def requests(command: str) -> list[Request]:
    return [request for call in kubectl_calls(command) for request in requests_of(call)]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("kubectl get svc web", [Request("get", "svc", name="web")]),
        ("kubectl get service/web -n x", [Request("get", "service", "x", "web")]),
        ("kubectl get pods -l app=web -o name", [Request("list", "pods")]),
        ("kubectl get pods,svc -A", [Request("list", kind, ALL_NAMESPACES) for kind in ("pods", "svc")]),
        ("kubectl get pod $POD --namespace=x", [Request("get", "pod", "x")]),
        ("kubectl get svc a b", [Request("get", "svc", name="a"), Request("get", "svc", name="b")]),
        ("kubectl get pods -w", [Request("list", "pods"), Request("watch", "pods")]),
        (
            'kubectl exec "$POD" -n x -c main -- curl -sS -n y http://a/b',
            [Request("get", "pods", "x"), Request("create", "pods", "x", subresource="exec")],
        ),
        (
            "kubectl exec deploy/web -- true",
            [
                Request("get", "deploy", name="web"),
                Request("list", "pods"),
                Request("create", "pods", subresource="exec"),
            ],
        ),
        (
            "kubectl logs web -c main --tail=5",
            [Request("get", "pods", name="web"), Request("get", "pods", subresource="log")],
        ),
        (
            "kubectl rollout status deployment/web --timeout=5s",
            [
                Request("get", "deployment", name="web"),
                Request("list", "deployment"),
                Request("watch", "deployment"),
            ],
        ),
        ("kubectl delete service web", [Request("delete", "service", name="web")]),
        (
            "kubectl label namespace x a=b",
            [Request(verb, "namespace", name=name) for name in ("x", "a=b") for verb in ("get", "patch")],
        ),
        ("kubectl apply -f a.yaml", []),
        ("kubectl version; kubectl", []),
        ("echo kubectl-get pods; my/kubectl get pods", []),
        ("# kubectl get pods\ntrue", []),
    ],
)
def test_what_is_asked(command: str, expected: list[Request]) -> None:
    assert requests(command) == expected


def test_kubectl_within_kubectl_and_pipes_are_calls_of_their_own() -> None:
    command = (
        'kubectl exec "$POD" -c main -- curl --resolve a:443:'
        "\"$(kubectl get service web -n x -o jsonpath='{.spec.clusterIP}')\" https://a"
        " | grep b && kubectl get ns"
    )
    assert requests(command) == [
        Request("get", "pods"),
        Request("create", "pods", subresource="exec"),
        Request("get", "service", "x", "web"),
        Request("list", "ns"),
    ]


def test_files_and_namespaces_of_a_call_are_told_and_heredocs_are_no_code() -> None:
    command = "kubectl apply -n x -f - -f b.yaml <<EOF\nkind: a # kubectl get pods\nEOF\nkubectl get svc"
    first, second = kubectl_calls(command)
    assert (first.namespace, first.files, first.words[0]) == ("x", ("-", "b.yaml"), "apply")
    assert second == Call(("get", "svc"))


@pytest.mark.parametrize("command", ["kubectl get 'pods", 'kubectl exec "$(', "kubectl exec", "kubectl get"])
def test_what_cannot_be_read_is_no_error(command: str) -> None:
    requests(command)

"""The rules beyond a step's form."""

from __future__ import annotations

import pytest
from steps.folders import Folder


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "command: |\n  cd x\n  kubectl -n a apply -f y\n",
            "4:3: `kubectl apply` makes or changes something, and nothing undoes it; write `creates:`",
        ),
        ("command: kubectl label pod x a=b", "2:10: `kubectl label` makes or changes something"),
        ("command: helm install x y", "2:10: `helm install` makes or changes something"),
        ("command: kubectl rollout restart deploy/x", "2:10: `kubectl rollout` makes or changes"),
        ("command: x=$(kubectl create ns y)", "2:14: `kubectl create` makes or changes something"),
        (
            "command: kubectl delete service x",
            "2:10: `kubectl delete` deletes something that is not declared; write `deletes:`",
        ),
        (
            "command: ls\nretry: {attempts: 2}",
            "3:1: `retry` repeats a command that is not repeatable; write `repeatable: true` if",
        ),
        (
            "command: ls\nuntil:\n  command: kubectl get x || kubectl delete x",
            "4:29: `kubectl delete` in `until` is not read-only; only look in until",
        ),
        ("command: ls\nuntil: {command: rm x}", "3:18: `rm` in `until` is not read-only"),
        (
            "command: export POD=$(kubectl get pod -o name)",
            "2:10: `export POD=$(...)` succeeds even when its command fails, and nothing checks POD; write",
        ),
        ('command: export A=b POD="$(x)"\nexplain: a\nexpect: {stderr: {contains: x}}', ""),
        ("command: echo ${NAMESPCE}", "2:15: nothing sets the variable NAMESPCE; did you mean ${NAMESPACE}?"),
        (
            "command: ls\nafter: See ${POD}.",
            "3:12: nothing sets the variable POD; set it in tutorial.yaml's variables",
        ),
        ("command: ls\nexpect: {stdout: {matches: '^${pod}$'}}", "3:30: nothing sets the variable pod"),
        ("command: kubectl apply -f x\ncreates: ['pod/${X}']", "3:16: nothing sets the variable X"),
        (
            "command: ls\nneeds: [later]",
            '3:9: the step "later" does not come before this one; name an earlier step',
        ),
        ("command: ls\nneeds: [firts]", '3:9: there is no step "firts"; did you mean "first"?'),
        ("command: ls\ncontrol: nothing", '3:10: there is no step "nothing"; write a file\'s name'),
        ("command: ls\nexplain: |\n  1\n  2\n  3\n  4\n  5", '3:10: "explain" has 5 lines; write at most 4'),
        ("command: ls\nafter: |\n  1\n  2\n  3\n  4", '3:8: "after" has 4 lines; write at most 3'),
        (
            f"command: ls\nexplain: |\n  short\n  {'x' * 79}",
            '5:3: a line of "explain" has 79 characters; break it before 78',
        ),
        (
            "command: ls\nwhen: {Istio: '>=1.21'}",
            '3:8: there is no fact or variable "Istio"; did you mean "istio"?',
        ),
        ("command: ls\nnotes: [{text: x, when: {moon: full}}]", '3:26: there is no fact or variable "moon"'),
    ],
)
def test_a_broken_rule(folder: Folder, text: str, fault: str) -> None:
    folder.write("10-first.yaml", "title: First\ncommand: ls\n")
    folder.write("30-later.yaml", "title: Later\ncommand: ls\n")
    folder.write("20-step.yaml", f"title: Step\n{text}\n")
    faults = folder.faults()
    if not fault:
        assert faults == []
        return
    [found] = faults
    assert found.startswith(f"20-step.yaml:{fault}")


@pytest.mark.parametrize(
    "text",
    [
        "command: kubectl apply -f x\ncreates: [pod/x]",
        "command: kubectl annotate pod x a=b\ncleanup: {commands: [kubectl annotate pod x a-]}",
        "command: kubectl label pod x a=b\ncleanup: {by_hand: Remove the label.}",
        "command: kubectl apply --dry-run=server -f x",
        "command: kubectl create token sleep",
        "command: kubectl rollout status deployment/x",
        "command: 'kubectl get pod -l app=apply  # kubectl apply -f x'",
        "command: |\n  cat <<EOF\n  kubectl delete ns x\n  EOF",
        "command: kubectl delete pod x\ndeletes: [pod/x]",
        "command: ls\nuntil: {command: kubectl exec x -- curl -sS y 2>/dev/null}",
        "command: export POD=$(x)\nexpect: {variables: {POD: '^sleep'}}",
        "command: |\n  export POD=$(x)\n  echo $POD\nexpect: {stdout: {contains: sleep}}",
        "command: export A=b",
        "command: echo ${HOME} ${RANDOM} ${BASH_VERSION} ${lower} $UNKNOWN ${UNKNOWN:-x}",
        "command: for NAME in a b; do echo ${NAME}; done",
        "command: read -r FIRST SECOND <file; echo ${SECOND}",
        "command: ls\ncapture: {ID: '(x)'}\nafter: It is ${ID}.",
        "command: POD=x\nafter: It is ${POD}.",
        "command: ls\nsample: as ${DOCUMENTED}",
        "command: ls\nneeds: [first]\ncontrol: first",
        "command: ls\nwhen: {NAMESPACE: default, mesh: sidecar}",
    ],
)
def test_a_kept_rule(folder: Folder, text: str) -> None:
    folder.write("10-first.yaml", "title: First\ncommand: ls\n")
    folder.write("20-step.yaml", f"title: Step\n{text}\n")
    assert folder.faults() == []


def test_a_variable_that_only_a_later_step_sets(folder: Folder) -> None:
    folder.write("10-first.yaml", "title: First\ncommand: echo ${POD}\n")
    folder.write("20-second.yaml", "title: Second\ncommand: POD=x\n")
    [fault] = folder.faults()
    assert fault.startswith("10-first.yaml:2:15: nothing sets the variable POD")

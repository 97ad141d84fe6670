"""A short made-up run as events, for looking at the views: `python -m tutorial.ui.terminal_view`."""

from __future__ import annotations

from tutorial.engine import events
from tutorial.expect.verdict import Mismatch, Verdict

_SERVICE = """\
kubectl apply -f - <<EOF
kind: Service
apiVersion: v1
metadata:
  name: my-httpbin
spec:
  type: ExternalName
  externalName: httpbin.org
  ports:
  - name: http
    protocol: TCP
    port: 80
EOF
"""
_SECTION = "Kubernetes ExternalName service"
_OBSERVE = "kubectl get svc my-httpbin\n"
_METADATA = '    "X-Envoy-Peer-Metadata": "' + "ChoKCkNMVVNURVJfSUQ" * 20 + '"\n'
_OBSERVED = "my-httpbin ExternalName <none> httpbin.com"
_WRONG_HOST = Mismatch(
    "stdout",
    "like",
    "my-httpbin ExternalName <none> httpbin.org",
    _OBSERVED,
    'expected "httpbin.org", found "httpbin.com"',
    1,
    32,
)

SAMPLE_RUN: tuple[events.Event, ...] = (
    events.RunStarted(
        0.0,
        "20261124-1",
        "externalname",
        "ExternalName",
        "sandbox",
        "sandbox",
        {"NAMESPACE": "default"},
        (
            events.StepSummary("create", 1, "Create the service", _SECTION, False),
            events.StepSummary("observe", 2, "Observe your service", _SECTION, False),
        ),
    ),
    events.StepStarted(
        1.0,
        "create",
        1,
        2,
        _SECTION,
        "Create the service",
        "An **ExternalName** service is an alias in the cluster's DNS: it answers the name\n"
        "`my-httpbin` with the name `httpbin.org`. No address, no proxy.",
        _SERVICE,
        "",
        False,
    ),
    events.CommandStarted(2.0, "create", "command", _SERVICE),
    events.OutputReceived(2.1, "create", "command", "stdout", "service/my-httpbin created\n"),
    events.OutputReceived(2.1, "create", "command", "stdout", _METADATA),
    events.CommandEnded(2.2, "create", "command", 0, 0.21),
    events.Waiting(2.3, "create", 3, 12, 60),
    events.VerdictReached(2.4, "create", Verdict(proof='stdout contains "created"')),
    events.StepEnded(2.5, "create", "passed", 0.4, after="- One object: an alias.\n- It has no `clusterIP`."),
    events.StepStarted(3.0, "observe", 2, 2, _SECTION, "Observe your service", "Look.", _OBSERVE, "", False),
    events.CommandStarted(3.1, "observe", "command", _OBSERVE),
    events.OutputReceived(3.2, "observe", "command", "stdout", f"{_OBSERVED}\n"),
    events.CommandEnded(3.3, "observe", "command", 0, 0.1),
    events.VerdictReached(
        3.4,
        "observe",
        Verdict(
            (_WRONG_HOST,), cause="The service points to another host.", fix="kubectl edit svc my-httpbin"
        ),
    ),
    events.StepEnded(3.5, "observe", "failed", 0.2),
    events.RollbackStarted(4.0, 2, 1),
    events.ObjectUndone(4.1, "create", "service/my-httpbin", "deleted"),
    events.RollbackEnded(4.2, True),
    events.RunEnded(4.3, "failed", 1, 1, 0, 4.3, 1),
)

"""A small tutorial of kubectl steps that takes a fraction of a second, with all that rollback knows: objects
that record what was applied and such that do not, a namespace, a change to what was there, deletions.
"""

from __future__ import annotations

from pathlib import Path

from end_to_end.folders import write_tutorial

HEADING = "requires: cluster\nvariables: {NAMESPACE: default, PLAIN_NAMESPACE: plain}\n"

CREATE = """\
title: Create a config map
command: kubectl create configmap first --from-literal=key=value
creates: ["configmap/first@${NAMESPACE}"]
"""
APPLY = """\
title: Apply a service
command: |
  kubectl apply -f - <<EOF
  kind: Service
  apiVersion: v1
  metadata: {name: second}
  spec: {type: ExternalName, externalName: second.example.org}
  EOF
creates: ["service/second@${NAMESPACE}"]
"""
LABEL = """\
title: Label what was there
command: kubectl label namespace ${NAMESPACE} egress-test=on
cleanup: {commands: ["kubectl label namespace ${NAMESPACE} egress-test-"], by_hand: "Take the label away."}
"""
NAMESPACE = """\
title: Create a namespace
command: kubectl create namespace ${PLAIN_NAMESPACE}
creates: ["namespace/${PLAIN_NAMESPACE}"]
"""
APPLY_THERE = """\
title: Apply two objects there
command: |
  kubectl apply -n ${PLAIN_NAMESPACE} -f - <<EOF
  kind: ServiceAccount
  apiVersion: v1
  metadata: {name: third}
  ---
  kind: Service
  apiVersion: v1
  metadata: {name: third}
  spec: {ports: [{port: 80}]}
  EOF
creates: ["serviceaccount/third@${PLAIN_NAMESPACE}", "service/third@${PLAIN_NAMESPACE}"]
needs: [step-4]
"""
DELETE = """\
title: Delete the service
command: kubectl delete service second
deletes: ["service/second@${NAMESPACE}"]
needs: [step-2]
"""
STEPS = (CREATE, APPLY, LABEL, NAMESPACE, APPLY_THERE, DELETE)


def write_lesson(folder: Path, *steps: str) -> Path:
    """The tutorial, or one of these steps, in a new folder."""
    return write_tutorial(folder, *(steps or STEPS), heading=HEADING)

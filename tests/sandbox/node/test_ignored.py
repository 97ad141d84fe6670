"""What the node does not do for a pod is known."""

import pytest

from tutorial.sandbox.node.ignored import ignored_fields

CONTAINER = {"name": "c", "image": "i", "command": ["sleep"], "resources": {"requests": {"cpu": "1"}}}


@pytest.mark.parametrize(
    ("spec", "ignored"),
    [
        ({"containers": [CONTAINER], "securityContext": {}}, []),
        ({"containers": [CONTAINER], "hostNetwork": True}, ["spec.hostNetwork"]),
        (
            {"containers": [{**CONTAINER, "securityContext": {"runAsUser": 1}}]},
            ["spec.containers{c}.securityContext"],
        ),
        (
            {
                "containers": [{**CONTAINER, "resources": {"limits": {"cpu": "1"}}}],
                "initContainers": [
                    {**CONTAINER, "name": "i", "lifecycle": {"preStop": {}}},
                    {**CONTAINER, "name": "istio-proxy", "securityContext": {"runAsUser": 1337}},
                ],
            },
            ["spec.initContainers{i}.lifecycle", "spec.containers{c}.resources.limits"],
        ),
    ],
)
def test_fields(spec, ignored):
    assert ignored_fields({"spec": spec}) == ignored

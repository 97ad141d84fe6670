"""What the build hook wrote is there, whole, and quick to read."""

import time
from pathlib import Path

import pytest

from tutorial.errors import SandboxError
from tutorial.sandbox.resources import RESOURCES
from tutorial.sandbox.schemas import Definitions


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)
def test_every_kind_has_a_definition_and_all_that_it_refers_to(resource):
    component = Definitions().closure([resource.schema])[resource.schema]

    assert "metadata" in component["properties"]


def test_descriptions_and_patch_rules_are_kept():
    ports = Definitions().component("io.k8s.api.core.v1.ServiceSpec")["properties"]["ports"]

    assert ports["description"]
    assert ports["x-kubernetes-patch-merge-key"] == "port"
    assert ports["x-kubernetes-list-map-keys"] == ["port", "protocol"]


def test_types_are_plain_as_the_server_publishes_them():
    port = Definitions().component("io.k8s.api.core.v1.ServicePort")

    assert port["properties"]["nodePort"]["type"] == "integer"
    assert port["properties"]["nodePort"]["format"] == "int32"
    assert port["required"] == ["port"]


def test_reading_costs_little_of_the_start():
    started = time.perf_counter()
    Definitions().component("io.k8s.api.core.v1.Pod")

    assert time.perf_counter() - started < 0.5


def test_a_copy_that_was_not_built_says_how_to_build_it(tmp_path: Path):
    with pytest.raises(SandboxError) as raised:
        Definitions(tmp_path / "definitions.json.gz").component("io.k8s.api.core.v1.Pod")

    assert "pip install" in raised.value.do

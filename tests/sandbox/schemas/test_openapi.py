"""kubectl finds in the documents what it looks for: kinds, patch types, validation parameters."""

import orjson
import pytest

from tutorial.sandbox.resources import DESTINATION_RULE, RESOURCES, SERVICE
from tutorial.sandbox.schemas import Definitions, enums


def operations(document, path):
    return orjson.loads(document)["paths"][path]


def test_the_index_names_a_document_for_each_group_version_with_its_hash(schemas):
    paths = schemas.openapi_index()["paths"]

    assert {"api/v1", "apis/apps/v1", "apis/networking.istio.io/v1"} <= set(paths)
    assert paths["api/v1"]["serverRelativeURL"].startswith("/openapi/v3/api/v1?hash=")
    assert schemas.openapi_index() == schemas.openapi_index()


def test_a_patch_says_its_kind_its_types_and_its_parameters(schemas):
    path = "/api/v1/namespaces/{namespace}/services/{name}"
    patch = operations(schemas.openapi_v3("v1"), path)["patch"]

    assert patch["x-kubernetes-group-version-kind"] == {"group": "", "kind": "Service", "version": "v1"}
    assert "application/strategic-merge-patch+json" in patch["requestBody"]["content"]
    assert {"fieldValidation", "dryRun"} <= {parameter["name"] for parameter in patch["parameters"]}


def test_custom_resources_know_no_strategic_merge(schemas):
    path = "/apis/networking.istio.io/v1/namespaces/{namespace}/destinationrules/{name}"
    patch = operations(schemas.openapi_v3("networking.istio.io/v1"), path)["patch"]

    assert "application/merge-patch+json" in patch["requestBody"]["content"]
    assert "application/strategic-merge-patch+json" not in patch["requestBody"]["content"]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: f"{r.kind}-{r.version}")
def test_every_kind_is_in_its_document_with_all_it_refers_to(schemas, resource):
    document = orjson.loads(schemas.openapi_v3(resource.api_version))
    components = document["components"]["schemas"]
    kinds = components[resource.schema]["x-kubernetes-group-version-kind"]

    assert {"group": resource.group, "kind": resource.kind, "version": resource.version} in kinds
    for text in orjson.dumps(document).decode().split('"$ref":"#/components/schemas/')[1:]:
        assert text.partition('"')[0] in components


def test_an_unknown_group_version(schemas):
    with pytest.raises(KeyError):
        schemas.openapi_v3("networking.istio.io/v9")


def test_the_index_s_own_addresses_are_understood(schemas):
    assert schemas.openapi_v3("api/v1") == schemas.openapi_v3("v1")
    assert schemas.openapi_v3("apis/apps/v1") == schemas.openapi_v3("apps/v1")


def test_fields_know_how_they_are_merged(schemas):
    ports = schemas.field(SERVICE, ("spec", "ports"))

    assert (ports.type, ports.patch_strategies, ports.merge_key) == ("array", ("merge",), "port")
    assert schemas.list_map_keys(SERVICE, ("spec", "ports")) == ("port", "protocol")
    assert schemas.field(SERVICE, ("spec", "selector")).map_type == "atomic"
    assert schemas.field(SERVICE, ("metadata", "labels")).scalar_map
    assert schemas.field(SERVICE, ("spec", "ports", "port")).type == "integer"
    assert schemas.field(SERVICE, ("spec", "prts")) is None
    assert schemas.field(DESTINATION_RULE, ("spec", "subsets")).list_type is None


def test_fields_with_a_few_values_list_them(schemas):
    components = orjson.loads(schemas.openapi_v3("v1"))["components"]["schemas"]
    service = components["io.k8s.api.core.v1.ServiceSpec"]["properties"]

    assert service["type"]["enum"] == ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
    assert "enum" not in service["clusterIP"]


def test_listed_values_are_of_fields_that_there_are():
    definitions = Definitions()
    for name, fields in enums._VALUES.items():
        properties = definitions.component(name)["properties"]
        assert fields.keys() <= properties.keys(), name
        assert all(list(values) == sorted(values) for values in fields.values()), name


def test_the_older_document_has_all_kinds_and_what_they_refer_to(schemas):
    document = orjson.loads(schemas.openapi_v2())
    definitions = document["definitions"]

    assert {resource.schema for resource in RESOURCES} <= set(definitions)
    assert references(document) <= {f"#/definitions/{name}" for name in definitions}
    ports = definitions["io.k8s.api.core.v1.ServiceSpec"]["properties"]["ports"]
    assert ports["items"] == {"$ref": "#/definitions/io.k8s.api.core.v1.ServicePort"}
    assert definitions["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]["type"] == "string"


def test_the_older_document_says_which_kinds_can_be_tried(schemas):
    paths = orjson.loads(schemas.openapi_v2())["paths"]
    patch = paths["/api/v1/namespaces/{namespace}/services/{name}"]["patch"]

    assert patch["x-kubernetes-group-version-kind"]["kind"] == "Service"
    assert {"in": "query", "name": "dryRun", "type": "string"} in patch["parameters"]


def references(part):
    match part:
        case dict():
            own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
            return own.union(*map(references, part.values()))
        case list():
            return set().union(*map(references, part))
    return set()

"""Bodies are read as Kubernetes' typed decoder reads them; messages are those of a 1.36 server."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutorial.sandbox.resources import CONFIG_MAP, DEPLOYMENT, DESTINATION_RULE, POD, SECRET, SERVICE
from tutorial.sandbox.schemas import Schemas
from tutorial.sandbox.status import ApiError


def refusal(schemas, resource, obj, mode="Strict"):
    with pytest.raises(ApiError) as raised:
        schemas.decode_strict(resource, obj, mode)
    assert (raised.value.code, raised.value.reason) == (400, "BadRequest")
    return raised.value.message.removeprefix(
        f'{resource.kind} in version "v1" cannot be handled as a {resource.kind}: '
    )


def test_an_unknown_field_is_refused_with_its_path(schemas):
    service = {"spec": {"type": "ExternalName", "externalNam": "httpbin.org"}}

    assert refusal(schemas, SERVICE, service) == 'strict decoding error: unknown field "spec.externalNam"'


def test_unknown_fields_in_lists_carry_the_index_and_are_listed_together(schemas):
    service = {"spec": {"ports": [{"port": 80}, {"port": 81, "prt": 1}]}, "speck": {}}

    assert refusal(schemas, SERVICE, service) == (
        'strict decoding error: unknown field "spec.ports[1].prt", unknown field "speck"'
    )


def test_in_warn_mode_unknown_fields_are_dropped_and_named(schemas):
    decoded, warnings = schemas.decode_strict(SERVICE, {"spec": {"externalNam": "x", "type": "A"}}, "Warn")

    assert decoded == {"spec": {"type": "A"}}
    assert warnings == ['unknown field "spec.externalNam"']


def test_in_ignore_mode_unknown_fields_are_dropped_silently(schemas):
    assert schemas.decode_strict(SERVICE, {"speck": 1}, "Ignore") == ({}, [])


@pytest.mark.parametrize(
    ("resource", "obj", "message"),
    [
        (
            SERVICE,
            {"spec": {"ports": [{"port": "eighty"}]}},
            "json: cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32",
        ),
        (
            SERVICE,
            {"spec": {"ports": [{"port": 80.5}]}},
            "json: cannot unmarshal number 80.5 into "
            "Go struct field ServicePort.spec.ports.port of type int32",
        ),
        (
            SERVICE,
            {"spec": {"type": 3}},
            "json: cannot unmarshal number into Go struct field ServiceSpec.spec.type of type v1.ServiceType",
        ),
        (
            SERVICE,
            {"spec": "none"},
            "json: cannot unmarshal string into Go struct field Service.spec of type v1.ServiceSpec",
        ),
        (
            SERVICE,
            {"spec": {"ports": {"port": 80}}},
            "json: cannot unmarshal object into "
            "Go struct field ServiceSpec.spec.ports of type []v1.ServicePort",
        ),
        (
            SERVICE,
            {"metadata": {"labels": {"app": 1}}},
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            DEPLOYMENT,
            {"spec": {"replicas": "two"}},
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            SERVICE,
            {"spec": {"ports": [{"port": 80, "targetPort": True}]}},
            "json: cannot unmarshal bool into Go value of type int32",
        ),
        (SECRET, {"data": {"a": "no base64!"}}, "illegal base64 data at input byte 2"),
        (
            DESTINATION_RULE,
            {"metadata": {"labels": {"app": 1}}},
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
    ],
)
def test_a_wrong_type_is_refused_in_the_decoders_words(schemas, resource, obj, message):
    assert refusal(schemas, resource, obj, "Ignore") == message


def test_a_wrong_type_is_reported_before_unknown_fields(schemas):
    service = {"speck": {}, "spec": {"ports": [{"port": "eighty"}]}}

    assert refusal(schemas, SERVICE, service).startswith("json: cannot unmarshal string")


def test_a_null_amount_is_zero(schemas):
    pod = {"spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": None}}}]}}

    decoded, _ = schemas.decode_strict(POD, pod, "Strict")
    assert decoded["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "0"}}


def test_a_status_has_all_that_is_not_optional(schemas):
    status = {"conditions": [{"status": "True"}], "containerStatuses": [{"name": "c"}]}

    decoded, _ = schemas.decode_strict(POD, {"status": status}, "Strict")
    assert decoded["status"] == {
        "conditions": [{"type": "", "status": "True"}],
        "containerStatuses": [
            {"name": "c", "ready": False, "restartCount": 0, "image": "", "imageID": ""},
        ],
    }


def test_nulls_and_empty_lists_and_maps_are_left_out_but_empty_structures_stay(schemas):
    pod = {
        "metadata": {"labels": {}, "annotations": None, "creationTimestamp": None},
        "spec": {"containers": [], "volumes": [{"name": "tmp", "emptyDir": {}}], "tolerations": []},
    }

    decoded, _ = schemas.decode_strict(POD, pod, "Strict")

    assert decoded == {
        "metadata": {},
        "spec": {"containers": [], "volumes": [{"name": "tmp", "emptyDir": {}}]},
    }


def test_quantities_become_text(schemas):
    container = {"name": "a", "resources": {"limits": {"cpu": 1, "memory": "64Mi"}}}

    decoded, _ = schemas.decode_strict(POD, {"spec": {"containers": [container]}}, "Strict")

    limits = decoded["spec"]["containers"][0]["resources"]["limits"]
    assert limits == {"cpu": "1", "memory": "64Mi"}


def test_the_client_s_object_is_not_changed(schemas):
    service = {"spec": {"ports": [{"port": 80, "name": None}]}}

    schemas.decode_strict(SERVICE, service, "Strict")

    assert service == {"spec": {"ports": [{"port": 80, "name": None}]}}


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["metadata", "spec", "ports", "port", "name", "labels", "data", "containers", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
loaded = Schemas.load()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(st.sampled_from(["metadata", "spec", "data", "status", "kind"]), values),
    st.sampled_from([SERVICE, POD, CONFIG_MAP, DESTINATION_RULE]),
)
def test_whatever_is_sent_is_decoded_or_refused(obj, resource):
    try:
        decoded, _ = loaded.decode_strict(resource, obj, "Warn")
    except ApiError as error:
        assert error.code == 400
    else:
        assert loaded.decode_strict(resource, decoded, "Strict") == (decoded, [])

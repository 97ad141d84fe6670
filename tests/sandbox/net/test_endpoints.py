from __future__ import annotations

from sandbox.objects_for_tests import endpoint_slice

from tutorial.sandbox.net.endpoints import slices_by_service, usable_endpoints


def test_a_port_without_a_name_matches_a_service_port_without_one() -> None:
    found = endpoint_slice("web", ["10.0.0.1"], {"": 8080})
    del found["ports"][0]["name"]
    assert usable_endpoints([found], "") == (("10.0.0.1", 8080),)
    assert usable_endpoints([found], "http") == ()


def test_an_endpoint_that_says_nothing_is_ready() -> None:
    found = endpoint_slice("web", ["10.0.0.1"], {"http": 80})
    del found["endpoints"][0]["conditions"]
    assert usable_endpoints([found], "http") == (("10.0.0.1", 80),)


def test_ending_endpoints_serve_only_when_no_other_does() -> None:
    ending = endpoint_slice(
        "web", ["10.0.0.1"], {"http": 80}, conditions={"ready": False, "serving": True, "terminating": True}
    )
    ready = endpoint_slice("web", ["10.0.0.2"], {"http": 80}, conditions={"ready": True})
    assert usable_endpoints([ending], "http") == (("10.0.0.1", 80),)
    assert usable_endpoints([ending, ready], "http") == (("10.0.0.2", 80),)


def test_other_address_families_are_left_out() -> None:
    found = endpoint_slice("web", ["fd00::1"], {"http": 80})
    found["addressType"] = "IPv6"
    assert usable_endpoints([found], "http") == ()


def test_slices_belong_to_the_service_of_their_label_and_namespace() -> None:
    mine = endpoint_slice("web", [], {})
    other = endpoint_slice("web", [], {}, namespace="other")
    stray = {"metadata": {"name": "stray", "namespace": "default"}}
    assert slices_by_service([mine, other, stray]) == {("default", "web"): [mine], ("other", "web"): [other]}

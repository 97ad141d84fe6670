"""What kubectl says of objects that a command was to make."""

from __future__ import annotations

import pytest
from engine.fakes import reference

from tutorial.engine.kubectl_words import found_there

WEB, PLAIN = reference("service/web@default"), reference("namespace/plain")
RULE = reference("destinationrule/web@default")


@pytest.mark.parametrize(
    ("said", "there"),
    [
        ("service/web created\n", []),
        ("service/web unchanged\n", [WEB]),
        ("service/web configured\n", [WEB]),
        ("service/web created\nservice/web configured\n", []),
        ("destinationrule.networking.istio.io/web unchanged\nservice/web created\n", [RULE]),
        ('Error from server (AlreadyExists): services "web" already exists\n', [WEB]),
        ('Error from server (AlreadyExists): namespaces "plain" already exists\n', [PLAIN]),
        (
            'Error from server (AlreadyExists): destinationrules.networking.istio.io "web" already exists',
            [RULE],
        ),
        ('error: failed to create service: services "other" already exists\n', []),
        ("service/web labeled\nservice/web serverside-applied\n", []),
        ("service/website unchanged\nthe service/web unchanged\n", []),
        ("", []),
    ],
)
def test_what_was_there_is_told_from_what_was_made(said: str, there: list[object]) -> None:
    assert found_there(said, [WEB, PLAIN, RULE]) == there


def test_of_two_objects_of_one_name_kubectl_says_nothing() -> None:
    elsewhere = reference("service/web@plain")
    assert found_there("service/web unchanged\n", [WEB, elsewhere]) == []


def test_odd_plurals_are_known() -> None:
    ingress, policy = reference("ingress/a@x"), reference("networkpolicy/a@x")
    said = (
        'ingresses.networking.k8s.io "a" already exists\nnetworkpolicies.networking.k8s.io "a" already exists'
    )
    assert found_there(said, [ingress, policy]) == [ingress, policy]
    assert found_there('endpoints "a" already exists', [reference("endpoints/a@x")]) == [
        reference("endpoints/a@x")
    ]


@pytest.mark.parametrize("word", ["a", "a.", "a/", 'a "'])
def test_one_endless_word_costs_one_pass(word: str) -> None:
    """With a pass for each of its characters this would take days, and no signal would end it."""
    assert found_there(word * 1_000_000, [WEB]) == []

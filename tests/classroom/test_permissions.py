"""An attendee's rights hold the bundled tutorials' own commands, and nothing that leads further."""

from __future__ import annotations

import pytest

from tutorial.classroom.permissions import rules
from tutorial.engine.plan import make_plan
from tutorial.sandbox.api.access.attributes import Attributes
from tutorial.sandbox.api.access.rbac import allows
from tutorial.sandbox.resources import RESOURCES
from tutorial.steps.kubectl_calls import ALL_NAMESPACES, kubectl_calls, requests_of
from tutorial.steps.loader import bundled_tutorials, load_tutorial

MINE, PLAIN = "egress-01", "egress-01-plain"
RULES = {MINE: rules(MINE, in_mesh=True), PLAIN: rules(PLAIN, in_mesh=False)}
NAMES = {
    name: resource
    for resource in RESOURCES
    for name in (resource.plural, resource.singular, *resource.short_names)
}
OWN_VERBS = {"creates": ("get", "create", "delete", "list"), "deletes": ("get", "delete", "watch")}


def may(verb: str, namespace: str, kind: str, subresource: str = "", name: str = "") -> bool:
    resource = NAMES[kind.partition(".")[0]]
    wanted = Attributes(verb, resource.group, resource.plural, subresource, namespace, name)
    return any(allows(rule, wanted) for rule in RULES.get(namespace, ()))


@pytest.mark.parametrize("endpoints", ["endpoints", "slice"])
@pytest.mark.parametrize("folder", bundled_tutorials(), ids=lambda folder: folder.name)
def test_every_command_may_do_what_it_does(folder, endpoints):
    tutorial = load_tutorial(folder)
    settings = {"NAMESPACE": MINE, "PLAIN_NAMESPACE": PLAIN, "ENDPOINTS": endpoints}
    settings = {name: value for name, value in settings.items() if name in tutorial.variables}
    plan = make_plan(tutorial, settings=settings, facts={"istio": "1.27"}, asides=True)
    lacking = []
    for step in (planned.step for planned in plan.steps):
        for reference, verbs in (
            *((each, OWN_VERBS["creates"]) for each in plan.creates(step)),
            *((each, OWN_VERBS["deletes"]) for each in plan.deletes(step)),
        ):
            if reference.kind != "namespace":
                where = reference.namespace or MINE
                lacking += [
                    (step.id, verb, where, reference)
                    for verb in verbs
                    if not may(verb, where, reference.kind)
                ]
        for command in (step.command, step.until.command if step.until else "", *step.on_fail):
            for call in kubectl_calls(plan.fill(command)):
                lacking += [
                    (step.id, request)
                    for request in requests_of(call)
                    if request.namespace != ALL_NAMESPACES
                    and request.resource not in ("namespace", "namespaces")
                    and not may(
                        request.verb, request.namespace or MINE, request.resource, request.subresource
                    )
                ]
    assert lacking == []


def test_nothing_leads_further():
    for namespace in RULES:
        for kind in ("secrets", "configmaps", "roles", "rolebindings", "networkpolicies"):
            if kind in NAMES:
                assert not any(may(verb, namespace, kind) for verb in ("get", "list", "create", "delete"))
        assert not may("create", namespace, "serviceaccounts", "token")
        assert not may("impersonate", namespace, "serviceaccounts")
        assert not may("create", namespace, "pods")
        assert not may("create", namespace, "pods", "portforward")
        assert may("get", namespace, "namespaces", name=namespace)
        assert not may("get", namespace, "namespaces", name="default")
        for verb in ("update", "patch", "delete"):
            assert not may(verb, namespace, "namespaces", name=namespace)
    for kind in ("endpoints", "endpointslices", "destinationrules"):
        assert may("create", MINE, kind)
        assert not may("create", PLAIN, kind)


def test_no_rule_is_for_everything():
    for rule in (rule for every in RULES.values() for rule in every):
        assert not {"*"} & {*rule["verbs"], *rule["resources"], *rule["apiGroups"]}

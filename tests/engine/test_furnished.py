"""What a platform puts into every new namespace goes with the run's; what a person makes there stops that."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from engine.fakes import LESSON, Crash, FakeCluster, Script, World, reference

from tutorial.engine.foreign import foreign_contents
from tutorial.engine.ports import ObjectState
from tutorial.engine.rollback import roll_back
from tutorial.errors import ExitCode

BORN = 1000.0
ACCOUNT_UID = "kubernetes.io/service-account.uid"


def managed(*managers: str, **metadata: object) -> dict[str, object]:
    """A manifest whose fields these have set."""
    return {"metadata": {"managedFields": [{"manager": name} for name in managers], **metadata}}


def there(what: str = "configmap/bundle@plain", *, uid: str = "theirs", **fields: object) -> ObjectState:
    """An object that a controller made when the namespace was new, but for `fields`."""
    state = ObjectState(reference(what), uid, BORN + 1, manifest=managed("trust-controller"))
    return replace(state, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "what",
    [
        "serviceaccount/builder@plain",
        "secret/builder-dockercfg-x7x2p@plain",
        "rolebinding/system:image-pullers@plain",
        "networkpolicy/default-deny@plain",
        "resourcequota/compute@plain",
        "clusterserviceversion/operator.v1@plain",
    ],
)
def test_what_controllers_made_in_the_first_seconds_came_with_the_namespace(what: str) -> None:
    assert foreign_contents([there(what)], (), BORN) == []


@pytest.mark.parametrize(
    "manager",
    [
        *("kubectl-create", "kubectl", "oc", "Helm", "argocd-controller", "Mozilla", ""),
        *("configsync", "fleet-agent", "kapp-controller"),
        *("Apache-HttpClient", "axios", "Java-http-client", "Kubernetes Java Client", "Ruby", "Wget"),
    ],
)
def test_what_a_person_may_have_made_or_changed_did_not(manager: str) -> None:
    made = there(manifest=managed(manager))
    changed = there(uid="changed", manifest=managed("trust-controller", manager))
    assert foreign_contents([made, changed], (), BORN) == [made, changed]


@pytest.mark.parametrize(
    "state",
    [
        there(created=BORN + 11),
        there(manifest={}),
        there(manifest={"metadata": {}}),
        there(last_applied="{}"),
        there("pod/x@plain"),
        there("persistentvolumeclaim/x@plain"),
        there("deployment/x@plain"),
        there("service/x@plain"),
    ],
    ids=["late", "of nobody", "of nobody known", "applied", "pod", "data", "deployment", "service"],
)
def test_nor_did_what_came_later_runs_or_holds_something(state: ObjectState) -> None:
    assert foreign_contents([state], (), BORN) == [state]


def test_a_service_account_that_is_but_a_name_has_no_manager_to_tell_by() -> None:
    bare = there("serviceaccount/deployer@plain", manifest={"metadata": {"name": "deployer"}})
    labelled = replace(bare, uid="labelled", manifest={"metadata": {"labels": {"of": "somebody"}}})
    late = replace(bare, uid="late", created=BORN + 11)
    assert foreign_contents([bare, labelled, late], (), BORN) == [labelled, late]


def test_an_accounts_secrets_go_with_it_whenever_they_were_made() -> None:
    """OpenShift's registry logins are renewed; Kubernetes before 1.24 makes a token for each account."""
    account = there("serviceaccount/builder@plain", uid="account")
    default = there("serviceaccount/default@plain", uid="default", created=BORN)
    secrets = [
        there(
            f"secret/{uid}-x@plain",
            uid=f"secret of {uid}",
            created=BORN + 5000,
            manifest=managed("kube-controller-manager", annotations={ACCOUNT_UID: uid}),
        )
        for uid in ("account", "default")
    ]
    assert foreign_contents([account, default, *secrets], (), BORN) == []


def test_a_secret_for_an_account_of_a_person_or_by_one_does_not() -> None:
    hers = there("serviceaccount/hers@plain", uid="hers", created=BORN + 60)
    of_hers = there(
        "secret/hers-x@plain",
        uid="secret",
        created=BORN + 61,
        manifest=managed("kube-controller-manager", annotations={ACCOUNT_UID: "hers"}),
    )
    account = there("serviceaccount/default@plain", uid="default")
    by_hand = there(
        "secret/token@plain",
        uid="token",
        created=BORN + 62,
        manifest=managed("kubectl-create", "kube-controller-manager", annotations={ACCOUNT_UID: "default"}),
    )
    assert foreign_contents([hers, of_hers, account, by_hand], (), BORN) == [hers, of_hers, by_hand]


def test_what_controllers_made_of_it_later_goes_too_and_what_a_person_hung_on_it_does_not() -> None:
    account = there("serviceaccount/builder@plain", uid="account")
    derived = there("secret/derived@plain", uid="derived", created=BORN + 500, owners=("account",))
    hung_on = replace(derived, uid="hung on", manifest=managed("kubectl-create"))
    assert foreign_contents([account, derived, hung_on], (), BORN) == [hung_on]


@pytest.mark.parametrize(
    ("kind", "is_foreign"), [("ReplicaSet", False), ("ClusterRole", True), ("Tenant", True)]
)
def test_only_what_owners_in_the_namespace_have_left_is_garbage(kind: str, is_foreign: bool) -> None:
    """An owner that belongs to no namespace is not among its contents, and may be there all the same."""
    owned = managed("somebody", ownerReferences=[{"kind": kind, "name": "x", "uid": "owner"}])
    state = there("configmap/x@plain", created=BORN + 60, owners=("owner",), manifest=owned)
    assert foreign_contents([state], (), BORN) == ([state] if is_foreign else [])


class _Platform(FakeCluster):
    """A cluster that fills every new namespace."""

    def make(self, text: str, **fields: object) -> ObjectState:  # type: ignore[override]
        state = super().make(text, **fields)  # type: ignore[arg-type]
        if state.reference.kind == "namespace":
            for what in ("serviceaccount/builder", "networkpolicy/deny"):
                made = f"{what}@{state.reference.name}"
                super().make(made, applied=False, content=managed("platform-controller"))
        return state


def platform_world() -> World:
    world = World(LESSON)
    world.cluster.__class__ = _Platform
    return world


def test_a_run_and_its_rollback_delete_their_namespace_with_it() -> None:
    world = platform_world()
    before = world.cluster.picture()
    assert world.run(Script(), auto=True).exit_code is ExitCode.OK
    assert world.cluster.picture() == before


def test_whenever_the_run_is_killed_it_is_known_again() -> None:
    for moment in range(1, 130):
        world = platform_world()
        before = world.cluster.picture()
        world.moments.crash_at = moment
        with suppress(Crash):
            world.run(Script(), auto=True)
        world.new_process()
        assert roll_back(world.tools()).complete, moment
        assert world.cluster.picture() == before, moment


def test_a_thing_made_there_by_hand_stops_the_deletion() -> None:
    world = platform_world()
    world.moments.crash_at = 40
    with suppress(Crash):
        world.run(Script(), auto=True)
    assert reference("namespace/plain") in world.cluster.objects
    world.cluster.make("configmap/mine@plain", applied=False, content=managed("kubectl-create"))
    world.new_process()
    result = roll_back(world.tools())
    assert not result.complete
    assert reference("configmap/mine@plain") in world.cluster.objects
    assert reference("serviceaccount/builder@plain") in world.cluster.objects


def test_a_namespace_made_beforehand_is_used_with_what_came_with_it() -> None:
    world = platform_world()
    world.cluster.make("namespace/plain")
    before = world.cluster.picture()
    assert world.run(Script(), auto=True).exit_code is ExitCode.OK
    assert world.cluster.picture() == before

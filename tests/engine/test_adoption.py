"""`--adopt`: what is there already is replaced for the run and comes back exactly as it was."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from engine.fakes import Crash, Script, World, reference, says, step
from hypothesis import example, given
from hypothesis import strategies as st

from tutorial.engine.context import OtherRun
from tutorial.engine.decisions import Action, Decision, Pause
from tutorial.engine.events import Noticed, ObjectUndone, RollbackEnded, RunStarted, StepEnded, StepStarted
from tutorial.engine.history import adopted_objects, is_anything_to_undo
from tutorial.engine.records import Adopted
from tutorial.engine.rollback import roll_back
from tutorial.errors import AlreadyThereError, ExitCode

LESSON = (
    step("web", "make service/web@default", creates=["service/web@default"]),
    step("ends", "make endpoints/web@default", creates=["endpoints/web@default"], needs=("web",)),
    step("rule", "make destinationrule/web@default", creates=["destinationrule/web@default"], needs=("web",)),
    step("look", "say hello", needs=("web",), repeatable=True, expect=says("hello")),
    step("no-rule", "delete destinationrule/web@default", deletes=["destinationrule/web@default"]),
    step("no-web", "delete service/web@default", deletes=["service/web@default"], needs=("web",)),
)
WEB, ENDS, RULE = (reference(f"{kind}/web@default") for kind in ("service", "endpoints", "destinationrule"))
METADATA = {
    "labels": {"team": "theirs"},
    "annotations": {"note": "keep me"},
    "ownerReferences": [{"kind": "ConfigMap", "name": "parent", "uid": "u-parent"}],
    "managedFields": [{"manager": "kubectl-client-side-apply"}],
}
PLACES = ["service/web@default", "endpoints/web@default", "destinationrule/web@default"]


def put_theirs(world: World, *places: str) -> None:
    for place in places:
        world.cluster.make(
            place,
            applied=False,
            content={"metadata": METADATA, "spec": {"theirs": place}, "status": {"x": 1}},
        )


@pytest.fixture
def world() -> World:
    world = World(LESSON)
    put_theirs(world, *PLACES)
    return world


def theirs(world: World) -> tuple[dict[str, object], dict[str, object]]:
    """What every object says, and who has set its fields."""
    return world.cluster.contents(), world.cluster.managers()


def notices(world: World) -> list[str]:
    return [event.text for event in world.recorder.of(Noticed) if isinstance(event, Noticed)]


def undone(world: World) -> list[tuple[str, str]]:
    events = world.recorder.of(ObjectUndone)
    return [(event.object, event.outcome) for event in events if isinstance(event, ObjectUndone)]


def test_everything_comes_back_as_it_was(world: World) -> None:
    before = theirs(world)
    assert world.run(Script(), auto=True, adopt=True).exit_code is ExitCode.OK
    assert theirs(world) == before
    assert not is_anything_to_undo(world.journal.kept)


def test_a_step_finds_its_place_free_and_makes_its_own(world: World) -> None:
    specs: list[object] = []

    def look(pause: Pause) -> Decision:
        specs.extend(world.cluster.objects[place].manifest.get("spec") for place in (WEB, ENDS, RULE))
        return Decision(Action.QUIT)

    before = theirs(world)
    world.run(Script(*[Action.RUN] * 6, look), adopt=True)
    assert specs == [None, None, None]
    assert theirs(world) == before


def test_what_is_adopted_is_told_before_the_first_step(world: World) -> None:
    world.run(Script(Action.QUIT), adopt=True)
    assert [type(event) for event in world.recorder.events[:3]] == [RunStarted, Noticed, StepStarted]
    assert notices(world)[0].endswith(
        "put back at the end: service/web@default (0 seconds old); endpoints/web@default (0 seconds old); "
        "destinationrule/web@default (0 seconds old)."
    )
    assert world.cluster.deletes == []


def test_it_is_in_the_journal_whole_before_it_is_touched(world: World) -> None:
    manifest = world.cluster.objects[WEB].manifest
    saved: list[object] = []
    remove = world.cluster.remove

    def look(where: object) -> None:
        records = [each for each in world.journal.kept if isinstance(each, Adopted)]
        saved.extend(made.manifest for record in records for made in record.objects if made.reference == WEB)
        remove(where)  # type: ignore[arg-type]

    world.cluster.remove = look  # type: ignore[method-assign]
    world.run(Script(Action.RUN, Action.QUIT), adopt=True)
    assert saved[0] == manifest


def test_without_the_flag_it_is_refused_and_the_flag_is_named(world: World) -> None:
    with pytest.raises(AlreadyThereError) as refused:
        world.run(Script(), auto=True)
    assert "--adopt" in refused.value.do
    assert world.cluster.deletes == []


def test_the_flag_is_not_named_where_it_would_not_help(world: World) -> None:
    world.cluster.change("service/web@default", spec={"type": "LoadBalancer"})
    with pytest.raises(AlreadyThereError) as refused:
        world.run(Script(), auto=True)
    assert "--adopt" not in refused.value.do


def controlled(world: World) -> None:
    owner = {"kind": "Gateway", "name": "g", "uid": "u", "controller": True}
    world.cluster.change("service/web@default", metadata={"ownerReferences": [owner]})


def with_dependant(world: World) -> None:
    world.cluster.make("secret/token@default", owners=(world.cluster.objects[WEB].uid,))


def of_another_kind(world: World) -> None:
    world.steps = (*LESSON, step("more", "make configmap/c@default", creates=["configmap/c@default"]))
    world.cluster.make("configmap/c@default")


def held(world: World) -> None:
    world.cluster.make("service/web@default", finalizers=("x/y",))


def terminating(world: World) -> None:
    world.cluster.make("service/web@default", terminating=True)


def of_another_run(world: World) -> None:
    world.runs[world.cluster.objects[WEB].uid] = OtherRun(
        "other-1", "kept", "egress-tutorial rollback other-1"
    )


def load_balancer(world: World) -> None:
    world.cluster.change("service/web@default", spec={"type": "LoadBalancer"})


def not_taken_back(world: World) -> None:
    world.cluster.rehearsals["web"] = "exceeded quota"


@pytest.mark.parametrize(
    ("arrange", "reason"),
    [
        (controlled, "service/web@default cannot be adopted: Gateway/g controls it"),
        (with_dependant, "secret/token@default would be deleted with it"),
        (of_another_kind, "configmap/c@default cannot be adopted: only services, endpoints"),
        (held, "the finalizer x/y has work to do when it is deleted"),
        (terminating, "it is being deleted"),
        (of_another_run, "your run other-1, kept, made it; to undo that: egress-tutorial rollback other-1"),
        (load_balancer, "its address outside the cluster would be lost"),
        (not_taken_back, "it could not be put back: exceeded quota"),
    ],
)
def test_what_cannot_be_adopted_is_refused_with_the_reason(
    world: World, arrange: Callable[[World], None], reason: str
) -> None:
    arrange(world)
    before = world.cluster.picture()
    with pytest.raises(AlreadyThereError) as refused:
        world.run(Script(), auto=True, adopt=True)
    assert reason in refused.value.why
    assert world.cluster.picture() == before


def test_what_appears_later_is_not_adopted(world: World) -> None:
    world.cluster.remove(RULE)

    def appear(pause: Pause) -> Decision:
        put_theirs(world, "destinationrule/web@default")
        return Decision(Action.RUN)

    world.run(Script(*[Action.RUN] * 4, appear), adopt=True)
    ended = {
        event.step: event.reason for event in world.recorder.of(StepEnded) if isinstance(event, StepEnded)
    }
    assert ended["rule"] == "destinationrule/web@default is there, and this run did not make it."
    assert set(PLACES) <= set(world.cluster.contents())


def test_a_change_before_the_step_is_kept(world: World) -> None:
    def change(pause: Pause) -> Decision:
        world.cluster.change("service/web@default", spec={"theirs": "newer"})
        return Decision(Action.RUN)

    world.run(Script(change), adopt=True)
    assert world.cluster.objects[WEB].manifest["spec"] == {"theirs": "newer"}


def test_a_change_at_the_moment_of_the_deletion_is_not_lost(world: World) -> None:
    delete = world.cluster.delete

    def change_first(*arguments: str) -> bool:
        world.cluster.change("service/web@default", spec={"theirs": "newer"})
        world.cluster.delete = delete  # type: ignore[method-assign]
        return delete(*arguments)  # type: ignore[arg-type]

    world.cluster.delete = change_first  # type: ignore[method-assign, assignment]
    script = Script(Action.RUN, Action.AGAIN)
    assert world.run(script, adopt=True).exit_code is ExitCode.OK
    assert script.places[1] == ("FAILED", "web")
    assert world.cluster.objects[WEB].manifest["spec"] == {"theirs": "newer"}


def test_undo_puts_it_back_and_again_replaces_it_again(world: World) -> None:
    before = theirs(world)
    pictures: list[object] = []

    def look(pause: Pause) -> Decision:
        pictures.append(theirs(world))
        return Decision(Action.RUN)

    assert world.run(Script(Action.RUN, Action.UNDO, look), adopt=True).exit_code is ExitCode.OK
    assert pictures == [before]
    assert theirs(world) == before


def test_endpoints_that_a_service_takes_with_it_come_back(world: World) -> None:
    before = theirs(world)
    world.run(Script(*[Action.RUN] * 2), adopt=True, until_step="web")
    assert theirs(world) == before


def test_endpoints_without_a_service_outlive_the_services_of_the_run() -> None:
    world = World(LESSON)
    put_theirs(world, "endpoints/web@default")
    before = theirs(world)
    for script in (Script(), Script(*[Action.RUN] * 4, Action.UNDO, Action.UNDO), Script(Action.RUN)):
        assert world.run(script, adopt=True).exit_code is ExitCode.OK
        assert theirs(world) == before
        world.journal.kept.clear()


def test_endpoints_that_a_controller_deletes_late_are_put_back_once_more(world: World) -> None:
    before = theirs(world)
    sleep = world.clock.sleep
    deleted: list[object] = []

    def delete_late(seconds: float) -> bool:
        world.clock.sleep = sleep  # type: ignore[method-assign]
        world.cluster.remove(ENDS)
        deleted.append(ENDS)
        return sleep(seconds)

    restore = world.cluster.restore

    def watch(manifest: dict[str, object]) -> object:
        if manifest["kind"] == "Endpoints":
            world.clock.sleep = delete_late  # type: ignore[method-assign]
        return restore(manifest)

    world.cluster.restore = watch  # type: ignore[method-assign, assignment]
    world.run(Script(), auto=True, adopt=True)
    assert deleted == [ENDS]
    assert theirs(world) == before


def test_endpoints_of_a_selector_are_left_to_their_controller() -> None:
    world = World(LESSON)
    world.cluster.make("service/web@default", applied=False, content={"spec": {"selector": {"app": "web"}}})
    world.cluster.make("endpoints/web@default", applied=False)
    assert world.run(Script(), auto=True, adopt=True).exit_code is ExitCode.OK
    assert WEB in world.cluster.objects
    assert ENDS not in world.cluster.objects


def replaced(world: World) -> None:
    world.cluster.remove(RULE)
    world.cluster.make("destinationrule/web@default", content={"spec": {"somebody": "else"}})


def changed(world: World) -> None:
    world.cluster.change("destinationrule/web@default", spec={"somebody": "else"})


@pytest.mark.parametrize("meddle", [replaced, changed])
def test_what_somebody_else_has_put_there_stays_and_the_saved_one_is_written_out(
    world: World, meddle: Callable[[World], None]
) -> None:
    saved = world.cluster.contents()["destinationrule/web@default"]

    def meddling(pause: Pause) -> Decision:
        meddle(world)
        return Decision(Action.QUIT)

    result = world.run(Script(*[Action.RUN] * 6, meddling), adopt=True)
    assert result.exit_code is ExitCode.ROLLBACK_INCOMPLETE
    assert world.cluster.objects[RULE].manifest["spec"] == {"somebody": "else"}
    assert world.files == {"destinationrule/web@default": saved}
    (ended,) = world.recorder.of(RollbackEnded)
    assert isinstance(ended, RollbackEnded)
    assert ended.saved == ("kubectl create -f /saved/destinationrule-web.json",)
    (left,) = (event for event in world.recorder.of(ObjectUndone) if event.outcome == "foreign")  # type: ignore[attr-defined]
    assert "/saved/destinationrule-web.json" in left.detail  # type: ignore[attr-defined]
    world.new_process()
    assert not roll_back(world.tools()).complete
    world.cluster.remove(RULE)
    assert roll_back(world.tools()).complete
    assert world.cluster.contents()["destinationrule/web@default"] == saved


def test_what_the_run_itself_changes_is_no_other_s_change(world: World) -> None:
    before = theirs(world)
    change = Decision(Action.EDIT, "change destinationrule/web@default x")
    world.shell.in_shell = lambda: changed(world)
    script = Script(*[Action.RUN] * 6, change, Action.SHELL)
    world.run(script, adopt=True)
    assert theirs(world) == before


def test_a_change_before_the_run_s_own_stays_somebody_s(world: World) -> None:
    def meddling(pause: Pause) -> Decision:
        changed(world)
        return Decision(Action.EDIT, "change destinationrule/web@default x")

    world.run(Script(*[Action.RUN] * 6, meddling, Action.QUIT), adopt=True)
    assert world.cluster.objects[RULE].manifest["spec"] == {"changed": "x"}
    assert "destinationrule/web@default" in world.files


def test_what_is_put_there_exactly_as_it_was_counts_as_back(world: World) -> None:
    manifest = world.cluster.objects[RULE].manifest

    def meddling(pause: Pause) -> Decision:
        world.cluster.remove(RULE)
        world.cluster.restore(manifest)
        return Decision(Action.QUIT)

    before = theirs(world)
    assert world.run(Script(*[Action.RUN] * 6, meddling), adopt=True).exit_code is ExitCode.OK
    assert theirs(world) == before


@pytest.mark.parametrize("again", [True, False], ids=["made anew", "gone"])
def test_what_went_with_its_namespace_is_not_put_into_another(again: bool) -> None:
    """The namespace was deleted meanwhile, or the context now leads to another cluster."""
    world = World((step("web", "make service/web@home", creates=["service/web@home"]),))
    world.cluster.make("namespace/home")
    put_theirs(world, "service/web@home")

    def lose(pause: Pause) -> Decision:
        world.cluster.remove(reference("namespace/home"))
        if again:
            world.cluster.make("namespace/home")
        return Decision(Action.QUIT)

    assert world.run(Script(Action.RUN, lose), adopt=True).exit_code is ExitCode.OK
    assert "service/web@home is not put back: the namespace that it was in is no more." in notices(world)
    assert reference("service/web@home") not in world.cluster.objects
    assert not is_anything_to_undo(world.journal.kept)


def test_another_cluster_ip_is_told() -> None:
    world = World(LESSON[:1])
    world.cluster.make("service/web@default", content={"spec": {"clusterIP": "10.0.0.1"}})
    restore = world.cluster.restore

    def taken(manifest: dict[str, object]) -> object:
        return restore({**manifest, "spec": {"clusterIP": "10.0.0.2"}})

    world.cluster.restore = taken  # type: ignore[method-assign, assignment]
    assert world.run(Script(), auto=True, adopt=True).exit_code is ExitCode.OK
    (back,) = (event for event in world.recorder.of(ObjectUndone) if event.outcome == "put back")  # type: ignore[attr-defined]
    assert "10.0.0.2: its own, 10.0.0.1, has been given" in back.detail  # type: ignore[attr-defined]


def test_a_run_that_was_kept_is_resumed_and_puts_back_at_its_end(world: World) -> None:
    before = theirs(world)
    world.run(Script(*[Action.RUN] * 4, Action.KEEP), adopt=True)
    world.new_process()
    assert world.run(Script(), resumed=True).exit_code is ExitCode.OK
    assert theirs(world) == before


def test_a_crash_before_the_step_has_begun_leaves_something_to_undo(world: World) -> None:
    before = theirs(world)
    remove = world.cluster.remove

    def die_after(where: object) -> None:
        remove(where)  # type: ignore[arg-type]
        raise Crash

    world.cluster.remove = die_after  # type: ignore[method-assign, assignment]
    with suppress(Crash):
        world.run(Script(), auto=True, adopt=True)
    world.cluster.remove = remove  # type: ignore[method-assign]
    assert theirs(world) != before
    assert is_anything_to_undo(world.journal.kept)
    world.new_process()
    assert roll_back(world.tools()).complete
    assert theirs(world) == before


def test_what_was_put_back_before_a_crash_is_not_touched_again(world: World) -> None:
    """The first rollback dies after it has put the rule back; the step's command was cut off, so that
    what it made is not known by its uid."""
    interrupted = step("rule", "make destinationrule/web@default\ninterrupt", creates=[PLACES[2]])
    world.steps = (interrupted,)
    restore = world.cluster.restore

    def die_after(manifest: dict[str, object]) -> object:
        restore(manifest)
        raise Crash

    world.cluster.restore = die_after  # type: ignore[method-assign, assignment]
    lookup = world.cluster.lookup
    world.cluster.lookup = lambda where: (  # type: ignore[method-assign]
        (_ for _ in ()).throw(Crash) if "interrupt" in str(world.shell.ran) else lookup(where)
    )
    with suppress(Crash):
        world.run(Script(), auto=True, adopt=True)
    world.cluster.lookup = lookup  # type: ignore[method-assign]
    world.new_process()
    with suppress(Crash):
        roll_back(world.tools())
    world.cluster.restore = restore  # type: ignore[method-assign]
    back = world.cluster.objects[RULE].uid
    world.new_process()
    assert roll_back(world.tools()).complete
    assert world.cluster.objects[RULE].uid == back


def test_a_rollback_that_dies_just_after_a_creation_is_made_up_for(world: World) -> None:
    """The object is there and counts as this program's: the next rollback gives its fields back."""
    before = theirs(world)
    world.run(Script(), auto=True, adopt=True, until_step="web", keep="always")
    world.new_process()

    def die(manifest: object, uid: str) -> None:
        raise Crash

    give_back = world.cluster.give_back
    world.cluster.give_back = die  # type: ignore[method-assign, assignment]
    with suppress(Crash):
        roll_back(world.tools())
    world.cluster.give_back = give_back  # type: ignore[method-assign]
    assert theirs(world) != before
    world.new_process()
    assert roll_back(world.tools()).complete
    assert theirs(world) == before


@given(
    places=st.sets(st.sampled_from(PLACES)),
    decisions=st.lists(
        st.sampled_from([Action.RUN, Action.RUN, Action.UNDO, Action.AGAIN, Action.BACK, Action.SKIP]),
        max_size=14,
    ),
    moment=st.integers(1, 400),
    deaths=st.lists(st.integers(1, 60), max_size=3),
    resumed=st.booleans(),
)
@example(
    places={"endpoints/web@default", "service/web@default"},
    decisions=[Action.RUN, Action.RUN, Action.AGAIN, Action.SKIP, Action.UNDO, Action.AGAIN, Action.BACK],
    moment=110,
    deaths=[],
    resumed=True,
)
@example(places={"endpoints/web@default"}, decisions=[], moment=92, deaths=[], resumed=True)
def test_a_crash_at_any_moment_puts_everything_back(
    places: set[str], decisions: list[Action], moment: int, deaths: list[int], resumed: bool
) -> None:
    world = World(LESSON)
    put_theirs(world, *sorted(places))
    before = theirs(world)
    world.moments.crash_at = moment
    with suppress(Crash):
        world.run(Script(*decisions), adopt=True)
    if resumed and is_anything_to_undo(world.journal.kept):
        world.new_process()
        with suppress(Crash):
            world.run(Script(*decisions), resumed=True)
    for death in deaths:
        world.new_process()
        world.moments.crash_at = world.moments.count + death
        with suppress(Crash):
            roll_back(world.tools())
    world.new_process()
    result = roll_back(world.tools())
    assert result.complete, result
    assert theirs(world) == before
    assert adopted_objects(world.journal.kept) == {}
    assert world.files == {}

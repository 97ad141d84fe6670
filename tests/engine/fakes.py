"""The engine's ports in memory, for its tests: a cluster, a shell, a person, a clock and a journal.

Every call of a port counts as a moment; `Moments.crash_at` makes the process die at one of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import Template

from tutorial.engine.context import Context, Limits, OtherRun, Tools
from tutorial.engine.decisions import Action, Decision, Pause, PauseKind
from tutorial.engine.emit import Emitter
from tutorial.engine.events import Event
from tutorial.engine.ledger import Ledger
from tutorial.engine.manifests import LAST_APPLIED, PROGRAM, metadata_of, recreatable
from tutorial.engine.own_shell import OwnShell
from tutorial.engine.plan import make_plan
from tutorial.engine.ports import CommandResult, ObjectState, Prompter, Stop
from tutorial.engine.records import Record
from tutorial.engine.run import MayBegin, RunResult, RunSettings, run
from tutorial.errors import (
    AlreadyThereError,
    ClusterAwayError,
    ForbiddenError,
    JournalError,
    TutorialError,
)
from tutorial.steps.model import Cleanup, Expectation, ObjectReference, Step, StreamExpectation, Tutorial

KINDS = {
    "endpoints": ("v1", "Endpoints"),
    "destinationrule": ("networking.istio.io/v1", "DestinationRule"),
}
NAMESPACED_DEFAULTS = (("serviceaccount", "default"), ("configmap", "kube-root-ca.crt"))


class Crash(BaseException):
    """The process is gone: nothing in it may catch this."""


@dataclass
class Moments:
    """Counts port calls; dies at number `crash_at`."""

    crash_at: int = -1
    count: int = 0

    def pass_by(self) -> None:
        self.count += 1
        if self.count == self.crash_at:
            raise Crash


def reference(text: str) -> ObjectReference:
    """`kind/name[@namespace]`."""
    kind, _, rest = text.partition("/")
    name, _, namespace = rest.partition("@")
    return ObjectReference(kind, name, namespace or None)


class FakeCluster:
    """Objects by reference. Making a namespace makes its defaults, a deployment its pod; deleting an
    object deletes what it holds or owns, and with a service go the endpoints of its name. `rehearsals`
    says, by name, why an object could not be put back."""

    def __init__(self, clock: FakeClock, moments: Moments | None = None) -> None:
        self.clock = clock
        self.moments = moments or Moments()
        self.objects: dict[ObjectReference, ObjectState] = {}
        self.away_for = 0
        self.forbids_for = 0
        self.gone = False
        self.refuses: set[str] = set()
        self.deletes: list[str] = []
        self.rehearsals: dict[str, str] = {}
        self.known: dict[str, str] = {}
        self._uids = 0
        self._versions = 0

    def is_gone(self) -> bool:
        return self.gone

    def make(
        self,
        text: str,
        *,
        applied: bool = True,
        content: Mapping[str, object] | None = None,
        **fields: object,
    ) -> ObjectState:
        """Create the object from outside of the ports; `content` is what its manifest says besides."""
        where = reference(text)
        self._uids += 1
        sent = json.dumps(
            {"kind": where.kind, "metadata": {"name": where.name, "namespace": where.namespace}}
        )
        state = ObjectState(
            reference=where,
            uid=f"uid-{self._uids}",
            created=float(int(self.clock.now)),
            last_applied=sent if applied else "",
        )
        self.objects[where] = replace(state, **fields)  # type: ignore[arg-type]
        self.change(text, **(content or {}))
        if where.kind == "namespace":
            for kind, name in NAMESPACED_DEFAULTS:
                self.make(f"{kind}/{name}@{where.name}", applied=False)
        if where.kind == "deployment":
            pod = f"pod/{where.name}-1@{where.namespace}"
            self.make(pod, applied=False, owners=(self.objects[where].uid,))
        return self.objects[where]

    def change(self, text: str, **content: object) -> ObjectState:
        """Change what the object's manifest says, from outside of the ports."""
        where = reference(text)
        before = self.objects[where]
        self._versions += 1
        version = str(self._versions)
        api_version, kind = KINDS.get(where.kind, ("v1", where.kind.title()))
        metadata = {
            **before.manifest.get("metadata", {}),  # type: ignore[dict-item]
            "name": where.name,
            "namespace": where.namespace or "",
            "uid": before.uid,
            "resourceVersion": version,
            **({"annotations": {LAST_APPLIED: before.last_applied}} if before.last_applied else {}),
            **content.pop("metadata", {}),  # type: ignore[dict-item]
        }
        manifest = {
            **before.manifest,
            "apiVersion": api_version,
            "kind": kind,
            "metadata": metadata,
            **content,
        }
        self.objects[where] = replace(before, resource_version=version, manifest=manifest)
        return self.objects[where]

    def remove(self, where: ObjectReference) -> None:
        """Delete it from outside of the ports, with what it owns or holds."""
        gone = self.objects[where]
        if gone.finalizers:
            self.objects[where] = replace(gone, terminating=True)
            return
        del self.objects[where]
        if where.kind == "service":
            self.objects.pop(ObjectReference("endpoints", where.name, where.namespace), None)
        for other, state in list(self.objects.items()):
            inside = where.kind == "namespace" and other.namespace == where.name
            if other in self.objects and (inside or gone.uid in state.owners):
                self.remove(other)

    def picture(self) -> dict[str, str]:
        """Every object with its uid."""
        return {str(where): state.uid for where, state in self.objects.items()}

    def contents(self) -> dict[str, object]:
        """What every object says, without what the server sets."""
        return {str(where): recreatable(state.manifest) for where, state in self.objects.items()}

    def managers(self) -> dict[str, object]:
        """Who has set the fields of every object."""
        return {
            str(where): metadata_of(state.manifest).get("managedFields") or []
            for where, state in self.objects.items()
        }

    def lookup(self, reference: ObjectReference) -> ObjectState | None:
        self._answer()
        return self.objects.get(reference)

    def lookup_all(
        self, references: Sequence[ObjectReference]
    ) -> Mapping[ObjectReference, ObjectState | None]:
        return {each: self.lookup(each) for each in references}

    def delete(self, reference: ObjectReference, uid: str, version: str = "") -> bool:
        self._answer()
        if str(reference) in self.refuses:
            raise TutorialError(f"{reference} may not be deleted")
        state = self.objects.get(reference)
        if state is None or state.uid != uid or version not in ("", state.resource_version):
            return False
        self.remove(reference)
        self.deletes.append(str(reference))
        self.moments.pass_by()
        return True

    def namespace_contents(self, namespace: str) -> Sequence[ObjectState]:
        self._answer()
        return [state for where, state in self.objects.items() if where.namespace == namespace]

    def restore(self, manifest: Mapping[str, object]) -> ObjectState:
        self._answer()
        metadata = manifest["metadata"]
        assert isinstance(metadata, dict)
        suffix = f"@{metadata['namespace']}" if metadata["namespace"] else ""
        text = f"{str(manifest['kind']).lower()}/{metadata['name']}{suffix}"
        if reference(text) in self.objects:
            raise AlreadyThereError(f"{text} is there")
        sent = metadata.get("annotations", {}).get(LAST_APPLIED, "")
        body = recreatable(manifest)
        content = {**body, "metadata": {**body["metadata"], "managedFields": [{"manager": PROGRAM}]}}
        state = self.make(text, last_applied=sent, content=content)
        self.moments.pass_by()
        self.give_back(manifest, state.uid)
        return self.objects[state.reference]

    def give_back(self, manifest: Mapping[str, object], uid: str) -> None:
        self._answer()
        managers = metadata_of(manifest).get("managedFields") or []
        for where, state in self.objects.items():
            if state.uid == uid:
                metadata = {**metadata_of(state.manifest), "managedFields": managers}
                self.objects[where] = replace(state, manifest={**state.manifest, "metadata": metadata})

    def rehearse(self, manifest: Mapping[str, object]) -> str:
        self._answer()
        metadata = manifest["metadata"]
        assert isinstance(metadata, dict)
        return self.rehearsals.get(metadata["name"], "")

    def facts(self) -> Mapping[str, str]:
        self._answer()
        return self.known

    def server_time(self) -> float:
        self._answer()
        return self.clock.now

    def _answer(self) -> None:
        self.moments.pass_by()
        if self.away_for > 0:
            self.away_for -= 1
            raise ClusterAwayError("The API server cannot be reached.")
        if self.forbids_for > 0:
            self.forbids_for -= 1
            raise ForbiddenError("The API server does not say what it serves.")


class FakeClock:
    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.key_at: float | None = None
        self.asleep = 0.0

    def suspended(self) -> float:
        return self.asleep

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def forget_keys(self) -> None:
        if self.key_at is not None and self.now >= self.key_at:
            self.key_at = None

    def sleep(self, seconds: float) -> bool:
        self.now += seconds
        return self.key_at is not None and self.now >= self.key_at


class FakeStopper:
    def __init__(self) -> None:
        self.stop = Stop.NONE
        self.interrupts = 0

    def send(self, stop: Stop) -> None:
        self.interrupts += stop is Stop.INTERRUPT
        if self.stop in (Stop.NONE, Stop.INTERRUPT):
            self.stop = stop

    def fileno(self) -> int:
        return -1

    def pending(self) -> Stop:
        return self.stop

    def clear(self) -> None:
        self.interrupts = 0
        if self.stop is Stop.INTERRUPT:
            self.stop = Stop.NONE


class FakeShell:
    """Understands lines: `make OBJECT` and `create OBJECT`, which say what `kubectl apply` and
    `kubectl create` say (the second leaves no record of what was applied), `delete OBJECT`,
    `change OBJECT VALUE`, `say TEXT`, `set NAME VALUE`, `fail`, `interrupt`, `signal TERMINATE`,
    `late OBJECT` (made when the next sleep is over), `ask` (fails while the cluster is away), `answer
    NAME` (says what `answers[NAME]` holds, and fails on none), `fill` (the disk: the state that is
    left cannot be written), `complain TEXT` (on stderr, and fails), `hang` (until its timeout)."""

    def __init__(self, cluster: FakeCluster, stopper: FakeStopper, moments: Moments) -> None:
        self.cluster = cluster
        self.stopper = stopper
        self.moments = moments
        self.values: dict[str, str] = {}
        self.answers: dict[str, list[str]] = {}
        self.ran: list[str] = []
        self.complaint = ""
        self.in_shell: Callable[[], None] = lambda: None
        self.failure: JournalError | None = None

    def run(
        self,
        command: str,
        *,
        timeout: float,
        on_output: Callable[[str, str], None],
        carry: bool = True,
        steadfast: bool = False,
    ) -> CommandResult:
        self.moments.pass_by()
        self.ran.append(command.strip())
        said = self.complaint = ""
        exit_code, ended_by = 0, "exit"
        for line in Template(command).safe_substitute(self.values).splitlines():
            word, _, rest = line.strip().partition(" ")
            if word == "interrupt":
                self.stopper.send(Stop.INTERRUPT)
                exit_code, ended_by = 130, "interrupt"
                break
            if word == "hang":
                exit_code, ended_by = 124, "timeout"
                break
            code, text = self._do(word, rest)
            said += text
            exit_code = exit_code or code
            self.moments.pass_by()
            if word == "signal" and not steadfast:
                exit_code, ended_by = 143, "interrupt"
                break
        on_output("stdout", said)
        return CommandResult(exit_code, said, self.complaint, said + self.complaint, 0.01, ended_by)

    def _do(self, word: str, rest: str) -> tuple[int, str]:
        """One line: its exit code and what it says."""
        failed, said = False, f"{word} done"
        match word:
            case "make":
                there = reference(rest) in self.cluster.objects
                failed = self._make(rest, applied=True)
                said += f"\n{rest.partition('@')[0]} {'unchanged' if there else 'created'}"
            case "create" if reference(rest) in self.cluster.objects:
                kind, _, name = rest.partition("@")[0].partition("/")
                return 1, f'Error from server (AlreadyExists): {kind}s "{name}" already exists\n'
            case "create":
                failed = self._make(rest, applied=False)
                said += f"\n{rest.partition('@')[0]} created"
            case "delete":
                failed = reference(rest) not in self.cluster.objects
                if not failed:
                    self.cluster.remove(reference(rest))
            case "change":
                name, _, value = rest.partition(" ")
                self.cluster.change(name, spec={"changed": value})
            case "say":
                said = rest
            case "complain":
                self.complaint += f"{rest}\n"
                return (1, "")
            case "set":
                name, _, value = rest.partition(" ")
                self.values[name] = value
            case "unset":
                self.values.pop(rest, None)
            case "ask":
                failed = self.cluster.away_for > 0
            case "fill":
                self.failure = JournalError("The disk is full.")
            case "signal":
                self.stopper.send(Stop[rest])
            case "answer":
                queue = self.answers[rest]
                said = queue.pop(0) if len(queue) > 1 else queue[0]
                failed = not said
            case _:
                failed = True
        return (7, "") if failed else (0, said + "\n")

    def _make(self, text: str, *, applied: bool) -> bool:
        """Make the object unless it is there; true when its namespace is not."""
        where = reference(text)
        if where in self.cluster.objects:
            return False
        if where.namespace not in (None, "default") and not self._has_namespace(where.namespace):
            return True
        self.cluster.make(text, applied=applied)
        return False

    def _has_namespace(self, name: str | None) -> bool:
        return any(where.kind == "namespace" and where.name == name for where in self.cluster.objects)

    def variables(self) -> Mapping[str, str]:
        return dict(self.values)

    def set_variable(self, name: str, value: str) -> None:
        self.values[name] = value

    def interactive(self, banner: str) -> None:
        self.in_shell()


class Recorder:
    """A sink that keeps what it gets."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def handle(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if type(event) is kind]


class MemoryJournal:
    """Outlives the engine that wrote it. `full_at` makes it fail from that record on, `full_for` for
    so many times only."""

    def __init__(self, moments: Moments) -> None:
        self.moments = moments
        self.kept: list[Record] = []
        self.full_at = 10_000
        self.full_for = 10_000

    def append(self, record: Record) -> None:
        self.moments.pass_by()
        if len(self.kept) >= self.full_at and self.full_for > 0:
            self.full_for -= 1
            raise JournalError("The disk is full.")
        self.kept.append(record)
        self.moments.pass_by()

    def records(self) -> Sequence[Record]:
        return list(self.kept)


class Script:
    """A person who answers pauses in this order; at the end they go on, and quit where they fail."""

    def __init__(self, *answers: Decision | Action | Callable[[Pause], Decision]) -> None:
        self._answers = list(answers)
        self.pauses: list[Pause] = []

    def decide(self, pause: Pause) -> Decision:
        self.pauses.append(pause)
        if not self._answers:
            ends = pause.kind in (PauseKind.FAILED, PauseKind.INTERRUPTED)
            return Decision(Action.QUIT if ends else Action.RUN)
        answer = self._answers.pop(0)
        if isinstance(answer, Decision):
            return answer
        return Decision(answer) if isinstance(answer, Action) else answer(pause)

    @property
    def places(self) -> list[tuple[str, str]]:
        return [(pause.kind.name, pause.step.id) for pause in self.pauses]


def step(step_id: str, command: str, **fields: object) -> Step:
    """A step whose `creates`, `deletes` and `cleanup` are written as in a step file."""
    for name in ("creates", "deletes"):
        fields[name] = tuple(reference(text) for text in fields.get(name, ()))  # type: ignore[attr-defined]
    if "cleanup" in fields:
        fields["cleanup"] = Cleanup((str(fields["cleanup"]),))
    section = str(fields.pop("section", "main"))
    return Step(step_id, Path(f"{step_id}.yaml"), section, step_id.title(), command, **fields)  # type: ignore[arg-type]


def says(text: str) -> tuple[Expectation, ...]:
    """The expectation that the command says this."""
    return (Expectation(streams={"stdout": StreamExpectation(contains=(text,))}),)


@dataclass
class World:
    """A cluster, a journal and what is needed to run steps against them, again and again."""

    steps: tuple[Step, ...]
    variables: Mapping[str, str] = field(default_factory=lambda: {"NAMESPACE": "default"})

    def __post_init__(self) -> None:
        self.moments = Moments()
        self.clock = FakeClock()
        self.cluster = FakeCluster(self.clock, self.moments)
        self.journal = MemoryJournal(self.moments)
        self.cluster.make("service/kubernetes@default", applied=False)
        self.files: dict[str, Mapping[str, object]] = {}
        self.runs: dict[str, OtherRun] = {}
        self.kubectl_options = ""
        self.own_shell = OwnShell()
        self.new_process()

    def new_process(self) -> None:
        """What dies with a process is made anew."""
        self.stopper = FakeStopper()
        self.shell = FakeShell(self.cluster, self.stopper, self.moments)
        self.shell.values.update(self.variables)
        self.recorder = Recorder()
        self.moments.crash_at = -1

    def tools(self, *sinks: object) -> Tools:
        return Tools(
            shell=self.shell,
            cluster=self.cluster,
            clock=self.clock,
            stopper=self.stopper,
            ledger=Ledger(self.journal),
            emitter=Emitter([*sinks, self.recorder], self.clock),  # type: ignore[list-item]
            limits=Limits(api=10, gone=5, late=1, cleanup=5),
            write_manifest=self.write_manifest,
            kubectl_options=self.kubectl_options,
            own_shell=self.own_shell,
        )

    def write_manifest(self, where: ObjectReference, manifest: Mapping[str, object]) -> str:
        self.files[str(where)] = manifest
        return f"/saved/{where.kind}-{where.name}.json"

    def run(self, prompter: Prompter, *sinks: object, **options: object) -> RunResult:
        """Run the steps. `from_step`, `until_step`, `asides` go to the plan, `facts`, too, `adopt` to the
        context, `may_begin` and the rest to the run."""
        planned = {
            name: options.pop(name) for name in ("from_step", "until_step", "asides") if name in options
        }
        sections = {each.section: each.section.title() for each in self.steps}
        tutorial = Tutorial("test", Path(), "Test", "", "cluster", self.variables, sections, self.steps)
        facts = options.pop("facts", {})
        plan = make_plan(tutorial, settings={}, facts=facts, **planned)  # type: ignore[arg-type]
        adopt = bool(options.pop("adopt", False))
        context = Context(plan, self.shell, self.tools(*sinks), adopt=adopt, run_of=self.runs.get)
        may_begin: MayBegin = options.pop("may_begin", lambda present: True)  # type: ignore[assignment]
        settings = RunSettings("r1", "sandbox", "sandbox", **options)  # type: ignore[arg-type]
        return run(context, prompter, settings, may_begin)


LESSON = (
    step("ns", "create namespace/plain", creates=["namespace/plain"]),
    step("app", "make deployment/app@plain", creates=["deployment/app@plain"], needs=("ns",)),
    step("pod", "set POD app-1", needs=("app",), expect=(Expectation(variables={"POD": "app-1"}),)),
    step("web", "make service/web@${NAMESPACE}", creates=["service/web@${NAMESPACE}"]),
    step("look", "say hello", needs=("web",), repeatable=True, expect=says("hello")),
    step("flag", "set FLAG on", cleanup="unset FLAG"),
    step("no-web", "delete service/web@default", deletes=["service/web@default"], needs=("web",)),
    step(
        "no-app",
        "delete deployment/app@plain",
        deletes=["deployment/app@plain"],
        needs=("app",),
        section="cleanup",
    ),
    step("no-ns", "delete namespace/plain", deletes=["namespace/plain"], needs=("ns",), section="cleanup"),
)
"""A small tutorial with everything that matters: a namespace, an object in it, a variable, an object
in the run's namespace, a cleanup command, and steps that delete."""

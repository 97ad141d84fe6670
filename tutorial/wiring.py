"""Connects the rooms for `tutorial.app`: views, records, shell and backend to the engine's ports."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tutorial.backends.backend import Backend, OpenBackend
from tutorial.backends.select import context_not_used, end_own_sandbox, is_gone, open_backend
from tutorial.consent import may_write
from tutorial.engine.context import Context, Limits, Tools
from tutorial.engine.emit import Emitter
from tutorial.engine.history import adopted_objects, begun_steps, is_anything_to_undo
from tutorial.engine.ledger import Ledger
from tutorial.engine.manifests import recreatable
from tutorial.engine.objects_now import objects_now
from tutorial.engine.plan import Plan
from tutorial.engine.ports import Prompter, Sink
from tutorial.engine.records import Closed
from tutorial.engine.rollback import commands_to_undo, roll_back
from tutorial.engine.run import RunSettings, run
from tutorial.errors import ExitCode, JournalError, NotReadyError, RollbackIncompleteError, UsageError
from tutorial.journal.paths import state_home
from tutorial.journal.run_folder import RunFolder, RunMeta, run_that_made
from tutorial.options import RunOptions
from tutorial.shell.bash import BashShell, end_processes
from tutorial.shell.signals import Signals
from tutorial.steps.model import Tutorial
from tutorial.steps.substitute import fill
from tutorial.text.escapes import safe_text
from tutorial.ui.auto import AutoPrompter
from tutorial.ui.clock import SystemClock
from tutorial.ui.environment import Environment
from tutorial.ui.keys import Keyboard
from tutorial.ui.opening import open_prompts, open_view
from tutorial.ui.screen import Screen

_LARGEST_FILE = 1_000_000
"""Bytes of a manifest that are looked at, at most, to recognise what a command sent."""


@dataclass(frozen=True)
class Stage:
    """Everything that is open around one run."""

    options: RunOptions
    environment: Environment
    signals: Signals
    folder: RunFolder
    opened: OpenBackend

    def play(self, plan: Plan, *, resumed: bool = False) -> ExitCode:
        """Run the plan with everything connected, and leave the folder as the ending wants it."""
        screen = self._open_view()
        shell = self._open_shell(plan.variables)
        if shell.failure is not None:
            raise shell.failure
        tools = self._tools(shell, screen, plan.variables)
        settings = RunSettings(
            run_id=self.folder.meta.id,
            backend=self.opened.backend.kind,
            backend_label=self.opened.backend.label,
            auto=self.options.auto,
            keep=self.options.keep,
            disposable=self.opened.owned,
            resumed=resumed,
            remarks=() if resumed else self._remarks(),
        )
        context = Context(
            plan,
            shell,
            tools,
            _reader(self.folder.work),
            adopt=self.options.adopt,
            run_of=self._other_run_that_made,
        )
        prompter = self._prompter(screen, tools, plan)
        result = run(context, prompter, settings, lambda: resumed or self._may_write(plan))
        if result.kept:
            self.opened.keep()
        else:
            complete = result.exit_code is not ExitCode.ROLLBACK_INCOMPLETE
            self._finish(shell, over=complete and tools.ledger.is_written)
        return result.exit_code

    def _remarks(self) -> tuple[str, ...]:
        if self.opened.backend.kind != "sandbox":
            return ()
        variables = self.environment.variables
        context = safe_text(context_not_used(variables, state_home(variables)))
        remark = f"Your context {context} is not used; --context {context} would use it."
        return (remark,) if context else ()

    def _may_write(self, plan: Plan) -> bool:
        return may_write(self.opened.backend, plan, self.options, self.environment, self.signals)

    def _other_run_that_made(self, uid: str) -> str:
        home = state_home(self.environment.variables)
        return run_that_made(home, uid, but=self.folder.meta.id)

    def roll_back(self) -> ExitCode:
        """Undo the run from its records. Raises JournalError when all is undone and the journal does
        not know of it."""
        shell = self._open_shell(self.folder.meta.variables, survive_damage=True)
        tools = self._tools(shell, self._open_view(), self.folder.meta.variables)
        result = roll_back(tools)
        tools.ledger.note(Closed("quit", kept=not result.complete))
        self._finish(shell, over=result.complete and tools.ledger.is_written)
        if not result.complete:
            return ExitCode.ROLLBACK_INCOMPLETE
        if not tools.ledger.is_written and tools.ledger.failure is not None:
            raise _not_closed(tools.ledger.failure)
        return ExitCode.OK

    def _finish(self, shell: BashShell, *, over: bool) -> None:
        """End background processes; forget the carried state of a run that is over for good."""
        shell.reap_leftovers()
        if over:
            self.folder.forget_state()

    def _open_view(self) -> Screen:
        return open_view(self.environment, data_on_stdout=self.options.output is not None)

    def _open_shell(self, variables: Mapping[str, str], *, survive_damage: bool = False) -> BashShell:
        """The run's shell, with its settings and its way to the backend set anew."""
        self.folder.work.mkdir(exist_ok=True)
        backend = self.opened.backend
        given = {**backend.environment, **variables}
        shell = BashShell(
            self.folder.shell,
            environment={**self.environment.variables, **given},
            cwd=self.folder.work,
            stopper=self.signals,
            path_prefix=backend.path,
            survive_damage=survive_damage,
        )
        carried = shell.variables()
        for name, value in given.items():
            if carried.get(name) != value:
                shell.set_variable(name, value)
        return shell

    def _tools(self, shell: BashShell, screen: Screen, settings: Mapping[str, str]) -> Tools:
        clock = self._clock()
        return Tools(
            shell=shell,
            cluster=self.opened.cluster,
            clock=clock,
            stopper=self.signals,
            ledger=Ledger(self.folder.journal),
            emitter=Emitter(self._sinks(screen), clock),
            settings=settings,
            write_manifest=self.folder.write_manifest,
            limits=Limits(api=self.options.wait, gone=self.options.wait),
        )

    def _clock(self) -> SystemClock:
        """A person's key ends a wait; without one, only a signal does."""
        environment = self.environment
        if self.options.auto or environment.plain or not environment.stdin_is_terminal:
            return SystemClock(self.signals)
        return SystemClock(self.signals, Keyboard(environment.stdin.fileno(), self.signals))

    def _sinks(self, screen: Screen) -> list[Sink]:
        sinks: list[Sink] = [screen]
        if self.options.output == "jsonl":
            from tutorial.record.json_lines import JsonLines

            sinks.append(JsonLines(self.environment.stdout))
        if self.options.junit is not None:
            from tutorial.record.junit import JUnitReport

            sinks.append(JUnitReport(self.options.junit))
        if self.options.debug:
            from tutorial.record.debug_log import DebugLogEvents

            sinks.append(DebugLogEvents())
        return sinks

    def _prompter(self, screen: Screen, tools: Tools, plan: Plan) -> Prompter:
        if self.options.auto:
            return AutoPrompter()
        return open_prompts(
            self.environment, screen, self.signals, objects=lambda: objects_now(tools), fill=plan.fill
        )


def roll_back_left_run(
    home: Path, run_id: str, options: RunOptions, environment: Environment, signals: Signals
) -> ExitCode:
    """Undo one run from its journal. Where its sandbox is gone and no step made anything outside of
    it, only the journal is closed."""
    with RunFolder.open(home, run_id) as folder:
        if not is_anything_left(folder, home):
            end_processes(folder.shell)
            folder.journal.append(Closed("quit"))
            folder.forget_state()
            return ExitCode.OK
        with (
            ending_own_sandbox(folder, home),
            _telling_what_is_left(folder),
            reopen_backend(folder, home, environment, ask_facts=False) as opened,
        ):
            return Stage(options, environment, signals, folder, opened).roll_back()


def is_anything_left(folder: RunFolder, home: Path) -> bool:
    """Whether a rollback has something to do. What was made in a sandbox is gone with it; what a
    step did elsewhere is its cleanup's business."""
    records = folder.journal.records()
    if is_gone(folder.meta.backend_parameters, home):
        return any(step.cleanup for step in begun_steps(records))
    return is_anything_to_undo(records)


@contextmanager
def _telling_what_is_left(folder: RunFolder) -> Iterator[None]:
    """Turn an error that kept the rollback from beginning into one that lists what is left.

    Raises:
        RollbackIncompleteError: in its place.
    """
    try:
        yield
    except (UsageError, NotReadyError) as error:
        records = folder.journal.records()
        files = [
            folder.write_manifest(reference, recreatable(made.manifest))
            for (_, reference), made in adopted_objects(records).items()
        ]
        commands = [
            *commands_to_undo(records, folder.meta.variables),
            *(f"kubectl create -f {shlex.quote(path)}" for path in files if path),
        ]
        raise RollbackIncompleteError(
            f"The run {folder.meta.id} cannot be undone now. {error.what}",
            why=error.why,
            do=f"{error.do} Then: egress-tutorial rollback {folder.meta.id} "
            f"(by hand: {'; '.join(commands)})".strip(),
        ) from None


def reopen_backend(
    folder: RunFolder, home: Path, environment: Environment, *, ask_facts: bool = True
) -> AbstractContextManager[OpenBackend]:
    """The backend that the run used before; a sandbox that is gone is started anew. Without
    `ask_facts` a cluster is not asked for anything: it may be away."""
    meta = folder.meta
    return open_backend(
        requires="none" if meta.backend == "none" else "cluster",
        folder=folder.path,
        home=home,
        environment=environment.variables,
        namespace=meta.variables.get("NAMESPACE", "default"),
        parameters=meta.backend_parameters,
        ask_facts=ask_facts,
    )


def _not_closed(failure: JournalError) -> JournalError:
    return JournalError(
        "Everything is put back, but the journal does not know of it.",
        why=f"{failure.what} {failure.why}",
        do=f"{failure.do} Then close the run: egress-tutorial rollback",
    )


@contextmanager
def closing_unless_begun(folder: RunFolder) -> Iterator[None]:
    """Close the journal of a run that ends in an error before its first step has begun."""
    try:
        yield
    except BaseException:
        records = folder.journal.records()
        if not is_anything_to_undo(records):
            if not isinstance(records[-1] if records else None, Closed):
                _close_or_forget(folder)
            folder.forget_state()
        raise


def _close_or_forget(folder: RunFolder) -> None:
    """A run that never began needs no folder where its journal cannot even be closed."""
    try:
        folder.journal.append(Closed("failed"))
    except JournalError:
        shutil.rmtree(folder.path, ignore_errors=True)


@contextmanager
def ending_own_sandbox(folder: RunFolder, home: Path) -> Iterator[None]:
    """After a run that is over for good, take down the sandbox that was kept for it."""
    yield
    last = folder.journal.records()[-1:]
    if last and isinstance(last[0], Closed) and not last[0].kept:
        end_own_sandbox(folder.meta.backend_parameters, folder.meta.id, home)


def with_backend(meta: RunMeta, backend: Backend) -> RunMeta:
    """The run's description, now that its backend is open."""
    return replace(
        meta,
        backend=backend.kind,
        backend_label=backend.label,
        backend_parameters=backend.parameters,
    )


def lay_out_files(tutorial: Tutorial, work: Path, settings: Mapping[str, str]) -> None:
    """Copy the tutorial's files into the working folder, under their folder's own name, so that
    documented paths (`samples/...`) work; `${NAME}` of one of `settings` gets its value there.
    Raises JournalError when that cannot be written."""
    if tutorial.files is None:
        return

    def copy(source: str, target: str) -> None:
        content = Path(source).read_bytes()
        with suppress(UnicodeDecodeError):  # what is no text is copied as it is
            content = fill(content.decode(), settings).encode()
        Path(target).write_bytes(content)
        shutil.copymode(source, target)

    try:
        shutil.copytree(tutorial.files, work / tutorial.files.name, dirs_exist_ok=True, copy_function=copy)
    except (OSError, shutil.Error) as error:
        raise JournalError(f"{work} cannot be written.", why=str(error)) from None


def _reader(work: Path) -> Callable[[str], str]:
    """Reads files that commands name, relative to the working folder."""

    def read(path: str) -> str:
        try:
            with (work / path).open("rb") as file:
                return file.read(_LARGEST_FILE).decode(errors="replace")
        except (OSError, ValueError):
            return ""

    return read

"""Connects the rooms for `tutorial.app`: views, records, shell and backend to the engine's ports."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

from tutorial.backends.backend import Backend, OpenBackend
from tutorial.backends.select import context_not_used, kubectl_options
from tutorial.consent import may_write
from tutorial.engine.context import Context, Limits, OtherRun, Tools
from tutorial.engine.emit import Emitter
from tutorial.engine.ledger import Ledger
from tutorial.engine.objects_now import objects_now
from tutorial.engine.own_shell import OwnShell
from tutorial.engine.plan import Plan
from tutorial.engine.ports import Prompter, Sink
from tutorial.engine.records import Closed
from tutorial.engine.rollback import roll_back
from tutorial.engine.run import RunSettings, run
from tutorial.errors import ExitCode, JournalError
from tutorial.journal.other_runs import claims_of, run_that_made
from tutorial.journal.paths import state_home
from tutorial.journal.run_folder import RunFolder
from tutorial.journal.run_meta import RunMeta
from tutorial.options import RunOptions
from tutorial.shell.bash import BashShell
from tutorial.shell.signals import Signals
from tutorial.steps.model import ObjectReference
from tutorial.text.escapes import safe_text
from tutorial.ui.auto import AutoPrompter
from tutorial.ui.clock import SystemClock
from tutorial.ui.environment import Environment
from tutorial.ui.keys import Keyboard
from tutorial.ui.opening import open_prompts, open_view
from tutorial.ui.screen import Screen
from tutorial.working_folder import reader


@dataclass(frozen=True)
class Stage:
    """Everything that is open around one run."""

    options: RunOptions
    environment: Environment
    signals: Signals
    folder: RunFolder
    opened: OpenBackend

    def play(self, plan: Plan, *, resumed: bool = False, warnings: Sequence[str] = ()) -> ExitCode:
        """Run the plan with everything connected, and leave the folder as the ending wants it.
        `warnings` are told before the first step."""
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
            warnings=tuple(warnings),
        )
        context = Context(
            plan,
            shell,
            tools,
            reader(self.folder.work),
            adopt=self.options.adopt,
            run_of=self._other_run_that_made,
        )
        prompter = self._prompter(screen, tools, plan)
        result = run(context, prompter, settings, lambda present: resumed or self._may_write(plan, present))
        if result.kept:
            self.opened.keep()
        else:
            complete = result.exit_code is not ExitCode.ROLLBACK_INCOMPLETE
            self._finish(shell, over=complete and tools.ledger.is_written)
        if result.defect is not None:
            raise result.defect
        return result.exit_code

    def _remarks(self) -> tuple[str, ...]:
        if self.opened.backend.kind != "sandbox":
            return ()
        variables = self.environment.variables
        context = safe_text(context_not_used(variables, state_home(variables)))
        remark = f"Your context {context} is not used; --context {context} would use it."
        return (remark,) if context else ()

    def _may_write(self, plan: Plan, present: Set[ObjectReference]) -> bool:
        backend = self.opened.backend
        return may_write(backend, plan, self.options, self.environment, self.signals, present=present)

    def _other_run_that_made(self, uid: str) -> OtherRun | None:
        home = state_home(self.environment.variables)
        return run_that_made(home, uid, but=self.folder.meta.id)

    def roll_back(self) -> ExitCode:
        """Undo the run from its records. Raises JournalError when all is undone and the journal does
        not know of it."""
        shell = self._open_shell(self.folder.meta.variables, survive_damage=True)
        tools = self._tools(shell, self._open_view(), self.folder.meta.variables)
        result = roll_back(tools, run_id=self.folder.meta.id)
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
        data_on_stdout = self.options.output is not None
        return open_view(self.environment, data_on_stdout=data_on_stdout, keys=self._has_keys())

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
        emitter = Emitter(self._sinks(screen), clock)
        self.opened.when_silent(lambda: emitter.notice("The API server has not answered yet."))
        return Tools(
            shell=shell,
            cluster=self.opened.cluster,
            clock=clock,
            stopper=self.signals,
            ledger=Ledger(self.folder.journal),
            emitter=emitter,
            settings=settings,
            kubectl_options=self._kubectl_options(),
            own_shell=own_shell(self.folder, self._kubectl_options(), self.environment.variables),
            write_manifest=self.folder.write_manifest,
            limits=Limits(api=self.options.wait, gone=self.options.wait),
        )

    def _kubectl_options(self) -> str:
        variables = self.environment.variables
        return kubectl_options(self.opened.backend.parameters, variables, state_home(variables))

    def _clock(self) -> SystemClock:
        """A person's key ends a wait; without one, only a signal does."""
        if not self._has_keys():
            return SystemClock(self.signals)
        return SystemClock(self.signals, Keyboard(self.environment.stdin.fileno(), self.signals))

    def _has_keys(self) -> bool:
        environment = self.environment
        return environment.stdin_is_terminal and not (self.options.auto or environment.plain)

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


def check_cluster_for(
    plan: Plan, opened: OpenBackend, options: RunOptions, environment: Environment
) -> Sequence[str]:
    """What the run should be warned of on a user's cluster; a sandbox is not looked at.

    Raises:
        NotReadyError: the run would fail there; nothing was touched.
    """
    if opened.client is None:
        return ()
    from tutorial.preflight.gate import pass_gate
    from tutorial.preflight.place import Place

    access = opened.client.access
    place = Place(access.context, options.kubeconfig, access.options)
    path = [*map(str, opened.backend.path), environment.variables.get("PATH", os.defpath)]
    return pass_gate(opened.client, plan, place, os.pathsep.join(path))


def _not_closed(failure: JournalError) -> JournalError:
    return JournalError(
        "Everything is put back, but the journal does not know of it.",
        why=f"{failure.what} {failure.why}",
        do=f"{failure.do} Then close the run: egress-tutorial rollback",
    )


def own_shell(folder: RunFolder, options: str, variables: Mapping[str, str]) -> OwnShell:
    """What a person's own shell lacks of the run's; `variables` are those of their environment."""
    try:
        files = tuple(each.name for each in folder.work.iterdir())
    except OSError:
        files = ()
    namespace = folder.meta.variables.get("NAMESPACE", "")
    return OwnShell(options, namespace, str(folder.work), files, variables)


def with_backend(meta: RunMeta, backend: Backend, plan: Plan) -> RunMeta:
    """The run's description, now that its backend and its steps are known."""
    return replace(
        meta,
        claims=claims_of(plan, backend.server or backend.parameters.get("sandbox", "")),
        backend=backend.kind,
        backend_label=backend.label,
        backend_parameters=backend.parameters,
    )

"""A whole run: guard or resume, the walk through the steps, the end with everything put back.

Called by `tutorial.wiring`, which fills the ports.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass

from tutorial.engine.context import Context
from tutorial.engine.diagnosis import DONE
from tutorial.engine.events import RunEnded, RunStarted
from tutorial.engine.history import last_outcomes
from tutorial.engine.loop import Ending, Walk
from tutorial.engine.ownership import BeforeRun, guard
from tutorial.engine.ports import Prompter, Stop
from tutorial.engine.records import Closed
from tutorial.engine.resume import settle, standing_at, steps_to_redo
from tutorial.engine.rollback import RollbackResult, roll_back
from tutorial.errors import ExitCode, TutorialError, worst
from tutorial.steps.model import ObjectReference

STOP_CODES = {
    Stop.NONE: ExitCode.OK,
    Stop.INTERRUPT: ExitCode.INTERRUPTED,
    Stop.HANGUP: ExitCode.HANGUP,
    Stop.TERMINATE: ExitCode.TERMINATED,
}
"""What the process tells its parent when a signal ended it."""


@dataclass(frozen=True)
class RunSettings:
    """What a run is besides its plan.

    Args:
        backend, backend_label: as in `RunStarted`.
        auto: nobody is there: a Ctrl-C ends the run.
        keep: `never`, `always` or `failure`: when to end without a rollback.
        disposable: the backend ends with this process, so that its objects need no deleting.
        resumed: the journal holds what was done before.
        remarks, warnings: what a person should know before the first step.
    """

    run_id: str
    backend: str
    backend_label: str
    auto: bool = False
    keep: str = "never"
    disposable: bool = False
    resumed: bool = False
    remarks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunResult:
    """`kept` is true when everything is still there for `resume`; `defect` is an error of this program's
    own that ended the walk."""

    exit_code: ExitCode
    kept: bool
    defect: Exception | None = None


MayBegin = Callable[[Set[ObjectReference]], bool]
"""Is given the namespaces that were made beforehand and will be used."""


def run(
    context: Context,
    prompter: Prompter,
    settings: RunSettings,
    may_begin: MayBegin = lambda _present: True,
) -> RunResult:
    """Run the plan to its end, whatever that is.

    Args:
        may_begin: asked once, before the first step and after the look at what is there; false ends
            the run with nothing touched.

    Raises:
        AlreadyThereError: an object that a step creates is there already; nothing was touched.
        NotReadyError: the cluster could not be asked before the first step.
    """
    return _Run(context, prompter, settings, may_begin).run()


class _Run:
    def __init__(
        self, context: Context, prompter: Prompter, settings: RunSettings, may_begin: MayBegin
    ) -> None:
        self._context = context
        self._may_begin = may_begin
        self._settings = settings
        self._started = context.clock.monotonic()
        self._walk = Walk(context, prompter, auto=settings.auto)

    def run(self) -> RunResult:
        before = self._check_first()
        self._announce(before.adopted)
        ending, trouble = self._go(before.present)
        outcomes = last_outcomes(self._context.ledger.records())
        gone = self._context.tools.cluster.is_gone()
        if gone:
            self._context.emitter.notice(
                "The sandbox has ended, and everything in it. Start again: egress-tutorial run "
                + self._context.plan.tutorial.name,
                "warning",
            )
        kept = self._is_kept(ending) and not gone
        rollback = RollbackResult(complete=True)
        if not kept:
            self._context.stopper.clear()
            rollback = roll_back(self._context.tools, objects=not (self._settings.disposable or gone))
        self._context.ledger.note(Closed(ending.outcome, kept=kept or not rollback.complete))
        self._tell_of_unwritten(kept=kept)
        exit_code = self._exit_code(ending, outcomes, trouble, rollback)
        if gone:
            exit_code = worst(exit_code, ExitCode.NOT_READY)
        self._conclude(ending, outcomes, exit_code, kept)
        return RunResult(exit_code, kept, None if isinstance(trouble, TutorialError) else trouble)

    def _check_first(self) -> BeforeRun:
        """Hold the run against the cluster before anything is done; an error leaves all as it is."""
        resumed = self._settings.resumed
        try:
            if not resumed:
                return guard(self._context)
            settle(self._context)
            return BeforeRun()
        except TutorialError:
            self._context.ledger.note(Closed("kept" if resumed else "failed", kept=resumed))
            raise

    def _announce(self, adopted: str) -> None:
        plan, masker = self._context.plan, self._context.tools.masker
        self._context.emitter.emit(
            RunStarted,
            run_id=self._settings.run_id,
            tutorial=plan.tutorial.name,
            title=plan.fill(plan.tutorial.title),
            backend=self._settings.backend,
            backend_label=self._settings.backend_label,
            variables={name: masker.mask(value) for name, value in plan.variables.items()},
            steps=plan.summaries(),
            resumed=self._settings.resumed,
        )
        for remark in filter(None, (*self._settings.remarks, adopted)):
            self._context.emitter.notice(remark)
        for warning in self._settings.warnings:
            self._context.emitter.notice(warning, "warning")

    def _go(self, present: Set[ObjectReference]) -> tuple[Ending, Exception | None]:
        """Walk; an error that no pause can deal with, a defect of this program included, ends the walk,
        not the run."""
        try:
            if not self._may_begin(present):
                return Ending("quit", self._context.stopper.pending()), None
            if self._settings.resumed:
                self._come_back()
            else:
                prepared = [each.step.id for each in self._context.plan.steps if each.prepared]
                if self._walk.prepare(prepared):
                    self._walk.move_to(len(prepared))
            return self._walk.run(), None
        except TutorialError as error:
            self._context.emitter.notice(error.in_one_line(), "warning")
            return Ending("failed"), error
        except Exception as error:
            return Ending("failed"), error

    def _come_back(self) -> None:
        """Stand at the same step as before, with everything there that it needs."""
        position = standing_at(self._context)
        if self._walk.prepare(steps_to_redo(self._context)):
            self._walk.move_to(position)

    def _tell_of_unwritten(self, *, kept: bool) -> None:
        """A journal that lacks what has happened is to be closed later, by another rollback."""
        ledger = self._context.ledger
        if not ledger.is_written and ledger.failure is not None and not kept:
            self._context.emitter.notice(
                f"The journal does not know of this end: {ledger.failure.in_one_line()}"
                " Then close the run: egress-tutorial rollback",
                "warning",
            )

    def _is_kept(self, ending: Ending) -> bool:
        failed = ending.outcome == "failed"
        wanted = self._settings.keep
        return ending.outcome == "kept" or wanted == "always" or (wanted == "failure" and failed)

    def _exit_code(
        self,
        ending: Ending,
        outcomes: dict[str, str],
        trouble: Exception | None,
        rollback: RollbackResult,
    ) -> ExitCode:
        codes = [STOP_CODES[ending.stop], STOP_CODES[self._context.stopper.pending()]]
        if "failed" in outcomes.values():
            codes.append(ExitCode.NOT_READY if self._walk.not_ready else ExitCode.STEP_FAILED)
        if isinstance(trouble, TutorialError):
            codes.append(trouble.exit_code)
        if self._context.failure is not None:
            codes.append(ExitCode.NOT_READY)
        if not rollback.complete:
            codes.append(ExitCode.ROLLBACK_INCOMPLETE)
        return worst(*codes)

    def _conclude(self, ending: Ending, outcomes: dict[str, str], exit_code: ExitCode, kept: bool) -> None:
        ended = [outcomes.get(each.step.id) for each in self._context.plan.steps]
        self._context.emitter.emit(
            RunEnded,
            outcome=ending.outcome,
            passed=sum(outcome in DONE for outcome in ended),
            failed=ended.count("failed"),
            skipped=ended.count("skipped"),
            seconds=self._context.clock.monotonic() - self._started,
            exit_code=int(exit_code),
            counts={"steps": len(ended), "not_run": ended.count(None)},
            kept=kept,
        )

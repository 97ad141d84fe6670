"""The story of a run, top to bottom: what `run`, `resume`, `rollback` and `status` do.

Called by `tutorial.cli`. It opens the rooms, hands them to the engine, and closes them again; the
wiring itself is in `tutorial.wiring`, and what becomes of a run that was left in `tutorial.left_runs` and
`tutorial.forgetting`.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tutorial import __version__, forgetting, left_runs, wiring
from tutorial.backends.addresses import address_of
from tutorial.backends.select import context_settings, open_backend, remove_dead_sandboxes
from tutorial.consent import commands_digest, trusts_commands
from tutorial.engine.history import adopted_places, begun_steps, owned_objects
from tutorial.engine.plan import make_plan, run_settings
from tutorial.engine.run import STOP_CODES
from tutorial.engine.settings import adapted_settings
from tutorial.errors import ExitCode, RollbackIncompleteError, TutorialError, UsageError, worst
from tutorial.journal.other_runs import refuse_rival
from tutorial.journal.paths import state_home
from tutorial.journal.run_folder import RunFolder, new_run_id
from tutorial.journal.run_list import RunState, damaged_runs, list_runs, prune_closed_runs
from tutorial.journal.run_meta import RunMeta
from tutorial.options import RunOptions, RunStatus
from tutorial.shell.signals import Signals
from tutorial.steps.lint import load_checked_tutorial
from tutorial.steps.loader import find_tutorial, load_tutorial
from tutorial.steps.model import Tutorial
from tutorial.ui.environment import Environment
from tutorial.working_folder import lay_out_files

__all__ = ["RunOptions", "RunStatus", "forget_run", "resume_run", "rollback_run", "run_tutorial", "status"]


def run_tutorial(options: RunOptions, environment: Environment) -> ExitCode:
    """Run a tutorial from its first step (or `from_step`) to its end and put everything back."""
    tutorial = load_checked_tutorial(find_tutorial(options.tutorial))
    given = {**_context_settings(tutorial, options, environment), **options.set}
    settings = run_settings(tutorial, given)
    with Signals() as signals:
        if not trusts_commands(tutorial, options, environment, signals):
            return STOP_CODES[signals.pending()]
    home = state_home(environment.variables)
    prune_closed_runs(home)
    meta = RunMeta(
        id=new_run_id(tutorial.name),
        tutorial=tutorial.name,
        path=str(tutorial.path.resolve()),
        created=time.time(),
        version=__version__,
        variables=settings,
        trusted=commands_digest(tutorial),
    )
    with (
        Signals() as signals,
        _giving_way_to(signals),
        RunFolder.create(home, meta) as folder,
        left_runs.closing_unless_begun(folder),
        open_backend(
            requires=tutorial.requires,
            folder=folder.path,
            home=home,
            environment=environment.variables,
            namespace=settings.get("NAMESPACE", "default"),
            context=options.context,
            kubeconfig=options.kubeconfig,
            stopper=signals,
        ) as opened,
    ):
        if signals.pending():
            left_runs.close_unbegun(folder)
            return STOP_CODES[signals.pending()]
        settings = adapted_settings(tutorial, given, opened.backend.facts, address_of)
        plan = make_plan(
            tutorial,
            settings=settings,
            facts=opened.backend.facts,
            from_step=options.from_step,
            until_step=options.until_step,
            asides=options.asides,
        )
        folder.update(wiring.with_backend(replace(meta, variables=settings), opened.backend, plan))
        refuse_rival(home, folder.meta)
        warnings = wiring.check_cluster_for(plan, opened, options, environment)
        lay_out_files(tutorial, folder.work, plan.variables)
        return wiring.Stage(options, environment, signals, folder, opened).play(plan, warnings=warnings)
    return STOP_CODES[signals.pending()]


def resume_run(run_id: str | None, options: RunOptions, environment: Environment) -> ExitCode:
    """Go on with a run that was kept or interrupted; None means the only such run."""
    home = state_home(environment.variables)
    with (
        Signals() as signals,
        RunFolder.open(home, run_id or _only_run(home)) as folder,
        left_runs.ending_own_sandbox(folder, home),
        left_runs.reopen_backend(folder, home, environment, signals) as opened,
    ):
        meta = folder.meta
        tutorial = load_tutorial(Path(meta.path))
        if not trusts_commands(tutorial, options, environment, signals, meta.trusted):
            return STOP_CODES[signals.pending()]
        if signals.pending():
            return STOP_CODES[signals.pending()]
        meta = replace(meta, trusted=commands_digest(tutorial))
        taken = {record.step for record in begun_steps(folder.journal.records())}
        plan = make_plan(
            tutorial,
            settings={name: value for name, value in meta.variables.items() if name in tutorial.variables},
            facts=opened.backend.facts,
            until_step=options.until_step,
            asides=any(step.aside and step.id in taken for step in tutorial.steps),
        )
        folder.update(wiring.with_backend(meta, opened.backend, plan))
        refuse_rival(home, folder.meta)
        lay_out_files(tutorial, folder.work, plan.variables)
        return wiring.Stage(options, environment, signals, folder, opened).play(plan, resumed=True)


def rollback_run(run_id: str | None, options: RunOptions, environment: Environment) -> ExitCode:
    """Undo what a kept or interrupted run made; None means every such run.

    An error in one run does not keep the others from being undone; it is raised after them. A signal
    does: SIGTERM and SIGHUP once this run is undone, Ctrl-C at once.

    Raises:
        RollbackIncompleteError: a run can no longer be read.
    """
    home = state_home(environment.variables)
    codes: list[ExitCode] = []
    errors: list[TutorialError] = []
    with Signals() as signals:
        for each in [run_id] if run_id else _left_runs(home):
            try:
                codes.append(left_runs.roll_back_left_run(home, each, options, environment, signals))
            except TutorialError as error:
                errors.append(error)
            if signals.pending():
                codes.append(STOP_CODES[signals.pending()])
                break
    if run_id is None:
        remove_dead_sandboxes(home)
        errors += [_unreadable(path, why) for path, why in damaged_runs(home).items()]
    if errors:
        raise errors[0]
    return worst(*codes)


def forget_run(run_id: str, options: RunOptions, environment: Environment) -> ExitCode | None:
    """Close the journal of a run that cannot be undone, and touch nothing else; None when that was done,
    else the exit code of the person who did not agree.

    Raises: as `tutorial.forgetting.forget_run`.
    """
    with Signals() as signals:
        done = forgetting.forget_run(state_home(environment.variables), run_id, options, environment, signals)
        return None if done else STOP_CODES[signals.pending()]


def unreadable_runs(environment: Environment) -> Sequence[TutorialError]:
    """What is wrong with each run that began and can no longer be read."""
    return [_unreadable(path, why) for path, why in damaged_runs(state_home(environment.variables)).items()]


def status(environment: Environment) -> Sequence[RunStatus]:
    """The runs that are not over."""
    return [
        RunStatus(
            run_id=run.meta.id,
            tutorial=run.meta.tutorial,
            backend_label=run.meta.backend_label,
            state=run.state.value,
            step=begun[-1].step if (begun := begun_steps(run.records)) else "",
            started=run.meta.created,
            process=run.process,
            sandbox=run.meta.backend_parameters.get("sandbox", ""),
            objects=tuple(str(made.reference) for _, made in owned_objects(run.records).values()),
            set_aside=tuple(sorted(map(str, adopted_places(run.records)))),
        )
        for run in list_runs(state_home(environment.variables))
        if run.state is not RunState.CLOSED
    ]


@contextmanager
def _giving_way_to(signals: Signals) -> Iterator[None]:
    """An error that comes after a signal is of no interest: it may be the signal's own doing."""
    try:
        yield
    except TutorialError:
        if not signals.pending():
            raise


def _context_settings(tutorial: Tutorial, options: RunOptions, environment: Environment) -> dict[str, str]:
    """What the named context gives to this tutorial's variables; `--set` outranks it."""
    if tutorial.requires == "none":
        return {}
    found = context_settings(environment.variables, options.context, options.kubeconfig)
    return {name: value for name, value in found.items() if name in tutorial.variables}


def _unreadable(path: Path, why: str) -> RollbackIncompleteError:
    return RollbackIncompleteError(
        f"The run in {path} cannot be read, so what it made is not known.",
        why=why,
        do=f"Look for its objects in the cluster by hand, then: rm -r {shlex.quote(str(path))}",
    )


def _left_runs(home: Path) -> list[str]:
    left = (RunState.KEPT, RunState.INTERRUPTED)
    return [run.meta.id for run in list_runs(home) if run.state in left]


def _only_run(home: Path) -> str:
    run_ids = _left_runs(home)
    if len(run_ids) == 1:
        return run_ids[0]
    if not run_ids:
        raise UsageError("There is no run to go on with.", do="Start one: egress-tutorial run externalname")
    raise UsageError(
        f"There are {len(run_ids)} runs to go on with.",
        do=f"Name one: egress-tutorial resume {run_ids[-1]} (all: egress-tutorial status)",
    )

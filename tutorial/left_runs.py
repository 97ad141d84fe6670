"""Runs from outside of their steps: those that were left, those that could not begin, and what ends
with them. Called by `tutorial.app`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tutorial.backends.backend import OpenBackend
from tutorial.backends.select import end_own_sandbox, is_gone, kubectl_options, open_backend
from tutorial.engine.by_hand import create_command, without_remark
from tutorial.engine.history import adopted_objects, begun_steps, is_anything_to_undo
from tutorial.engine.manifests import recreatable
from tutorial.engine.records import Closed
from tutorial.engine.rollback import commands_to_undo
from tutorial.errors import (
    ExitCode,
    JournalError,
    NotReadyError,
    OtherClusterError,
    RollbackIncompleteError,
    UsageError,
)
from tutorial.journal.run_folder import RunFolder
from tutorial.journal.run_list import remove_run
from tutorial.options import RunOptions
from tutorial.shell.bash import end_processes
from tutorial.shell.signals import Signals
from tutorial.shell.state import carried_variables
from tutorial.ui.environment import Environment
from tutorial.wiring import Stage, own_shell


def roll_back_left_run(
    home: Path, run_id: str, options: RunOptions, environment: Environment, signals: Signals
) -> ExitCode:
    """Undo one run from its journal. Where its sandbox is gone and no step made anything outside of
    it, only the journal is closed."""
    variables = environment.variables
    with RunFolder.open(home, run_id) as folder, ending_own_sandbox(folder, home):
        if not is_anything_left(folder, home):
            end_processes(folder.shell)
            folder.journal.append(Closed("quit"))
            folder.forget_state()
            return ExitCode.OK
        with (
            _telling_what_is_left(folder, home, variables),
            reopen_backend(folder, home, environment, signals, ask_facts=False) as opened,
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
def _telling_what_is_left(folder: RunFolder, home: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """Turn an error that kept the rollback from beginning into one that lists what is left. `variables`
    are those of the person's environment.

    Raises:
        RollbackIncompleteError: in its place.
    """
    try:
        yield
    except (UsageError, NotReadyError) as error:
        records = folder.journal.records()
        options = kubectl_options(folder.meta.backend_parameters, variables, home)
        if isinstance(error, OtherClusterError) and "--server" not in shlex.split(options):
            server = folder.meta.backend_parameters["server"]  # the context alone would lead there, too
            options = f"{options} {shlex.join(['--server', server])}"
        files = [
            folder.write_manifest(reference, recreatable(made.manifest))
            for (_, reference), made in adopted_objects(records).items()
        ]
        commands = [
            *commands_to_undo(records, by_hand_for(folder, options, variables), options=options),
            *(create_command(path, options) for path in files if path),
        ]
        raise RollbackIncompleteError(
            f"The run {folder.meta.id} cannot be undone now. {error.what}",
            why=error.why,
            do=f"{error.do} Then: egress-tutorial rollback {folder.meta.id} "
            f"(by hand: {'; '.join(map(without_remark, commands))}). If it never can be: "
            f"egress-tutorial rollback --forget {folder.meta.id}".strip(),
        ) from None


def by_hand_for(folder: RunFolder, options: str, variables: Mapping[str, str]) -> Callable[[str], str]:
    """Makes a step's command fit for a person's own shell, from what is left of the run. `options` choose
    the cluster for kubectl; `variables` are those of the person's environment."""
    own, carried = own_shell(folder, options, variables), carried_variables(folder.shell)
    return lambda command: own.paste(command, folder.meta.variables, carried)


def reopen_backend(
    folder: RunFolder, home: Path, environment: Environment, signals: Signals, *, ask_facts: bool = True
) -> AbstractContextManager[OpenBackend]:
    """The backend that the run used before; a sandbox that is gone is started anew. Without
    `ask_facts` a cluster is not asked for anything: it may be away.

    Raises:
        UsageError: the run ended before it had one. Its commands must not run without: they would
            reach whatever kubectl finds.
    """
    meta = folder.meta
    if not meta.backend:
        raise UsageError(
            f"The run {meta.id} ended before its first step, so there is nothing to go on with.",
            do=f"Start again: egress-tutorial run {shlex.quote(meta.tutorial)}",
        )
    return open_backend(
        requires="none" if meta.backend == "none" else "cluster",
        folder=folder.path,
        home=home,
        environment=environment.variables,
        namespace=meta.variables.get("NAMESPACE", "default"),
        parameters=meta.backend_parameters,
        ask_facts=ask_facts,
        stopper=signals,
    )


@contextmanager
def closing_unless_begun(folder: RunFolder) -> Iterator[None]:
    """Close the journal of a run that ends in an error before its first step has begun."""
    try:
        yield
    except BaseException:
        close_unbegun(folder)
        raise


def close_unbegun(folder: RunFolder) -> None:
    """Close the journal of a run that ends with nothing to undo, unless it is closed. Where that cannot
    be written, the run needs no folder at all."""
    records = folder.journal.records()
    if is_anything_to_undo(records):
        return
    try:
        if not isinstance(records[-1] if records else None, Closed):
            folder.journal.append(Closed("failed"))
        folder.forget_state()
    except JournalError:
        remove_run(folder.path)


@contextmanager
def ending_own_sandbox(folder: RunFolder, home: Path) -> Iterator[None]:
    """After a run that is over for good, take down the sandbox that was kept for it."""
    yield
    last = folder.journal.records()[-1:]
    if last and isinstance(last[0], Closed) and not last[0].kept:
        end_own_sandbox(folder.meta.backend_parameters, folder.meta.id, home)

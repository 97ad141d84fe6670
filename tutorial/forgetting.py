"""Forgets a run that cannot be undone: its cluster is gone for good, or something can never be put back.

Called by `tutorial.app` for `rollback --forget`. Nothing in the cluster is touched. What the journal says
may still be there is shown with the commands for it, and what was there before the run is saved first:
the journal is the only place that has it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tutorial.backends.select import is_gone, kubectl_options
from tutorial.engine.by_hand import create_command, delete_command, listed
from tutorial.engine.history import adopted_objects, found_objects
from tutorial.engine.manifests import recreatable
from tutorial.engine.records import Closed, Record
from tutorial.engine.rollback import commands_to_undo
from tutorial.errors import UsageError
from tutorial.journal.atomic import write_atomically
from tutorial.journal.paths import make_in_state_home, make_private, saved_folder
from tutorial.journal.run_folder import RunFolder, manifest_name
from tutorial.left_runs import by_hand_for
from tutorial.options import RunOptions
from tutorial.shell.bash import end_processes
from tutorial.shell.signals import Signals
from tutorial.text.escapes import safe_text
from tutorial.ui.environment import Environment
from tutorial.ui.opening import open_question, open_view

FORGOTTEN = "forgotten"
"""The outcome of a run that was closed like this."""

Files = Mapping[Path, Mapping[str, object]]
"""What is to be saved: the manifest for each file."""


def forget_run(
    home: Path, run_id: str, options: RunOptions, environment: Environment, signals: Signals
) -> bool:
    """Show what the run may have left and close its journal; whether that was done.

    Raises:
        UsageError: there is no such run, it is over, it is in a sandbox that is up, or nobody can be asked.
        NotReadyError: it is alive.
        JournalError: what was there before the run cannot be saved; then nothing is closed.
    """
    with RunFolder.open(home, run_id) as folder:
        _refuse_what_needs_none(folder, home)
        data_on_stdout = options.output is not None
        if not options.yes and not environment.can_ask(data_on_stdout=data_on_stdout):
            raise UsageError(
                "There is no terminal to ask on.",
                why="A run that is forgotten cannot be rolled back any more.",
                do="Add --yes.",
            )
        files = _files_of(folder, home)
        options_of_kubectl = kubectl_options(folder.meta.backend_parameters, environment.variables, home)
        by_hand = by_hand_for(folder, options_of_kubectl, environment.variables)
        screen = open_view(environment, data_on_stdout=data_on_stdout)
        screen.show_output(
            safe_text(_what_may_be_left(folder, files, options_of_kubectl, by_hand)),
            heading=f"The run {run_id} is to be forgotten",
        )
        if not options.yes and not open_question(environment, screen, signals)(
            "Forget it?", "forget it", "leave it as it is"
        ):
            return False
        _save(files, home)
        end_processes(folder.shell)
        folder.journal.append(Closed(FORGOTTEN))
        folder.forget_shell()
        return True


def _refuse_what_needs_none(folder: RunFolder, home: Path) -> None:
    meta, records = folder.meta, folder.journal.records()
    last = records[-1] if records else None
    if isinstance(last, Closed) and not last.kept:
        raise UsageError(f"The run {meta.id} is over already.", do="See the others: egress-tutorial status")
    parameters = meta.backend_parameters
    if parameters.get("backend") == "sandbox" and not is_gone(parameters, home):
        raise UsageError(
            f"The run {meta.id} is in a sandbox that is up, so it can be undone.",
            why="Forgetting is for a cluster that is gone, or that does not take an object back.",
            do=f"egress-tutorial rollback {meta.id}",
        )


def _files_of(folder: RunFolder, home: Path) -> Files:
    """Where each object is to be saved that was there before the run and is not put back."""
    place = saved_folder(home) / folder.meta.id
    return {
        place / manifest_name(reference): recreatable(made.manifest)
        for (_, reference), made in adopted_objects(folder.journal.records()).items()
    }


def _save(files: Files, home: Path) -> None:
    """Raises JournalError."""
    if files:
        make_in_state_home(saved_folder(home))
    for path, manifest in files.items():
        make_private(path.parent)
        write_atomically(path, json.dumps(manifest, indent=2).encode())


def _what_may_be_left(folder: RunFolder, files: Files, options: str, by_hand: Callable[[str], str]) -> str:
    records = folder.journal.records()
    parts = [
        (
            "This may still be there. Remove it with:",
            commands_to_undo(records, by_hand, options=options),
        ),
        ("Your own commands made these. Remove them with:", _found(records, options)),
        (
            "These were there before the run, and are not in their places. They are saved; create them with:",
            tuple(create_command(str(path), options) for path in files),
        ),
    ]
    lines = [f"Nothing will be deleted in [{folder.meta.backend_label}]. It only no longer counts as left."]
    for heading, commands in parts:
        lines += [heading, *map(listed, commands)] if commands else []
    if len(lines) == 1:
        lines.append("Its journal names nothing that may still be there.")
    return "\n".join(lines)


def _found(records: Sequence[Record], options: str) -> tuple[str, ...]:
    return tuple(delete_command(made.reference, options) for made in found_objects(records).values())

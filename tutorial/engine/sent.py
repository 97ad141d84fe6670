"""What a command can have handed to the cluster, and whether an object carries just that.

After a crash the uid of what a command made is unknown; then this decides whether an object is the
run's. Used when an intent is written and by rollback.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping

from tutorial.engine.ports import ObjectState
from tutorial.engine.records import Intent

_FILE = re.compile(r"(?:\s-f\s*|\s--filename[= ])(?P<quote>[\"']?)(?P<path>[^\s\"'<>()|;&]+)(?P=quote)")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_CLIENT_SIDE_APPLY = re.compile(r"\bkubectl\b(?!.*--server-side).*\bapply\b")


def sent_text(command: str, variables: Mapping[str, str], read_file: Callable[[str], str]) -> str:
    """The command with its variables filled in, and the text of the files that it names with `-f`."""
    filled = _VARIABLE.sub(lambda found: variables.get(found[1] or found[2], found[0]), command)
    files = [read_file(found["path"]) for found in _FILE.finditer(filled) if found["path"] != "-"]
    return "\n".join([filled, *files])


def is_from(intent: Intent, state: ObjectState, latest: float) -> bool:
    """Whether an object that was absent at the intent is the intent's command's doing.

    It must be no older than the intent and no younger than `latest`, when the command had surely ended
    (all clocks are the server's and count whole seconds), and carry the last-applied content that the
    command sent; commands that record none (`kubectl create`) leave none.
    """
    if not int(intent.server_time) <= int(state.created) <= latest:
        return False
    if not state.last_applied:
        return not _CLIENT_SIDE_APPLY.search(intent.command)
    try:
        content = json.loads(state.last_applied)
    except ValueError:
        return False
    return all(line.strip() in intent.sent for leaf in _leaves(content) for line in leaf.splitlines())


def _leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Every scalar of an applied object as text, but for what kubectl itself fills in."""
    if path == ("metadata", "namespace"):
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, str(key)))
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, (*path, ""))
    elif isinstance(value, bool):
        yield str(value).lower()
    elif value is not None:
        yield str(value)

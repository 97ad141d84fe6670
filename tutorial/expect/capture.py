"""Takes a variable's value out of a command's output, as a step's `capture` says.

Called by the engine after a step passed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tutorial.expect.json_values import MissingError, NoJsonError, as_text, find_json, value_at
from tutorial.expect.search import SearchTimeoutError, search
from tutorial.steps.step_file import is_json_path
from tutorial.steps.substitute import fill


def captured(source: str, stdout: str, variables: Mapping[str, str]) -> str | None:
    """The value that `source` finds in `stdout`, or None when it finds none.

    Args:
        source: a path into JSON output, `{.headers.Host}`; or a regular expression, whose first
            group is the value, or all that matches when it has no group.
        variables: the run's values for `${NAME}` in a pattern.
    """
    try:
        if is_json_path(source):
            return as_text(value_at(find_json(stdout), source[2:-1]))
        found = search(fill(source, variables, escape=re.escape), stdout)
    except (MissingError, NoJsonError, SearchTimeoutError):
        return None
    if found is None:
        return None
    return found.text if found.group is None else found.group

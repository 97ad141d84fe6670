"""Names that the tests of this room share."""

from __future__ import annotations

import os
from collections.abc import Callable

from tutorial.engine.ports import CommandResult
from tutorial.shell.bash import BashShell

ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "LC_ALL": "C.UTF-8"}

Run = Callable[..., CommandResult]
NewShell = Callable[..., BashShell]

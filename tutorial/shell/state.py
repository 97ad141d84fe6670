"""What one command leaves to the next: variables, functions, aliases, options, working folder, umask.

Called by `tutorial.shell.bash`, and by `tutorial.left_runs` for the variables. Bash writes it in an
EXIT trap (`SAVE_SCRIPT`), Python keeps it in one file that is replaced at once, and the next bash reads it
back as a script (`restore_script`).
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from tutorial.shell.declarations import Declaration, exported, parse_declarations, restorable_aliases

SAVE_SCRIPT = rb"""
\builtin declare -p
\builtin printf '\0'
\builtin declare -f
\builtin printf '\0'
\builtin declare -Fx
\builtin printf '\0'
\builtin alias -p
\builtin printf '\0'
\builtin umask
\builtin printf '\0%s\0%s\0%s\0%s\0' "$1" "$SHELLOPTS" "$2" "${BASHOPTS-}"
\builtin pwd
\builtin printf '\0end\0'
"""
"""Sourced at a shell's end with the options it began with (`set -o`, then `shopt`); what it prints
is for `ShellState.from_saved`. A backslash keeps a word from being an alias."""

_OWN_PREFIXES = ("BASH", "COMP_", "EPOCH")
_OWN_NAMES = frozenset(
    name
    for line in """
    _ COLUMNS DIRSTACK EUID FUNCNAME GROUPS HISTCMD HISTFILE HISTFILESIZE HISTSIZE HOSTTYPE LINENO LINES
    MACHTYPE MAILCHECK OPTARG OPTERR OPTIND OSTYPE PIPESTATUS PPID PROMPT_COMMAND PS1 PS2 PWD RANDOM
    READLINE_LINE READLINE_POINT SECONDS SHELLOPTS SHLVL SRANDOM UID
    """.splitlines()
    for name in line.split()
)
_SET_BY_BASH = ("HOSTNAME", "IFS", "OLDPWD", "PATH", "PS4", "SHELL", "TERM")
_NOISY_OPTIONS = ("verbose", "xtrace")
_TEXTS = ("cwd", "functions", "exported_functions", "aliases", "umask")
"""The fields of a state that are bash's bytes."""
_ENDED = 12
"""How many parts `SAVE_SCRIPT` writes, the empty one after the last NUL included."""


@dataclass(frozen=True)
class ShellState:
    """Texts are bash's own bytes; `umask` is empty as long as no command has run. `options` (`set -o`)
    and `shopts` hold only what differs from a fresh bash: name -> on. `unset` are variables that a
    fresh bash sets by itself and a command has unset."""

    variables: Mapping[str, Declaration]
    cwd: bytes
    functions: bytes = b""
    exported_functions: bytes = b""
    aliases: bytes = b""
    umask: bytes = b""
    options: Mapping[str, bool] = field(default_factory=dict)
    shopts: Mapping[str, bool] = field(default_factory=dict)
    unset: tuple[str, ...] = ()

    @classmethod
    def initial(cls, environment: Mapping[str, str], cwd: Path) -> Self:
        """The state that a bash with this environment would start with."""
        declarations = (exported(name, value) for name, value in environment.items() if name.isidentifier())
        return cls(_carried(declarations), bytes(cwd))

    @classmethod
    def from_saved(cls, saved: bytes, before: ShellState) -> Self:
        """What `SAVE_SCRIPT` wrote in a shell that began with the state `before`. Raises ValueError
        when it did not get to its end."""
        parts = saved.split(b"\0")
        if len(parts) != _ENDED or parts[-2:] != [b"end", b""]:
            raise ValueError("the shell did not save its state")
        declarations, functions, exports, aliases, umask, *options, cwd, _, _ = parts
        old_set, new_set, old_shopt, new_shopt = options
        variables = _carried(parse_declarations(declarations))
        return cls(
            variables,
            cwd.removesuffix(b"\n"),
            functions,
            exports,
            restorable_aliases(aliases),
            umask.strip(),
            options=_differing(old_set, new_set, before.options),
            shopts=_differing(old_shopt, new_shopt, before.shopts),
            unset=tuple(name for name in _SET_BY_BASH if name not in variables),
        )

    @classmethod
    def from_file(cls, content: bytes) -> Self:
        """The state that `to_file` wrote, also one of an older version, without aliases and umask.
        Raises ValueError, KeyError, TypeError or AttributeError when it is none."""
        data = json.loads(content)
        texts = {name: data[name].encode("latin-1") for name in _TEXTS if name in data}
        return cls(
            variables=_carried(parse_declarations(data["variables"].encode("latin-1"))),
            options=dict(data["options"]),
            shopts=dict(data["shopts"]),
            unset=tuple(data["unset"]),
            **texts,
        )

    def to_file(self) -> bytes:
        """The state as JSON; each byte of bash's is one character (Latin-1)."""
        return json.dumps(
            {
                "variables": self._declarations().decode("latin-1"),
                **{name: getattr(self, name).decode("latin-1") for name in _TEXTS},
                "options": self.options,
                "shopts": self.shopts,
                "unset": self.unset,
            }
        ).encode()

    def scalars(self) -> dict[str, str]:
        """Every variable that holds one value."""
        values = ((name, each.scalar()) for name, each in self.variables.items())
        return {name: value for name, value in values if value is not None}

    def with_variable(self, name: str, value: str) -> Self:
        """The state with this variable set and exported."""
        return replace(self, variables={**self.variables, name: exported(name, value)})

    def restore_script(self) -> bytes:
        """A script that gives a fresh bash this state when it is sourced at top level. Where the
        working folder is gone, it says so and stays where it is.

        Bash reads each group whole before it runs it: functions are read with extglob on, which some
        need, and nothing of the script is read when aliases count already. Functions come late, so
        that none of the script's own commands can be one of them.
        """
        lost = _quoted(b"The folder " + self.cwd + b" cannot be entered any more. This runs in ")
        return b"".join(
            (
                b"builtin cd -- " + _quoted(self.cwd) + b" 2>/dev/null",
                b" || builtin printf '%s\\n' " + lost + b'"$PWD." >&2\n',
                b"{\n",
                *(b"unset -v " + name.encode() + b"\n" for name in self.unset),
                self._declarations(),
                b"shopt -s extglob\n} 2>/dev/null\n{ :\n",
                self.functions,
                self.exported_functions.replace(b"declare -fx ", b"builtin export -f "),
                *(
                    _switch("builtin shopt -s", "builtin shopt -u", name, on)
                    for name, on in {"extglob": False, **self.shopts}.items()
                ),
                *(
                    _switch("builtin set -o", "builtin set +o", name, on)
                    for name, on in self.options.items()
                    if name not in _NOISY_OPTIONS
                ),
                b"builtin umask " + self.umask + b"\n" if self.umask else b"",
                self.aliases,
                b"} 2>/dev/null\n",
            )
        )

    def noisy_options(self) -> tuple[str, ...]:
        """Options to be set last, because they would show the restoring itself."""
        return tuple(name for name in _NOISY_OPTIONS if self.options.get(name))

    def _declarations(self) -> bytes:
        return b"".join(each.text for each in self.variables.values())


def carried_variables(folder: Path) -> dict[str, str]:
    """The variables of the state in a run's shell folder; none where that is gone or damaged."""
    try:
        return ShellState.from_file((folder / "state").read_bytes()).scalars()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _carried(declarations: Iterator[Declaration]) -> dict[str, Declaration]:
    return {
        each.name: each
        for each in declarations
        if not each.is_readonly and each.name not in _OWN_NAMES and not each.name.startswith(_OWN_PREFIXES)
    }


def _differing(at_start: bytes, at_end: bytes, carried: Mapping[str, bool]) -> dict[str, bool]:
    """The options that are not as in a fresh bash. An interactive one switches some on by itself:
    those that were carried to it switched on are carried on."""
    old, new = (set(filter(None, text.decode().split(":"))) for text in (at_start, at_end))
    on_in_both = {name for name in old & new if carried.get(name)}
    return {name: name in new for name in sorted((old ^ new) | on_in_both)}


def _switch(on_command: str, off_command: str, name: str, on: bool) -> bytes:
    return f"{on_command if on else off_command} {shlex.quote(name)}\n".encode()


def _quoted(text: bytes) -> bytes:
    return shlex.quote(text.decode("latin-1")).encode("latin-1")

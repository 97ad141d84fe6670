"""What can be told from a bash command without running it: what it changes, which variables it sets.

Used by `tutorial.steps.rules`. A reader of text, not of bash's grammar: it knows the programs that
tutorials use, and skips comments and the bodies of heredocs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HEREDOC = re.compile(r"<<-?[ \t]*(?P<quote>[\"']?)(?P<word>[A-Za-z_]\w*)(?P=quote)")
_COMMENT = re.compile(r"(?m)(?:^|(?<=[\s;]))#.*$")
_PROGRAM = re.compile(r"(?<![\w./-])(kubectl|helm|istioctl)[ \t]+([^\n;|&)`]+)")
_FILE_WRITER = re.compile(r"(?<![\w./-])(rm|mv|cp|mkdir|touch|tee|chmod|chown|ln|kill|truncate|sed\s+-i)\s")
_ASSIGNMENT = re.compile(r"(?:^|(?<=[\s;&|(]))([A-Za-z_]\w*)\+?=")
_NAMING = re.compile(
    r"\b(?:for|select)\s+([A-Za-z_]\w*)|\b(?:read|mapfile|readarray|printf\s+-v)\s+([^\n;|&<]+)"
)
_EXPORT = re.compile(r"\bexport\s+([A-Za-z_]\w*)=[\"']?(?:\$\(|`)")
_NAME = re.compile(r"[A-Za-z_]\w*\Z")

_FLAGS_WITH_VALUE = frozenset(
    ("-n", "--namespace", "--context", "--kubeconfig", "--cluster", "--user", "-s", "--server", "-v")
)
_MAKING = {
    "kubectl": frozenset(
        ("annotate", "apply", "autoscale", "cordon", "create", "drain", "edit", "expose", "label", "patch",
         "replace", "rollout", "run", "scale", "set", "taint", "uncordon")
    ),
    "helm": frozenset(("install", "upgrade", "rollback")),
    "istioctl": frozenset(("install", "upgrade")),
}  # fmt: skip
_REMOVING = {
    "kubectl": frozenset(("delete",)),
    "helm": frozenset(("uninstall", "delete")),
    "istioctl": frozenset(("uninstall",)),
}
_ROLLOUT_READS = frozenset(("status", "history"))


@dataclass(frozen=True)
class Change:
    """A part of a command that changes the cluster: `kubectl apply`, and where it begins."""

    offset: int
    text: str


def makes(command: str) -> list[Change]:
    """What in `command` makes or alters objects. A dry run does not."""
    return [change for change, verb in _changes(command) if not _removes(change, verb)]


def removes(command: str) -> list[Change]:
    """What in `command` deletes objects. A dry run does not."""
    return [change for change, verb in _changes(command) if _removes(change, verb)]


def writes(command: str) -> list[Change]:
    """Everything in `command` that is not read-only: changes of the cluster and of files."""
    found = [change for change, _ in _changes(command)]
    found += [
        Change(writer.start(), writer.group(1)) for writer in _FILE_WRITER.finditer(without_data(command))
    ]
    return sorted(found, key=lambda change: change.offset)


def assigned_names(command: str) -> set[str]:
    """The variables that `command` may set."""
    code = without_data(command)
    names = {found.group(1) for found in _ASSIGNMENT.finditer(code)}
    for found in _NAMING.finditer(code):
        names.update(word for word in (found.group(1) or found.group(2)).split() if _NAME.match(word))
    return names


def exports_of_output(command: str) -> list[tuple[int, str]]:
    """Each `export NAME=$(...)`: where it begins, and the name. Its exit code is always 0."""
    return [(found.start(), found.group(1)) for found in _EXPORT.finditer(without_data(command))]


def heredocs(command: str) -> list[str]:
    """The body of each heredoc in `command`, in order."""
    bodies: list[str] = []
    ends: list[str] = []
    for line in command.split("\n"):
        if ends and line.strip("\t") == ends[0]:
            ends.pop(0)
        elif ends:
            bodies[-len(ends)] += f"{line}\n"
        else:
            ends = [found["word"] for found in _HEREDOC.finditer(line)]
            bodies += [""] * len(ends)
    return bodies


def without_data(command: str) -> str:
    """`command` with comments and the bodies of heredocs replaced by spaces; offsets stay right."""
    lines = _COMMENT.sub(lambda comment: " " * len(comment.group()), command).split("\n")
    ends: list[str] = []
    for index, line in enumerate(lines):
        if ends:
            if line.strip("\t") == ends[0]:
                ends.pop(0)
            lines[index] = " " * len(line)
        else:
            ends = [found["word"] for found in _HEREDOC.finditer(line)]
    return "\n".join(lines).replace("\\\n", "  ")


def _changes(command: str) -> Iterator[tuple[Change, str]]:
    """Every change of the cluster in `command`, with its verb."""
    for found in _PROGRAM.finditer(without_data(command)):
        program, words = found.group(1), found.group(2).split()
        verb = _verb(words)
        if verb in _MAKING[program] | _REMOVING[program] and not _changes_nothing(verb, words):
            yield Change(found.start(), f"{program} {verb}"), verb


def _verb(words: list[str]) -> str:
    """The first word that is neither a flag nor a flag's value."""
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = word in _FLAGS_WITH_VALUE
        else:
            return word
    return ""


def _changes_nothing(verb: str, words: list[str]) -> bool:
    """Whether a changing verb is used in a form that only looks: a dry run, `create token`,
    `label --list`, `rollout status`."""
    is_dry = any(word.startswith("--dry-run") and word != "--dry-run=none" for word in words)
    is_token = verb == "create" and "token" in words
    is_look = verb == "rollout" and bool(_ROLLOUT_READS & set(words))
    return is_dry or is_token or is_look or "--list" in words


def _removes(change: Change, verb: str) -> bool:
    return verb in _REMOVING[change.text.split()[0]]

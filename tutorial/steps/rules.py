"""The rules that steps must keep beyond their form: undo, order, variables, lengths.

Called by `tutorial.steps.loader` on every load; docs/step-files.md gives the reasons.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

from tutorial.steps import commands
from tutorial.steps.faults import Fault
from tutorial.steps.model import Location
from tutorial.steps.step_file import StepSource
from tutorial.steps.substitute import references
from tutorial.steps.yaml_nodes import Mapping as MappingNode
from tutorial.steps.yaml_nodes import Node, Scalar, Sequence

FACTS = ("backend", "istio", "istio_api", "kubernetes", "mesh")
"""What a backend may say of itself; `when` may ask it, beside the tutorial's variables."""

MAX_WIDTH = 78
_MAX_LINES = {"explain": 4, "after": 3}

_COMMANDS = ("command", "until.command", "cleanup.commands", "on_fail", "probe.behind")
_VERBATIM = ("sample", "when", "needs", "control")

_ENVIRONMENT = frozenset(
    ("BASH", "BASHPID", "BASH_VERSION", "COLUMNS", "DISPLAY", "EDITOR", "EPOCHREALTIME", "EPOCHSECONDS",
     "EUID", "HOME", "HOSTNAME", "HTTPS_PROXY", "HTTP_PROXY", "IFS", "KUBECONFIG", "LANG", "LANGUAGE",
     "LINENO", "LINES", "LOGNAME", "MACHTYPE", "NO_PROXY", "OLDPWD", "OPTARG", "OPTIND", "OSTYPE",
     "PAGER", "PATH", "PPID", "PWD", "RANDOM", "REPLY", "SECONDS", "SHELL", "SHLVL", "SRANDOM", "TERM",
     "TMPDIR", "TZ", "UID", "USER", "VISUAL")
)  # fmt: skip


def check_rules(sources: Iterable[StepSource], variables: Mapping[str, str], faults: list[Fault]) -> None:
    """Add a fault for each rule that a step breaks. `sources` are in the order of the run."""
    sources = list(sources)
    ids = [source.step.id for source in sources]
    known = {*variables, *FACTS}
    earlier: set[str] = set()
    for source in sources:
        checker = _StepChecker(source, faults)
        checker.check_id(earlier)
        checker.check_order(earlier, ids)
        checker.check_lengths()
        checker.check_undo()
        checker.check_repeats()
        checker.check_exports()
        _check_conditions(source.mapping, {*variables, *FACTS}, faults)
        known |= {*source.step.capture, *commands.assigned_names(source.step.command)}
        _check_references(source.mapping, known, faults)
        earlier.add(source.step.id)


def check_section(mapping: MappingNode, variables: Mapping[str, str], faults: list[Fault]) -> None:
    """Add a fault for each condition or reference in a tutorial.yaml that asks what is not known."""
    _check_conditions(mapping, {*variables, *FACTS}, faults)
    for key in ("outside", "sidecars"):
        if key in mapping.entries:
            _check_references(mapping.entries[key], set(variables), faults)


def _check_conditions(mapping: MappingNode, known: set[str], faults: list[Fault]) -> None:
    """Add a fault for each `when` in the mapping or below it that asks what is not known."""
    for each in _mappings(mapping):
        condition = each.entries.get("when")
        for name, place in condition.keys.items() if isinstance(condition, MappingNode) else ():
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
                write = f'did you mean "{near[0]}"?' if near else f"write one of {', '.join(sorted(known))}"
                faults.append(Fault(place, f'there is no fact or variable "{name}"', write))


def _check_references(node: Node, known: set[str], faults: list[Fault]) -> None:
    """Add a fault for each `${NAME}` of a variable that nothing sets."""
    for key, scalar in _walk(node):
        if key.startswith(_VERBATIM):
            continue
        is_command = key in _COMMANDS
        for offset, name in references(scalar.text):
            if name in known or (is_command and not _must_be_known(name)):
                continue
            near = difflib.get_close_matches(name, known, n=1)
            write = (
                f"did you mean ${{{near[0]}}}?" if near else "set it in tutorial.yaml's variables, or before"
            )
            faults.append(Fault(scalar.place_at(offset), f"nothing sets the variable {name}", write))


class _StepChecker:
    """One step's rules."""

    def __init__(self, source: StepSource, faults: list[Fault]) -> None:
        self._step = source.step
        self._mapping = source.mapping
        self._faults = faults

    def check_id(self, earlier: set[str]) -> None:
        if self._step.id in earlier:
            what = f'there is another step "{self._step.id}" in this tutorial'
            self._faults.append(Fault(Location(self._step.path, 1, 1), what, "name the file differently"))

    def check_order(self, earlier: set[str], ids: list[str]) -> None:
        for scalar in (*self._scalars("needs"), *self._scalars("control")):
            name = scalar.text
            if name in earlier:
                continue
            if name in ids:
                self._fault(
                    scalar.place, f'the step "{name}" does not come before this one', "name an earlier step"
                )
            else:
                near = difflib.get_close_matches(name, ids, n=1)
                write = (
                    f'did you mean "{near[0]}"?' if near else "write a file's name without number and .yaml"
                )
                self._fault(scalar.place, f'there is no step "{name}"', write)

    def check_lengths(self) -> None:
        for key, most in _MAX_LINES.items():
            for scalar in self._texts(key):
                lines = scalar.text.rstrip().split("\n")
                if len(lines) > most:
                    self._fault(
                        scalar.place,
                        f'"{key}" has {len(lines)} lines',
                        f"write at most {most}; more goes to why",
                    )
                for number, line in enumerate(lines):
                    if len(line) > MAX_WIDTH:
                        place = scalar.place_at(sum(len(earlier) + 1 for earlier in lines[:number]))
                        what = f'a line of "{key}" has {len(line)} characters'
                        self._fault(place, what, f"break it before {MAX_WIDTH}")

    def check_undo(self) -> None:
        step = self._step
        undone = step.creates or step.cleanup.commands or step.cleanup.by_hand
        made = commands.makes(step.command)
        if made and not undone:
            write = "write `creates:` with `- kind/name@${NAMESPACE}`, or `cleanup:`"
            self._command_fault(
                made[0], f"`{made[0].text}` makes or changes something, and nothing undoes it", write
            )
        removed = commands.removes(step.command)
        if removed and not step.deletes:
            write = "write `deletes:` with `- kind/name@${NAMESPACE}`"
            self._command_fault(
                removed[0], f"`{removed[0].text}` deletes something that is not declared", write
            )

    def check_repeats(self) -> None:
        if self._step.retry and not self._step.repeatable:
            write = "write `repeatable: true` if the command may run twice, or use until"
            self._fault(self._place("retry"), "`retry` repeats a command that is not repeatable", write)
        until = self._mapping.entries.get("until")
        if isinstance(until, MappingNode) and isinstance(command := until.entries.get("command"), Scalar):
            for change in commands.writes(command.text):
                what = f"`{change.text}` in `until` is not read-only"
                self._fault(
                    command.place_at(change.offset), what, "only look in until; change things in command"
                )

    def check_exports(self) -> None:
        step = self._step
        checks_output = any({"stdout", "output"} & set(expectation.streams) for expectation in step.expect)
        for offset, name in commands.exports_of_output(step.command):
            if checks_output or any(name in expectation.variables for expectation in step.expect):
                continue
            what = f"`export {name}=$(...)` succeeds even when its command fails, and nothing checks {name}"
            write = f"write `expect:`, `variables:` and `{name}: '^...$'`"
            self._command_fault(commands.Change(offset, name), what, write)

    def _texts(self, key: str) -> list[Scalar]:
        """A text that may be said in more than one way, in each of them."""
        node = self._mapping.entries.get(key)
        if not isinstance(node, Sequence):
            return self._scalars(key)
        found = [item.entries.get("text") for item in node.items if isinstance(item, MappingNode)]
        return [text for text in found if isinstance(text, Scalar)]

    def _scalars(self, key: str) -> list[Scalar]:
        node = self._mapping.entries.get(key)
        if isinstance(node, Sequence):
            return [item for item in node.items if isinstance(item, Scalar)]
        return [node] if isinstance(node, Scalar) and node.text.strip() else []

    def _place(self, key: str) -> Location:
        return self._mapping.keys[key]

    def _command_fault(self, change: commands.Change, what: str, write: str) -> None:
        command = self._mapping.entries["command"]
        place = command.place_at(change.offset) if isinstance(command, Scalar) else command.place
        self._fault(place, what, write)

    def _fault(self, place: Location, what: str, write: str) -> None:
        self._faults.append(Fault(place, what, write))


def _must_be_known(name: str) -> bool:
    """Whether a `${NAME}` in a command must be set by the tutorial: bash sets many names itself."""
    return name.isupper() and name not in _ENVIRONMENT and not name.startswith(("BASH_", "LC_", "XDG_"))


def _walk(node: Node, key: str = "") -> Iterator[tuple[str, Scalar]]:
    """Every text below `node` with its dotted key; items of a list have the list's key."""
    if isinstance(node, Scalar):
        yield key, node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _walk(item, key)
    else:
        for name, value in node.entries.items():
            yield from _walk(value, f"{key}.{name}" if key else name)


def _mappings(node: Node) -> Iterator[MappingNode]:
    """`node` and all mappings below it."""
    if isinstance(node, MappingNode):
        yield node
        children: Iterable[Node] = node.entries.values()
    else:
        children = node.items if isinstance(node, Sequence) else ()
    for child in children:
        yield from _mappings(child)

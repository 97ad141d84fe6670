"""Reads one YAML file into nodes that know their place, with every fault the file's form has.

Used by `tutorial.steps.step_file` and `tutorial.steps.tutorial_file`. Only what step files need:
mappings, lists and scalars, each scalar verbatim as text (`1.20`, `on` and `0755` stay as written).
Anchors, aliases, tags, merge keys and duplicate keys are refused; size and depth are bounded.
Built on PyYAML's events, not on its recursive composer, so that nothing nested can exhaust the stack.
Read by libyaml, which is twenty times as fast as PyYAML's own parser; what it refuses, or where it is
missing, the other reads, so that a fault has the same words everywhere.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import yaml

from tutorial.steps.faults import Fault
from tutorial.steps.model import Location

MAX_BYTES = 262_144
MAX_DEPTH = 12

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What YAML 1.1 takes as the end of a line."""

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Characters that would change what the screen shows of a text: control characters, which quoted YAML
can spell, and bidirectional overrides, which make a command look like another one."""


@dataclass(frozen=True)
class Scalar:
    """Text as written. `place` is where it begins; `body` is the place of the text's first character
    when lines of the text are lines of the file (plain, quoted, or a `|` block), else None."""

    place: Location
    text: str
    body: Location | None = None

    def place_at(self, offset: int) -> Location:
        """The place in the file of the character at `offset`, as near as it can be told."""
        if self.body is None:
            return self.place
        line = self.text.count("\n", 0, offset)
        column = offset - (self.text.rfind("\n", 0, offset) + 1)
        return Location(self.place.path, self.body.line + line, self.body.column + column)


@dataclass(frozen=True)
class Sequence:
    place: Location
    items: list[Node] = field(default_factory=list)


@dataclass(frozen=True)
class Mapping:
    """`keys` holds where each key stands, `entries` its value, both by key."""

    place: Location
    keys: dict[str, Location] = field(default_factory=dict)
    entries: dict[str, Node] = field(default_factory=dict)


Node = Scalar | Sequence | Mapping


class _Mark(Protocol):
    """PyYAML's mark of a place; both count from 0."""

    line: int
    column: int


class _FormError(Exception):
    """The file cannot be read on."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def read_mapping(path: Path, faults: list[Fault]) -> Mapping | None:
    """The mapping that the file `path` holds; faults of form are added to `faults`.

    Returns None when the file cannot be read, its syntax is wrong, or it holds something else.
    """
    try:
        return _Composer(path, _read_text(path), faults).document()
    except _FormError as error:
        faults.append(error.fault)
    return None


def _read_text(path: Path) -> str:
    start = Location(path, 1, 1)
    try:
        if not path.is_file():
            raise _FormError(Fault(start, "is not a file", "write one, or correct the path"))
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise _FormError(Fault(start, what, "make it readable for you")) from None
    if len(content) > MAX_BYTES:
        raise _FormError(Fault(start, f"is larger than {MAX_BYTES // 1024} KiB", "split it into steps"))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = _place_in(path, content[: error.start].decode("utf-8-sig"))
        raise _FormError(Fault(place, "is not UTF-8 text", "save the file as UTF-8")) from None


def _place_in(path: Path, before: str) -> Location:
    """The place right after the text `before`."""
    return Location(path, before.count("\n") + 1, len(before) - before.rfind("\n"))


class _Composer:
    """Turns the parser's events into nodes, one file."""

    def __init__(self, path: Path, text: str, faults: list[Fault]) -> None:
        self._path = path
        self._text = text
        self._lines = _LINE_BREAK.split(text)
        self._faults = faults

    def document(self) -> Mapping:
        events = self._events()
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent) and root is not None:
                raise _FormError(
                    Fault(self._place(event), "a second document begins here", "write one step a file")
                )
            if isinstance(event, yaml.NodeEvent):
                root = self._node(event, events)
        if not isinstance(root, Mapping):
            place = root.place if root else Location(self._path, 1, 1)
            raise _FormError(
                Fault(place, "is not a mapping", "write `key: value` lines, beginning with title:")
            )
        return root

    def _events(self) -> Iterator[yaml.Event]:
        if yaml.__with_libyaml__:
            with contextlib.suppress(yaml.YAMLError):
                return iter(list(yaml.parse(self._text, Loader=yaml.CSafeLoader)))
        return self._events_or_fault()

    def _events_or_fault(self) -> Iterator[yaml.Event]:
        try:
            yield from yaml.parse(self._text, Loader=yaml.SafeLoader)
        except yaml.reader.ReaderError as error:
            place = _place_in(self._path, self._text[: error.position])
            what = f"holds the character U+{ord(self._text[error.position]):04X}, which YAML does not allow"
            raise _FormError(Fault(place, what, "remove it")) from None
        except yaml.MarkedYAMLError as error:
            raise _FormError(self._syntax_fault(error)) from None

    def _syntax_fault(self, error: yaml.MarkedYAMLError) -> Fault:
        mark = error.problem_mark or error.context_mark
        place = self._at(mark)
        context = f" ({error.context})" if error.context else ""
        return Fault(place, f"YAML syntax: {error.problem}{context}", _advice(error.problem or ""))

    def _node(self, first: yaml.Event, events: Iterator[yaml.Event]) -> Node:
        """The node that `first` begins. The containers that are still open wait on a stack."""
        open_nodes: list[Sequence | _OpenMapping] = []
        event = first
        while True:
            node = self._step(event, open_nodes)
            if node is not None:
                if not open_nodes:
                    return node
                self._put(open_nodes[-1], node)
            event = next(events)

    def _step(self, event: yaml.Event, open_nodes: list[Sequence | _OpenMapping]) -> Node | None:
        """Take one event; the node that it completes, if any."""
        self._refuse_references(event)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.CollectionStartEvent):
            if len(open_nodes) >= MAX_DEPTH:
                what = f"is nested more than {MAX_DEPTH} levels deep"
                raise _FormError(
                    Fault(self._place(event), what, "put a text that is meant as it stands in quotes")
                )
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            place = self._place(event)
            open_nodes.append(_OpenMapping(Mapping(place)) if is_mapping else Sequence(place))
            return None
        closed = open_nodes.pop()
        return closed.mapping if isinstance(closed, _OpenMapping) else closed

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        scalar = Scalar(self._place(event), event.value, self._body(event))
        unsafe = _UNSAFE.search(scalar.text)
        if unsafe:
            place = scalar.place_at(unsafe.start())
            raise _FormError(Fault(place, f"holds the character U+{ord(unsafe.group()):04X}", "remove it"))
        return scalar

    def _put(self, container: Sequence | _OpenMapping, node: Node) -> None:
        if isinstance(container, Sequence):
            container.items.append(node)
        elif container.key is None:
            container.key = self._key(node)
        else:
            self._put_entry(container.mapping, container.key, node)
            container.key = None

    def _put_entry(self, mapping: Mapping, key: Scalar, value: Node) -> None:
        if key.text == "<<":
            self._faults.append(Fault(key.place, "merge keys (<<) are not allowed", "write the entries out"))
        elif key.text in mapping.entries:
            first = mapping.keys[key.text]
            what = f'the key "{key.text}" is here twice (first in line {first.line})'
            self._faults.append(Fault(key.place, what, "keep one of them"))
        else:
            mapping.keys[key.text] = key.place
            mapping.entries[key.text] = value

    def _key(self, node: Node) -> Scalar:
        if not isinstance(node, Scalar):
            raise _FormError(Fault(node.place, "a key must be a word", "write `key: value`"))
        return node

    def _refuse_references(self, event: yaml.Event) -> None:
        place = self._place(event)
        if isinstance(event, yaml.AliasEvent):
            raise _FormError(
                Fault(place, "aliases (*name) are not allowed", "write the value out, or put it in quotes")
            )
        if getattr(event, "anchor", None) is not None:
            self._faults.append(Fault(place, "anchors (&name) are not allowed", "write the value without it"))
        if getattr(event, "tag", None) is not None:
            self._faults.append(Fault(place, "tags (!name) are not allowed", "write the value without it"))

    def _place(self, event: yaml.Event) -> Location:
        return self._at(event.start_mark)

    def _at(self, mark: _Mark | None) -> Location:
        """The mark's place; marks count from 0. Without one, the file's beginning."""
        return Location(self._path, mark.line + 1, mark.column + 1) if mark else Location(self._path, 1, 1)

    def _body(self, event: yaml.ScalarEvent) -> Location | None:
        start = self._place(event)
        if event.style == "|":
            return self._block_body(start.line)
        end = self._at(event.end_mark)
        quote = 1 if event.style else 0
        is_verbatim = end.column - start.column - 2 * quote == len(event.value)
        if event.style == ">" or start.line != end.line or not is_verbatim:
            return None
        return Location(self._path, start.line, start.column + quote)

    def _block_body(self, first: int) -> Location | None:
        """Where a `|` block's text begins: its first line's number is `first`, counted from 0."""
        for line in self._lines[first:]:
            if line.strip():
                return Location(self._path, first + 1, len(line) - len(line.lstrip(" ")) + 1)
        return None


@dataclass
class _OpenMapping:
    """A mapping that is being read; `key` waits for its value."""

    mapping: Mapping
    key: Scalar | None = None


def _advice(problem: str) -> str:
    """What to write instead, for the commonest mistakes."""
    if "mapping values are not allowed" in problem:
        return 'put a text that holds ": " in quotes, or in a block after |'
    if "cannot start any token" in problem:
        return "use spaces, no tabs, and put a text that begins with a special character in quotes"
    if "unexpected end of stream" in problem or "quoted scalar" in problem:
        return "close the quote"
    return "look at the indentation of this line and the one before it"

"""Reads the typed fields of one YAML mapping, and collects a fault for each that is not as wanted.

Used by the readers of step files and of tutorial.yaml. A field with a fault reads as its default,
so that all other faults of the file are found in the same pass.
"""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Callable, Iterable
from typing import TypeVar

from tutorial.steps.faults import Fault
from tutorial.steps.model import Location
from tutorial.steps.substitute import REFERENCE
from tutorial.steps.yaml_nodes import Mapping, Node, Scalar, Sequence

Item = TypeVar("Item")

_NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?\Z")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}\Z")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_KINDS = {Scalar: "a text", Sequence: "a list", Mapping: "a mapping"}


class Fields:
    """The entries of `mapping`, of which only those named in `known` may be there.

    Args:
        title: what the mapping is, for messages: `a step`, `expect`.
    """

    def __init__(self, mapping: Mapping, title: str, known: Iterable[str], faults: list[Fault]) -> None:
        self.mapping = mapping
        self.faults = faults
        self._title = title
        known = tuple(known)
        for key, place in mapping.keys.items():
            if key not in known:
                self._fault(place, f'{title} has no key "{key}"', _nearest(key, known))

    def node(self, key: str) -> Node | None:
        return self.mapping.entries.get(key)

    def place(self, key: str) -> Location:
        """Where the key's value is, or the mapping when the key is absent."""
        node = self.node(key)
        return node.place if node else self.mapping.place

    def require(self, *keys: str) -> None:
        """A fault for each of `keys` that is absent."""
        for key in keys:
            if key not in self.mapping.entries:
                self._fault(self.mapping.place, f'{self._title} needs "{key}"', f"write `{key}: ...`")

    def text(self, key: str, default: str = "") -> str:
        """A text that is not empty."""
        scalar = self._scalar(key)
        if scalar is None:
            return default
        if not scalar.text.strip():
            self._fault(scalar.place, f'"{key}" is empty', "write a text, or leave the key out")
            return default
        return scalar.text

    def flag(self, key: str) -> bool:
        scalar = self._scalar(key)
        if scalar is None:
            return False
        if scalar.text not in ("true", "false"):
            self._fault(scalar.place, f'"{key}" is "{scalar.text}"', "write true or false")
        return scalar.text == "true"

    def number(self, key: str, default: float, *, unit: str, above_zero: bool = True) -> float:
        """A decimal number that is not negative."""
        scalar = self._scalar(key)
        if scalar is None:
            return default
        if not _NUMBER.match(scalar.text) or (above_zero and float(scalar.text) == 0):
            self._fault(scalar.place, f'"{key}" is "{scalar.text}"', f"write a number of {unit}, such as 60")
            return default
        return float(scalar.text)

    def whole_number(self, key: str, default: int, lowest: int, highest: int) -> int:
        scalar = self._scalar(key)
        if scalar is None:
            return default
        if not _WHOLE_NUMBER.match(scalar.text) or not lowest <= int(scalar.text) <= highest:
            wanted = f"write a whole number from {lowest} to {highest}"
            self._fault(scalar.place, f'"{key}" is "{scalar.text}"', wanted)
            return default
        return int(scalar.text)

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        scalar = self._scalar(key)
        if scalar is None:
            return default
        if scalar.text not in choices:
            self._fault(scalar.place, f'"{key}" is "{scalar.text}"', f"write {' or '.join(choices)}")
            return default
        return scalar.text

    def scalars(self, key: str, *, single: bool = False) -> list[Scalar]:
        """The texts of a list; with `single`, one text may stand for a list of one."""
        node = self.node(key)
        if node is None:
            return []
        if single and isinstance(node, Scalar):
            return self._not_empty(key, [node])
        if not isinstance(node, Sequence):
            self._wrong_kind(key, node, "a list", f"write `{key}:` and one `- ...` line for each")
            return []
        found = []
        for item in node.items:
            if isinstance(item, Scalar):
                found.append(item)
            else:
                self._wrong_kind(f"an item of {key}", item, "a text", "put it in quotes")
        return self._not_empty(key, found) if node.items else self._no_items(key, node)

    def texts(self, key: str, *, single: bool = False) -> tuple[str, ...]:
        return tuple(scalar.text for scalar in self.scalars(key, single=single))

    def mappings(self, key: str, *, example: str) -> list[Mapping]:
        """The mappings of a list."""
        node = self.node(key)
        if node is None:
            return []
        if not isinstance(node, Sequence):
            self._wrong_kind(key, node, "a list", f"write `{key}:` and `- {example}` for each")
            return []
        for item in node.items:
            if not isinstance(item, Mapping):
                self._wrong_kind(f"an item of {key}", item, "a mapping", f"write `- {example}`")
        return [item for item in node.items if isinstance(item, Mapping)]

    def sub(self, key: str, known: Iterable[str]) -> Fields | None:
        """The fields of the mapping under `key`."""
        node = self.node(key)
        if node is None:
            return None
        if not isinstance(node, Mapping):
            self._wrong_kind(
                key, node, "a mapping", f"write `{key}:` and the keys {', '.join(known)} below it"
            )
            return None
        return Fields(node, f'"{key}"', known, self.faults)

    def pairs(self, key: str, *, example: str, empty: bool = True) -> dict[str, Scalar]:
        """A mapping of names to texts, whose names the writer chooses."""
        node = self.node(key)
        if node is None:
            return {}
        if not isinstance(node, Mapping):
            self._wrong_kind(key, node, "a mapping", f"write `{key}:` and `{example}` below it")
            return {}
        found = {}
        for name, value in node.entries.items():
            if not isinstance(value, Scalar):
                self._wrong_kind(f"{key}.{name}", value, "a text", f"write `{example}`")
            elif not value.text and not empty:
                self._fault(value.place, f'"{name}" is empty', f"write `{example}`")
            else:
                found[name] = value
        return found

    def variable_names(self, key: str, names: Iterable[str]) -> None:
        """A fault for each of the names under `key` that bash does not take as a variable's name."""
        node = self.node(key)
        for name in names:
            if not _NAME.match(name) and isinstance(node, Mapping):
                self._fault(
                    node.keys[name], f'"{name}" is not a variable\'s name', "write such as SOURCE_POD"
                )

    def pattern(self, scalar: Scalar) -> str:
        """The regular expression that `scalar` holds, checked."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                re.compile(_with_values(scalar.text))
            except (re.error, OverflowError, RecursionError) as error:
                offset = getattr(error, "pos", None) or 0
                reason = getattr(error, "msg", str(error))
                place = scalar.place_at(min(offset, len(scalar.text)))
                what = f"is not a regular expression: {reason}"
                self._fault(place, what, "put \\ before a character that is meant as it stands")
        return scalar.text

    def each(self, scalars: Iterable[Scalar], read: Callable[[Scalar], Item]) -> tuple[Item, ...]:
        """`read` of each scalar; a ValueError becomes a fault at its place, in the error's words."""
        found = []
        for scalar in scalars:
            try:
                found.append(read(scalar))
            except ValueError as error:
                what, _, write = str(error).partition("; ")
                self._fault(scalar.place, what, write)
        return tuple(found)

    def fault(self, key: str, what: str, write: str = "") -> None:
        """A fault at the place of `key`'s value."""
        self._fault(self.place(key), what, write)

    def _scalar(self, key: str) -> Scalar | None:
        node = self.node(key)
        if node is None or isinstance(node, Scalar):
            return node
        self._wrong_kind(key, node, "a text", f"write `{key}: ...` in one line, or a block after |")
        return None

    def _not_empty(self, key: str, scalars: list[Scalar]) -> list[Scalar]:
        for scalar in scalars:
            if not scalar.text.strip():
                self._fault(scalar.place, f'"{key}" is empty', "write a text, or leave it out")
        return [scalar for scalar in scalars if scalar.text.strip()]

    def _no_items(self, key: str, node: Node) -> list[Scalar]:
        self._fault(node.place, f'"{key}" is an empty list', "write an item, or leave the key out")
        return []

    def _wrong_kind(self, name: str, node: Node, wanted: str, write: str) -> None:
        self._fault(node.place, f"{name} must be {wanted}, not {_KINDS[type(node)]}", write)

    def _fault(self, place: Location, what: str, write: str = "") -> None:
        self.faults.append(Fault(place, what, write))


def _with_values(pattern: str) -> str:
    """`pattern` as it may look in a run: `${NAME}` stands for a value, which is never a pattern.
    The stand-in is as long as the reference, so that an error's place is right."""
    return REFERENCE.sub(lambda found: "x" * len(found.group()), pattern)


def _nearest(key: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(key.lower(), known, n=1)
    if near:
        return f'did you mean "{near[0]}"?'
    return f"the keys are {', '.join(known)}"

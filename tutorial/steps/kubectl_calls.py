"""What a bash command asks of the API server through kubectl: verbs, kinds, names, namespaces.

Used by `tutorial.preflight` to find out which rights a tutorial needs. A reader of text, as
`commands` is: it knows kubectl's own words, not bash's grammar. Variables are filled in before.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from tutorial.steps.commands import without_data

_KUBECTL = re.compile(r"(?<![\w./-])kubectl[ \t]+")
_END = re.compile(r"[\n;|&)`]")
_FLAGS_WITH_VALUE = frozenset(
    ("-n", "--namespace", "-f", "--filename", "-l", "--selector", "-o", "--output", "-c", "--container",
     "--context", "--kubeconfig", "--cluster", "--user", "-s", "--server", "-v", "--field-selector",
     "--for", "--timeout", "--tail", "--since", "-p", "--patch", "--type", "--sort-by", "-L")
)  # fmt: skip
ALL_NAMESPACES = "*"
_ON_NAMES = {
    "get": ("get",),
    "describe": ("get",),
    "delete": ("delete",),
    "label": ("get", "patch"),
    "annotate": ("get", "patch"),
    "patch": ("get", "patch"),
    "edit": ("get", "patch"),
    "scale": ("get", "patch"),
    "wait": ("get", "list", "watch"),
}
"""kubectl's verbs on named objects, and what each of them asks of the API."""


@dataclass(frozen=True)
class Request:
    """One right that is needed. `resource` is the kind as kubectl takes it (`svc`, `pods`,
    `deployment.apps`); `namespace` is empty where none is named, and ALL_NAMESPACES for `-A`; `name`
    is empty where any is meant."""

    verb: str
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""


@dataclass(frozen=True)
class Call:
    """One kubectl: its words without flags, the namespace and the files that it names."""

    words: tuple[str, ...]
    namespace: str = ""
    files: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


def kubectl_calls(command: str) -> list[Call]:
    """Every kubectl in the command, in order, also those within `$(...)`."""
    code = without_data(command)
    starts = list(_KUBECTL.finditer(code))
    calls = []
    for start, following in zip_longest(starts, starts[1:]):
        end = _END.search(code, start.end())
        ends = [each.start() for each in (end, following) if each is not None]
        calls.append(_read(_words(code[start.end() : min(ends, default=len(code))])))
    return calls


def requests_of(call: Call) -> list[Request]:
    """What the call asks of the API. What `apply`, `create` and `delete -f` do with the objects of a
    file is not told: their steps declare those."""
    verb, rest = (call.words[0], call.words[1:]) if call.words else ("", ())
    if verb == "rollout" and rest[:1] == ("status",):
        return _on_objects(call, rest[1:], ("get", "list", "watch"))
    if verb == "exec":
        return [*_on_pod(call, rest), Request("create", "pods", call.namespace, subresource="exec")]
    if verb == "logs":
        return [*_on_pod(call, rest), Request("get", "pods", call.namespace, subresource="log")]
    if verb in _ON_NAMES:
        found = _on_objects(call, rest, _ON_NAMES[verb])
        watches = verb == "get" and {"-w", "--watch"} & set(call.flags)
        extra = [Request("watch", each.resource, each.namespace) for each in found] if watches else []
        return found + extra
    return []


def _on_objects(call: Call, words: Sequence[str], verbs: Sequence[str]) -> list[Request]:
    """`TYPE NAME...`, `TYPE/NAME...`, or `TYPE[,TYPE]` with all of its objects."""
    found = []
    for kind, name in _named(words):
        for verb in verbs:
            if verb in ("list", "watch"):
                found.append(Request(verb, kind, call.namespace))
            elif verb == "get" and name is None:
                found.append(Request("list", kind, call.namespace))
            else:
                found.append(Request(verb, kind, call.namespace, name or ""))
    return list(dict.fromkeys(found))


def _named(words: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Each kind with a name: None for all of its objects, empty for one that is not known yet."""
    with_slash = [word for word in words if "/" in word]
    if with_slash:
        for word in with_slash:
            kind, _, name = word.partition("/")
            yield kind.lower(), _known(name)
    elif words:
        kinds, names = words[0].lower().split(","), words[1:]
        for kind in kinds:
            yield from ((kind, _known(name)) for name in names)
            if not names:
                yield kind, None


def _on_pod(call: Call, words: Sequence[str]) -> list[Request]:
    """`POD` or `TYPE/NAME`, of which the first pod is taken."""
    if not words:
        return []
    kind, slash, name = words[0].partition("/")
    if not slash or kind in ("pod", "pods", "po"):
        return [Request("get", "pods", call.namespace, _known(name if slash else kind))]
    return [
        Request("get", kind.lower(), call.namespace, _known(name)),
        Request("list", "pods", call.namespace),
    ]


def _known(name: str) -> str:
    """A name that the shell makes up only when the command runs is none yet."""
    return "" if "$" in name or "`" in name else name


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quote that ends beyond what was cut off
        return text.replace('"', "").replace("'", "").split()


def _read(words: Sequence[str]) -> Call:
    plain: list[str] = []
    flags: list[str] = []
    values: dict[str, list[str]] = {}
    rest = iter(words)
    for word in rest:
        if word == "--":
            break
        if not word.startswith("-") or word == "-":
            plain.append(word)
            continue
        flag, equals, value = word.partition("=")
        flags.append(flag)
        if not equals and flag in _FLAGS_WITH_VALUE:
            value = next(rest, "")
        values.setdefault(flag, []).append(value)
    namespaces = [*values.get("-n", ()), *values.get("--namespace", ())]
    if {"-A", "--all-namespaces"} & set(flags):
        namespaces.append(ALL_NAMESPACES)
    files = [*values.get("-f", ()), *values.get("--filename", ())]
    return Call(tuple(plain), namespaces[-1] if namespaces else "", tuple(files), tuple(flags))

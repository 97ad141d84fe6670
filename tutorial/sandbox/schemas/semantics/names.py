"""Rules for names, labels, addresses and ports, with Kubernetes' own sentences.

Called by the checks of the single kinds. Each function yields what is wrong with one value; the
sentences are those of k8s.io/apimachinery, seen in a 1.36 server's answers.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import Any

from tutorial.sandbox.schemas.errors import FieldError, invalid_value, required, unsupported

Rule = Callable[[str], Iterator[str]]

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED_NAME = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = rf"({_QUALIFIED_NAME})?"
_CONFIG_KEY = r"[-._a-zA-Z0-9]+"
_ENV_NAME = r"[-._a-zA-Z][-._a-zA-Z0-9]*"

_ALPHANUMERIC_ENDS = "and must start and end with an alphanumeric character"
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    + _ALPHANUMERIC_ENDS
)
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    + _ALPHANUMERIC_ENDS
)
_PARTS_RULE = f"must consist of alphanumeric characters, '-', '_' or '.', {_ALPHANUMERIC_ENDS}"
_NAME_EXAMPLES = ("MyName", "my.name", "123-abc")

PORT_RANGE = "must be between 1 and 65535, inclusive"
NOT_AN_ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
NOT_NEGATIVE = "must be greater than or equal to 0"
IMMUTABLE = "field is immutable"
PROTOCOLS = ("SCTP", "TCP", "UDP")


def dns_label(text: str) -> Iterator[str]:
    """RFC 1123: names of namespaces, services, containers."""
    yield from _longer_than(text, 63)
    if not re.fullmatch(_LABEL, text):
        yield _regex_rule(_LABEL_RULE, _LABEL, "my-name", "123-abc")


def dns_subdomain(text: str) -> Iterator[str]:
    """RFC 1123: names of most objects, host names."""
    yield from _longer_than(text, 253)
    if not re.fullmatch(_SUBDOMAIN, text):
        yield _regex_rule(_SUBDOMAIN_RULE, _SUBDOMAIN, "example.com")


def qualified_name(text: str) -> Iterator[str]:
    """`name` or `prefix/name`: keys of labels and annotations."""
    parts = text.split("/")
    if len(parts) > 2:
        rule = _regex_rule("a qualified name " + _PARTS_RULE, _QUALIFIED_NAME, *_NAME_EXAMPLES)
        yield f"{rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return
    if len(parts) == 2 and not parts[0]:
        yield "prefix part must be non-empty"
    elif len(parts) == 2:
        yield from (f"prefix part {fault}" for fault in dns_subdomain(parts[0]))
    name = parts[-1]
    if not name:
        yield "name part must be non-empty"
    else:
        yield from (f"name part {fault}" for fault in _longer_than(name, 63))
    if not re.fullmatch(_QUALIFIED_NAME, name):
        yield _regex_rule("name part " + _PARTS_RULE, _QUALIFIED_NAME, *_NAME_EXAMPLES)


def label_value(text: str) -> Iterator[str]:
    """The value of a label; may be empty."""
    yield from _longer_than(text, 63)
    if not re.fullmatch(_LABEL_VALUE, text):
        rule = f"a valid label must be an empty string or {_PARTS_RULE.removeprefix('must ')}"
        yield _regex_rule(rule, _LABEL_VALUE, "MyValue", "my_value", "12345")


def config_key(text: str) -> Iterator[str]:
    """A key in a ConfigMap's or Secret's data."""
    yield from _longer_than(text, 253)
    if not re.fullmatch(_CONFIG_KEY, text):
        rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        yield _regex_rule(rule, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name")


def environment_name(text: str) -> Iterator[str]:
    """The name of an environment variable: any printable text without `=`."""
    if not text.isprintable() or not text.isascii() or "=" in text:
        yield (
            "a valid environment variable name must consist only of printable ASCII characters other than '='"
        )


def path_segment(text: str) -> Iterator[str]:
    """A name that may hold anything but what would change a URL's path: names of roles."""
    if text in (".", ".."):
        yield f"may not be '{text}'"
        return
    yield from (f"may not contain '{character}'" for character in "/%" if character in text)


def port_name(text: str) -> Iterator[str]:
    """An IANA service name: a container port's name, a textual targetPort."""
    if len(text) > 15:
        yield "must be no more than 15 characters"
    if not re.fullmatch(r"[-a-z0-9]*", text):
        yield "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
    if not re.search(r"[a-z]", text):
        yield "must contain at least one letter (a-z)"
    if "--" in text:
        yield "must not contain consecutive hyphens"
    if text and (text[0] == "-" or text[-1] == "-"):
        yield "must not begin or end with a hyphen"


def named(field: str, text: str, rule: Rule) -> Iterator[FieldError]:
    """What `rule` finds wrong with `text`."""
    return (invalid_value(field, text, fault) for fault in rule(text))


def port_number(field: str, port: int) -> Iterator[FieldError]:
    """A port must be a port."""
    if not 1 <= port <= 65535:
        yield invalid_value(field, port, PORT_RANGE)


def not_negative(field: str, value: int | None) -> Iterator[FieldError]:
    """A count or a time may not be below zero."""
    if value is not None and value < 0:
        yield invalid_value(field, value, NOT_NEGATIVE)


def protocol(field: str, value: str) -> Iterator[FieldError]:
    """TCP, UDP or SCTP."""
    if not value:
        yield required(field)
    elif value not in PROTOCOLS:
        yield unsupported(field, value, PROTOCOLS)


def labels(field: str, values: dict[str, str]) -> Iterator[FieldError]:
    """The keys and values of a set of labels."""
    for key, value in sorted(values.items()):
        yield from named(field, key, qualified_name)
        yield from named(field, value, label_value)


def unusual_address(field: str, text: str) -> Iterator[FieldError]:
    """Addresses that traffic must not be sent to: unspecified, loopback, link-local."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        yield invalid_value(field, text, "must be a valid IP address")
        return
    if address.is_unspecified:
        yield invalid_value(field, text, f"may not be unspecified ({text})")
    if address.is_loopback:
        yield invalid_value(field, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)")
    if address.is_link_local:
        yield invalid_value(field, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)")
    if any(address in network for network in _LINK_LOCAL_MULTICAST if network.version == address.version):
        detail = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
        yield invalid_value(field, text, detail)


_LINK_LOCAL_MULTICAST = (ipaddress.ip_network("224.0.0.0/24"), ipaddress.ip_network("ff02::/16"))


def is_address(text: Any) -> bool:
    """Whether a text is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _longer_than(text: str, limit: int) -> Iterator[str]:
    if len(text.encode()) > limit:
        yield f"must be no more than {limit} bytes"


def _regex_rule(rule: str, regex: str, *examples: str) -> str:
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{rule} (e.g. {shown}regex used for validation is '{regex}')"

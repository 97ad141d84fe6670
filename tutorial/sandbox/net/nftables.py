"""Encodes nftables tables as netlink batches, without `nft`.

Called by `service_proxy` and by the mesh's `redirect`; the batch is committed by
`netlink.commit_rules` inside the network namespace it is for. An expression is the bytes of one
list element; a match or an action is a tuple of them. Numbers: `linux/netfilter/nf_tables.h`,
`linux/netfilter/nfnetlink.h`.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain as joined

from tutorial.sandbox.net.netlink import attribute, message, nested

TCP = socket.IPPROTO_TCP
UDP = socket.IPPROTO_UDP

PREROUTING = 0
OUTPUT = 3
POSTROUTING = 4

PRIORITY_DESTINATION_NAT = -100
PRIORITY_SOURCE_NAT = 100

Expressions = tuple[bytes, ...]
Rule = tuple[Expressions, ...]
"""Matches in order, then one action."""

_SUBSYSTEM = 10
_BATCH_BEGIN = 0x10
_BATCH_END = 0x11
_NEW_TABLE = _SUBSYSTEM << 8 | 0
_DELETE_TABLE = _SUBSYSTEM << 8 | 2
_NEW_CHAIN = _SUBSYSTEM << 8 | 3
_NEW_RULE = _SUBSYSTEM << 8 | 6
_REQUEST = 0x1
_CREATE = 0x400
_APPEND = 0x800

_REGISTER_VERDICT = 0
_REGISTER_1 = 1
_REGISTER_2 = 2
_VERDICT_RETURN = -5
_META_MARK = 3
_META_L4PROTO = 16
_BASE_NETWORK = 1
_BASE_TRANSPORT = 2
_OFFSET_SOURCE = 12
_OFFSET_DESTINATION = 16
_OFFSET_DESTINATION_PORT = 2
_NUMGEN_RANDOM = 1
_NAT_DESTINATION = 1
_REJECT_ICMP = 0
_ICMP_PORT_UNREACHABLE = 3


@dataclass(frozen=True)
class Chain:
    """A base chain: `kind` is `nat` or `filter`, `hook` and `priority` one of the constants above."""

    name: str
    kind: str
    hook: int
    priority: int
    rules: tuple[Rule, ...] = field(default=())


def transaction(table: str, chains: Iterable[Chain]) -> bytes:
    """One atomic batch that replaces the IPv4 table `table`, whether it is there or not."""
    table_name = attribute(1, _string(table))
    bodies = [
        (_NEW_TABLE, _CREATE, table_name),
        (_DELETE_TABLE, 0, table_name),
        (_NEW_TABLE, _CREATE, table_name),
    ]
    for chain in chains:
        bodies.append((_NEW_CHAIN, _CREATE, _encode_chain(table, chain)))
        bodies.extend(
            (_NEW_RULE, _CREATE | _APPEND, _encode_rule(table, chain.name, rule)) for rule in chain.rules
        )
    messages = [_batch_mark(_BATCH_BEGIN, 0)]
    messages.extend(
        message(kind, _REQUEST | flags, number, _family(socket.AF_INET, 0) + body)
        for number, (kind, flags, body) in enumerate(bodies, 1)
    )
    messages.append(_batch_mark(_BATCH_END, len(bodies) + 1))
    return b"".join(messages)


def match_protocol(protocol: int) -> Expressions:
    """The packet's transport protocol: TCP or UDP."""
    return (_load_meta(_META_L4PROTO), _compare(bytes([protocol])))


def match_mark(mark: int) -> Expressions:
    """The packet carries this mark (SO_MARK of its socket)."""
    return (_load_meta(_META_MARK), _compare(struct.pack("=I", mark)))


def match_source(address: str) -> Expressions:
    """The packet comes from this IPv4 address."""
    return _match_network(_OFFSET_SOURCE, address)


def match_destination(network: str) -> Expressions:
    """The packet goes to this IPv4 address or network (`127.0.0.0/8`)."""
    return _match_network(_OFFSET_DESTINATION, network)


def match_destination_port(port: int) -> Expressions:
    """The packet's destination port; `match_protocol` must stand before it."""
    return (_load_payload(_BASE_TRANSPORT, _OFFSET_DESTINATION_PORT, 2), _compare(struct.pack(">H", port)))


def match_random(one_in: int) -> Expressions:
    """True for one in `one_in` connections, at random."""
    numgen = _expression(
        "numgen",
        attribute(1, _u32(_REGISTER_1)),
        attribute(2, _u32(one_in)),
        attribute(3, _u32(_NUMGEN_RANDOM)),
    )
    return (numgen, _compare(struct.pack("=I", 0)))


def dnat(address: str, port: int) -> Expressions:
    """Send the connection to `address`:`port` instead."""
    return (
        _load_immediate(_REGISTER_1, ipaddress.IPv4Address(address).packed),
        _load_immediate(_REGISTER_2, struct.pack(">H", port)),
        _expression(
            "nat",
            attribute(1, _u32(_NAT_DESTINATION)),
            attribute(2, _u32(socket.AF_INET)),
            attribute(3, _u32(_REGISTER_1)),
            attribute(5, _u32(_REGISTER_2)),
        ),
    )


def redirect(port: int) -> Expressions:
    """Send the connection to `port` of this network namespace."""
    return (
        _load_immediate(_REGISTER_1, struct.pack(">H", port)),
        _expression("redir", attribute(1, _u32(_REGISTER_1))),
    )


def masquerade() -> Expressions:
    """Give the connection the address of the link that it leaves through."""
    return (_expression("masq"),)


def reject() -> Expressions:
    """Refuse with ICMP port unreachable: the client sees `connection refused`."""
    return (
        _expression(
            "reject", attribute(1, _u32(_REJECT_ICMP)), attribute(2, bytes([_ICMP_PORT_UNREACHABLE]))
        ),
    )


def leave_chain() -> Expressions:
    """Skip the chain's remaining rules (`return`)."""
    verdict = nested(2, attribute(1, struct.pack(">i", _VERDICT_RETURN)))
    return (_expression("immediate", attribute(1, _u32(_REGISTER_VERDICT)), nested(2, verdict)),)


def _match_network(offset: int, network: str) -> Expressions:
    wanted = ipaddress.IPv4Network(network)
    load = _load_payload(_BASE_NETWORK, offset, 4)
    if wanted.prefixlen == 32:
        return (load, _compare(wanted.network_address.packed))
    return (load, _mask(wanted.netmask.packed), _compare(wanted.network_address.packed))


def _encode_chain(table: str, chain: Chain) -> bytes:
    hook = nested(4, attribute(1, _u32(chain.hook)), attribute(2, struct.pack(">i", chain.priority)))
    return (
        attribute(1, _string(table))
        + attribute(3, _string(chain.name))
        + hook
        + attribute(7, _string(chain.kind))
    )


def _encode_rule(table: str, chain: str, rule: Rule) -> bytes:
    return (
        attribute(1, _string(table)) + attribute(2, _string(chain)) + nested(4, *joined.from_iterable(rule))
    )


def _expression(name: str, *data: bytes) -> bytes:
    return nested(1, attribute(1, _string(name)), nested(2, *data))


def _load_meta(key: int) -> bytes:
    return _expression("meta", attribute(1, _u32(_REGISTER_1)), attribute(2, _u32(key)))


def _load_payload(base: int, offset: int, length: int) -> bytes:
    return _expression(
        "payload",
        attribute(1, _u32(_REGISTER_1)),
        attribute(2, _u32(base)),
        attribute(3, _u32(offset)),
        attribute(4, _u32(length)),
    )


def _load_immediate(register: int, value: bytes) -> bytes:
    return _expression("immediate", attribute(1, _u32(register)), nested(2, attribute(1, value)))


def _mask(mask: bytes) -> bytes:
    return _expression(
        "bitwise",
        attribute(1, _u32(_REGISTER_1)),
        attribute(2, _u32(_REGISTER_1)),
        attribute(3, _u32(len(mask))),
        nested(4, attribute(1, mask)),
        nested(5, attribute(1, bytes(len(mask)))),
    )


def _compare(value: bytes) -> bytes:
    return _expression(
        "cmp", attribute(1, _u32(_REGISTER_1)), attribute(2, _u32(0)), nested(3, attribute(1, value))
    )


def _batch_mark(kind: int, sequence: int) -> bytes:
    return message(kind, _REQUEST, sequence, _family(socket.AF_UNSPEC, _SUBSYSTEM))


def _family(family: int, resource: int) -> bytes:
    return struct.pack(">BBH", family, 0, resource)


def _u32(value: int) -> bytes:
    return struct.pack(">I", value)


def _string(value: str) -> bytes:
    return value.encode() + b"\0"

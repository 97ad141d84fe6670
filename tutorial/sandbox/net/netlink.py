"""Links, addresses, routes and nftables batches over netlink, without `ip` or `nft`.

Called by the node agent (veth pairs, routes, rules) inside its own and the pods' network
namespaces: every function works on the network namespace of the calling thread. Standard library
only, because the node agent is forked before anything else loads. Errors are OSError with the
kernel's errno and, where the kernel gives one, its sentence. Numbers: `linux/netlink.h`,
`linux/rtnetlink.h`, `linux/if_link.h`.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import struct
from collections.abc import Iterator

_NETLINK_ROUTE = 0
_NETLINK_NETFILTER = 12
_SOL_NETLINK = 270
_NETLINK_CAP_ACK = 10
_NETLINK_EXT_ACK = 11

_HEADER = struct.Struct("=IHHII")
_ERROR = struct.Struct("=i")
_ATTRIBUTE = struct.Struct("=HH")
_NESTED = 0x8000
_NLMSG_ERROR = 2
_NLMSGERR_ATTR_MSG = 1
_NLM_F_ACK_TLVS = 0x200

_REQUEST_ACK = 0x1 | 0x4
_CREATE_NEW = 0x200 | 0x400

_RTM_NEWLINK = 16
_RTM_DELLINK = 17
_RTM_NEWADDR = 20
_RTM_NEWROUTE = 24

_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBI")
_ROUTE = struct.Struct("=BBBBBBBBI")

_IFLA_IFNAME = 3
_IFLA_LINKINFO = 18
_IFLA_NET_NS_PID = 19
_IFLA_INFO_KIND = 1
_IFLA_INFO_DATA = 2
_VETH_INFO_PEER = 1
_IFA_ADDRESS = 1
_IFA_LOCAL = 2
_RTA_DST = 1
_RTA_OIF = 4
_RTA_GATEWAY = 5
_IFF_UP = 1
_TABLE_MAIN = 254
_PROTOCOL_BOOT = 3
_SCOPE_UNIVERSE = 0
_SCOPE_LINK = 253
_TYPE_UNICAST = 1

_RECEIVE_BYTES = 1 << 16
# The kernel takes one nftables batch in one send; this is far more than 1000 services need.
_SEND_BYTES = 1 << 22


def attribute(kind: int, value: bytes) -> bytes:
    """One netlink attribute, padded to four bytes."""
    return _ATTRIBUTE.pack(4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def nested(kind: int, *attributes: bytes) -> bytes:
    """An attribute that holds attributes."""
    return attribute(kind | _NESTED, b"".join(attributes))


def message(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    """One netlink message with its header; `body` is a multiple of four bytes long."""
    return _HEADER.pack(_HEADER.size + len(body), kind, flags, sequence, 0) + body


def create_veth(name: str, peer: str, peer_pid: int) -> None:
    """Make a veth pair: `name` here, `peer` in the network namespace of process `peer_pid`
    (a pid of the caller's own pid namespace)."""
    peer_link = (
        _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        + _text(_IFLA_IFNAME, peer)
        + _number(_IFLA_NET_NS_PID, peer_pid)
    )
    body = (
        _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        + _text(_IFLA_IFNAME, name)
        + nested(
            _IFLA_LINKINFO,
            _text(_IFLA_INFO_KIND, "veth"),
            nested(_IFLA_INFO_DATA, nested(_VETH_INFO_PEER, peer_link)),
        )
    )
    _request(_RTM_NEWLINK, _CREATE_NEW, body, f"create the veth pair {name}, {peer}")


def delete_link(name: str) -> None:
    """Remove a link; the other end of a veth pair goes with it."""
    body = _LINK.pack(socket.AF_UNSPEC, 0, _index(name), 0, 0)
    _request(_RTM_DELLINK, 0, body, f"delete the link {name}")


def set_up(name: str) -> None:
    """Bring a link up."""
    _set_flags(name, _IFF_UP, f"bring {name} up")


def add_address(name: str, address: str) -> None:
    """Give the link `name` an IPv4 address with its prefix length: `10.244.0.5/32`."""
    interface = ipaddress.IPv4Interface(address)
    packed = interface.ip.packed
    body = (
        _ADDRESS.pack(socket.AF_INET, interface.network.prefixlen, 0, _SCOPE_UNIVERSE, _index(name))
        + attribute(_IFA_LOCAL, packed)
        + attribute(_IFA_ADDRESS, packed)
    )
    _request(_RTM_NEWADDR, _CREATE_NEW, body, f"add {address} to {name}")


def add_route(destination: str, name: str, gateway: str | None = None) -> None:
    """Route the IPv4 network `destination` (`0.0.0.0/0` is the default route) over the link
    `name`: through `gateway`, or directly when it is None."""
    network = ipaddress.IPv4Network(destination)
    scope = _SCOPE_LINK if gateway is None else _SCOPE_UNIVERSE
    body = _ROUTE.pack(
        socket.AF_INET, network.prefixlen, 0, 0, _TABLE_MAIN, _PROTOCOL_BOOT, scope, _TYPE_UNICAST, 0
    ) + _number(_RTA_OIF, _index(name))
    if network.prefixlen:
        body += attribute(_RTA_DST, network.network_address.packed)
    if gateway is not None:
        body += attribute(_RTA_GATEWAY, ipaddress.IPv4Address(gateway).packed)
    through = f" through {gateway}" if gateway else ""
    _request(_RTM_NEWROUTE, _CREATE_NEW, body, f"route {destination} over {name}{through}")


def commit_rules(batch: bytes) -> None:
    """Hand one nftables transaction, as `nftables.transaction` encodes it, to the kernel: all of
    it takes effect, or nothing does and the first fault is raised as OSError."""
    with _open(_NETLINK_NETFILTER) as netfilter:
        netfilter.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BYTES)
        netfilter.send(batch)
        # The kernel has worked through the batch when `send` returns; without the ACK flag it
        # answers only faults, so an empty queue means success.
        netfilter.setblocking(False)
        try:
            answer = netfilter.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return
    _raise_fault(answer, "apply the nftables rules")


def _set_flags(name: str, flags: int, what: str) -> None:
    _request(_RTM_NEWLINK, 0, _LINK.pack(socket.AF_UNSPEC, 0, _index(name), flags, _IFF_UP), what)


def _index(name: str) -> int:
    try:
        return socket.if_nametoindex(name)
    except OSError:
        raise OSError(errno.ENODEV, f"There is no link {name}") from None


def _text(kind: int, value: str) -> bytes:
    return attribute(kind, value.encode() + b"\0")


def _number(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("=I", value))


def _open(protocol: int) -> socket.socket:
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
    opened.setsockopt(_SOL_NETLINK, _NETLINK_CAP_ACK, 1)
    opened.setsockopt(_SOL_NETLINK, _NETLINK_EXT_ACK, 1)
    return opened


def _request(kind: int, flags: int, body: bytes, what: str) -> None:
    with _open(_NETLINK_ROUTE) as route:
        route.send(message(kind, _REQUEST_ACK | flags, 1, body))
        _raise_fault(route.recv(_RECEIVE_BYTES), what)


def _raise_fault(answer: bytes, what: str) -> None:
    length, kind, flags, _, _ = _HEADER.unpack_from(answer)
    if kind != _NLMSG_ERROR:
        raise OSError(errno.EPROTO, f"Cannot {what}: the kernel answered with message type {kind}")
    (code,) = _ERROR.unpack_from(answer, _HEADER.size)
    if code == 0:
        return
    said = _kernel_sentence(answer[:length]) if flags & _NLM_F_ACK_TLVS else ""
    raise OSError(-code, f"Cannot {what}: {os.strerror(-code)}" + (f" ({said})" if said else ""))


def _kernel_sentence(answer: bytes) -> str:
    """The kernel's own words beside an error, which follow the error code and the header of the
    message at fault."""
    after_header = _HEADER.size + _ERROR.size + _HEADER.size
    for kind, value in _attributes(answer[after_header:]):
        if kind == _NLMSGERR_ATTR_MSG:
            return value.rstrip(b"\0").decode(errors="replace")
    return ""


def _attributes(encoded: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + _ATTRIBUTE.size <= len(encoded):
        length, kind = _ATTRIBUTE.unpack_from(encoded, position)
        if length < _ATTRIBUTE.size:
            return
        yield kind & ~_NESTED, encoded[position + _ATTRIBUTE.size : position + length]
        position += length + (-length % 4)

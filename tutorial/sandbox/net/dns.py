"""The cluster's DNS server, on the node's address 10.96.0.10, UDP and TCP.

Made and started by the supervisor. The sockets belong to the node's network namespace; the answers
come from `zone.Zone` in this process.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Mapping, Sequence
from typing import cast

import dnslib

from tutorial.sandbox.net.service_proxy import CLUSTER_DNS
from tutorial.sandbox.net.zone import CLUSTER_DOMAIN, Record, Zone
from tutorial.sandbox.ports import NetworkPlane, Objects

TTL_SECONDS = 30

_PORT = 53
_LARGEST_DATAGRAM = 512
_TCP_IDLE_SECONDS = 10.0
_LENGTH = struct.Struct(">H")


class DnsServer:
    """Answers the pods' questions about cluster names and the outside table."""

    def __init__(self, objects: Objects, plane: NetworkPlane, outside_names: Mapping[str, Sequence[str]]):
        """
        Args:
            objects: the cluster's services, endpoint slices and namespaces.
            plane: makes the sockets inside the node.
            outside_names: addresses of the names outside the cluster.
        """
        self._zone = Zone(objects, outside_names)
        self._plane = plane
        self._datagrams: asyncio.DatagramTransport | None = None
        self._streams: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raises OSError, for example when 10.96.0.10 is not the node's."""
        datagrams = await self._plane.listen(CLUSTER_DNS, _PORT, "udp")
        self._datagrams, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Datagrams(self._zone), sock=datagrams
        )
        streams = await self._plane.listen(CLUSTER_DNS, _PORT, "tcp")
        self._streams = await asyncio.start_server(self._serve_stream, sock=streams)

    async def stop(self) -> None:
        """Close the sockets; quiet when they were never opened."""
        if self._datagrams is not None:
            self._datagrams.close()
        if self._streams is not None:
            self._streams.close()

    async def _serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                async with asyncio.timeout(_TCP_IDLE_SECONDS):
                    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
                    message = await reader.readexactly(length)
                    response = respond(self._zone, message)
                    if response is None:
                        return
                    writer.write(_LENGTH.pack(len(response)) + response)
                    await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        response = respond(self._zone, data, largest=_LARGEST_DATAGRAM)
        if response is not None and self._transport is not None:
            self._transport.sendto(response, addr)


def respond(zone: Zone, message: bytes, largest: int | None = None) -> bytes | None:
    """The response to one DNS message; None for what is no question. Beyond `largest` bytes it is
    cut and says so, and the client asks again over TCP."""
    try:
        request = dnslib.DNSRecord.parse(message)
    except (dnslib.DNSError, ValueError, IndexError, struct.error):
        return None
    if request.header.qr or len(request.questions) != 1:
        return None
    reply = request.reply(ra=1, aa=0)
    if request.header.opcode != dnslib.OPCODE.QUERY:
        reply.header.rcode = dnslib.RCODE.NOTIMP
        return bytes(reply.pack())
    name = str(request.q.qname).rstrip(".")
    kind = dnslib.QTYPE.forward.get(request.q.qtype, "")
    answer = zone.look_up(name, kind)
    reply.header.aa = int(answer.ours)
    if not answer.exists:
        reply.header.rcode = dnslib.RCODE.NXDOMAIN
    reply.add_answer(*map(_encode, answer.records))
    if answer.ours and not answer.records:
        reply.add_auth(_start_of_authority())
    packed = bytes(reply.pack())
    if largest is not None and len(packed) > largest:
        return bytes(reply.truncate().pack())
    return packed


def _encode(record: Record) -> dnslib.RR:
    match record.type:
        case "A":
            data = dnslib.A(record.value)
        case "SRV":
            data = dnslib.SRV(0, 100, record.port, record.value)
        case _:
            data = dnslib.RDMAP[record.type](record.value)
    return dnslib.RR(record.name, dnslib.QTYPE.reverse[record.type], ttl=TTL_SECONDS, rdata=data)


def _start_of_authority() -> dnslib.RR:
    data = dnslib.SOA(
        f"ns.dns.{CLUSTER_DOMAIN}", f"hostmaster.{CLUSTER_DOMAIN}", (1, 7200, 1800, 86400, TTL_SECONDS)
    )
    return dnslib.RR(CLUSTER_DOMAIN, dnslib.QTYPE.SOA, ttl=TTL_SECONDS, rdata=data)

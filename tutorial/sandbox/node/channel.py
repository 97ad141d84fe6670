"""Messages with descriptors over a Unix socket pair: how the supervisor talks to node and pods.

One message is one packet (SOCK_SEQPACKET): a JSON object, and at most a few descriptors beside it
(SCM_RIGHTS). A message that does not fit into a packet travels in a sealed-off memory file whose
descriptor comes last. Standard library only: the node agent is forked before anything else loads.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from typing import Any

Message = dict[str, Any]

_PACKET_BYTES = 64 * 1024
_MAX_DESCRIPTORS = 16
_IN_MEMORY_FILE = b"M"
_IN_PACKET = b"P"


def pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends; both are close-on-exec."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(end: socket.socket, message: Message, descriptors: Sequence[int] = ()) -> None:
    """Send one message. The descriptors stay the caller's. Raises OSError when the other side is
    gone (EPIPE) or, on a non-blocking end, does not read (BlockingIOError)."""
    body = json.dumps(message).encode()
    if len(body) < _PACKET_BYTES:
        socket.send_fds(end, [_IN_PACKET + body], list(descriptors))
        return
    memory = os.memfd_create("message", os.MFD_CLOEXEC)
    try:
        with open(memory, "wb", closefd=False) as file:
            file.write(body)
        socket.send_fds(end, [_IN_MEMORY_FILE], [*descriptors, memory])
    finally:
        os.close(memory)


def receive(end: socket.socket) -> tuple[Message, list[int]] | None:
    """The next message and its descriptors, now the caller's; None when the other side is gone."""
    try:
        packet, descriptors, _, _ = socket.recv_fds(
            end, _PACKET_BYTES + 1, _MAX_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
        )
    except ConnectionResetError:
        return None
    if not packet:
        return None
    body = packet[1:]
    if packet[:1] == _IN_MEMORY_FILE:
        memory = descriptors.pop()
        with open(memory, "rb") as file:  # noqa: PTH123 (a descriptor, not a path)
            file.seek(0)
            body = file.read()
    message: Message = json.loads(body)
    return message, descriptors

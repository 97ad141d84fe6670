"""Looks a name up in this machine's DNS, and always comes back. Called by `tutorial.app` and the doctor."""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading

SECONDS = 3.0


def address_of(host: str, seconds: float = SECONDS) -> str | None:
    """The first IPv4 address of `host` that a service's endpoint may have; None when there is none,
    or none comes within `seconds`. Kubernetes refuses loopback, link-local and unspecified ones."""
    answers: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
    threading.Thread(target=lambda: answers.put(_look_up(host)), daemon=True).start()
    try:
        return next(filter(_may_be_endpoint, answers.get(timeout=seconds)), None)
    except queue.Empty:
        return None


def _look_up(host: str) -> list[str]:
    try:
        found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(address[0]) for *_, address in found]


def _may_be_endpoint(text: str) -> bool:
    address = ipaddress.ip_address(text)
    return not (address.is_loopback or address.is_link_local or address.is_unspecified)

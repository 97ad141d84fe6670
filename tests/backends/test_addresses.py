"""Looking up a name: an address that an endpoint may have, or none, and never a long wait."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from tutorial.backends.addresses import address_of


def answering(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)


def test_the_first_address_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "203.0.113.7", "203.0.113.8")
    assert address_of("example.org") == "203.0.113.7"


@pytest.mark.parametrize("blocked", ["0.0.0.0", "127.0.0.1", "169.254.1.1"])
def test_an_address_that_kubernetes_refuses_is_none(monkeypatch: pytest.MonkeyPatch, blocked: str) -> None:
    answering(monkeypatch, blocked)
    assert address_of("example.org") is None
    answering(monkeypatch, blocked, "203.0.113.8")
    assert address_of("example.org") == "203.0.113.8"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".invalid", "a..b"])
def test_a_name_that_is_not_known_has_none(host: str) -> None:
    assert address_of(host) is None


def test_a_resolver_that_is_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def silent(*_: Any) -> list[Any]:
        released.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    try:
        assert address_of("example.org", seconds=0.05) is None
    finally:
        released.set()

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tutorial.sandbox.internet.certificates import make_certificates


def shake_hands(folder: Path, chain: str, authority: str, name: str) -> None:
    """A TLS handshake in memory. Raises SSLCertVerificationError."""
    path = folder / "chain.pem"
    path.write_text(chain)
    of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    of_server.load_cert_chain(path)
    of_client = ssl.create_default_context(cadata=authority)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = of_server.wrap_bio(to_server, to_client, server_side=True)
    client = of_client.wrap_bio(to_client, to_server, server_hostname=name)
    for _ in range(3):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert client.getpeercert()


def test_a_client_that_trusts_the_authority_accepts_the_names(tmp_path: Path) -> None:
    made = make_certificates(["httpbin.org"], ["en.wikipedia.org", "www.wikipedia.org"])
    shake_hands(tmp_path, made.chains[0], made.authority, "httpbin.org")
    shake_hands(tmp_path, made.chains[1], made.authority, "www.wikipedia.org")


def test_a_certificate_is_for_its_own_group_only(tmp_path: Path) -> None:
    made = make_certificates(["httpbin.org"], ["en.wikipedia.org"])
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(tmp_path, made.chains[0], made.authority, "en.wikipedia.org")


def test_two_sandboxes_do_not_trust_each_other(tmp_path: Path) -> None:
    mine, other = make_certificates(["httpbin.org"]), make_certificates(["httpbin.org"])
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(tmp_path, mine.chains[0], other.authority, "httpbin.org")


def test_the_authority_is_constrained_to_the_outside_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate that the authority signs for another name is not accepted."""
    from cryptography import x509

    real = x509.NameConstraints
    monkeypatch.setattr(
        x509, "NameConstraints", lambda _permitted, **rest: real([x509.DNSName("httpbin.org")], **rest)
    )
    made = make_certificates(["httpbin.org"], ["bank.example"])
    shake_hands(tmp_path, made.chains[0], made.authority, "httpbin.org")
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        shake_hands(tmp_path, made.chains[1], made.authority, "bank.example")


def test_the_default_constraints_are_critical_and_name_every_group() -> None:
    from cryptography import x509

    made = make_certificates(["httpbin.org"], ["en.wikipedia.org"])
    authority = x509.load_pem_x509_certificate(made.authority.encode())
    found = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert found.critical
    names = [name.value for name in found.value.permitted_subtrees or ()]
    assert names == ["httpbin.org", "en.wikipedia.org"]

"""A throw-away certificate authority for the outside names, and for no other.

Used by `service` once for each sandbox. The authority's key is never written and is forgotten when
its two certificates are signed; pods trust the authority, and it is name-constrained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tutorial.sandbox.certificates import certificate_builder, certificate_pem, key_pem, key_usage


@dataclass(frozen=True)
class Certificates:
    """PEM texts: the authority to trust, and for each asked group of names its certificate and
    key in one text."""

    authority: str
    chains: tuple[str, ...]


def make_certificates(*groups: Sequence[str]) -> Certificates:
    """A new authority, and one certificate for each group of DNS names."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "egress-tutorial sandbox"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Stand-in internet, not for real use"),
        ]
    )
    permitted = [x509.DNSName(each) for group in groups for each in group]
    authority = (
        certificate_builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Certificates(
        certificate_pem(authority).decode(), tuple(_leaf(group, name, key) for group in groups)
    )


def _leaf(names: Sequence[str], issuer: x509.Name, issuer_key: ec.EllipticCurvePrivateKey) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    certificate = (
        certificate_builder(subject, issuer, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
        .sign(issuer_key, hashes.SHA256())
    )
    private = key_pem(key)
    return certificate_pem(certificate).decode() + private.decode()

"""The mesh's certificate authority: identities for mesh TLS (ISTIO_MUTUAL), made when needed.

Used by `control`. The authority lives as long as the sandbox; nothing of it is written but into
the configuration of the proxies that need it.
"""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tutorial.sandbox.mesh.envoy.clusters import MeshIdentity

TRUST_DOMAIN = "cluster.local"

_LIFETIME = datetime.timedelta(days=365)
_CLOCK_SLACK = datetime.timedelta(minutes=5)


class MeshAuthority:
    """Signs one identity for each service account that asks."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, TRUST_DOMAIN)])
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        self._certificate = (
            _certificate(self._name, self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self._identities: dict[tuple[str, str], MeshIdentity] = {}

    def identity(self, namespace: str, service_account: str) -> MeshIdentity:
        """The identity `spiffe://cluster.local/ns/NAMESPACE/sa/SERVICE_ACCOUNT`."""
        wanted = (namespace, service_account)
        if wanted not in self._identities:
            self._identities[wanted] = self._sign(
                f"spiffe://{TRUST_DOMAIN}/ns/{namespace}/sa/{service_account}"
            )
        return self._identities[wanted]

    def _sign(self, uri: str) -> MeshIdentity:
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)])
        usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        certificate = (
            _certificate(x509.Name([]), self._name, key.public_key())
            .add_extension(names, critical=True)
            .add_extension(usages, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return MeshIdentity(_pem(certificate), private.decode(), _pem(self._certificate))


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SLACK)
        .not_valid_after(now + _LIFETIME)
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()

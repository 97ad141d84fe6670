"""The mesh's certificate authority: identities for mesh TLS (ISTIO_MUTUAL), made when needed.

Used by `control`. The authority lives as long as the sandbox; nothing of it is written but into
the configuration of the proxies that need it.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tutorial.sandbox.certificates import certificate_builder, certificate_pem, key_pem, key_usage
from tutorial.sandbox.mesh.envoy.clusters import MeshIdentity

TRUST_DOMAIN = "cluster.local"


class MeshAuthority:
    """Signs one identity for each service account that asks."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, TRUST_DOMAIN)])
        self._certificate = (
            certificate_builder(self._name, self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(key_usage(signs_certificates=True), critical=True)
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
            certificate_builder(x509.Name([]), self._name, key.public_key())
            .add_extension(names, critical=True)
            .add_extension(usages, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        private = key_pem(key)
        return MeshIdentity(
            certificate_pem(certificate).decode(),
            private.decode(),
            certificate_pem(self._certificate).decode(),
        )

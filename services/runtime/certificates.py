"""The development authority: P-256 certificates for organisations and their people.

A production install uses its own authority; all that Hazway asks of a certificate is one SAN URI,
``hazway://organisation/<id>`` or ``hazway://organisation/<id>/person/<id>``. Ed25519 is for statements only:
gRPC's TLS refuses it in a handshake.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_SCHEME = "hazway://organisation/"


@dataclass(frozen=True, slots=True)
class Credentials:
    """PEM bytes: the private key, the certificate chain, and the authority to trust on the other side."""

    key: bytes
    chain: bytes
    authority: bytes

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        write_private(folder / "key.pem", self.key)
        (folder / "chain.pem").write_bytes(self.chain)
        (folder / "authority.pem").write_bytes(self.authority)


def write_private(path: Path, content: bytes) -> None:
    """Write a secret so that nobody else can read it, not even between creation and chmod."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)


class DevelopmentAuthority:
    """A certificate authority in a folder, made on first use."""

    def __init__(self, folder: Path) -> None:
        key_path, certificate_path = folder / "authority.key.pem", folder / "authority.pem"
        if not certificate_path.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            certificate = _certificate("Hazway development authority", key.public_key(), None, key, is_authority=True)
            write_private(key_path, _pem(key))
            certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        loaded = serialization.load_pem_private_key(key_path.read_bytes(), None)
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{key_path.name} is no elliptic-curve key")
        self._key = loaded
        self._certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())

    @property
    def pem(self) -> bytes:
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def issue_server(self, *hosts: str) -> Credentials:
        """A certificate for listeners that are reached by these names and addresses, also good for localhost."""
        names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        for host in hosts:
            try:
                names.append(x509.IPAddress(ip_address(host)))
            except ValueError:
                names.append(x509.DNSName(host))
        return self._issue("hazway server", list(dict.fromkeys(names)), ExtendedKeyUsageOID.SERVER_AUTH)

    def issue(self, organisation: str, person: str = "") -> Credentials:
        """A client certificate that names the organisation, and the person where one acts for it."""
        uri = f"{_SCHEME}{organisation}" + (f"/person/{person}" if person else "")
        return self._issue(
            person or organisation, [x509.UniformResourceIdentifier(uri)], ExtendedKeyUsageOID.CLIENT_AUTH
        )

    def _issue(self, name: str, names: list[x509.GeneralName], usage: x509.ObjectIdentifier) -> Credentials:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(name, key.public_key(), self._certificate, self._key, names=names, usage=usage)
        return Credentials(_pem(key), certificate.public_bytes(serialization.Encoding.PEM), self.pem)


def names_in(uri: str) -> tuple[str, str] | None:
    """``(organisation, person)`` from a SAN URI, person empty where none is named; ``None`` for any other URI."""
    if not uri.startswith(_SCHEME):
        return None
    organisation, _, rest = uri.removeprefix(_SCHEME).partition("/")
    person = rest.removeprefix("person/") if rest.startswith("person/") else ""
    return (organisation, person) if organisation and (not rest or person) and "/" not in person else None


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _key_usage(is_authority: bool) -> x509.KeyUsage:
    """An authority signs certificates (RFC 5280, 4.2.1.3); everybody else signs handshakes only."""
    return x509.KeyUsage(
        digital_signature=not is_authority, key_cert_sign=is_authority, crl_sign=is_authority,
        content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _certificate(
    name: str,
    public_key: ec.EllipticCurvePublicKey,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    names: list[x509.GeneralName] | None = None,
    usage: x509.ObjectIdentifier | None = None,
    is_authority: bool = False,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=3650 if is_authority else 365))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
        .add_extension(_key_usage(is_authority), critical=True)
        # RFC 5280, 4.2.1.1 and 4.2.1.2: strict verifiers (Python from 3.13 on) refuse a certificate without them.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())

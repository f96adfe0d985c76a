"""Certificates of the development authority stand the strictest check a peer may make of them."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from services.runtime.certificates import Credentials, DevelopmentAuthority, write_private
from services.runtime.settings import read_settings


def context(credentials: Credentials, folder: Path, *, server: bool) -> ssl.SSLContext:
    """Shows its certificate and asks for the other's, by RFC 5280 to the letter, as Python does from 3.13 on."""
    credentials.write(folder)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    made.load_verify_locations(folder / "authority.pem")
    made.verify_mode = ssl.CERT_REQUIRED
    made.verify_flags |= ssl.VERIFY_X509_STRICT
    return made


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str = "localhost") -> None:
    """A whole handshake without a network, and a word each way. Raises ``ssl.SSLError``."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [server.wrap_bio(there, back, server_side=True), client.wrap_bio(back, there, server_hostname=name)]
    pending = [side.do_handshake for side in sides]
    while pending:
        step = pending.pop(0)
        try:
            step()
        except ssl.SSLWantReadError:
            pending.append(step)
    sides[1].write(b"x")
    assert sides[0].read(1) == b"x"


def test_a_strict_client_and_a_strict_server_believe_each_other(tmp_path: Path) -> None:
    authority = DevelopmentAuthority(tmp_path)
    server = context(authority.issue_server("192.0.2.1"), tmp_path / "server", server=True)
    client = context(authority.issue("carrier-1", "driver-1"), tmp_path / "client", server=False)
    shake_hands(server, client)


def test_a_server_is_believed_by_each_name_it_is_reached_at_and_by_no_other(tmp_path: Path) -> None:
    settings = read_settings({"HAZWAY_HOST": "0.0.0.0", "HAZWAY_NAMES": "hazway.example, 192.0.2.7"})  # noqa: S104
    authority = DevelopmentAuthority(tmp_path)
    server = context(authority.issue_server(*settings.reached_at), tmp_path / "server", server=True)
    client = context(authority.issue("carrier-1"), tmp_path / "client", server=False)
    for name in ("hazway.example", "192.0.2.7", "localhost"):
        shake_hands(server, client, name)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server, client, "other.example")


def test_nobody_believes_a_certificate_of_another_authority_or_one_signed_by_an_organisation(tmp_path: Path) -> None:
    ours, other = DevelopmentAuthority(tmp_path / "ours"), DevelopmentAuthority(tmp_path / "other")
    server = context(ours.issue_server("localhost"), tmp_path / "server", server=True)
    stranger = other.issue("carrier-1")
    with pytest.raises(ssl.SSLError):
        shake_hands(
            server, context(Credentials(stranger.key, stranger.chain, ours.pem), tmp_path / "stranger", server=False)
        )
    # Somebody who holds a certificate of ours makes an authority of it: it may sign handshakes, not certificates.
    carrier = ours.issue("carrier-1")
    write_private(tmp_path / "forged" / "authority.key.pem", carrier.key)
    (tmp_path / "forged" / "authority.pem").write_bytes(carrier.chain)
    forged = DevelopmentAuthority(tmp_path / "forged").issue("operator")
    chain = Credentials(forged.key, forged.chain + carrier.chain, ours.pem)
    with pytest.raises(ssl.SSLError):
        shake_hands(server, context(chain, tmp_path / "forger", server=False))

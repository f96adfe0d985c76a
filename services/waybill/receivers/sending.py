"""One POST to an address somebody else chose: never to our own network, never redirected, never for long."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

MOST_LETTERS = 2_000
_CONNECT_S, _WHOLE_S = 5.0, 10.0
_MOST_ANSWER_BYTES = 64 * 1024
# IPv6 addresses that carry an IPv4 address inside: NAT64, 6to4, Teredo.
_TUNNELS = tuple(ipaddress.ip_network(each) for each in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))


class Unreachable(Exception):
    """There was no answer, or nobody may be asked there."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content: bytes


def check_url(url: str, *, private: bool) -> str:
    """What is wrong with an address to send to; empty where nothing is. Names are looked up only when something is sent."""
    if len(url) > MOST_LETTERS or not url.isascii() or not url.isprintable() or " " in url:
        return "not an address of printable ASCII 应为可打印的ASCII地址"
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return "not an address 不是有效地址"
    if parts.scheme not in ("http", "https") or not host or port == 0:
        return "neither http nor https 应为http或https地址"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "names a user, a password or a fragment 不得含用户名、密码或片段"
    with suppress(ValueError):
        if not private and not is_public(host):
            return "a private address 内网地址"
    return ""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open Internet. Raises ``ValueError`` for what is no address."""
    read = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(read, ipaddress.IPv6Address):
        if read.ipv4_mapped is not None:
            return is_public(str(read.ipv4_mapped))
        if any(read in network for network in _TUNNELS):
            return False
    return read.is_global and not read.is_multicast


def post(url: str, content: bytes, headers: Mapping[str, str], *, private: bool) -> Answer:
    """The answer, whatever its status. Raises ``Unreachable``.

    The name is looked up once and every address of it must be public, unless ``private``; the connection goes to the
    address that was checked, so a name that answers differently the second time gains nothing.
    """
    if problem := check_url(url, private=private):
        raise Unreachable(problem)
    parts = urlsplit(url)
    try:
        connection = _Pinned(parts, _address(parts, private=private))
        with _ended_after(connection, _WHOLE_S):
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", target, content, {**headers, "Connection": "close"})
            response = connection.getresponse()
            return Answer(response.status, response.read(_MOST_ANSWER_BYTES))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"{type(error).__name__}: {error}"[:300]) from error


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _address(parts: SplitResult, *, private: bool) -> str:
    found = socket.getaddrinfo(parts.hostname, _port(parts), type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    if not private and not all(is_public(each) for each in addresses):
        raise Unreachable("a private address 内网地址")
    return addresses[0]


class _Pinned(http.client.HTTPConnection):
    """Speaks to ``address`` under the name in the URL."""

    def __init__(self, parts: SplitResult, address: str) -> None:
        super().__init__(parts.hostname or "", _port(parts), timeout=_CONNECT_S)
        self.default_port = 443 if parts.scheme == "https" else 80
        self._address, self._secure = address, parts.scheme == "https"

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._secure:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


class _ended_after:  # noqa: N801  # reads as a sentence
    """Cuts the connection when the whole exchange takes longer: a receiver that drips bytes holds nobody up."""

    def __init__(self, connection: http.client.HTTPConnection, seconds: float) -> None:
        self._connection = connection
        self._timer = threading.Timer(seconds, self._cut)

    def __enter__(self) -> None:
        self._timer.daemon = True
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._connection.close()

    def _cut(self) -> None:
        if (sock := self._connection.sock) is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

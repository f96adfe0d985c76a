"""Where the server may be sent by somebody's address: to the open Internet, and never into its own network."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest

from services.waybill.receivers import sending
from services.waybill.receivers.sending import Unreachable, check_url, is_public, post

PRIVATE = (
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",  # noqa: S104
    "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:1::1", "fe80::1%eth0",
)  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_of_our_own_network_are_not_public(address: str) -> None:
    assert not is_public(address)
    host = f"[{address}]" if ":" in address and "%" not in address else address
    if "%" not in address:
        assert check_url(f"http://{host}/", private=False)
        assert check_url(f"http://{host}/", private=True) == ""


@pytest.mark.parametrize("address", ["1.1.1.1", "223.5.5.5", "::ffff:1.1.1.1", "2606:4700::1111", "2400:3200::1"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "found", [["127.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["::1"], ["::ffff:192.168.0.1"]], ids=lambda found: found[-1]
)
def test_a_name_that_leads_inside_is_not_connected_to(monkeypatch: pytest.MonkeyPatch, found: list[str]) -> None:
    answers = [(0, 0, 0, "", (each, 80)) for each in found]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: answers)
    monkeypatch.setattr(socket, "create_connection", lambda *_args: pytest.fail("it was connected to"))
    with pytest.raises(Unreachable, match="private"):
        post("http://inside.example/", b"", {}, private=False)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "localhost", "017700000001"])
def test_other_spellings_of_loopback_are_seen_through(host: str) -> None:
    with pytest.raises(Unreachable):
        post(f"http://{host}:9/", b"", {}, private=False)


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([[(0, 0, 0, "", ("1.1.1.1", 80))], [(0, 0, 0, "", ("127.0.0.1", 80))]])
    asked: list[Any] = []

    def connect(address: Any, _timeout: float) -> socket.socket:
        asked.append(address)
        raise OSError("as far as this test goes")

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: next(answers))
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(Unreachable):
        post("http://twice.example/", b"", {}, private=False)
    assert asked == [("1.1.1.1", 80)]


def test_a_receiver_that_drips_its_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_WHOLE_S", 0.5)
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        accepted, _ = listener.accept()
        with accepted:
            try:
                for _ in range(100):
                    accepted.sendall(b"H")
                    time.sleep(0.05)
            except OSError:
                return

    thread = threading.Thread(target=drip)
    thread.start()
    began = time.monotonic()
    with pytest.raises(Unreachable):
        post(f"http://127.0.0.1:{listener.getsockname()[1]}/", b"{}", {}, private=True)
    assert time.monotonic() - began < 3
    thread.join()
    listener.close()

"""Which addresses are of the open web, in every spelling that leads elsewhere."""

import ipaddress
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.media.neighbourhood import Neighbourhood, Where, where_is
from cnn_explorer.web import Failed

NEAR = [
    "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "198.18.0.1", "::1", "fe80::1", "fe80::1%eth0", "fc00::1",
    "fd12:3456::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:192.168.0.1",
    "64:ff9b::7f00:1", "64:ff9b::10.0.0.1",
]  # fmt: skip
NOWHERE = [
    "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "192.0.0.8", "192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "::", "ff02::1",
    "::127.0.0.1", "::7f00:1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:53aa:64c:0:fbff:80ff:fffe",
    "2001:db8::1", "3fff::1", "64:ff9b:1::7f00:1", "64:ff9b::0.0.0.0", "64:ff9b::e000:1",
    "::ffff:0.0.0.0", "::ffff:224.0.0.1", "100::1", "5f00::1", "4000::1", "e000::1", "", "example",
]  # fmt: skip
PUBLIC = [
    "8.8.8.8", "93.184.216.34", "1.1.1.1", "172.32.0.1", "100.128.0.1", "223.255.255.255",
    "2606:4700:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808",
]  # fmt: skip


@pytest.mark.parametrize(
    ("address", "where"),
    [
        *((address, Where.NEAR) for address in NEAR),
        *((address, Where.NOWHERE) for address in NOWHERE),
        *((address, Where.PUBLIC) for address in PUBLIC),
    ],
)
def test_whose_an_address_is(address: str, where: Where) -> None:
    assert where_is(address) is where


@given(st.ip_addresses())
def test_what_python_calls_private_is_never_public(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if not address.is_global or address.is_multicast:
        embedded = getattr(address, "ipv4_mapped", None)
        if embedded is None and address not in ipaddress.ip_network("64:ff9b::/96"):
            assert where_is(str(address)) is not Where.PUBLIC


def resolved(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def look_up(_host: str, port: int, **_: Any) -> list[Any]:
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "",
             (one, port))
            for one in addresses
        ]  # fmt: skip

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize("bad", NEAR + NOWHERE)
def test_one_bad_address_among_good_ones_is_enough(
    bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved(monkeypatch, "93.184.216.34", bad, "2606:4700:4700::1111")
    with pytest.raises(Failed, match="pictures"):
        Neighbourhood(allow_private=False).places("pictures.example", 80)


def test_what_is_near_may_be_allowed_and_what_is_nowhere_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guard = Neighbourhood(allow_private=True)
    resolved(monkeypatch, *NEAR, *PUBLIC)
    assert len(guard.places("pictures.example", 80)) == len(NEAR) + len(PUBLIC)
    for bad in NOWHERE:
        resolved(monkeypatch, bad)
        with pytest.raises(Failed, match="has no address on the web"):
            guard.places("pictures.example", 80)


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1", "127.1", "localhost",
     "0", "::1", "::ffff:7f00:1"],
)  # fmt: skip
def test_spellings_that_the_resolver_understands(host: str) -> None:
    try:
        socket.getaddrinfo(host, 80)
    except socket.gaierror:
        pytest.skip("not understood here")
    with pytest.raises(Failed):
        Neighbourhood(allow_private=False).places(host, 80)

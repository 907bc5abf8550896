"""Which computers an address from outside may reach: those of the open web.

A page can name any address. One that leads to this computer or its own network would have the
program ask, with a person's rights, what the page itself cannot: a router's settings, a printer, a
service that trusts whoever is near. So a name is looked up once, all addresses that it has must be
fit, and only these are connected to (`web.Guard`).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from enum import Enum

from cnn_explorer.errors import ExplorerError
from cnn_explorer.media.address import web_address
from cnn_explorer.web import Failed, SocketAddress


class Where(Enum):
    """Whose an internet address is."""

    PUBLIC = "public"
    NEAR = "near"
    """This computer's, or its own network's."""
    NOWHERE = "nowhere"
    """No computer's: of groups, of examples, of ways to embed one address in another."""


def _networks(*texts: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(map(ipaddress.ip_network, texts))


_NEAR = _networks(
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
    "169.254.0.0/16",  # link-local
    "100.64.0.0/10",  # shared by the customers of a provider
    "198.18.0.0/15",  # for measurements; tunnels hand these out
    "::1/128", "fe80::/10", "fc00::/7", "fec0::/10",
)  # fmt: skip
_NOWHERE = _networks(
    "0.0.0.0/8", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    "2001::/23",  # Teredo among them
    "2001:db8::/32", "2002::/16",  # examples; 6to4
    "3fff::/20",
)  # fmt: skip
_OPEN_V6 = ipaddress.IPv6Network("2000::/3")
"""All that is given out of version 6."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Addresses of version 4 as networks of version 6 alone see them."""


def where_is(text: str) -> Where:
    """Whose an internet address is; one of version 4 within one of version 6 counts as itself."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return Where.NOWHERE
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif address in _NAT64:
            address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if any(address in network for network in _NEAR):
        return Where.NEAR
    nowhere = any(address in network for network in _NOWHERE)
    if nowhere or (address.version == 6 and address not in _OPEN_V6):
        return Where.NOWHERE
    return Where.PUBLIC


class Neighbourhood:
    """A `web.Guard` that lets only the open web through, or what is near as well."""

    def __init__(self, *, allow_private: bool) -> None:
        self._fit = {Where.PUBLIC, Where.NEAR} if allow_private else {Where.PUBLIC}

    def followed(self, url: str) -> str:
        try:
            return web_address(url).url
        except ExplorerError as error:
            raise Failed(str(error).rstrip(".")) from error

    def places(self, host: str, port: int) -> Sequence[SocketAddress]:
        """What the resolver says, in whatever spelling it understands (``2130706433``)."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        # all of them: who gives one good and one bad means the bad one
        unfit = {where_is(str(place[4][0])) for place in found} - self._fit
        if Where.NOWHERE in unfit:
            raise Failed(f"{host} has no address on the web")
        if unfit:
            raise Failed(
                f"{host} lies in this computer's own network, from which pictures are fetched "
                'only where that is allowed, in the menu File or by "fetch --allow-private"'
            )
        return found

"""Which addresses are connected to: looked at when a socket is made, not when a name is resolved.

A name that resolves to a public address now and to a private one a moment later gains nothing.
"""

import errno
import ipaddress
import socket
from typing import Any

NAT64 = ipaddress.ip_network("64:ff9b::/96")

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class PublicAddressesOnly:
    """Makes aiohttp's sockets, for public addresses alone.

    Attributes:
        refused: the address that was refused last; "" as long as none was.
    """

    def __init__(self) -> None:
        self.refused = ""

    def __call__(self, address: Any) -> socket.socket:
        family, kind, protocol, _, (host, *_) = address
        if not is_public(host):
            self.refused = str(host)
            raise PermissionError(errno.EACCES, "lies on this machine or in a private network")
        return socket.socket(family=family, type=kind, proto=protocol)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet's, also where it is written inside an IPv6
    address: neither this machine, nor a private network, nor a link, nor a group of machines."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return all(
        candidate.is_global
        and not candidate.is_multicast
        and not candidate.is_reserved
        and not candidate.is_link_local
        for candidate in [*_inside(ip), ip]
        if candidate is ip or isinstance(candidate, ipaddress.IPv4Address)
    )


def _inside(address: _Address) -> list[_Address]:
    """The IPv4 addresses that an IPv6 address carries."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inner: list[_Address] = [*filter(None, (address.ipv4_mapped, address.sixtofour))]
    if address.teredo is not None:
        inner += address.teredo
    if address in NAT64:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return inner

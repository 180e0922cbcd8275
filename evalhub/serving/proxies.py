"""Which proxies are believed about who asks, and whether it was by https."""

from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from waitress.proxy_headers import proxy_headers_middleware

type Networks = Sequence[IPv4Network | IPv6Network]
type Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

FORWARDED_FOR = "HTTP_X_FORWARDED_FOR"


def believing(application: Application, proxies: Networks) -> Application:
    """The WSGI application behind proxies in these networks.

    Of a request that one of them sent, X-Forwarded-For and X-Forwarded-Proto become the request's
    own address and scheme; of any other request all such headers are dropped.
    """
    by_proxy: Application = proxy_headers_middleware(
        application,
        trusted_proxy="*",
        trusted_proxy_count=1,
        trusted_proxy_headers={"x-forwarded-for", "x-forwarded-proto"},
    )
    direct: Application = proxy_headers_middleware(application)

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if not is_within(environ.get("REMOTE_ADDR", ""), proxies):
            return direct(environ, start_response)
        if forwarded := environ.get(FORWARDED_FOR):
            environ[FORWARDED_FOR] = client_of(forwarded, proxies)
        return by_proxy(environ, start_response)

    return answer


def client_of(forwarded: str, proxies: Networks) -> str:
    """Who asks, of what X-Forwarded-For says: the last address that isn't a proxy of ours.

    Each proxy writes behind the others whom it heard, so what stands before that address was
    written by strangers. Where all are proxies it is the first.
    """
    addresses = [address.strip() for address in forwarded.split(",")]
    strangers = (address for address in reversed(addresses) if not is_within(address, proxies))
    return next(strangers, addresses[0])


def is_within(text: str, networks: Networks) -> bool:
    """Whether an IP address is in one of the networks; what is no address isn't."""
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:  # by a socket of both families
        address = address.ipv4_mapped
    return any(address in network for network in networks)

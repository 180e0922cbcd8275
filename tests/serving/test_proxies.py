"""Whom the site believes about who asks: proxies in the declared networks, and nobody else."""

from collections.abc import Iterable
from typing import Any

import pytest

from evalhub.env import proxy_networks
from evalhub.serving.proxies import believing, client_of

NETWORKS = proxy_networks("10.0.0.0/8, 192.0.2.7, fd00::/8")


def seen(peer: str, **headers: str) -> dict[str, Any]:
    """What the application sees of a request that came from `peer` with these headers."""
    environ: dict[str, Any] = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http"}
    answered: list[dict[str, Any]] = []

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answered.append(environ)
        return []

    believing(application, NETWORKS)(environ | headers, None)
    return answered[0]


@pytest.mark.parametrize(
    "peer", ["10.0.0.1", "10.255.3.4", "192.0.2.7", "fd00::17", "::ffff:10.2.3.4"]
)
def test_a_proxy_in_a_declared_network_is_believed(peer: str) -> None:
    environ = seen(peer, HTTP_X_FORWARDED_FOR="203.0.113.9", HTTP_X_FORWARDED_PROTO="https")
    assert environ["REMOTE_ADDR"] == "203.0.113.9"
    assert environ["wsgi.url_scheme"] == "https"


@pytest.mark.parametrize(
    "peer", ["11.0.0.1", "192.0.2.8", "127.0.0.1", "fe80::1", "::ffff:11.0.0.1", "", "nowhere"]
)
def test_nobody_else_is_and_what_they_said_is_dropped(peer: str) -> None:
    environ = seen(
        peer,
        HTTP_X_FORWARDED_FOR="10.0.0.1",
        HTTP_X_FORWARDED_PROTO="https",
        HTTP_X_FORWARDED_HOST="evil.test",
        HTTP_FORWARDED="for=10.0.0.1;proto=https",
    )
    assert environ["REMOTE_ADDR"] == peer
    assert environ["wsgi.url_scheme"] == "http"
    assert not [name for name in environ if "FORWARDED" in name]


def test_of_a_proxy_the_host_is_not_believed() -> None:
    environ = seen("10.0.0.1", HTTP_HOST="e.example.org", HTTP_X_FORWARDED_HOST="evil.test")
    assert environ["HTTP_HOST"] == "e.example.org"
    assert "HTTP_X_FORWARDED_HOST" not in environ


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),  # the first was written by a stranger
        ("198.51.100.1, 203.0.113.9, 10.0.0.3, 192.0.2.7", "203.0.113.9"),
        ("10.0.0.9, 203.0.113.9, 10.0.0.3", "203.0.113.9"),
        ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
        ("2001:db8::1, fd00::3", "2001:db8::1"),
        ("unknown, 10.0.0.3", "unknown"),
    ],
)
def test_who_asks_is_the_last_address_that_is_no_proxy(forwarded: str, client: str) -> None:
    assert client_of(forwarded, NETWORKS) == client
    environ = seen("10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)
    assert environ["REMOTE_ADDR"] == client

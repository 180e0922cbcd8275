"""The endpoints that an operator made, and which addresses they are connected to."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from evalhub.declare.keys import Reach
from runners.backends.asking import BackendError
from runners.backends.connecting import is_public
from tests.fakes.openai_server import OpenAIServer
from tests.runners.backends.test_openai import client_of, replies

KEY = "sk-support-0123456789"
ASKED = {"type": "openai", "endpoint": "support", "model": "echo", "retries": 0}


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(key=KEY) as server:
        yield server


def made(**fields: Any) -> Any:
    return override_settings(ENDPOINTS=json.dumps({"support": fields}))


def test_an_alias_has_its_address_and_its_key(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPPORT_KEY", KEY)
    with made(url=server.url, key_env="SUPPORT_KEY", private=True):
        [reply] = replies(ASKED, "Hi", reach=Reach())
    assert reply.text == "You said: Hi"


@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_a_file_names_them_too_and_its_keys_lie_beside_it(
    server: OpenAIServer, tmp_path: Path, suffix: str
) -> None:
    (tmp_path / "support.key").write_text(f"{KEY}\n")
    path = tmp_path / f"endpoints.{suffix}"
    path.write_text(
        f'[support]\nurl = "{server.url}"\nkey_file = "support.key"\nprivate = true\n'
        if suffix == "toml"
        else json.dumps(
            {"support": {"url": server.url, "key_file": "support.key", "private": True}}
        )
    )
    with override_settings(ENDPOINTS=str(path)):
        [reply] = replies(ASKED, "Hi", reach=Reach())
        assert reply.text == "You said: Hi"
        (tmp_path / "support.key").unlink()
        with pytest.raises(BackendError, match="the key of endpoint 'support' can't be read"):
            client_of(ASKED, reach=Reach())


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("", "there is no endpoint 'support' where the worker runs"),
        ('{"other": {"url": "https://x.example/v1"}}', "there are other"),
        ("{oops hunter2", "EVALHUB_ENDPOINTS isn't JSON"),
        ("/no/such/file.toml", "EVALHUB_ENDPOINTS: /no/such/file.toml can't be read"),
        ('{"support": {"url": "https://me:hunter2@x.example/v1"}}', "field 'support.url'"),
        ('{"support": {"url": "https://x.example/v1", "key": "hunter2"}}', "'support.key'"),
        ('{"support": {"url": "https://x.example/v1", "private": "yes"}}', "true or false"),
        (
            '{"support": {"url": "https://x.example/v1", "key_env": "EVALHUB_SECRET_KEY"}}',
            "EVALHUB_SECRET_KEY belongs to this site",
        ),
        (
            '{"support": {"url": "https://x.example/v1", "key_env": "A", "key_file": "b"}}',
            "give one of the two",
        ),
        ('{"not a name": {"url": "https://x.example/v1"}}', "isn't a name"),
    ],
)
def test_what_is_wrong_with_them_is_said_and_no_key_repeated(said: str, error: str) -> None:
    with override_settings(ENDPOINTS=said), pytest.raises(BackendError) as refused:
        client_of(ASKED, reach=Reach())
    assert error in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"])
def test_an_alias_is_not_connected_to_on_this_machine_unless_it_says_so(host: str) -> None:
    with OpenAIServer() as server:
        url = f"http://{host}:{server.port}/v1"
        with made(url=url), pytest.raises(BackendError) as refused:
            replies(ASKED, "Hi", reach=Reach())
        assert "endpoint support is at " in str(refused.value)
        assert "say private: true of it in EVALHUB_ENDPOINTS" in str(refused.value)
        assert server.requests == []
        with made(url=url, private=True):
            [reply] = replies(ASKED, "Hi", reach=Reach())
        assert reply.text == "You said: Hi"


def test_a_name_that_resolves_otherwise_a_moment_later_gains_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The address that is connected to is looked at, not the one that a name had before."""
    asked: list[str] = []

    def resolve(host: Any, *more: Any, **named: Any) -> Any:
        if host != "rebind.example":
            return real(host, *more, **named)
        asked.append(host)
        address = "93.184.215.14" if len(asked) % 2 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, server.port))]

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with OpenAIServer() as server:
        socket.getaddrinfo("rebind.example", server.port)  # a check before would have passed
        moved = pytest.raises(BackendError, match=r"endpoint support is at 127\.0\.0\.1")
        with made(url=f"http://rebind.example:{server.port}/v1"), moved:
            replies(ASKED, "Hi", reach=Reach())
        assert server.requests == []
    assert len(asked) > 1


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:10.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
    ],
)
def test_addresses_that_are_nobody_s_on_the_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:4700:4700::1111"])
def test_addresses_of_the_internet(address: str) -> None:
    assert is_public(address)

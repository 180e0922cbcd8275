"""Whom a key is sent to, and what is told of it."""

import base64
import html
import json
import traceback
from typing import Any
from urllib.parse import quote

import pytest

from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.keys import WELL_KNOWN, KeyNotBoundError, Reach, check_bound
from runners.backends import AnyBackend
from runners.backends.asking import BackendError
from runners.backends.masking import Secret
from tests.fakes.openai_server import OpenAIServer, body, http_error
from tests.runners.backends.test_openai import client_of, replies

KEY = 'sk/live+0123456789"abc'
OPENAI = {"type": "openai", "url": "https://api.example.org/v1", "model": "small"}


def by_command(*hosts: str) -> Reach:
    return validate(Reach, {"operator": True, "hosts": list(hosts)})


@pytest.mark.parametrize(
    "name",
    [
        "EVALHUB_SECRET_KEY",
        "EVALHUB_MAIL_URL",
        "EVALHUB_DATABASE_URL",
        "EVALHUB_ANYTHING",
        "evalhub_secret_key",
        "DATABASE_URL",
        "CELERY_BROKER_URL",
        "PGPASSWORD",
        "POSTGRES_PASSWORD",
        "DJANGO_SECRET_KEY",
        "SECRET_KEY",
    ],
)
def test_the_site_s_own_secrets_are_no_keys_and_no_addresses(name: str) -> None:
    with pytest.raises(DeclarationError, match="belongs to this site, and is sent to no model"):
        validate(AnyBackend, OPENAI | {"key_env": name})
    with pytest.raises(DeclarationError, match="belongs to this site: put the address"):
        validate(AnyBackend, OPENAI | {"url": f"${{{name}}}"})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "models.example.org"])
def test_a_key_goes_nowhere_that_nobody_has_allowed(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    backend = OPENAI | {"url": f"http://{host}:8001/v1", "key_env": "MY_KEY"}
    with pytest.raises(BackendError) as refused:
        client_of(backend, reach=by_command("elsewhere.example.org"))
    said = str(refused.value)
    assert f"nobody has said that MY_KEY may be sent to {host}:8001" in said
    assert f"--allow {host}:8001" in said
    assert client_of(backend, reach=by_command(host)).target().key.value == KEY
    assert client_of(backend, reach=by_command(f"{host}:8001")).target().key.value == KEY
    with pytest.raises(BackendError):
        client_of(backend, reach=by_command(f"{host}:8002"))


def test_a_key_is_not_sent_by_a_request_that_was_refused(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    with pytest.raises(BackendError, match="nobody has said"):
        replies(server.backend(key_env="MY_KEY"), "Hi", reach=by_command())
    assert server.requests == []


@pytest.mark.parametrize("variable", WELL_KNOWN)
def test_a_well_known_key_goes_to_its_own_host_by_https_alone(variable: str) -> None:
    for host in WELL_KNOWN[variable]:
        check_bound(variable, f"https://{host}/v1", Reach())
        check_bound(variable, f"https://{host.upper()}./v1", Reach())
        for url in (
            f"http://{host}/v1",
            f"https://{host}:8443/v1",
            f"https://{host}.example.org/v1",
            f"https://not{host}/v1",
            "https://example.org/v1",
        ):
            with pytest.raises(KeyNotBoundError, match=f"{variable} goes to https://"):
                check_bound(variable, url, Reach())


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com\\@evil.example/v1",
        "https://evil.example\\.api.openai.com/v1",
        "https://api.openai.com%2eevil.example/v1",
        "https://api.openai.com evil.example/v1",
        "https://api.openai.com\t.evil.example/v1",
        "https://evil.example#@api.openai.com/v1",
        "https://me@api.openai.com/v1",
        "https://api.openai.com:99999/v1",
        "https://[::1/v1",
        "https:///v1",
        "https://api.openai.com?@evil.example/v1",
    ],
)
def test_an_address_that_could_be_read_in_two_ways_is_none(url: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        validate(AnyBackend, OPENAI | {"url": url})
    assert refused.value.field == "url"


@pytest.mark.parametrize(
    "host", ["http://x/v1", "x/v1", "a@x", "", " ", "x:y", "x:99999", "*", "a b", "x?y", "[::1"]
)
def test_what_is_no_host_is_allowed_by_nobody(host: str) -> None:
    with pytest.raises(DeclarationError, match="isn't a host such as"):
        by_command(host)


def test_hosts_are_compared_as_they_are_asked() -> None:
    for allowed, url in (
        ("Models.Example.ORG", "http://models.example.org/v1"),
        ("models.example.org:443", "https://models.example.org/v1"),
        ("::1", "http://[::1]:8000/v1"),
        ("[::1]:8000", "http://[::1]:8000/v1"),
        ("münchen.example", "https://xn--mnchen-3ya.example/v1"),
    ):
        check_bound("MY_KEY", url, by_command(allowed))


def test_an_address_from_a_variable_is_held_to_the_same(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_URL", server.url)
    monkeypatch.setenv("MY_KEY", KEY)
    backend = server.backend(url="${MY_URL}", key_env="MY_KEY")
    with pytest.raises(BackendError, match=f"MY_KEY may be sent to 127.0.0.1:{server.port}"):
        client_of(backend, reach=by_command())
    server.key = KEY
    [reply] = replies(backend, "Hi", reach=by_command("127.0.0.1"))
    assert reply.text == "You said: Hi"


def test_a_run_that_no_command_launched_asks_no_address_of_its_own(server: OpenAIServer) -> None:
    with pytest.raises(BackendError, match="didn't come by the operator's own command"):
        replies(server.backend(), "Hi", reach=Reach(hosts=("127.0.0.1",)))
    assert server.requests == []


def test_a_redirect_is_not_followed_and_takes_no_key_along(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    with OpenAIServer() as elsewhere:
        there = {"Location": f"{elsewhere.url}/chat/completions"}
        server.misbehave = lambda prompt, attempt: http_error(307, "over there", there)
        with pytest.raises(BackendError, match="HTTP 307"):
            replies(server.backend(key_env="MY_KEY"), "Hi")
        assert elsewhere.requests == []


def spelt() -> list[str]:
    long = ("Bearer " + KEY).encode()
    return [
        KEY,
        quote(KEY),
        quote(KEY, safe=""),
        json.dumps(KEY)[1:-1],
        json.dumps(json.dumps(KEY))[3:-3],
        KEY.replace("/", "\\u002F").replace("+", "\\u002b"),
        html.escape(KEY),
        "".join(one if one.isalnum() else f"&#x{ord(one):X};" for one in KEY),
        "".join(one if one.isalnum() else f"&#{ord(one):03};" for one in KEY),
        base64.b64encode(KEY.encode()).decode(),
        base64.b64encode(long).decode(),
        base64.b64encode(b"x" + long).decode(),
        base64.urlsafe_b64encode(long).decode(),
        KEY.encode().hex().upper(),
    ]


def middle(said: str) -> str:
    """What tells something of the key: groups of base64 at its ends may hold what stands beside."""
    return said[len(said) // 2 - 4 : len(said) // 2 + 4]


@pytest.mark.parametrize("said", spelt())
@pytest.mark.parametrize("status", [400, 401, 500])
def test_no_error_holds_the_key_however_the_server_spells_it(
    server: OpenAIServer, said: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    before = "x" * 120
    server.misbehave = lambda prompt, attempt: http_error(status, before + said)
    backend = server.backend(key_env="MY_KEY", retries=0)
    try:
        [reply] = replies(backend, "Hi")
        told = reply.error
    except BackendError as error:
        told = "".join(traceback.format_exception(error))
    assert f"HTTP {status}: xxx" in told
    assert middle(said) not in told


def errors_of(server: OpenAIServer, content: str) -> tuple[str, str]:
    """The error of one question that alone is answered so, and that of a server that says nothing
    else, with its traceback."""
    backend = server.backend(key_env="MY_KEY", retries=0)
    server.misbehave = lambda prompt, attempt: body(content) if prompt == "odd" else None
    [reply] = replies(backend, "odd")
    assert reply.text is None
    server.misbehave = lambda prompt, attempt: body(content)
    with pytest.raises(BackendError) as refused:
        replies(backend, "odd")
    return reply.error, "".join(traceback.format_exception(refused.value))


def test_half_a_key_is_not_left_where_an_error_is_cut(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    server.misbehave = lambda prompt, attempt: http_error(400, "x" * 190 + KEY)
    [reply] = replies(server.backend(key_env="MY_KEY"), "Hi")
    assert reply.error == "HTTP 400: " + "x" * 190 + "…"
    of_one, of_all = errors_of(server, "x" * 190 + KEY)
    assert of_one == "the response is malformed JSON: '" + "x" * 190 + "…'"
    assert of_one in of_all


@pytest.mark.heavy
def test_half_a_key_is_not_left_in_the_beginning_of_a_long_text() -> None:
    """Marks are short: of a text with many keys, what is shown reaches far."""
    key = "/".join(["sk", *(f"{i:03}" for i in range(100))])
    secret = Secret(key)
    for said in (key, html.escape(key), key.replace("/", "&#x002f;"), quote(key, safe="")):
        for before in range(200):
            text = "x" * before + said * 300
            assert secret.beginning(text, 200) == ("x" * before + "…" * 300)[:200]
            assert secret.beginning(text[:-1], 200) == secret.mask(text[:-1])[:200]


@pytest.mark.parametrize("said", spelt())
def test_no_error_in_place_of_an_answer_holds_the_key(
    server: OpenAIServer, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    for content in (f"It is {said}!", f"<html>{said}</html>", json.dumps([said])):
        for told in errors_of(server, content):
            assert "the response " in told
            assert "…" in told
            assert middle(said) not in told
            assert middle(json.dumps(said)) not in told


def test_a_key_is_found_with_a_nul_in_it_and_where_a_reason_to_stop_is_cut(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    for told in errors_of(server, f"It is {KEY[:9]}\x00{KEY[9:]}!"):
        assert "'It is …!'" in told
    choice = {"message": {"content": "Yes"}, "finish_reason": "x" * 25 + KEY}
    server.misbehave = lambda prompt, attempt: body(json.dumps({"choices": [choice]}))
    [reply] = replies(server.backend(key_env="MY_KEY"), "Hi")
    assert (reply.text, reply.finish_reason) == ("Yes", "x" * 25 + "…")


@pytest.mark.parametrize("said", spelt())
def test_an_answer_that_holds_the_key_is_not_kept(
    server: OpenAIServer, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    content = json.dumps({"choices": [{"message": {"content": f"It is {said}!"}}]})
    server.misbehave = lambda prompt, attempt: body(content)
    [reply] = replies(server.backend(key_env="MY_KEY"), "Hi")
    assert reply.text is None
    assert reply.error == "the answer holds the key that it was asked with, and isn't kept"


def test_a_word_that_servers_take_for_a_key_may_stand_in_an_answer(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "EMPTY")
    [reply] = replies(server.backend(key_env="MY_KEY"), "The list is EMPTY.")
    assert reply.text == "You said: The list is EMPTY."


@pytest.mark.parametrize("key", ["two\nlines", "schlüssel", "bell\x07", "   "])
def test_what_is_no_key_is_refused_and_not_repeated(
    key: str, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", key)
    with pytest.raises(BackendError, match="what MY_KEY holds is no key") as refused:
        replies(server.backend(key_env="MY_KEY"), "Hi")
    assert key not in str(refused.value)


def test_a_key_shows_itself_in_no_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    backend: dict[str, Any] = OPENAI | {
        "url": "https://api.openai.com/v1",
        "key_env": "OPENAI_API_KEY",
    }
    client = client_of(backend)
    assert client.target().key.value == KEY
    assert KEY not in repr(client)
    assert KEY not in repr(Secret(KEY))


def test_an_endpoint_s_specification_is_read_as_it_is_written() -> None:
    alias = validate(AnyBackend, {"type": "openai", "endpoint": "support", "model": "m"})
    assert alias.as_json()["endpoint"] == "support"
    assert validate(AnyBackend, alias.as_json()) == alias

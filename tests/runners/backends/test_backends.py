"""A backend's declaration, checked."""

import subprocess
import sys
import traceback
from typing import Any

import pytest

from evalhub.declare.declaration import DeclarationError, validate
from runners.backends import AnyBackend

OPENAI = {"type": "openai", "url": "https://api.example.org/v1/", "model": "small"}


def test_importing_the_table_imports_no_http_client_and_no_database() -> None:
    program = (
        "import sys; from runners.backends import AnyBackend;"
        "print([m for m in ('aiohttp', 'django', 'celery') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_what_is_left_out_has_a_default() -> None:
    assert validate(AnyBackend, OPENAI).as_json() == {
        "type": "openai",
        "url": "https://api.example.org/v1",
        "endpoint": None,
        "model": "small",
        "api": "chat",
        "key_env": None,
        "concurrency": 8,
        "timeout_s": 60,
        "retries": 5,
        "extra": {},
        "most_bytes": 8_388_608,
        "logprobs": True,
        "answer_schema": None,
        "adapter_of": None,
        "echo": False,
    }
    assert validate(AnyBackend, {"type": "recorded"}).as_json() == {"type": "recorded"}


@pytest.mark.parametrize(
    ("spec", "field", "says"),
    [
        ({}, "", "its type is needed"),
        ("recorded", "", "an object with fields is needed"),
        ({"type": "vllm"}, "", 'one of recorded, openai, hf, command, own is needed, not "vllm"'),
        ({"type": "recorded", "url": "x"}, "url", "isn't known here"),
        ({"type": "openai", "model": "m"}, "url", "missing"),
        ({"type": "openai", "url": "http://x/v1"}, "model", "missing"),
        (OPENAI | {"url": "ftp://x"}, "url", "must be an address such as"),
        (OPENAI | {"url": "https://x/v1/chat/completions"}, "url", "must be the base"),
        (OPENAI | {"url": "https://x/v1?user=me"}, "url", "must hold no user, key or query"),
        (OPENAI | {"model": ""}, "model", "is empty"),
        (OPENAI | {"api": "responses"}, "api", "isn't one of chat, completion"),
        (OPENAI | {"concurrency": 0}, "concurrency", "must be 1 or more, not 0"),
        (OPENAI | {"concurrency": True}, "concurrency", "a whole number is needed, not true"),
        (OPENAI | {"timeout_s": float("nan")}, "timeout_s", "is not a number"),
        (OPENAI | {"retries": -1}, "retries", "must be 0 or more, not -1"),
        (OPENAI | {"extra": {"messages": []}}, "extra", "can't set 'messages'"),
        (OPENAI | {"extra": {"top_p": 1}}, "extra", "can't set 'top_p'"),
        (OPENAI | {"extra": []}, "extra", "an object with fields is needed"),
    ],
)
def test_a_wrong_field_is_named_with_what_would_be_right(spec: Any, field: str, says: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        validate(AnyBackend, spec)
    assert refused.value.field == field
    assert says in refused.value.message


@pytest.mark.parametrize(
    "secret",
    [
        {"api_key": "abc"},
        {"apiKey": "abc"},
        {"extra": {"headers": {"Authorization": "abc"}}},
        {"headers": {"X-API-Key": "abc"}},
        {"token": "abc"},
        {"password": "abc"},
        {"key_env": "sk-live-abc"},
        {"key_env": "abc-1"},
        {"concurrency": "sk-live-abc"},
        {"extra": {"header": "Bearer abc"}},
        {"url": "https://me:mine@models.example/v1"},
        {"url": "https://models.example/v1?api_key=abc"},
    ],
)
def test_a_secret_is_refused_and_never_repeated(secret: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError, match="environment variable") as refused:
        validate(AnyBackend, OPENAI | secret)
    told = "".join(traceback.format_exception(refused.value)[-1:])
    assert "abc" not in told
    assert "mine" not in told
    assert refused.value.__suppress_context__, "a traceback would show the value"


def test_names_that_only_sound_like_secrets_are_kept() -> None:
    extra = {"stop_token_ids": [2], "prompt_cache_key": "a", "ignore_eos": True}
    assert validate(AnyBackend, OPENAI | {"extra": extra}).as_json()["extra"] == extra


def test_an_address_in_the_environment_is_kept_as_its_name() -> None:
    spec = validate(AnyBackend, OPENAI | {"url": "${SERVER_URL}"})
    assert spec.as_json()["url"] == "${SERVER_URL}"

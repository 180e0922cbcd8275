"""A backend's specification, checked."""

from typing import Any

import pytest

from runners.backends import BackendError, check_backend, check_sampling

OPENAI = {"type": "openai", "url": "https://api.example.org/v1/", "model": "small"}


def test_what_is_left_out_has_a_default() -> None:
    assert check_backend(OPENAI) == {
        "type": "openai",
        "url": "https://api.example.org/v1",
        "model": "small",
        "api": "chat",
        "key_env": None,
        "concurrency": 8,
        "timeout_s": 60,
        "retries": 5,
        "extra": {},
    }
    assert check_backend({"type": "recorded"}) == {"type": "recorded"}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, "field 'type': must be recorded or openai"),
        ({"type": "vllm"}, "field 'type': must be recorded or openai, not 'vllm'"),
        ({"type": "recorded", "url": "x"}, "field 'url': isn't known here"),
        ({"type": "openai", "model": "m"}, "field 'url': is missing"),
        ({"type": "openai", "url": "http://x/v1"}, "field 'model': is missing"),
        (OPENAI | {"url": "ftp://x"}, "field 'url': must be an address such as"),
        (OPENAI | {"url": "https://x/v1/chat/completions"}, "field 'url': must be the base"),
        (OPENAI | {"url": "https://me:pass@x/v1"}, "field 'url': must hold no user, key"),
        (OPENAI | {"model": ""}, "field 'model': must be text"),
        (OPENAI | {"api": "responses"}, "field 'api': must be chat or completion"),
        (OPENAI | {"concurrency": 0}, "field 'concurrency': must be a whole number from 1"),
        (OPENAI | {"concurrency": True}, "field 'concurrency': must be a whole number from 1"),
        (OPENAI | {"timeout_s": float("nan")}, "field 'timeout_s': must be a number"),
        (OPENAI | {"retries": -1}, "field 'retries': must be a whole number from 0"),
        (OPENAI | {"extra": {"messages": []}}, "field 'extra': can't set 'messages'"),
        (OPENAI | {"extra": []}, "field 'extra': must be a mapping"),
    ],
)
def test_a_wrong_field_is_named_with_what_would_be_right(spec: dict[str, Any], said: str) -> None:
    with pytest.raises(BackendError) as refused:
        check_backend(spec)
    assert said in str(refused.value)


def test_a_key_given_in_place_of_its_variable_is_refused_and_not_repeated() -> None:
    with pytest.raises(BackendError, match="name of an environment variable") as refused:
        check_backend(OPENAI | {"key_env": "sk-abc-123"})
    assert "abc" not in str(refused.value)


def test_sampling_holds_what_is_given_and_one_sample() -> None:
    assert check_sampling({"temperature": 0.7, "stop": "\n"}) == {
        "temperature": 0.7,
        "stop": ["\n"],
        "samples": 1,
    }


@pytest.mark.parametrize(
    ("sampling", "said"),
    [
        ({"temprature": 1}, "sampling, field 'temprature': isn't known here"),
        ({"temperature": "hot"}, "field 'temperature': must be a number"),
        ({"max_tokens": 0}, "field 'max_tokens': must be a whole number from 1"),
        ({"top_p": 2}, "field 'top_p': must be a number from 0 to 1"),
        ({"samples": 0}, "field 'samples': must be a whole number from 1"),
        ({"stop": [1]}, "field 'stop': must be a text or a list of texts"),
    ],
)
def test_wrong_sampling_is_named(sampling: dict[str, Any], said: str) -> None:
    with pytest.raises(BackendError) as refused:
        check_sampling(sampling)
    assert said in str(refused.value)

"""Backends: where a version's answers come from. A new one is a file and a line of BACKENDS."""

from collections.abc import Mapping
from typing import Any

from runners.backends.spec import (
    BackendError,
    BackendUnreachable,
    Field,
    base_url,
    body_without,
    number,
    one_of,
    read_fields,
    stops,
    text,
    variable,
    whole,
)

__all__ = [
    "BACKENDS",
    "SAMPLING",
    "BackendError",
    "BackendUnreachable",
    "check_backend",
    "check_sampling",
]

SAMPLING: dict[str, Field] = {
    "temperature": Field(number(0, 10), None),
    "max_tokens": Field(whole(1, 10_000_000), None),
    "top_p": Field(number(0, 1), None),
    "stop": Field(stops, None),
    "seed": Field(whole(0, 2**63 - 1), None),
    "samples": Field(whole(1, 1000), 1),
}

BACKENDS: dict[str, dict[str, Field]] = {
    # runners.backends.recorded: answers made elsewhere, given to `launch` as a file
    "recorded": {},
    # runners.backends.openai: any server that speaks OpenAI's chat or completion protocol
    "openai": {
        "url": Field(base_url),
        "model": Field(text),
        "api": Field(one_of("chat", "completion"), "chat"),
        "key_env": Field(variable, None),
        "concurrency": Field(whole(1, 1024), 8),
        "timeout_s": Field(number(0.001, 86_400), 60),
        "retries": Field(whole(0, 20), 5),
        "extra": Field(body_without("model", "messages", "prompt", "stream", "n", *SAMPLING), {}),
    },
}


def check_backend(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The specification with its defaults filled in.

    Raises BackendError, naming the field and what would be right; unknown fields are refused.
    """
    if not isinstance(spec, Mapping) or "type" not in spec:
        raise BackendError(f"backend, field 'type': must be {' or '.join(BACKENDS)}")
    kind = spec["type"]
    if not isinstance(kind, str) or kind not in BACKENDS:
        raise BackendError(f"backend, field 'type': must be {' or '.join(BACKENDS)}, not {kind!r}")
    return read_fields(spec, {"type": Field(text), **BACKENDS[kind]}, "backend")


def check_sampling(sampling: Mapping[str, Any]) -> dict[str, Any]:
    """The sampling options that are given, with `samples`. Raises BackendError likewise."""
    given = read_fields(sampling, SAMPLING, "sampling")
    return {name: value for name, value in given.items() if value is not None}

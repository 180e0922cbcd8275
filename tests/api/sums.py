"""A small study for whoever calls the API: sixty sums, a base that knows half, a tuned all."""

import hashlib
import json
from collections.abc import Callable
from typing import Any


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def rows(count: int, **made: Callable[[int], Any]) -> bytes:
    return b"".join(
        json.dumps({"id": f"q{i}"} | {name: make(i) for name, make in made.items()}).encode()
        + b"\n"
        for i in range(count)
    )


ITEMS = rows(60, input=lambda i: f"{i} + 1?", reference=lambda i: str(i + 1))
RIGHT = rows(60, output=lambda i: str(i + 1))
HALF = rows(60, output=lambda i: str(i + 1) if i % 2 else "0")


def study(base: bytes = HALF, tuned: bytes = RIGHT) -> dict[str, Any]:
    return {
        "schema": "evalhub.study/1",
        "name": "Sums",
        "slug": "sums",
        "baseline": "base",
        "arms": {
            "base": {"kind": "base", "backend": {"recorded": digest(base)}},
            "tuned": {"kind": "lora", "parent": "base", "backend": {"recorded": digest(tuned)}},
        },
        "test_sets": {
            "sums": {"file": digest(ITEMS), "role": "primary", "metric": {"name": "exact_match"}}
        },
    }

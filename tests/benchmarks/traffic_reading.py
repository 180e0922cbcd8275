"""What reading, masking and telling the language of traffic cost, beside a peer in the same run.

python -m tests.benchmarks.traffic_reading [--rows 20000]

Processor time. Rows are read beside `json.loads` of the same lines; texts are masked beside plain
patterns that aren't anchored; languages are told beside the library's own `classify`.
"""

import argparse
import json
import random
import re
import sys
from collections.abc import Callable
from string import ascii_lowercase
from time import process_time
from typing import Any

from evalhub.features.traffic.files.reading import read_body
from evalhub.features.traffic.privacy.languages import READ, language_of
from evalhub.features.traffic.privacy.personal_data import Masking
from evalhub.features.traffic.rows import RequestRow

LENGTH = 1_500
"""Characters of a text."""
AT_ONCE = 5_000
QUESTION = (
    "How do I reset the password of the account that I made last week with my company's address? "
    "The link in the mail says that it was used already, and I have never opened it before."
)
ROW: dict[str, Any] = {
    "time": "2026-11-28T10:00:00Z",
    "model": "support-large",
    "user": "u123",
    "conversation": "c1",
    "turn": 3,
    "prompt_tokens": 512,
    "completion_tokens": 80,
    "latency_ms": 812.4,
    "first_token_ms": 120.1,
    "cost_usd": 0.00123,
    "finish_reason": "stop",
    "response_id": "chatcmpl-123",
    "route": "billing",
    "tags": ["web"],
    "language": "de",
}
NAIVE = [
    re.compile(pattern)
    for pattern in (
        r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
        r"[A-Z]{2}\d{2}(?: ?[0-9A-Z]){11,30}",
        r"(?:\d[ -]?){13,19}",
        r"\+?\(?\d[\d ()/.-]{7,}\d",
    )
]
HOSTILE = ("1 ", "a@", "@", "DE89 ", "4111 ", "+1 ((", "030 12 ", "(415) ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    rows = parser.parse_args().rows
    texts = [made_up(number) for number in range(rows)]
    reading("rows without texts", [ROW | {"id": f"r{i}"} for i in range(rows)])
    with_texts = [
        ROW | {"id": f"r{i}", "messages": [{"role": "user", "content": text}], "output": text}
        for i, text in enumerate(texts)
    ]
    reading(f"rows with 2 × {LENGTH:,} characters", with_texts)
    beside("masking a text without hits", rows, lambda: mask(texts), lambda: mask_naively(texts))
    from py3langid import classify

    questions = [f"{QUESTION} {number}" for number in range(rows)]
    language_of(QUESTION), classify(QUESTION)
    beside(
        "the language of a question",
        rows,
        lambda: [language_of(text) for text in questions],
        lambda: [classify(text[:READ]) for text in questions],
    )
    for part in HOSTILE:
        text = part * (10**6 // len(part))
        took = seconds(lambda text=text: mask([text]))
        say(f"masking 1,000,000 characters of {part!r:10} {took:5.2f} s")


def made_up(seed: int) -> str:
    """A text of words and now and then a number, with no personal data."""
    rng = random.Random(seed)
    words = ["".join(rng.choices(ascii_lowercase, k=rng.randint(2, 9))) for _ in range(300)]
    return " ".join(word if rng.random() < 0.95 else "2024" for word in words)[:LENGTH]


def reading(what: str, rows: list[dict[str, Any]]) -> None:
    lines = [json.dumps(row).encode() for row in rows]
    bodies = [b"\n".join(lines[i : i + AT_ONCE]) for i in range(0, len(lines), AT_ONCE)]
    beside(
        what,
        len(rows),
        lambda: [len(read_body(RequestRow, body).rows) for body in bodies],
        lambda: [len([json.loads(line) for line in body.split(b"\n")]) for body in bodies],
    )


def mask(texts: list[str]) -> list[str]:
    return [Masking().mask(text) for text in texts]


def mask_naively(texts: list[str]) -> list[str]:
    masked = []
    for text in texts:
        for pattern in NAIVE:
            text = pattern.sub("[x]", text)
        masked.append(text)
    return masked


def beside(what: str, count: int, ours: Callable[[], Any], peer: Callable[[], Any]) -> None:
    """Prints microseconds a row of ours and of the peer, and the ratio; the best of three."""
    took, theirs = (min(seconds(work) for _ in range(3)) for work in (ours, peer))
    each, of_peer = took / count * 1e6, theirs / count * 1e6
    say(f"{what:40} {each:7.1f} µs   peer {of_peer:7.1f} µs   {took / theirs:5.2f} times")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def seconds(work: Callable[[], Any]) -> float:
    start = process_time()
    work()
    return process_time() - start


if __name__ == "__main__":
    main()

"""What is logged says what it is about, and holds no secret."""

import json
import logging
from collections.abc import Callable

import pytest

from evalhub.logs import LogJson, LogText, about, hide

KEY = "sk-abc/&123=xyz"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("to postgresql://eva:short@db:5432/e", "to postgresql://eva:***@db:5432/e"),
        ("redis://:pw@queue:6379/0", "redis://:***@queue:6379/0"),
        ("GET /accounts/sign-in/AbC-12_3/ 500", "GET /accounts/sign-in/***/ 500"),
        ("Not Found: /reviews/join/1f:x-y:z/", "Not Found: /reviews/join/***/"),
        ("{'Authorization': 'Bearer abcdef'}", "{'Authorization': '***'}"),
        ("authorization: Basic ZXZhOnB3", "authorization: ***"),
        ("sent Bearer abc.def-ghi", "sent Bearer ***"),
        ("Cookie: sessionid=abc; csrftoken=def", "Cookie: ***"),
        ("/x?token=abc&page=2", "/x?token=***&page=2"),
        (f"answered with {KEY}!", "answered with ***!"),
        ("?k=sk-abc%2F%26123%3Dxyz", "?k=***"),
        ("<b>sk-abc/&amp;123=xyz</b>", "<b>***</b>"),
    ],
)
def test_a_secret_is_hidden_in_whatever_form_it_stands(text: str, hidden: str) -> None:
    assert hide(text, [KEY, ""]) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "prompt_tokens=12 max_tokens=5",
        "http://127.0.0.1:8000/v1 doesn't answer",
        "item 'key' on line 3: token expected",
        "the metric key_points isn't there",
    ],
)
def test_what_is_none_stays(text: str) -> None:
    assert hide(text, ["short"]) == text


def a_record() -> logging.LogRecord:
    try:
        raise ValueError(f"refused with {KEY}")
    except ValueError as error:
        return logging.LogRecord(
            "runners.execute", logging.ERROR, __file__, 1, "failed: %s", (error,),
            (ValueError, error, error.__traceback__),
        )  # fmt: skip


@pytest.mark.parametrize("kind", [LogText, LogJson])
def test_a_traceback_has_no_secret(kind: Callable[..., LogText]) -> None:
    line = kind(lambda: [KEY]).format(a_record())
    assert "Traceback" in line
    assert "refused with ***" in line
    assert KEY not in line


def test_a_line_says_which_run_and_shard_it_is_about() -> None:
    with about(run=3), about(shard=7):
        line = LogJson(list).format(a_record())
    after = json.loads(LogJson(list).format(a_record()))
    fields = json.loads(line)
    assert (fields["run"], fields["shard"]) == (3, 7)
    assert fields["level"] == "error"
    assert fields["logger"] == "runners.execute"
    assert fields["time"].endswith("+00:00")
    assert "run" not in after

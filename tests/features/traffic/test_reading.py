"""Rows of NDJSON: a wrong line is a flaw with its reason, its field and what would be right."""

import json
from typing import Any

import pytest

from evalhub.features.traffic.files.reading import read_body
from evalhub.features.traffic.flaws import FlawReason
from evalhub.features.traffic.rows import RequestRow, SignalRow
from evalhub.io.rows import DataError

REQUEST: dict[str, Any] = {"id": "r1", "time": "2026-11-28T10:00:00Z", "model": "support-large"}
SIGNAL: dict[str, Any] = {
    "id": "s1",
    "time": "2026-11-28T10:00:05+01:00",
    "name": "thumb",
    "value": 1,
    "request": "r1",
}
GOOD = json.dumps(REQUEST)


def line(**fields: Any) -> str:
    return json.dumps(REQUEST | fields)


def raw(field: str, value: str) -> str:
    """A line with a value that no JSON encoder would write."""
    return f'{GOOD[:-1]}, "{field}": {value}}}'


FLAWS = [
    ("no JSON", FlawReason.NOT_JSON, "", "malformed JSON"),
    ("[1, 2]", FlawReason.NOT_JSON, "", "a JSON object is needed"),
    (GOOD + GOOD, FlawReason.NOT_JSON, "", "trailing characters"),
    (raw("route", '"\\ud800"'), FlawReason.NOT_JSON, "", "hex escape"),
    (raw("messages", "[" * 1_000 + "]" * 1_000), FlawReason.NOT_JSON, "", "recursion limit"),
    (
        raw("messages", '[{"a": ' + "9" * 5_000 + "}]"),
        FlawReason.NOT_JSON,
        "",
        "number out of range",
    ),
    ('{"id": "r1"}', FlawReason.INVALID, "time", "missing"),
    (line(promt_tokens=1), FlawReason.INVALID, "promt_tokens", "known: id, time, model"),
    (line(id=""), FlawReason.INVALID, "id", "is empty"),
    (line(id=7), FlawReason.INVALID, "id", "a text is needed"),
    (line(id="r" * 201), FlawReason.INVALID, "id", "200 at most"),
    (line(time="2026-11-28T10:00:00"), FlawReason.INVALID, "time", "offset from UTC"),
    (line(time="yesterday"), FlawReason.INVALID, "time", "as in 2026-11-28T10:00:00Z"),
    (line(time="9999-12-31T23:59:59-12:00"), FlawReason.INVALID, "time", "no day in UTC"),
    (line(time=1764324000), FlawReason.INVALID, "time", "as in 2026-11-28T10:00:00Z"),
    (line(user="a\x00b"), FlawReason.INVALID, "user", "NUL"),
    (line(user_hash="olga"), FlawReason.INVALID, "user_hash", "32 digits"),
    (line(language="German"), FlawReason.INVALID, "language", "as in de"),
    (line(prompt_tokens=1.5), FlawReason.INVALID, "prompt_tokens", "a whole number is needed"),
    (line(prompt_tokens=2**31), FlawReason.INVALID, "prompt_tokens", "at most 2,147,483,647"),
    (line(prompt_tokens=-1), FlawReason.NEGATIVE, "prompt_tokens", "0 or more"),
    (line(latency_ms=-0.5), FlawReason.NEGATIVE, "latency_ms", "0 or more"),
    (line(cost_usd=1e80), FlawReason.INVALID, "cost_usd", "at most 1,000,000,000,000,000"),
    (raw("latency_ms", "NaN"), FlawReason.NOT_A_NUMBER, "latency_ms", "neither NaN nor infinite"),
    (raw("latency_ms", "1e999"), FlawReason.NOT_A_NUMBER, "latency_ms", "neither NaN nor infinite"),
    (raw("turn", "NaN"), FlawReason.NOT_A_NUMBER, "turn", "a whole number is needed"),
    (line(tags=["t"] * 21), FlawReason.INVALID, "tags", "20 at most"),
    (line(tags="t"), FlawReason.INVALID, "tags", "a list is needed"),
    (line(tags=["a", 2]), FlawReason.INVALID, "tags.1", "a text is needed"),
    (raw("model", '"other"'), FlawReason.INVALID, "model", "named twice"),
    (raw("messages", '[{"a": 1, "a": 2}]'), FlawReason.INVALID, "a", "named twice"),
    (line(messages=[{"a": "x\x00"}]), FlawReason.INVALID, "messages[0].a", "NUL"),
    (raw("messages", '[{"a": NaN}]'), FlawReason.INVALID, "messages[0].a", "not a number"),
    (line(messages=["hi"]), FlawReason.INVALID, "messages.0", "an object is needed"),
    (line(messages=[{}] * 1_001), FlawReason.INVALID, "messages", "1,000 at most"),
    (line(messages=[{"a": [0] * 100_000}]), FlawReason.INVALID, "messages", "10,000 members"),
    (line(**{f"f{i}": i for i in range(100_000)}), FlawReason.INVALID, "f0", "isn't known here"),
    (line(output="x" * 10_000_000), FlawReason.TEXT_TOO_LONG, "output", "1,000,000 at most"),
    (line(messages=[{"a": "x" * 10_000_000}]), FlawReason.TEXT_TOO_LONG, "messages", "1,000,000"),
]


@pytest.mark.parametrize(
    ("wrong", "reason", "field", "message"),
    FLAWS,
    ids=[f"{number}: {row[1].name} {row[2]}" for number, row in enumerate(FLAWS)],
)
def test_a_wrong_line_is_a_flaw_and_the_lines_around_it_are_taken(
    wrong: str, reason: FlawReason, field: str, message: str
) -> None:
    result = read_body(RequestRow, f"{GOOD}\n\n{wrong}\n{line(id='r2')}\n".encode())
    assert [(number, row.id) for number, row in result.rows] == [(1, "r1"), (4, "r2")]
    [flaw] = result.flaws
    assert (flaw.line, flaw.reason, flaw.field) == (3, reason, field)
    assert message in flaw.message


def test_a_flaw_quotes_no_value() -> None:
    secret = "olga@example.org"
    for wrong in (line(user_hash=secret), line(messages=secret), line(turn=secret)):
        result = read_body(RequestRow, wrong.encode())
        assert secret not in str(result.flaws)


def test_a_line_that_is_not_utf_8_is_a_flaw() -> None:
    body = GOOD.encode() + b"\n" + raw("route", '"\xff"').encode("latin-1")
    result = read_body(RequestRow, body)
    assert [flaw.reason for flaw in result.flaws] == [FlawReason.NOT_JSON]
    assert len(result.rows) == 1


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ({"request": ""}, "not about nothing"),
        ({"trace_id": "t"}, "not about request and trace_id"),
    ],
)
def test_a_signal_is_about_one_thing(targets: dict[str, str], message: str) -> None:
    result = read_body(SignalRow, json.dumps(SIGNAL | targets).encode())
    assert [flaw.reason for flaw in result.flaws] == [FlawReason.INVALID]
    assert message in result.flaws[0].message


def test_names_and_colons_in_a_text_are_no_names() -> None:
    messages = [{"role": "user", "content": 'He said "id": "id" : twice, {"id": 1, "id": 2}'}]
    result = read_body(RequestRow, line(messages=messages, output='"model": "x"').encode())
    [(_, row)] = result.rows
    assert row.messages == tuple(messages)


def test_a_file_of_windows_is_read() -> None:
    body = b"\xef\xbb\xbf" + f"{GOOD}\r\n{line(id='r2')}\r\n\r\n".encode()
    result = read_body(RequestRow, body)
    assert [row.id for _, row in result.rows] == ["r1", "r2"]
    assert not result.flaws


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "holds no rows"),
        ("\n \n", "holds no rows"),
        (json.dumps([REQUEST]), "a JSON object is needed"),
        (json.dumps(REQUEST, indent=2), "malformed JSON"),
        ("<html>\n</html>", "malformed JSON"),
    ],
)
def test_a_body_that_is_no_ndjson_is_refused_whole(body: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_body(RequestRow, body.encode())

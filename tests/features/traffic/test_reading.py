"""Rows of NDJSON: a wrong line is a flaw with its reason, its field and what would be right."""

import json
from typing import Any

import pytest

from evalhub.features.traffic.flaws import Refusal
from evalhub.features.traffic.reading import read_body
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
    ("no JSON", Refusal.NOT_JSON, "", "malformed JSON"),
    ("[1, 2]", Refusal.NOT_JSON, "", "a JSON object is needed"),
    (GOOD + GOOD, Refusal.NOT_JSON, "", "trailing characters"),
    (raw("route", '"\\ud800"'), Refusal.NOT_JSON, "", "hex escape"),
    (raw("messages", "[" * 1_000 + "]" * 1_000), Refusal.NOT_JSON, "", "recursion limit"),
    (raw("messages", '[{"a": ' + "9" * 5_000 + "}]"), Refusal.NOT_JSON, "", "number out of range"),
    ('{"id": "r1"}', Refusal.INVALID, "time", "missing"),
    (line(promt_tokens=1), Refusal.INVALID, "promt_tokens", "known: id, time, model"),
    (line(id=""), Refusal.INVALID, "id", "is empty"),
    (line(id=7), Refusal.INVALID, "id", "a text is needed"),
    (line(id="r" * 201), Refusal.INVALID, "id", "200 at most"),
    (line(time="2026-11-28T10:00:00"), Refusal.INVALID, "time", "offset from UTC"),
    (line(time="yesterday"), Refusal.INVALID, "time", "as in 2026-11-28T10:00:00Z"),
    (line(time="9999-12-31T23:59:59-12:00"), Refusal.INVALID, "time", "no day in UTC"),
    (line(time=1764324000), Refusal.INVALID, "time", "as in 2026-11-28T10:00:00Z"),
    (line(user="a\x00b"), Refusal.INVALID, "user", "NUL"),
    (line(user_hash="olga"), Refusal.INVALID, "user_hash", "32 digits"),
    (line(language="German"), Refusal.INVALID, "language", "as in de"),
    (line(prompt_tokens=1.5), Refusal.INVALID, "prompt_tokens", "a whole number is needed"),
    (line(prompt_tokens=2**31), Refusal.INVALID, "prompt_tokens", "at most 2,147,483,647"),
    (line(prompt_tokens=-1), Refusal.NEGATIVE, "prompt_tokens", "0 or more"),
    (line(latency_ms=-0.5), Refusal.NEGATIVE, "latency_ms", "0 or more"),
    (raw("latency_ms", "NaN"), Refusal.NOT_A_NUMBER, "latency_ms", "neither NaN nor infinite"),
    (raw("latency_ms", "1e999"), Refusal.NOT_A_NUMBER, "latency_ms", "neither NaN nor infinite"),
    (raw("turn", "NaN"), Refusal.NOT_A_NUMBER, "turn", "a whole number is needed"),
    (line(tags=["t"] * 21), Refusal.INVALID, "tags", "20 at most"),
    (line(tags="t"), Refusal.INVALID, "tags", "a list is needed"),
    (line(tags=["a", 2]), Refusal.INVALID, "tags.1", "a text is needed"),
    (raw("model", '"other"'), Refusal.INVALID, "model", "named twice"),
    (raw("messages", '[{"a": 1, "a": 2}]'), Refusal.INVALID, "a", "named twice"),
    (line(messages=[{"a": "x\x00"}]), Refusal.INVALID, "messages[0].a", "NUL"),
    (raw("messages", '[{"a": NaN}]'), Refusal.INVALID, "messages[0].a", "not a number"),
    (line(messages=["hi"]), Refusal.INVALID, "messages.0", "an object is needed"),
    (line(messages=[{}] * 1_001), Refusal.INVALID, "messages", "1,000 at most"),
    (line(messages=[{"a": [0] * 100_000}]), Refusal.INVALID, "messages", "10,000 members"),
    (line(**{f"f{i}": i for i in range(100_000)}), Refusal.INVALID, "f0", "isn't known here"),
    (line(output="x" * 10_000_000), Refusal.TEXT_TOO_LONG, "output", "1,000,000 at most"),
    (line(messages=[{"a": "x" * 10_000_000}]), Refusal.TEXT_TOO_LONG, "messages", "1,000,000"),
]


@pytest.mark.parametrize(
    ("wrong", "reason", "field", "message"),
    FLAWS,
    ids=[f"{number}: {row[1].name} {row[2]}" for number, row in enumerate(FLAWS)],
)
def test_a_wrong_line_is_a_flaw_and_the_lines_around_it_are_taken(
    wrong: str, reason: Refusal, field: str, message: str
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
    assert [flaw.reason for flaw in result.flaws] == [Refusal.NOT_JSON]
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
    assert [flaw.reason for flaw in result.flaws] == [Refusal.INVALID]
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

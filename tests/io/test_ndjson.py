"""Rows that come over a wire: all of a body or nothing of it, in bounded memory."""

import gzip
import io
import json
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.io.json_values import JsonError, parse_json
from evalhub.io.limits import MIB, WEB
from evalhub.io.ndjson import BodyTooLargeError, read_ndjson
from evalhub.io.rows import DataError

SMALL = replace(WEB, bytes=2 * MIB, decoded=2 * MIB, rows=100, line=MIB)


def read(body: bytes, *, zipped: bool = False) -> list[tuple[int, dict[str, Any]]]:
    found = read_ndjson(io.BytesIO(body), zipped=zipped, limits=SMALL)
    assert len(found.lines) == len(found.rows)
    return [(row.line, row.values) for row in found.rows]


def test_each_line_is_a_row_and_blank_ones_are_none() -> None:
    assert read(b'\xef\xbb\xbf{"id": "a"}\r\n\n  \n{"id": "b", "x": [1]}') == [
        (1, {"id": "a"}),
        (4, {"id": "b", "x": [1]}),
    ]
    assert read(gzip.compress(b'{"id": "a"}\n'), zipped=True) == [(1, {"id": "a"})]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"id": "b"', "malformed JSON"),
        (b'{"id": "b"} {"id": "c"}', "malformed JSON"),
        (b'"id": "b"}', "malformed JSON"),
        (b"{'id': 1}", "malformed JSON"),
        (b"[" * 1_000_000, "nested too deeply"),
        (b'{"scores": ' + b"[" * 600 + b"]" * 600 + b"}", "nested more than 500 deep"),
        (b'{"id": "b", "id": "c"}', "field 'id': named twice"),
        (b'{"scores": {"f1": 1, "f1": 2}}', "named twice"),
        (b'{"more": NaN}', "field 'more': nan is not a number"),
        (b'{"more": 1e999}', "inf"),
        (b'{"id": "\\u0000"}', "a NUL character"),
        (b'{"id": "\\uD800"}', "half a surrogate pair"),
        (b'{"id": "\x00"}', "malformed JSON"),
        (b'{"id": "\xff"}', "not UTF-8: byte 0xff at position 9 of the line"),
        (b"[1]", "a JSON object was expected, and this is [1]"),
        (b"null", "a JSON object was expected"),
        (b"1" * 5000, "malformed JSON"),
        (b"nonsense", "malformed JSON"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_read(line: bytes, said: str) -> None:
    with pytest.raises(DataError) as error:
        read(b'{"id": "a"}\n' + line + b'\n{"id": "c"}\n')
    assert said in str(error.value)
    assert str(error.value).startswith("the body, line 2")


@settings(max_examples=40)
@given(st.text(max_size=60), st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_a_line_is_taken_if_and_only_if_it_is_strict_json(text: str, values: Any) -> None:
    for line in (json.dumps({"id": text} | values), json.dumps(values, ensure_ascii=False)):
        body = line.encode("utf-8", "surrogatepass")
        try:
            body.decode()
            expected = parse_json(line)
        except (UnicodeDecodeError, JsonError):
            with pytest.raises(DataError):
                read(body)
        else:
            assert read(body) == [(1, expected)]


def test_escapes_and_brackets_in_texts_are_texts() -> None:
    line = json.dumps({"id": "é 😀", "output": "[{" * 200})
    assert read(line.encode()) == [(1, json.loads(line))]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"id": 1}\n' * 101, "line 101: holds more than 100 rows: send them in parts"),
        (b'{"id": "' + b"a" * MIB + b'"}', "line 1: longer than 1,048,576 characters"),
        (b"\n" * (2 * MIB + 1), "holds more than 2,097,152 bytes: send it in parts"),
    ],
)
def test_more_than_is_taken_at_once_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(BodyTooLargeError) as error:
        read(body)
    assert said in str(error.value)


def test_a_gzip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = gzip.compress(b" " * (16 * MIB), 1)
    assert len(bomb) < MIB // 8
    tracemalloc.start()
    with pytest.raises(BodyTooLargeError, match="more than 2,097,152 bytes once it is unpacked"):
        read(bomb, zipped=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * MIB


ZIPPED = gzip.compress(b'{"id": 1}\n', mtime=0)  # a test's name must not change with the time


@pytest.mark.parametrize("body", [b'{"id": 1}\n', ZIPPED[:-4], ZIPPED[:12], b""])
def test_damaged_gzip_is_refused(body: bytes) -> None:
    with pytest.raises(DataError):
        read(body, zipped=True)


def test_an_empty_body_holds_no_rows() -> None:
    for body in (b"", b"\n\n"):
        with pytest.raises(DataError, match="holds no rows"):
            read(body)

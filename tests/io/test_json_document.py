"""JSON that is read whole: arrays of rows, and where something is wrong in them."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.io.json_document import JsonDocument
from evalhub.io.limits import COMMAND, WEB, Limits
from evalhub.io.rows import DataError, Row, read_rows

TWO = '[\n  {"id": "a", "output": "ä"},\n\n  {"id": "b",\n   "output": "2"}]'


def write(folder: Path, content: str | bytes, name: str = "rows.json") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path, limits: Limits = COMMAND) -> str:
    with pytest.raises(DataError) as caught:
        list(read_rows(path, limits))
    return str(caught.value).replace(str(path), path.name)


@pytest.mark.parametrize("name", ["rows.json", "ROWS.JSON", "rows.json.gz"])
def test_an_array_is_read_as_rows_with_the_lines_they_start_on(tmp_path: Path, name: str) -> None:
    packed = gzip.compress(TWO.encode()) if name.endswith("gz") else TWO
    path = write(tmp_path, packed, name)
    assert list(read_rows(path)) == [
        Row(2, {"id": "a", "output": "ä"}, str(path)),
        Row(4, {"id": "b", "output": "2"}, str(path)),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            '[{"id": "a"},\n {"id": ',
            "rows.json, line 2: malformed JSON at column 9: Expecting value",
        ),
        (
            '[{"id": "a"},\n {"b": 1,\n "b": 2}]',
            "rows.json, line 2, field 'b': named twice in one object",
        ),
        (
            '[{"id": "a"},\n 7]',
            "rows.json, line 2, field '[1]': an object with fields was expected",
        ),
        ('{"id": "a"}', "rows.json, line 1: a list of objects was expected"),
        ("[]", "rows.json: holds no rows"),
        ("", "rows.json, line 1: malformed JSON at column 1: Expecting value"),
        ("[" * 1_000_000, "rows.json: malformed JSON: nested too deeply"),
        ('[{"a":' * 1_000_000, "rows.json: malformed JSON: nested too deeply"),
        ('[{"id": NaN}]', "field '[0].id': nan is not a number that JSON has"),
        ('[{"id": "\\u0000"}]', "field '[0].id': holds a NUL character"),
        (b'[{"id": "a"},\n{"id": "\xff"}]', "rows.json, line 2: not UTF-8: byte 0xff"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, content: str | bytes, said: str
) -> None:
    assert said in refusal(write(tmp_path, content))


def test_damaged_gzip_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    packed = gzip.compress(TWO.encode())
    assert "damaged gzip" in refusal(write(tmp_path, packed[:-9], "rows.json.gz"))
    assert "no such file" in refusal(tmp_path / "none.json")


@pytest.mark.heavy
def test_a_gzip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    bomb = write(tmp_path, gzip.compress(b" " * (WEB.decoded or 0) + b"  [1]"), "rows.json.gz")
    assert "rows.json.gz: holds more than 134,217,728 bytes of JSON" in refusal(bomb, WEB)


@pytest.mark.parametrize(
    ("where", "line", "field"),
    [
        ((), 1, None),
        (("results",), 2, "results"),
        (("results", 1, "score"), 4, "results[1].score"),
        (("results", 1, "none"), 3, "results[1].none"),
        (("other", "score"), 1, "other.score"),
    ],
)
def test_an_error_names_the_line_of_its_field_or_of_what_holds_it(
    tmp_path: Path, where: tuple[Any, ...], line: int, field: str | None
) -> None:
    text = '{"first": [{"score": 0}],\n "results": [{"score": 1},\n  {"id": "b",\n   "score": 2}]}'
    error = JsonDocument(write(tmp_path, text)).error(where, "is wrong")
    assert (error.line, error.field) == (line, field)


def test_the_lines_of_a_long_array_are_found_in_one_reading(tmp_path: Path) -> None:
    rows = [{"id": str(number), "tags": [[], {}]} for number in range(3000)]
    path = write(tmp_path, json.dumps(rows, indent=1))
    assert [row.line for row in read_rows(path)] == [2 + 7 * number for number in range(3000)]

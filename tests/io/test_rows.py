"""Rows out of files: what is read, and what a person is told of each thing that can be wrong."""

import gzip
import json
import tracemalloc
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from evalhub.io.json_values import JsonError, parse_json
from evalhub.io.limits import COMMAND
from evalhub.io.rows import DataError, Row, field, item_id, progress_total, read_rows

TWO = '{"id": "a", "output": "ä"}\n{"id": "b", "output": "2"}\n'


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def table(folder: Path, columns: dict[str, list[Any]]) -> Path:
    path = folder / "items.parquet"
    parquet.write_table(pyarrow.table(columns), path)
    return path


def refusal(path: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        list(read_rows(path))
    return caught.value


# What is read


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "A.JSONL"])
def test_json_lines_are_read_with_their_line_numbers(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name, TWO.replace("\n", "\n\n", 1))
    assert list(read_rows(path)) == [
        Row(1, {"id": "a", "output": "ä"}, str(path)),
        Row(3, {"id": "b", "output": "2"}, str(path)),
    ]


def test_gzipped_json_lines_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl.gz", gzip.compress(TWO.encode()))
    assert [row.values["id"] for row in read_rows(path)] == ["a", "b"]


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", b"\xef\xbb\xbf" + TWO.replace("\n", "\r\n").encode())
    assert [row.values["output"] for row in read_rows(path)] == ["ä", "2"]


def test_a_unicode_line_separator_does_not_end_a_line(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", '{"id": "a\u2028b"}\n')
    assert [row.values for row in read_rows(path)] == [{"id": "a\u2028b"}]


def test_a_csv_cell_may_hold_commas_quotes_and_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", 'id,output\na,"one, ""two""\nthree"\nb,x\n')
    assert list(read_rows(path)) == [
        Row(2, {"id": "a", "output": 'one, "two"\nthree'}, str(path)),
        Row(4, {"id": "b", "output": "x"}, str(path)),
    ]


def test_a_csv_cell_may_be_longer_than_pythons_own_limit(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", f"id,output\na,{'x' * 200_000}\n")
    assert [len(row.values["output"]) for row in read_rows(path)] == [200_000]


def test_parquet_rows_are_numbered_from_one_and_dates_become_text(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        {"id": ["a", "b"], "day": [date(2026, 1, 2), None], "meta": [{"n": [1]}, {"n": []}]},
    )
    assert list(read_rows(path)) == [
        Row(1, {"id": "a", "day": "2026-01-02", "meta": {"n": [1]}}, str(path)),
        Row(2, {"id": "b", "day": None, "meta": {"n": []}}, str(path)),
    ]


def test_a_large_file_is_read_in_bounded_memory(tmp_path: Path) -> None:
    line = json.dumps({"id": "a", "output": "x" * 2000}) + "\n"
    path = write(tmp_path, "a.jsonl", line * 5_000)  # 10 MB
    tracemalloc.start()
    count = sum(1 for _ in read_rows(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 5_000
    assert peak < 1_000_000


@pytest.mark.parametrize(
    ("name", "content", "total"),
    [
        ("a.jsonl", TWO, 2),
        ("a.jsonl", TWO.removesuffix("\n"), 2),
        ("a.csv", "id\na\nb\n", 3),
        ("a.jsonl.gz", gzip.compress(TWO.encode(), mtime=0), None),
    ],
)
def test_the_progress_total_is_the_last_rows_line(
    tmp_path: Path, name: str, content: str | bytes, total: int | None
) -> None:
    path = write(tmp_path, name, content)
    last = list(read_rows(path))[-1].line
    assert progress_total(path) == total
    assert total in (last, None)


def test_the_progress_total_of_parquet_is_its_rows(tmp_path: Path) -> None:
    assert progress_total(table(tmp_path, {"id": ["a", "b", "c"]})) == 3


def test_the_progress_total_of_a_file_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    assert progress_total(tmp_path / "a.jsonl") is None


# What is wrong with a file


def test_a_missing_file_is_named_as_it_was_given() -> None:
    assert str(refusal(Path("no/such.jsonl"))) == "no/such.jsonl: no such file"


@pytest.mark.parametrize("name", ["a.json5", "a.txt", "a", "a.parquet.gz", "a.gz"])
def test_another_kind_of_file_is_told_which_are_read(tmp_path: Path, name: str) -> None:
    error = refusal(write(tmp_path, name, "[]"))
    assert "JSONL (.jsonl, .ndjson), CSV (.csv)" in error.message
    assert "Parquet (.parquet)" in error.message


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.jsonl", ""), ("a.jsonl", "\n \n"), ("a.csv", ""), ("a.csv", "id,output\n")],
)
def test_a_file_without_rows_is_refused(tmp_path: Path, name: str, content: str) -> None:
    path = write(tmp_path, name, content)
    assert str(refusal(path)) == f"{path}: holds no rows"


def test_an_empty_parquet_table_is_refused(tmp_path: Path) -> None:
    assert refusal(table(tmp_path, {"id": []})).message == "holds no rows"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").mkdir()
    assert "cannot be read" in refusal(tmp_path / "a.jsonl").message


@pytest.mark.parametrize(
    ("line", "field_name", "message"),
    [
        ('{"id": "b",}', None, "malformed JSON at column"),
        ('{"id": "b"} x', None, "malformed JSON at column 13: Extra data"),
        ("[1, 2]", None, "a JSON object was expected, and this is [1, 2]"),
        ('{"score": NaN}', "score", "nan is not a number that JSON has"),
        ('{"meta": {"n": [0, -Infinity]}}', "meta.n[1]", "-inf is not a number that JSON has"),
        ('{"score": 1e999}', "score", "inf is not a number that JSON has"),
        ('{"id": "b", "id": "c"}', "id", "named twice in one object"),
        (r'{"text": "x\ud83d"}', "text", "holds half a surrogate pair at position 2"),
        (r'{"text": "\u0000"}', "text", "holds a NUL character at position 1"),
        (r'{"a\u0000": 1}', "(a name)", "holds a NUL character at position 2"),
        ("[" * 100_000, None, "nested too deeply"),
        ('{"n": ' + "9" * 5000 + "}", None, "malformed JSON"),
    ],
)
def test_a_bad_line_is_named_with_its_field(
    tmp_path: Path, line: str, field_name: str | None, message: str
) -> None:
    error = refusal(write(tmp_path, "a.jsonl", '{"id": "a"}\n' + line + "\n"))
    assert (error.line, error.field) == (2, field_name)
    assert message in error.message


def test_the_error_reads_as_file_line_field_and_what_is_wrong(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", '{"id": "a", "n": NaN}\n')
    assert str(refusal(path)).startswith(f"{path}, line 1, field 'n': nan is not a number")


def test_text_in_another_encoding_is_refused_with_its_place(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, "a.jsonl", b'{"id": "a"}\n{"id": "\xe4"}\n'))
    assert error.line == 2
    assert error.message.startswith("not UTF-8: byte 0xe4 at position 9 of the line")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_utf_16_is_named(tmp_path: Path, name: str, encoding: str) -> None:
    error = refusal(write(tmp_path, name, TWO.encode(encoding)))
    assert error.message == "this is UTF-16, not UTF-8; save the file as UTF-8"


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_a_line_of_200_mb_is_refused_without_being_read_whole(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name, '{"id": "a"}\n')
    with path.open("r+b") as stream:
        stream.seek(200_000_000)
        stream.write(b"x\n")
    tracemalloc.start()
    error = refusal(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (error.line, error.message) == (2, "longer than 32 MiB, the most a line may hold")
    assert peak < 2.5 * COMMAND.line


@pytest.mark.parametrize(
    ("content", "line", "field_name", "message"),
    [
        ("id,output\na,b\nc,d,e\n", 3, None, "3 columns, where the header has 2"),
        ('id,output\na,"b\nb"\nc\n', 4, None, "1 columns, where the header has 2"),
        ("id,output,id\na,b,c\n", 1, "id", "the header names this column twice"),
        ("id,\na,b\n", 1, None, "column 2 of the header has no name"),
        ('id,output\na,b\nc,"d\n', 3, None, "malformed CSV"),
        ("id,output\na,b\x00c\n", 2, "output", "holds a NUL character at position 2"),
    ],
)
def test_a_bad_csv_row_is_named_by_the_line_on_which_it_starts(
    tmp_path: Path, content: str, line: int, field_name: str | None, message: str
) -> None:
    error = refusal(write(tmp_path, "a.csv", content))
    assert (error.line, error.field) == (line, field_name)
    assert message in error.message


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, float("nan")], "nan is not a number that JSON has"),
        ([Decimal("1.5"), Decimal("2.5")], "a Decimal has no place in JSON; write it as text"),
        ([b"x", b"y"], "a bytes has no place in JSON; write it as text"),
    ],
)
def test_a_parquet_value_that_json_lacks_is_refused(
    tmp_path: Path, values: list[Any], message: str
) -> None:
    error = refusal(table(tmp_path, {"id": ["a", "b"], "x": values}))
    assert error.field == "x"
    assert f"row {error.line}, field 'x'" in str(error)
    assert message in error.message


def test_a_file_that_only_says_it_is_parquet_is_refused(tmp_path: Path) -> None:
    assert "malformed Parquet" in refusal(write(tmp_path, "a.parquet", TWO)).message


def test_cut_off_and_false_gzip_are_refused(tmp_path: Path) -> None:
    whole = gzip.compress(TWO.encode())
    assert "damaged gzip" in refusal(write(tmp_path, "a.jsonl.gz", whole[:-9])).message
    assert "damaged gzip" in refusal(write(tmp_path, "b.jsonl.gz", TWO)).message


# Fields


def test_a_dotted_name_reaches_into_objects_unless_a_field_has_that_very_name() -> None:
    assert field(Row(1, {"meta": {"domain": "law"}}), "meta.domain") == "law"
    assert field(Row(1, {"meta.domain": "tax", "meta": {"domain": "law"}}), "meta.domain") == "tax"


@pytest.mark.parametrize("name", ["ID", "meta.x", "id.x"])
def test_a_missing_field_is_told_which_fields_there_are(name: str) -> None:
    with pytest.raises(DataError) as caught:
        field(Row(7, {"id": "a", "meta": {}}, "items.jsonl"), name)
    assert str(caught.value) == (
        f"items.jsonl, line 7, field '{name}': missing; the row has id, meta"
    )


@pytest.mark.parametrize(("value", "text"), [("a", "a"), (" 01", " 01"), (17, "17"), (0, "0")])
def test_an_id_is_text_or_a_whole_number(value: Any, text: str) -> None:
    assert item_id(Row(1, {"id": value})) == text


@pytest.mark.parametrize("value", ["", " ", None, True, 1.0, ["a"]])
def test_anything_else_is_no_id(value: Any) -> None:
    with pytest.raises(DataError, match="field 'id': an id is text or a whole number"):
        item_id(Row(1, {"id": value}, "a.jsonl"))


# JSON, strictly

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\x00")),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), inner)
    ),
    max_leaves=10,
)


@given(JSON)
def test_what_json_writes_is_read_back(value: Any) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=False)) == value


@given(st.text())
def test_any_text_is_a_value_or_a_json_error(text: str) -> None:
    try:
        value = parse_json(text)
    except JsonError:
        return
    assert json.loads(text) == value

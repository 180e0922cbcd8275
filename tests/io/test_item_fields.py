"""Which passages hold an item's answer, and whether any does: read where the fields are named."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.io.items import FieldMapping, ItemContent, read_items
from evalhub.io.rows import DataError
from tests.io.test_rows import write

NAMED = FieldMapping(relevant="relevant", answerable="answerable")


def item(folder: Path, mapping: FieldMapping = NAMED, **fields: Any) -> ItemContent:
    row = {"id": "a", "input": "Who?", "relevant": None, "answerable": None} | fields
    path = write(folder, "items.jsonl", json.dumps(row) + "\n")
    [(_, content)] = read_items(path, mapping)
    return content


@pytest.mark.parametrize(
    ("value", "relevant"),
    [
        (None, None),
        ("", None),
        ([], []),
        (["a", "b", "a"], ["a", "b"]),
        ([1, "2"], ["1", "2"]),
        ("a", ["a"]),
        (7, ["7"]),
        ('["a", "b"]', ["a", "b"]),
    ],
)
def test_relevant_passages_are_a_list_of_ids(
    tmp_path: Path, value: Any, relevant: list[str] | None
) -> None:
    assert item(tmp_path, relevant=value).relevant == relevant


@pytest.mark.parametrize(
    ("value", "answerable"),
    [(None, True), ("", True), (True, True), (False, False), ("False", False), ("true", True)],
)
def test_an_item_is_answerable_unless_it_says_otherwise(
    tmp_path: Path, value: Any, answerable: bool
) -> None:
    assert item(tmp_path, answerable=value).answerable is answerable


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"relevant": {"id": 1}}, "field 'relevant': a passage's id is a text of 1 to 200"),
        ({"relevant": ["a", True]}, "field 'relevant[1]': a passage's id is a text of 1 to 200"),
        ({"relevant": ["a" * 201]}, "field 'relevant[0]': a passage's id is a text of 1 to 200"),
        ({"relevant": "['a', 'b']"}, "field 'relevant': a list of ids in a text is JSON, such as"),
        ({"answerable": "perhaps"}, "field 'answerable': true or false was expected, and this one"),
        ({"answerable": 1}, "field 'answerable': true or false was expected, and this one is 1"),
    ],
)
def test_anything_else_is_an_error_that_names_line_and_field(
    tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError) as caught:
        item(tmp_path, **fields)
    assert "items.jsonl, line 1, " in str(caught.value)
    assert message in str(caught.value)


def test_they_count_for_an_item_as_right_answers_do_and_only_where_they_are_stated(
    tmp_path: Path,
) -> None:
    plain = item(tmp_path, FieldMapping())
    assert plain.metadata == {"relevant": None, "answerable": None}
    assert item(tmp_path).input_bytes() == plain.input_bytes()
    assert item(tmp_path, answerable=True).input_bytes() == plain.input_bytes()
    assert item(tmp_path, answerable=False).input_bytes() != plain.input_bytes()
    assert item(tmp_path, relevant=["a"]).input_bytes() != plain.input_bytes()
    assert item(tmp_path, relevant=["a"]).fingerprint() == plain.fingerprint()

"""HumanEval's, Spider's and IFEval's files become items as they are."""

import gzip
import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalhub.io import items
from evalhub.io.items import FieldMapping, ItemContent, item_of, prints_of, read_items
from evalhub.io.rows import DataError, read_rows
from evalhub.studies.files.compared_items import read_compared_items

type Write = Callable[..., Path]

HUMAN_EVAL = {
    "task_id": "HumanEval/900",
    "prompt": 'def twice(n: int) -> int:\n    """Twice n."""\n',
    "entry_point": "twice",
    "canonical_solution": "    return 2 * n\n",
    "test": "def check(candidate):\n    assert candidate(2) == 4\n",
}
FIXTURE = "CREATE TABLE pet (id INT, name TEXT);\nINSERT INTO pet VALUES (1, 'Rex;\nCREATE');\n"
SPIDER = {
    "db_id": "pets_1",
    "question": "How many pets are there?",
    "query": "SELECT count(*) FROM pet",
    "query_toks": ["SELECT", "count", "(", "*", ")", "FROM", "pet"],
}
IFEVAL = {
    "key": 1001,
    "prompt": "Plan a trip. Don't use any commas.",
    "instruction_id_list": ["punctuation:no_comma"],
    "kwargs": [{}],
}


def items_of(path: Path, mapping: FieldMapping = FieldMapping()) -> list[ItemContent]:  # noqa: B008 (frozen)
    return [item for _, item in read_items(path, mapping)]


def test_a_row_of_humaneval_has_its_tests_as_the_reference(tmp_path: Path) -> None:
    path = tmp_path / "HumanEval.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(HUMAN_EVAL).encode() + b"\n"))
    (item,) = items_of(path)
    assert (item.key, item.input) == ("HumanEval/900", HUMAN_EVAL["prompt"])
    reference = {name: HUMAN_EVAL[name] for name in ("test", "entry_point", "prompt")}
    assert item.references == [reference]
    assert item.metadata == {"canonical_solution": HUMAN_EVAL["canonical_solution"]}


def test_a_row_of_spider_has_its_query_and_its_database_as_the_reference(jsonl: Write) -> None:
    (item, second) = items_of(jsonl(SPIDER | {"fixture": FIXTURE}, SPIDER | {"fixture": FIXTURE}))
    assert (item.key, second.key) == ("pets_1-1", "pets_1-2")
    assert (item.input, item.cluster) == (SPIDER["question"], "pets_1")
    assert item.references == [{"query": SPIDER["query"], "fixture": FIXTURE}]
    assert item.context == "CREATE TABLE pet (id INT, name TEXT);"
    assert item.metadata == {"query_toks": SPIDER["query_toks"]}


def test_spider_s_own_databases_are_read_beside_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "database" / "pets_1"
    folder.mkdir(parents=True)
    database = sqlite3.connect(folder / "pets_1.sqlite")
    database.executescript(FIXTURE)
    database.close()
    path = tmp_path / "dev.json"
    path.write_text(json.dumps([SPIDER]))
    (item,) = items_of(path)
    [reference] = item.references
    copy = sqlite3.connect(":memory:")
    copy.executescript(reference["fixture"])
    assert copy.execute("SELECT * FROM pet").fetchall() == [(1, "Rex;\nCREATE")]
    assert item.context == "CREATE TABLE pet (id INT, name TEXT);"


@pytest.mark.parametrize(
    ("row", "field", "problem"),
    [
        (HUMAN_EVAL | {"test": 7}, "test", "is a text that isn't empty"),
        (HUMAN_EVAL | {"prompt": " "}, "prompt", "is a text that isn't empty"),
        (SPIDER, "fixture", "is missing, and there is no file"),
        (SPIDER | {"fixture": 7}, "fixture", "is the SQL script that makes the database, a text"),
        (SPIDER | {"db_id": "../pets"}, "db_id", "a database's name is letters, digits, - and _"),
    ],
)
def test_a_part_that_can_not_be_is_named(
    jsonl: Write, row: dict[str, Any], field: str, problem: str
) -> None:
    with pytest.raises(DataError, match=re.escape(problem)) as caught:
        items_of(jsonl(row))
    assert (caught.value.line, caught.value.field) == (1, field)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "database" / "pets_1"
    folder.mkdir(parents=True)
    (folder / "pets_1.sqlite").write_bytes(b"no database" * 1000)
    path = tmp_path / "dev.json"
    path.write_text(json.dumps([SPIDER]))
    with pytest.raises(DataError, match=r"pets_1\.sqlite: can't be read as a database: file is"):
        items_of(path)


def test_rows_with_usual_names_or_with_named_fields_stay_as_they_are(jsonl: Write) -> None:
    (item,) = items_of(jsonl(HUMAN_EVAL | {"id": "a", "input": "Write it."}))
    assert (item.key, item.input, item.references) == ("a", "Write it.", [])
    mapping = FieldMapping(id="task_id", input="prompt", reference="test")
    (item,) = items_of(jsonl(HUMAN_EVAL), mapping)
    assert item.references == [HUMAN_EVAL["test"]]


@pytest.mark.parametrize("shape", [HUMAN_EVAL, SPIDER | {"fixture": FIXTURE}, IFEVAL])
def test_whoever_reads_a_published_row_reads_the_same_item(
    jsonl: Write, shape: dict[str, Any]
) -> None:
    path = jsonl(shape)
    (item,) = items_of(path)
    (row,) = read_rows(path)
    assert item_of(row, FieldMapping()) == item
    assert [each for _, each in items.items_of([row], FieldMapping())] == [item]
    assert prints_of(row) == (item.fingerprint(), item.fingerprint_in_context())
    compared = read_compared_items(
        path,
        id_field="id",
        reference="reference",
        cluster=None,
        tag=None,
        weight=None,
        metric="instructions",
    )
    assert compared.keys() == {item.key}
    assert compared[item.key].references == item.references
    assert compared[item.key].prints == prints_of(row)

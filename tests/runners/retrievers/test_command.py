"""A retriever that is a program, and what programs do instead."""

import sys
from pathlib import Path
from typing import Any

import pytest

from evalhub.declare.keys import Reach
from evalhub.declare.retrievers import CommandRetriever
from runners.backends.asking import BackendError
from runners.retrievers.command import resolve_command
from tests.runners.retrievers.searches import results

SEARCH = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    found = [{"id": n, "text": asked["query"]} for n in range(asked["k"])]
    {MISBEHAVE}
    print(json.dumps({"id": asked["id"], "passages": found}), flush=True)
"""


def program(folder: Path, misbehave: str = "pass", **fields: Any) -> dict[str, Any]:
    (folder / "search.py").write_text(SEARCH.replace("{MISBEHAVE}", misbehave))
    run = [sys.executable, "-S", "-E", "search.py"]
    spec = {"run": run, "folder": str(folder), "files": ["search.py"], "index": "store-1", "k": 2}
    return spec | fields


def test_a_program_finds_the_passages_of_each_query(tmp_path: Path) -> None:
    found = results(program(tmp_path), "one", "two")
    assert [each.passages for each in found] == [
        [{"id": "0", "text": query}, {"id": "1", "text": query}] for query in ("one", "two")
    ]


@pytest.mark.parametrize(
    ("misbehave", "error"),
    [
        ("found = found * 2", "4 passages, and at most 2 may be given"),
        ("found = None", "passages are a list of {id, text, score}"),
        ("print(json.dumps({'id': asked['id'], 'error': 'no index'})); continue", "no index"),
    ],
)
def test_what_a_line_says_wrongly_is_an_error_of_the_item(
    tmp_path: Path, misbehave: str, error: str
) -> None:
    [found] = results(program(tmp_path, misbehave), "one")
    assert (found.passages, found.error) == (None, error)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_query_that_ends_the_program_is_that_item_s_error(tmp_path: Path, place: int) -> None:
    queries = ["first", "last"]
    queries.insert(place, "bad")
    found = results(program(tmp_path, "assert asked['query'] != 'bad'"), *queries)
    bad = found.pop(place)
    assert all(each.passages for each in found)
    assert bad.error.startswith("the program ended with 1 before all was answered")


def test_a_program_that_answers_nothing_is_of_no_use(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="ended with 1 before all was answered"):
        results(program(tmp_path, "raise SystemExit(1)"), "one", "two")
    with pytest.raises(BackendError, match="can't be started where the worker runs"):
        results(program(tmp_path, run=["no-such-program"]), "one")


def test_a_program_is_started_for_an_operator_alone(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="started for an operator's own study alone"):
        results(program(tmp_path), "one", reach=Reach())


def test_what_is_in_its_files_and_its_store_make_the_version_and_not_where_they_lie(
    tmp_path: Path,
) -> None:
    def identity(folder: Path, misbehave: str = "pass", **fields: Any) -> dict[str, Any]:
        folder.mkdir(exist_ok=True)
        declared = CommandRetriever(**program(folder, misbehave, **fields) | {"folder": "."})
        return resolve_command(declared, lambda name: folder / name).identity()

    first = identity(tmp_path / "a")
    assert identity(tmp_path / "b") == first
    assert identity(tmp_path / "b", "found = []") != first
    assert identity(tmp_path / "b", index="store-2") != first

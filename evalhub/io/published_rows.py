"""Rows of HumanEval's, Spider's and IFEval's shape, read as rows with the usual field names."""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from evalhub.io.instructions import ARGUMENTS, IDS, check_instruction
from evalhub.io.rows import DataError, Row, wrong

HUMAN_EVAL = ("task_id", "prompt", "entry_point", "test")
SPIDER = ("db_id", "question", "query")
DATABASES = "database"
"""The folder beside a file of Spider's that has its databases, as Spider itself has it."""
LARGEST_SCRIPT = 4 * 1024 * 1024
_NAME = re.compile(r"[\w.-]*\w")


def with_usual_fields(
    row: Row,
    path: Path | None = None,
    *,
    id_field: str = "id",
    input_field: str = "input",
    mapped: bool = False,
) -> Row:
    """The row with an id, an input and a `reference`, where it is of one of the three shapes and
    has no such field; else the row as it is.

    HumanEval's `test`, `entry_point` and `prompt` are the reference, and the prompt is the input
    (Chen et al. 2021, github.com/openai/human-eval). Spider's `query` with a `fixture`, the SQL
    script that makes the database, is the reference, the question the input, what the script
    creates the context, and the database the cluster (Yu et al. 2018). Without the field `fixture`
    the script is made from `database/DB_ID/DB_ID.sqlite` beside the file, if `path` says where.
    IFEval's `instruction_id_list` and `kwargs` are the reference, and its `key` and `prompt` stand
    for an id and an input that the row lacks (Zhou et al. 2023, arXiv:2311.07911).

    Args:
        id_field, input_field: the names under which the id and the input are to be read.
        mapped: whether somebody named fields. Then rows of IFEval alone are recognised: no name
            of a field joins its two.

    Raises DataError for a part of another type, an instruction that can't be read, and for a
    database that isn't there.
    """
    named = mapped or "id" in row.values or "input" in row.values
    if not named and all(name in row.values for name in HUMAN_EVAL):
        return row._replace(values=_of_human_eval(row))
    if not named and all(name in row.values for name in SPIDER):
        return row._replace(values=_of_spider(row, path))
    if {IDS, ARGUMENTS} <= row.values.keys() and "reference" not in row.values:
        return row._replace(values=_of_ifeval(row, {id_field: "key", input_field: "prompt"}))
    return row


def _of_human_eval(row: Row) -> dict[str, Any]:
    texts = _texts(row, HUMAN_EVAL)
    reference = {name: texts[name] for name in ("test", "entry_point", "prompt")}
    rest = {name: value for name, value in row.values.items() if name not in HUMAN_EVAL}
    return {"id": texts["task_id"], "input": texts["prompt"], "reference": reference, **rest}


def _of_spider(row: Row, path: Path | None) -> dict[str, Any]:
    texts = _texts(row, SPIDER)
    name = texts["db_id"]
    if not _NAME.fullmatch(name):
        raise wrong(row, "db_id", f"a database's name is letters, digits, - and _, not {name!r}")
    fixture = row.values.get("fixture")
    if fixture is None:
        fixture = _script_beside(row, name, path)
    if not isinstance(fixture, str):
        raise wrong(row, "fixture", "is the SQL script that makes the database, a text")
    rest = {
        field: value
        for field, value in row.values.items()
        if field not in (*SPIDER, "fixture", "context", "cluster")
    }
    return {
        "id": f"{name}-{row.line}",
        "input": texts["question"],
        "reference": {"query": texts["query"], "fixture": fixture},
        "context": row.values.get("context") or schema_of(fixture),
        "cluster": row.values.get("cluster") or name,
        **rest,
    }


def _of_ifeval(row: Row, names: Mapping[str, str]) -> dict[str, Any]:
    """Args: names: by the field that is read, IFEval's name of it."""
    reference = {IDS: row.values[IDS], ARGUMENTS: _without_nulls(row.values[ARGUMENTS])}
    check_instruction(row, reference)
    rest = {name: value for name, value in row.values.items() if name not in (IDS, ARGUMENTS)}
    for ours, theirs in names.items():
        if ours not in rest and theirs in rest:
            rest[ours] = rest.pop(theirs)
    return {**rest, "reference": reference}


def _without_nulls(arguments: Any) -> Any:
    """Arguments that aren't null: a Parquet file has each argument in each row."""
    if not isinstance(arguments, list):
        return arguments
    return [
        {key: each for key, each in one.items() if each is not None}
        if isinstance(one, dict)
        else one
        for one in arguments
    ]


def _texts(row: Row, names: tuple[str, ...]) -> Mapping[str, str]:
    for name in names:
        if not isinstance(row.values[name], str) or not row.values[name].strip():
            raise wrong(row, name, "is a text that isn't empty")
    return row.values


def _script_beside(row: Row, name: str, path: Path | None) -> str:
    file = None if path is None else path.parent / DATABASES / name / f"{name}.sqlite"
    if file is None or not file.is_file():
        beside = "" if file is None else f", and there is no file {file}"
        raise wrong(
            row,
            "fixture",
            f"is missing{beside}: sql_result needs the database, as an SQL script in this field or "
            f"as {DATABASES}/{name}/{name}.sqlite beside a file that a command reads",
        )
    try:
        return _script(file, file.stat().st_mtime_ns)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise DataError(f"can't be read as a database: {error}", file=str(file)) from error


@lru_cache(maxsize=32)
def _script(file: Path, changed_ns: int) -> str:
    """The SQL script that makes the database of a file. Raises DataError and sqlite3.Error."""
    database = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
    try:
        database.text_factory = lambda text: text.decode(errors="replace")
        lines, size = [], 0
        for line in database.iterdump():
            size += len(line)
            if size > LARGEST_SCRIPT:
                raise DataError(
                    f"makes an SQL script of more than {LARGEST_SCRIPT:,} characters, the most "
                    "that an item keeps: leave rows out of it",
                    file=str(file),
                )
            lines.append(line)
        return "\n".join(lines) + "\n"
    finally:
        database.close()


@lru_cache(maxsize=32)
def schema_of(script: str) -> str:
    """The statements of a script that create tables and views, for a model to read."""
    return "\n".join(
        statement
        for statement in _statements(script)
        if re.match(r"CREATE\s+(TABLE|VIEW)\b", statement, re.IGNORECASE)
    )


def _statements(script: str) -> Iterator[str]:
    lines: list[str] = []
    for line in script.splitlines():
        lines.append(line)
        if line.rstrip().endswith(";") and sqlite3.complete_statement("\n".join(lines)):
            yield "\n".join(lines).strip()
            lines = []

"""Paths to the rows of a document and to the fields of a row, as other tools nest them. Pure.

`testCases` is a field, `doc.id` a field of a field, `outputs[0]` the first member of a list,
`metrics[name=accuracy].score` the member of which a field has a value. A path to rows goes on
through lists: `runs.samples` are the samples of all runs, `runs[model=base].samples` of some,
`[type=match]` the rows of a file that are so.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalhub.io.canonical import canonical_json
from evalhub.io.json_document import JsonDocument
from evalhub.io.limits import COMMAND, Limits
from evalhub.io.rows import DataError, Row, is_delimited, read_rows, within_limits

SCORE = "scores."
LONGEST_ID = 200
"""Characters of an id; what is longer is known by its SHA-256."""


class PathError(ValueError):
    """A path that can't be read, or that leads nowhere in a row."""


@dataclass(frozen=True, slots=True)
class MemberWhere:
    """`[name=value]`: the member of a list whose field has this value, as text."""

    field: "tuple[Step, ...]"
    value: str

    def holds(self, member: Any) -> bool:
        try:
            reached = reach(member, self.field)
        except PathError:
            return False
        return self.value == (
            reached if isinstance(reached, str) else canonical_json(reached).decode()
        )

    def __str__(self) -> str:
        return f"[{path_text(self.field)}={self.value}]"


type Step = str | int | MemberWhere


@dataclass(frozen=True, slots=True)
class RowMapping:
    """Paths to a file's rows, and to the fields of a row.

    Attributes:
        rows: the path to the rows; "" for a file that is rows.
        id, output: paths within a row.
        scores: by a score's name, its path.
        fields: by a known field's name (input, reference, task, arm, sample, error, …), its path.
    """

    rows: str = ""
    id: str = "id"
    output: str = "output"
    scores: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def usual(self) -> bool:
        """Whether rows are read without a mapping."""
        return self == USUAL


USUAL = RowMapping()


def parse_path(text: str) -> tuple[Step, ...]:
    """The steps of a path. Raises PathError, which says what is wrong with it."""
    steps, name, at = list[Step](), "", 0
    while at < len(text):
        if text[at] == "[":
            end = _closing_bracket(text, at)
            selector = _selector(text[at + 1 : end])
            if selector is None:  # brackets that are part of a name
                name += text[at : end + 1]
            else:
                steps += [name, selector] if name else [selector]
                name = ""
            at = end + 1
        elif text[at] == ".":
            if not name and not (steps and text[at - 1] == "]"):
                raise PathError(f"{text!r}: a field's name is empty")
            steps += [name] if name else []
            name, at = "", at + 1
        elif not name and at and text[at - 1] == "]":
            raise PathError(f"{text!r}: a . or [ goes on after ]")
        else:
            name, at = name + text[at], at + 1
    if not text or text.endswith("."):
        raise PathError(f"{text!r}: a path is like name, name.name, name[0] or name[field=value]")
    return (*steps, name) if name else tuple(steps)


def path_text(steps: tuple[Step, ...]) -> str:
    """The path of these steps."""
    parts = [f"[{step}]" if isinstance(step, int) else str(step) for step in steps]
    return "".join(
        f".{part}" if index and isinstance(step, str) else part
        for index, (part, step) in enumerate(zip(parts, steps, strict=True))
    )


def reach(value: Any, steps: tuple[Step, ...]) -> Any:
    """The value at a path; a name that has dots itself is taken before its parts.

    Raises PathError, which says what there is in its place.
    """
    at, whole = 0, path_text(steps)
    if isinstance(value, dict) and whole in value:
        return value[whole]
    while at < len(steps):
        step, before = steps[at], path_text(steps[:at])
        within = f" in {before}" if before else ""
        if isinstance(step, str):
            if not isinstance(value, dict):
                raise PathError(f"there is no field {step!r}{within}, which is {_kind(value)}")
            stop, name = _name(value, steps, at)
            if name not in value:
                names = ", ".join(map(str, value)) or "none"
                raise PathError(f"there is no field {step!r}{within}; there are {names}")
            value, at = value[name], stop
            continue
        if not isinstance(value, list):
            raise PathError(f"{path_text(steps[: at + 1])}: {before or 'this'} is {_kind(value)}")
        if isinstance(step, int):
            if step >= len(value):
                raise PathError(f"{before} has {len(value)} members, and no [{step}]")
            value = value[step]
        else:
            hits = [member for member in value if step.holds(member)]
            if len(hits) != 1:
                raise PathError(f"{len(hits)} of {len(value)} members{within} are {step}")
            value = hits[0]
        at += 1
    return value


def read_mapped_rows(path: Path, mapping: RowMapping, limits: Limits = COMMAND) -> Iterator[Row]:
    """The rows of a file, with `id`, `output`, `scores` and the known fields by those names.

    All other fields of a row stay. A row's `paths` say where each was read, for errors. Raises
    DataError, as `read_rows`, and for a row that lacks a score; other fields need to be in some
    row. A row with an `error` has neither output nor score.
    """
    steps = parse_path(mapping.rows) if mapping.rows else ()
    rows = within_limits(_rows_at(path, steps, limits), limits)
    if mapping.usual:
        yield from rows
        return
    paths = _paths_of(mapping)
    unread = set(mapping.fields) | ({"output"} if mapping.output != "output" else set())
    row = None
    for row in rows:
        yield _map_row(row, mapping, paths, unread)
    if row is not None and unread:
        name = path_text(paths[min(unread)])
        names = ", ".join(row.values)
        raise DataError(f"no row has it; the last one has {names}", file=str(path), field=name)


def _paths_of(mapping: RowMapping) -> dict[str, tuple[Step, ...]]:
    path_by_name = {"id": mapping.id, "output": mapping.output, **mapping.fields}
    path_by_name |= {f"{SCORE}{name}": path for name, path in mapping.scores.items()}
    return {name: parse_path(path) for name, path in path_by_name.items()}


def _map_row(
    row: Row, mapping: RowMapping, paths: Mapping[str, tuple[Step, ...]], unread: set[str]
) -> Row:
    values, of_csv = dict(row.values), is_delimited(row.file)
    for name in ("score", "scores") if mapping.scores else ():
        values.pop(name, None)
    scores = {}
    for name, steps in paths.items():
        try:
            value = reach(row.values, steps)
        except PathError as error:
            if name.startswith(SCORE):
                scores[name] = error
            elif steps != (name,):
                values.pop(name, None)
            continue
        unread.discard(name)
        if name.startswith(SCORE):
            scores[name] = value
        else:
            values[name] = _short_id(value) if name == "id" and mapping.id != "id" else value
    if values.get("error") in (None, "", False):
        values.pop("error", None)
        for name, value in scores.items():
            if isinstance(value, PathError):
                field = path_text(paths[name])
                raise DataError(f"missing: {value}", file=row.file, line=row.line, field=field)
        if of_csv:
            values |= scores
        elif scores:
            values["scores"] = {name.removeprefix(SCORE): value for name, value in scores.items()}
    else:  # it stands in place of an answer
        values.pop("output", None)
    return row._replace(values=values, paths={name: path_text(s) for name, s in paths.items()})


def _short_id(value: Any) -> Any:
    """An id as it stands; of a long text, an object or a list its SHA-256."""
    long = isinstance(value, str) and len(value) > LONGEST_ID
    if not long and not isinstance(value, dict | list):
        return value
    content = value.encode() if isinstance(value, str) else canonical_json(value)
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _rows_at(path: Path, steps: tuple[Step, ...], limits: Limits) -> Iterator[Row]:
    text = path_text(steps)
    if path.name.lower().removesuffix(".gz").endswith(".json"):
        document = JsonDocument(path, limits)
        head = 0
        while head < len(steps) and isinstance(steps[head], str | int):
            if isinstance(document.at(steps[:head]), list) and isinstance(steps[head], str):  # type: ignore[arg-type]
                break
            head += 1
        rows, steps = _of_document(document, steps[:head]), steps[head:]  # type: ignore[arg-type]
    else:
        rows = read_rows(path, limits)
    number = 0
    for row in _inner_rows(rows, steps):
        number += 1
        yield row
    if not number:
        raise DataError(f"holds no rows{f' at {text}' if text else ''}", file=str(path))


def _of_document(document: JsonDocument, where: tuple[str | int, ...]) -> Iterator[Row]:
    """The rows of a list, or of a table {columns, data}, with the plain fields of what it is in."""
    value = document.at(where)
    outer: dict[str, Any] = {}
    for depth in range(len(where)):
        outer |= _plain_fields(document.at(where[:depth]))
    if isinstance(value, dict) and {"columns", "data"} <= value.keys():
        yield from _of_table(document, where, value["columns"])
        return
    if not isinstance(value, list):
        lists = ", ".join(_lists(value))
        raise document.error(
            where,
            f"a list of objects was expected, and this is {_kind(value)}"
            + (f"; say which list holds the rows (rows: {lists})" if lists else ""),
        )
    for row in document.rows(where):
        yield row._replace(values=outer | row.values) if outer else row


def _of_table(document: JsonDocument, where: tuple[str | int, ...], columns: Any) -> Iterator[Row]:
    """Rows of a table as pandas writes it: {columns: [name, …], data: [[value, …], …]}."""
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise document.error([*where, "columns"], "a list of names was expected")
    for index, (line, cells) in enumerate(document.members([*where, "data"])):
        if not isinstance(cells, list) or len(cells) != len(columns):
            problem = f"a list of {len(columns)} values was expected, one a column"
            raise document.error([*where, "data", index], problem)
        yield Row(line, dict(zip(columns, cells, strict=True)), str(document.path))


def _inner_rows(rows: Iterator[Row], steps: tuple[Step, ...]) -> Iterator[Row]:
    """The rows that stand in rows; each has the plain fields of the rows around it."""
    if not steps:
        yield from rows
        return
    step, rest = steps[0], steps[1:]
    if isinstance(step, int):
        raise PathError(f"[{step}]: rows are chosen by [field=value], and all of a list are read")
    if isinstance(step, MemberWhere):
        yield from _inner_rows((row for row in rows if step.holds(row.values)), rest)
        return
    yield from _inner_rows((inner for row in rows for inner in _within(row, step)), rest)


def _within(row: Row, name: str) -> Iterator[Row]:
    value, outer = row.values.get(name), _plain_fields(row.values)
    members = value if isinstance(value, list) else [value]
    for member in members:
        if not isinstance(member, dict):
            names = ", ".join(row.values) or "nothing"
            raise DataError(
                f"objects were expected in it, and it is {_kind(member)}"
                if name in row.values
                else f"missing; there are {names}",
                file=row.file,
                line=row.line,
                field=name,
            )
        yield row._replace(values=outer | member)


def _plain_fields(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    return {k: scalar for k, scalar in value.items() if isinstance(scalar, str | int | float)}


def _lists(value: Any, before: str = "", depth: int = 3) -> Iterator[str]:
    """Paths to lists of objects in a value, the nearest first."""
    if not isinstance(value, dict):
        return
    for name, member in value.items():
        if isinstance(member, list) and member and isinstance(member[0], dict):
            yield f"{before}{name}"
    for name, member in value.items():
        if depth > 1:
            yield from _lists(member, f"{before}{name}.", depth - 1)


def _name(value: dict[str, Any], steps: tuple[Step, ...], at: int) -> tuple[int, str]:
    """The longest run of names from `at` that is one field's name, and the step after it."""
    names = []
    for step in steps[at:]:
        if not isinstance(step, str):
            break
        names.append(step)
    for count in range(len(names), 1, -1):
        if (name := ".".join(names[:count])) in value:
            return at + count, name
    return at + 1, names[0]


def _closing_bracket(text: str, start: int) -> int:
    """The index of the bracket that closes the one at `start`. Raises PathError."""
    depth = 0
    for index in range(start, len(text)):
        depth += {"[": 1, "]": -1}.get(text[index], 0)
        if depth == 0:
            return index
    raise PathError(f"{text!r}: a [ isn't closed")


def _selector(inside: str) -> Step | None:
    """A selector in brackets: a number, field=value, or None for anything else."""
    if inside.isdecimal():
        return int(inside)
    name, sign, value = inside.partition("=")
    return MemberWhere(parse_path(name), value) if sign and name else None


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return "null" if value is None else kinds.get(type(value), "a number")

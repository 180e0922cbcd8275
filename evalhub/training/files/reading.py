"""A file of a training as text, JSON or YAML, never more of it than is held in memory, and no code
of it run: errors name the file and the line."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from evalhub.io.limits import MIB
from evalhub.io.rows import DataError

MOST_BYTES = 64 * MIB


def text_of(path: Path) -> str:
    """Raises DataError: it can't be read, is no UTF-8, or is longer than what is read."""
    try:
        with path.open("rb") as file:
            read = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise DataError(f"can't be read: {error.strerror}", file=str(path)) from error
    if len(read) > MOST_BYTES:
        raise DataError(
            f"is longer than {MOST_BYTES // MIB} MiB, the most that is read", file=str(path)
        )
    try:
        return read.decode("utf-8")
    except UnicodeDecodeError as error:
        line = read[: error.start].count(b"\n") + 1
        raise DataError("isn't UTF-8", file=str(path), line=line) from error


def json_object(path: Path) -> dict[str, Any]:
    """A JSON file's object; NaN and Infinity, which trainers write, are None.

    Raises DataError: it is none, or half of one.
    """
    return _object(text_of(path), path, 0)


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line, object) of a file with a JSON object a line. Raises DataError as `json_object`."""
    for line, text in enumerate(text_of(path).splitlines(), start=1):
        if text.strip():
            yield line, _object(text, path, line - 1)


def _object(text: str, path: Path, before: int) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_constant=lambda _: None)
    except json.JSONDecodeError as error:
        line = before + error.lineno
        raise DataError(
            f"isn't whole, or no JSON: {error.msg}", file=str(path), line=line
        ) from error
    except (RecursionError, ValueError) as error:  # nested too deeply, or a number too long
        raise DataError(f"isn't JSON that is read: {error}", file=str(path)) from error
    if not isinstance(value, dict):
        raise DataError("a JSON object is needed", file=str(path), line=before + 1)
    return value


def yaml_mapping(text: str, path: Path, *, line: int = 1) -> dict[str, Any]:
    """A mapping in a part of a file that begins at `line`. Raises DataError: it is none."""
    value = yaml_value(text, path, line=line)
    if not isinstance(value, Mapping):
        raise DataError("a mapping is needed", file=str(path), line=line)
    return {str(name): value for name, value in value.items()}


def yaml_value(text: str, path: Path, *, line: int = 1) -> Any:
    """Raises DataError: it is no YAML, or one that would make objects of code."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = line + (mark.line if mark else 0)
        problem = getattr(error, "problem", None) or error
        raise DataError(f"isn't YAML: {problem}", file=str(path), line=at) from error


def rename_keys(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The values under these names, by our names; missing ones are left out."""
    return {
        ours: values[theirs] for theirs, ours in names.items() if values.get(theirs) is not None
    }

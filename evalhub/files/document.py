"""YAML or JSON with the line of every field, so that errors can name it. Pure but for the read."""

from collections.abc import Iterable, Mapping
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from evalhub.files.rows import DataError

if TYPE_CHECKING:
    from jsonschema import ValidationError

Where = tuple[str | int, ...]


class Document:
    """A YAML or JSON file's data and where each field of it stands."""

    def __init__(self, path: Path) -> None:
        """Reads `path`.

        Raises:
            DataError: no such file, not UTF-8, not YAML, a key given twice.
        """
        self.path = path
        self._lines: dict[Where, int] = {}
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise DataError(f"can't be read: {error.strerror}", file=str(path)) from error
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise DataError("isn't UTF-8; save it as UTF-8", file=str(path), line=line) from error
        if path.suffix.lower() == ".json":
            text = text.replace("\t", " ")  # JSON's white space, which YAML indents nothing by
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
            self.data: Any = self._construct(node, ()) if node is not None else None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            line = mark.line + 1 if mark else 1
            raise DataError(f"isn't YAML: {error.problem}", file=str(path), line=line) from error
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            raise DataError(f"isn't YAML: {error.reason}", file=str(path), line=line) from error
        except RecursionError as error:
            raise DataError("isn't a tree: it holds itself", file=str(path)) from error

    def _construct(self, node: yaml.Node, at: Where) -> Any:
        self._lines.setdefault(at, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            return [self._construct(each, (*at, index)) for index, each in enumerate(node.value)]
        if not isinstance(node, yaml.MappingNode):
            return self._scalar(node, at)
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            where = (*at, key)
            line = key_node.start_mark.line + 1
            if key_node.tag == "tag:yaml.org,2002:merge":
                raise self.error(where, "merge keys aren't read: write the fields out", line=line)
            if key in found:
                first = self.line(where)
                raise self.error(where, f"is given twice, first on line {first}", line=line)
            self._lines[where] = line
            found[key] = self._construct(value_node, where)
        return found

    def _scalar(self, node: yaml.Node, at: Where) -> Any:
        try:
            value = _SCALARS.construct_object(node)
        except ValueError as error:  # a date such as 2026-02-31
            raise self.error(at, f"isn't a value: {error}") from error
        if isinstance(value, float) and not isfinite(value):
            raise self.error(at, f"{node.value} isn't a number to compare with")
        return value

    def line(self, at: Iterable[str | int]) -> int | None:
        """The line of the field, or of the nearest field above that exists."""
        where = tuple(at)
        while where and where not in self._lines:
            where = where[:-1]
        return self._lines.get(where)

    def error(self, at: Iterable[str | int], message: str, *, line: int | None = None) -> DataError:
        """An error about the field `at`, to be raised by the caller."""
        where = tuple(at)
        field = ".".join(str(part) for part in where) or None
        return DataError(message, file=str(self.path), line=line or self.line(where), field=field)


def check_shape(document: Document, schema: Mapping[str, Any], *, start: str) -> None:
    """Refuses a document that its JSON Schema refuses, by the first flaw in the order of lines.

    Args:
        start: what such a document is and how it starts, for one that is no mapping.

    Raises:
        DataError: what is wrong and what would be right, with file, line and field.
    """
    from jsonschema import Draft202012Validator

    if not isinstance(document.data, dict):
        raise document.error((), start)
    flaws = list(Draft202012Validator(schema).iter_errors(document.data))
    misspelt = [flaw.absolute_path for flaw in flaws if flaw.validator == "additionalProperties"]
    first = first_of(
        _explained(document, flaw)
        for flaw in flaws
        # What is missing may be what is misspelt.
        if not (flaw.validator == "required" and flaw.absolute_path in misspelt)
    )
    if first is not None:
        raise first


def first_of(errors: Iterable[DataError]) -> DataError | None:
    """The one on the earliest line, None of none."""
    return min(errors, key=lambda error: error.line or 0, default=None)


def _explained(document: Document, flaw: "ValidationError") -> DataError:
    where: list[str | int] = list(flaw.absolute_path)
    here: Any = flaw.schema
    given: Any = flaw.instance
    if flaw.validator == "additionalProperties":
        known = sorted(here.get("properties", {}))
        unknown = next(name for name in given if name not in known)
        return document.error([*where, unknown], f"isn't known here; known are {', '.join(known)}")
    if flaw.validator == "pattern":
        return document.error(where, f"{flaw.instance!r} isn't a name: letters, digits, - and _")
    meant = here.get("description") if isinstance(here, dict) else None
    return document.error(where, f"{flaw.message}: {meant}" if meant else flaw.message)


_SCALARS = yaml.SafeLoader("")

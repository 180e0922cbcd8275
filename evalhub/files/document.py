"""YAML or JSON with the line of every field, so that errors can name it. Pure but for the read."""

from collections.abc import Iterable
from math import isfinite
from pathlib import Path
from typing import Any

import yaml

from evalhub.files.rows import DataError

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


_SCALARS = yaml.SafeLoader("")

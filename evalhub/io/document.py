"""YAML or JSON with the line of every field, so that errors can name it. Pure but for the read."""

import re
from collections.abc import Iterable
from math import isfinite
from pathlib import Path
from typing import Any

import yaml

from evalhub.io.rows import DataError

Where = tuple[str | int, ...]

MOST_BYTES = 4 * 1024 * 1024
"""Of a study, a policy, a plan: all of it is held in memory."""
MOST_VALUES = 50_000
"""Values that a document holds once its aliases (`*name`) are written out."""
MOST_ALIASES = 1_000
DEEPEST = 60
"""How deep its values may be nested."""
LONGEST_NUMBER = 400
"""Characters of a number."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_JSON_FLOAT = re.compile(r"-?\d+(\.\d+)?[eE][-+]?\d+")
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


class Document:
    """The data of a YAML or JSON file, with the line of each field."""

    def __init__(self, path: Path) -> None:
        """Reads `path`.

        Raises:
            DataError: no such file, not UTF-8, not YAML, a key given twice, a control character
                in a text, or more of something than is read (`MOST_BYTES`, `MOST_VALUES`,
                `MOST_ALIASES`, `DEEPEST`, `LONGEST_NUMBER`).
        """
        self.path = path
        self._lines: dict[Where, int] = {}
        self._values = 0
        try:
            text = self._text()
        except OSError as error:
            raise DataError(f"can't be read: {error.strerror}", file=str(path)) from error
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise DataError("isn't UTF-8; save it as UTF-8", file=str(path), line=line) from error
        self._json = path.suffix.lower() == ".json"
        if self._json:
            text = text.replace("\t", " ")  # JSON's white space, which YAML indents nothing by
        try:
            loader = _Loader(text)
            node = loader.get_single_node()
            self.data: Any = self._construct(node, ()) if node is not None else None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            line = mark.line + 1 if mark else 1
            raise DataError(f"isn't YAML: {error.problem}", file=str(path), line=line) from error
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            raise DataError(f"isn't YAML: {error.reason}", file=str(path), line=line) from error
        except _DocumentTooLargeError as error:
            raise DataError(str(error), file=str(path), line=loader.get_mark().line + 1) from error

    def _text(self) -> str:
        with self.path.open("rb") as file:
            read = file.read(MOST_BYTES + 1)
        if len(read) > MOST_BYTES:
            line = read.count(b"\n") + 1
            raise DataError(
                f"is longer than {MOST_BYTES // 1024**2} MiB, the most that is read",
                file=str(self.path),
                line=line,
            )
        return read.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")

    def _construct(self, node: yaml.Node, at: Where) -> Any:
        self._lines.setdefault(at, node.start_mark.line + 1)
        self._values += 1
        if self._values > MOST_VALUES:
            raise self.error(
                at,
                f"there are more than {MOST_VALUES:,} values up to here, aliases written out: "
                "no study or plan holds so many",
                line=node.start_mark.line + 1,
            )
        if len(at) > DEEPEST:
            raise self.error(
                at[:5], f"is nested more than {DEEPEST} deep, or holds itself by an alias"
            )
        if isinstance(node, yaml.SequenceNode):
            return [self._construct(child, (*at, index)) for index, child in enumerate(node.value)]
        if not isinstance(node, yaml.MappingNode):
            return self._scalar(node, at)
        members: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if bad := _CONTROL.search(key):
                raise self.error(
                    at,
                    f"a name in it holds {_name_character(bad[0])}",
                    line=key_node.start_mark.line + 1,
                )
            where = (*at, key)
            line = key_node.start_mark.line + 1
            if key_node.tag == "tag:yaml.org,2002:merge":
                raise self.error(where, "merge keys aren't read: write the fields out", line=line)
            if key in members:
                first = self.line(where)
                raise self.error(where, f"is given twice, first on line {first}", line=line)
            self._lines[where] = line
            members[key] = self._construct(value_node, where)
        return members

    def _scalar(self, node: yaml.Node, at: Where) -> Any:
        if node.tag in _NUMBERS and len(node.value) > LONGEST_NUMBER:
            raise self.error(at, f"is a number of more than {LONGEST_NUMBER} characters")
        try:
            # YAML 1.1 takes 1e-08 for a text, and JSON writes numbers so
            bare = self._json and isinstance(node, yaml.ScalarNode) and node.style is None
            number = bare and _JSON_FLOAT.fullmatch(node.value)
            value = float(node.value) if number else _SCALARS.construct_object(node)
        except ValueError as error:  # a date such as 2026-02-31
            raise self.error(at, f"isn't a value: {error}") from error
        if isinstance(value, str) and (bad := _CONTROL.search(value)):
            raise self.error(at, f"holds {_name_character(bad[0])} at position {bad.start() + 1}")
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


class _DocumentTooLargeError(Exception):
    """More of something than a document may have, found while it is read."""


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which stops at a depth and a number of aliases."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth, self._nodes, self._aliases = 0, 0, 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            self._aliases += 1
            if self._aliases > MOST_ALIASES:
                raise _DocumentTooLargeError(f"has more than {MOST_ALIASES:,} aliases (*name)")
        self._nodes += 1
        if self._nodes > 2 * MOST_VALUES:  # with the names of fields
            raise _DocumentTooLargeError(f"has more than {MOST_VALUES:,} values")
        self._depth += 1
        if self._depth > DEEPEST + 1:
            raise _DocumentTooLargeError(f"is nested more than {DEEPEST} deep")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _name_character(character: str) -> str:
    """The name of a forbidden character, for an error."""
    if character == "\x00":
        return "a NUL character"
    if character >= "\ud800":
        return "half a surrogate pair"
    return f"the control character U+{ord(character):04X}"


_SCALARS = yaml.SafeLoader("")

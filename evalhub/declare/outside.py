"""References from a document to things outside it, marked where they are declared.

A field that names a file, a variable, an address, a command or code says so in its type:
`Annotated[str, Outside("file")]`. An operator's own document may name all of that. One that comes
by web or REST names files by the digest of what was uploaded, an alias that an operator made, and
nothing else (`check_from_web`). What is free of form, `Any` and fields that nobody declared, is
looked through too, unless it is marked `Inert`.
"""

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

type Path = tuple[str | int, ...]

What = Literal["file", "variable", "address", "command", "code", "alias"]

UPLOADED = re.compile("sha256:[0-9a-f]{64}")
"""How an uploaded file is named: by its digest."""
LOOKS_OUTSIDE = re.compile(
    r"(^|_)(paths?|files?|filename|folder|dir|directory|urls?|uri|address(es)?|hosts?|endpoints?"
    r"|env|environ|variables?|command|cmd|exec|shell|script|modules?|imports?|includes?|code"
    r"|socket|proxy|plugins?)(_|$)"
)
"""Names of declared fields that sound as though they reached outside."""
_FOLLOWED = re.compile(
    r"(^|_)(paths?|files?|filename|folder|dir|directory|urls?|uri|endpoints?|env|environ|variables?"
    r"|command|cmd|exec|shell|script|imports?|includes?|remote_code|socket|proxy|plugins?)(_|$)"
)
"""The same for names that nobody declared; without those that training records are full of."""
_POINTS_OUTSIDE = re.compile(r"\s*([a-z][a-z0-9+.-]*://|/|~|\.\.?/|[a-z]:\\|\\\\|\$\{)", re.I)

_INSTEAD: dict[What, str] = {
    "file": "names a file of this machine: name what was uploaded, as sha256:DIGEST",
    "variable": "names a variable of this machine: name an `endpoint` that an operator made, which "
    "has its key",
    "address": "is an address of its own: name an `endpoint` that an operator made",
    "command": "is a command, which no document from outside may give",
    "code": "is code, which no document from outside may give",
}


@dataclass(frozen=True, slots=True)
class Outside:
    """Marks the type of a field that refers to something outside the document."""

    what: What


@dataclass(frozen=True, slots=True)
class Inert:
    """Marks a free-form field whose names are never followed."""


class OutsideError(ValueError):
    """A reference that a document from the web may not have; `place` is its path."""

    def __init__(self, message: str, path: Path) -> None:
        self.message, self.place = message, path
        super().__init__(message)


def check_from_web(
    value: BaseModel, *, uploaded: Container[str], aliases: Container[str], at: Path = ()
) -> None:
    """Refuse a declaration with references outside, other than to uploads and aliases.

    Args:
        uploaded: the files that came with it, each as sha256:DIGEST.
        aliases: the endpoints that an operator made.

    Raises:
        OutsideError: the first field that names something else, and what would be right.
    """
    if (first := next(outside_errors(value, uploaded, aliases, at), None)) is not None:
        raise first


def outside_errors(
    value: BaseModel, uploaded: Container[str], aliases: Container[str], at: Path = ()
) -> Iterator[OutsideError]:
    """Every error for which `check_from_web` refuses a declaration."""
    for path, marks, reference in references_of(value, at):
        for what in marks:
            if what == "alias":
                if reference not in aliases:
                    yield OutsideError(
                        f"no operator has made an endpoint {str(reference)[:80]!r}", path
                    )
            elif what != "file" or not _is_uploaded(reference):
                yield OutsideError(_INSTEAD[what], path)
            elif reference not in uploaded:
                yield OutsideError("nothing with this digest was uploaded", path)
        if not marks:
            yield OutsideError(
                "may point outside the document, and one that comes from outside may not", path
            )


def references_of(value: Any, at: Path = ()) -> Iterator[tuple[Path, tuple[What, ...], Any]]:
    """(path, marks, value) of every reference outside in a declaration.

    No marks: a name or a text in a part free of form that looks like it.
    """
    if not isinstance(value, BaseModel):
        return
    for name, field in type(value).model_fields.items():
        path = (*at, field.alias or name)
        yield from _within(field, getattr(value, name), path)
    for name, inner in (value.model_extra or {}).items():
        yield from _loose(inner, (*at, name))


def marks_of(kind: Any) -> tuple[What, ...]:
    """All marks inside a type, or inside a field's type."""
    return tuple(dict.fromkeys(each.what for each in _metadata(kind) if isinstance(each, Outside)))


def is_inert(kind: Any) -> bool:
    """Whether a type, or a field's type, is marked `Inert`."""
    return any(isinstance(each, Inert) for each in _metadata(kind))


def _metadata(kind: Any) -> Iterator[Any]:
    if isinstance(kind, FieldInfo):
        yield from kind.metadata
        yield from _metadata(kind.annotation)
        return
    yield from getattr(kind, "__metadata__", ())
    if hasattr(kind, "__value__"):  # a `type` alias
        yield from _metadata(kind.__value__)
    if hasattr(kind, "__metadata__"):
        yield from _metadata(kind.__origin__)
    else:
        for inner in get_args(kind):
            yield from _metadata(inner)


def _within(kind: Any, value: Any, at: Path) -> Iterator[tuple[Path, tuple[What, ...], Any]]:
    """References in a field's value, by the field's declared type."""
    if isinstance(value, BaseModel):
        yield from references_of(value, at)
    elif marks := marks_of(kind):
        for path, leaf in _leaves(value, at):
            yield path, marks, leaf
    elif isinstance(value, Mapping):
        if _is_free(kind) and not is_inert(kind):
            yield from _loose(value, at)
        for name, inner in value.items():
            yield from _within(kind, inner, (*at, name))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _within(kind, inner, (*at, index))
    elif _is_free(kind) and not is_inert(kind):
        yield from _loose(value, at)


def _is_free(kind: Any) -> bool:
    """Whether the type allows anything: `Any` or `object` somewhere inside."""
    inner = kind.annotation if isinstance(kind, FieldInfo) else kind
    inner = getattr(inner, "__value__", inner)
    return inner in (Any, object) or any(_is_free(each) for each in get_args(inner))


def _leaves(value: Any, at: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, (*at, name))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*at, index))
    elif value is not None:
        yield at, value


def _loose(value: Any, at: Path) -> Iterator[tuple[Path, tuple[What, ...], Any]]:
    """Values in undeclared data that look like references."""
    if at and isinstance(at[-1], str) and _FOLLOWED.search(_plain(at[-1])):
        yield at, (), value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _loose(inner, (*at, name))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _loose(inner, (*at, index))
    elif isinstance(value, str) and _POINTS_OUTSIDE.match(value):
        yield at, (), value


def _plain(name: str) -> str:
    """camelCase and kebab-case as snake_case."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[-. ]", "_", name).lower()


def _is_uploaded(value: Any) -> bool:
    return isinstance(value, str) and UPLOADED.fullmatch(value) is not None

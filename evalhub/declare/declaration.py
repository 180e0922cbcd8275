"""The base class of all declarations, and the error messages for invalid values.

A declaration is a frozen pydantic model that knows all of its fields. It is read from a document
(`read_declaration`: errors name file, line and field) or from a value (`validate`: errors name the
field). Values are taken as JSON has them: "1" is no number, true is none either.
"""

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from pydantic import BaseModel, ConfigDict, Tag, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from evalhub.io.json_values import JsonError, parse_json
from evalhub.io.rows import DataError

if TYPE_CHECKING:
    from evalhub.io.document import Document

type Path = tuple[str | int, ...]

_NAME = "a name: letters, digits, - and _, and a letter or a digit first"
_FORMS = {
    r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$": "a time in UTC, as in 2026-11-30T18:00:00Z",
    r"^\d{4}-\d\d-\d\d$": "a day, as in 2026-11-30",
    "^[0-9a-f]{40}$": "a commit: 40 digits of 0 to 9 and a to f",
    "^[0-9a-f]{64}$": "a SHA-256: 64 digits of 0 to 9 and a to f",
    "^sha256:[0-9a-f]{64}$": "an upload: sha256: and 64 digits of 0 to 9 and a to f",
    "^[a-z]{2}$": "a code of two small letters, as in de",
    "^([a-z]{2,3})?$": "a code of two or three small letters, as in de",
    "^([0-9a-f]{32})?$": "a keyed hash: 32 digits of 0 to 9 and a to f",
    "^([0-9a-f]{64})?$": "a SHA-256: 64 digits of 0 to 9 and a to f",
    "^[^\\x00]*$": "a text that can be stored: a NUL character can't",
    r"^[^\W\d_][\w-]*$": "a name: letters, digits, - and _, and a letter first",
    "^[A-Za-z0-9][A-Za-z0-9._-]*$": "a file's name: letters, digits, ., - and _, and a letter or "
    "a digit first",
    "^[!-~]{1,200}$": "a text without spaces: up to 200 letters, digits and signs of ASCII",
    r"^[A-Za-z_]\w{0,99}$": "a variable's name: letters of ASCII, digits and _, and no digit first",
    r"^[\w.,:+-]+$": "a task's name: letters, digits and any of _ . , : + -",
}
"""What a text of a field's pattern is, in words; any other pattern is a name's."""


class Declaration(BaseModel):
    """A value of declared fields: frozen, no field beyond them, no NaN and no infinity.

    Its validator is built when a value is first read: most commands import far more declarations
    than they read.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        defer_build=True,
        allow_inf_nan=False,
        populate_by_name=True,
        json_schema_serialization_defaults_required=True,
    )

    def as_json(self) -> dict[str, Any]:
        """The value as JSON has it, with every default; `validate` takes it back.

        A field `schema_` is written `schema`: declare it with `Field(alias="schema")`.
        """
        return self.model_dump(mode="json", by_alias=True)


class DeclarationError(ValueError):
    """An invalid value: what is wrong, and in which field ("" is the whole)."""

    def __init__(self, message: str, field: str = "") -> None:
        self.message, self.field = message, field
        super().__init__(f"field '{field}': {message}" if field else message)


def invalid(message: str, *field: str | int) -> PydanticCustomError:
    """The error for a validator to raise: what is wrong, and the path below the validated field."""
    # The message isn't a template: braces in it stand for themselves.
    return PydanticCustomError("wrong", "{message}", {"message": message, "field": field})


def is_none(value: object) -> bool:
    """For `exclude_if` of a field that a document leaves out where there is nothing."""
    return value is None


def default_of(kind: type[BaseModel], field: str) -> Any:
    """The declared default of a field, for options and columns that share it."""
    return kind.model_fields[field].get_default(call_default_factory=True)


def validate[T](kind: type[T], value: object, *, at: str = "") -> T:
    """Validate `value`, parsed JSON, as a `kind`: a declaration or any type that pydantic takes.

    Raises:
        DeclarationError: the first flaw; its field starts with `at`.
    """
    try:
        # As JSON: a list is taken for a tuple, and nothing else for what it isn't.
        return _adapter(kind).validate_json(_as_json(value, at))
    except ValidationError as error:
        field, message = _flaws(kind, value, error)[0]
        # `error` would repeat the value in a traceback, and that may hold a key.
        raise DeclarationError(message, _field_text(field, at)) from None


_adapters: dict[Any, TypeAdapter[Any]] = {}


def _adapter[T](kind: type[T]) -> TypeAdapter[T]:
    """The cached validator of a kind; building one for a union of declarations is slow."""
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def flaws_of(kind: type[BaseModel], value: object) -> list[tuple[Path, str]]:
    """(path, message) of each flaw of `value`, parsed JSON, as a `kind`."""
    try:
        kind.model_validate_json(_as_json(value, ""))
    except ValidationError as error:
        return _flaws(kind, value, error)
    return []


def read_declaration[T](kind: type[T], document: "Document", *, start: str) -> T:
    """Read a whole document as a `kind`.

    Args:
        start: what such a document is and how it starts, for one that is no mapping.

    Raises:
        evalhub.io.rows.DataError: the flaw on the earliest line, with file, line and field.
    """
    if not isinstance(document.data, dict):
        raise document.error((), start)
    try:
        return _adapter(kind).validate_json(json.dumps(document.data, default=str))
    except ValidationError as error:
        flaws = [
            document.error(field, message) for field, message in _flaws(kind, document.data, error)
        ]
        raise min(flaws, key=_line) from None


def _line(error: DataError) -> int:
    return error.line or 0


def _as_json(value: object, at: str) -> str:
    """`value` as JSON text that a database can store; DeclarationError names the field that can't
    be."""
    try:
        text = json.dumps(value)
        parse_json(text)
    except JsonError as error:
        field = f".{error.field}" if at and error.field else error.field
        raise DeclarationError(error.message, at + field) from error
    except (TypeError, ValueError) as error:
        raise DeclarationError(f"has no form in JSON: {error}", at) from error
    return text


def _field_text(field: Path, at: str) -> str:
    """The path as text: prompt.examples[0].output, with list indices in brackets."""
    dotted = at
    for part in field:
        if isinstance(part, int):
            dotted += f"[{part}]"
        else:
            dotted += f".{part}" if dotted else part
    return dotted


def _flaws(kind: Any, value: Any, error: ValidationError) -> list[tuple[Path, str]]:
    """(path, message) of each flaw. A field that is missing may be one that is misspelt, so such a
    pair is reported once."""
    located = [(_path_of(each, value), each) for each in error.errors(include_url=False)]
    misspelt = {path[:-1] for path, each in located if each["type"] == "extra_forbidden"}
    return [
        (path, _message(kind, path, details))
        for path, details in located
        if not (details["type"] == "missing" and path[:-1] in misspelt)
    ]


def _path_of(error: ErrorDetails, value: Any) -> Path:
    """Path of the flaw in the value: pydantic's location without the tags of unions."""
    path: list[str | int] = []
    current = value
    *inner, last = error["loc"] or ("",)
    for part in [*inner, last]:
        is_inside = isinstance(current, Mapping) and part in current
        is_inside = is_inside or (
            isinstance(current, Sequence) and isinstance(part, int) and part < len(current)
        )
        if is_inside:
            current = current[part]
            path.append(part)
        elif part is last and error["type"] == "missing":
            path.append(part)
        elif part == "[key]":
            break
    return (*path, *error.get("ctx", {}).get("field", ()))


def _message(kind: Any, path: Path, error: ErrorDetails) -> str:
    context, value = error.get("ctx", {}), error["input"]
    match error["type"]:
        case "wrong" | "value_error":
            return str(context.get("message", context.get("error", error["msg"])))
        case "missing":
            return "missing"
        case "extra_forbidden":
            names = _names_at(kind, path[:-1], frozenset(error["loc"]))
            hint = _hint(str(path[-1]), names)
            return f"isn't known here{hint} (known: {', '.join(names)})"
        case "literal_error" | "enum":
            return f"{_quote(value)} isn't one of {_plain(context['expected'])}"
        case "union_tag_not_found":
            return f"its {_plain(context['discriminator'])} is needed"
        case "union_tag_invalid":
            tags = _plain(context["expected_tags"])
            hint = _hint(str(context["tag"]), tags.split(", "))
            return f"one of {tags} is needed, not {_quote(context['tag'])}{hint}"
        case "bool_type":
            return f"true or false is needed, not {_quote(value)}"
        case "string_type":
            return f"a text is needed, not {_quote(value)}"
        case "int_type" | "int_from_float" | "int_parsing":
            return f"a whole number is needed, not {_quote(value)}"
        case "float_type" | "finite_number":
            return f"a number is needed, not {_quote(value)}"
        case "list_type" | "tuple_type":
            return f"a list is needed, not {_quote(value)}"
        case "dict_type" | "model_type" | "dataclass_type":
            return f"an object with fields is needed, not {_quote(value)}"
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            limit = next(context[name] for name in ("gt", "ge", "lt", "le") if name in context)
            templates = {
                "greater_than": "above {}",
                "greater_than_equal": "{} or more",
                "less_than": "below {}",
                "less_than_equal": "at most {}",
            }
            return f"must be {templates[error['type']].format(f'{limit:g}')}, not {_quote(value)}"
        case "string_too_short" | "too_short":
            least = context["min_length"]
            return "is empty" if least == 1 or not value else f"is too short: {least} at least"
        case "string_too_long" | "too_long":
            return f"is too long: {context.get('max_length')} at most"
        case "string_pattern_mismatch":
            return f"{_quote(value)} isn't {form_of_pattern(context['pattern'])}"
        case _:
            return error["msg"]


def form_of_pattern(pattern: str) -> str:
    """What a text that fits a field's pattern is, in words."""
    return _FORMS.get(pattern, _NAME)


def _hint(word: str, names: list[str]) -> str:
    close = get_close_matches(word, names, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _plain(choices: str) -> str:
    return choices.replace("'", "").replace(" or ", ", ")


def _quote(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _names_at(kind: Any, path: Path, tags: frozenset[str | int]) -> list[str]:
    """Field names that an object at this path of a `kind` may have, as documents spell them.

    Of a union that is told apart by a tag, those of the member whose tag is among `tags`.
    """
    if get_origin(kind) in (Union, UnionType):
        members = [each for each in get_args(kind) if tags & _tags_of(each)] or get_args(kind)
        return list(dict.fromkeys(n for each in members for n in _names_at(each, path, tags)))
    if hasattr(kind, "__value__"):  # a `type` alias
        return _names_at(kind.__value__, path, tags)
    if hasattr(kind, "__metadata__"):  # Annotated
        return _names_at(kind.__origin__, path, tags)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = {each.alias or name: each for name, each in kind.model_fields.items()}
        if not path:
            return list(fields)
        inside = fields.get(str(path[0]))
        return _names_at(inside.annotation, path[1:], tags) if inside else []
    if is_typeddict(kind):
        held_by = get_type_hints(kind, include_extras=True)
        if not path:
            return list(held_by)
        return _names_at(held_by[str(path[0])], path[1:], tags) if path[0] in held_by else []
    inner = get_args(kind)
    if not path or not inner:
        return []
    item_kind = inner[1] if isinstance(path[0], str) and len(inner) > 1 else inner[0]
    return _names_at(item_kind, path[1:], tags)


def _tags_of(kind: Any) -> set[Any]:
    """Values of the fields of a declaration that allow a single value, and its tag in a union."""
    if hasattr(kind, "__metadata__"):
        return {each.tag for each in kind.__metadata__ if isinstance(each, Tag)}
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return set()
    fixed = (get_args(each.annotation) for each in kind.model_fields.values())
    return {values[0] for values in fixed if len(values) == 1 and isinstance(values[0], str)}

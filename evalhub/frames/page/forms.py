"""Form fields from the declarations that REST and files take, and what all forms have in common.

A declared field has its type, range, choices, longest length and default in one place. A form adds
what a person reads: label, help text, the choices in words.
"""

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from types import UnionType
from typing import Any, ClassVar, Literal, Union, get_args, get_origin

from django import forms
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from evalhub.declare.declaration import DeclarationError

LONGEST = 10_000
"""Characters of a text whose declaration says no length."""
EMPTY = (None, "", ())
"""Defaults of what may stay empty."""
BOUNDS = (
    ("min_value", "ge", 0),
    ("min_value", "gt", 1),
    ("max_value", "le", 0),
    ("max_value", "lt", -1),
)
"""Django's limit, the declared bound, and how far inside it the next whole number is."""
OUTSIDE = {
    "min_value": "must be %(limit_value)s or more, not %(show_value)s",
    "max_value": "must be at most %(limit_value)s, not %(show_value)s",
}
"""What a number outside its limits is told, in the words of the declaration."""


class DeclaredForm(forms.Form):
    """A form whose values become a declaration, whose errors are shown at the form's fields.

    Attributes:
        fields_by_path: which field shows an error, by how the declaration's path begins, where the
            two names differ.
    """

    fields_by_path: ClassVar[Mapping[str, str]] = {}

    def set_choices(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        """Sets the choices of a field, which are known only with the request."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(choices)

    def add_declaration_error(self, error: DeclarationError) -> None:
        """Adds the error to the field that it is about, else to the form as a whole."""
        name = error.field
        if name not in self.fields:
            matches = [prefix for prefix in self.fields_by_path if name.startswith(prefix)]
            name = self.fields_by_path[max(matches, key=len)] if matches else ""
        self.add_error(name or None, error.message)


def field_of(
    declaration: type[BaseModel],
    name: str,
    label: str,
    help_text: str = "",
    *,
    choices: Mapping[str, str] | None = None,
    percent: bool = False,
    **options: Any,
) -> forms.Field:
    """The form field of a declared field. It may stay empty where its default is empty or null.

    Args:
        choices: in words, by value; else as they are declared.
        percent: a share, which the form has in whole percent.
        options: of Django's field, in place of what is declared.
    """
    declared = declaration.model_fields[name]
    kind, default = _kinds(declared)[0], _default(declared)
    options = {
        "label": label,
        "help_text": help_text,
        "required": declared.is_required() or (kind is not bool and default not in EMPTY),
        "initial": round(default * 100) if percent and default is not None else default,
        **options,
    }
    if kind is bool:
        return forms.BooleanField(**options)
    if kind in (int, float):
        whole = percent or kind is int
        limits = _limits(declared, whole=whole, scale=100 if percent else 1)
        options = {"error_messages": OUTSIDE, **limits, **options}
        return (forms.IntegerField if whole else forms.FloatField)(**options)
    if kind is str:
        return forms.CharField(**{"max_length": _length(declared), **options})
    several = get_origin(kind) is tuple
    values = _choices(get_args(kind)[0] if several else kind)
    usual = [] if declared.is_required() or default is not None else [("", "no")]
    words = choices.items() if choices else [*usual, *zip(values, values, strict=True)]
    options["choices"] = list(words)
    return (forms.MultipleChoiceField if several else forms.ChoiceField)(**options)


def option_field(declaration: type[BaseModel], name: str) -> forms.Field:
    """The field of an option, called by its title or its name, and helped by its description.

    It may stay empty. What no field of Django's is for is asked for as JSON.
    """
    declared = declaration.model_fields[name]
    label = declared.title or (declared.alias or name).replace("_", " ").capitalize()
    help_text = declared.description or ""
    if _is_simple(declared):
        return field_of(declaration, name, label, help_text, required=False)
    default = _default(declared)
    return forms.CharField(
        label=label,
        help_text=f"{help_text} (as JSON)".strip(),
        required=False,
        initial=json.dumps(default) if default else "",
        max_length=LONGEST,
    )


def option_value(declared: FieldInfo, value: Any, name: str) -> Any:
    """The value of an option's field in its declared type. Raises DeclarationError, naming the
    option."""
    if _is_simple(declared) or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise DeclarationError('isn\'t JSON, such as ["name", "date"]', name) from None


def whole_number(text: str) -> int:
    """A whole number; 0, which is no row's primary key, for anything else."""
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _kinds(declared: FieldInfo) -> list[Any]:
    """The types of the field, without None and annotations."""
    kind: Any = declared.annotation
    kinds = get_args(kind) if isinstance(kind, UnionType) or get_origin(kind) is Union else [kind]
    bare = [each.__origin__ if hasattr(each, "__metadata__") else each for each in kinds]
    return [each for each in bare if each is not type(None)]


def _choices(kind: Any) -> Sequence[Any]:
    """The values of an enumeration or a literal."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [member.value for member in kind]
    return get_args(kind)


def _is_simple(declared: FieldInfo) -> bool:
    """Whether Django has a field for it: one of a truth, a number, a text, or a choice."""
    kinds = _kinds(declared)
    return len(kinds) == 1 and (
        kinds[0] in (bool, float, int, str) or get_origin(kinds[0]) is Literal
    )


def _default(declared: FieldInfo) -> Any:
    default = declared.get_default(call_default_factory=True)
    return None if default is PydanticUndefined else default


def _limits(declared: FieldInfo, *, whole: bool, scale: int) -> dict[str, float]:
    """`min_value` and `max_value`, as far as they are declared.

    An exclusive bound of a fraction isn't one that Django has: the declaration checks it.
    """
    limits: dict[str, float] = {}
    for limit in declared.metadata:
        for name, bound, inside in BOUNDS:
            if hasattr(limit, bound) and (whole or not inside):
                value = getattr(limit, bound) * scale
                limits[name] = round(value) + inside if whole else value
    return limits


def _length(declared: FieldInfo) -> int:
    """The longest length that is declared, else `LONGEST`."""
    lengths = (getattr(limit, "max_length", None) for limit in declared.metadata)
    return next((length for length in lengths if length is not None), LONGEST)

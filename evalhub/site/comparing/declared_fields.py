"""Form fields from a declaration: defaults, choices, descriptions."""

import json
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from django import forms
from pydantic.fields import FieldInfo

from evalhub.declare.declaration import DeclarationError


def _kinds(declared_as: FieldInfo) -> list[Any]:
    """The types of the option, without None and annotations."""
    kind: Any = declared_as.annotation
    inner = get_args(kind) if get_origin(kind) is not Literal and get_args(kind) else (kind,)
    bare = [each.__origin__ if hasattr(each, "__metadata__") else each for each in inner]
    return [each for each in bare if each is not type(None)]


def field_of(name: str, declared_as: FieldInfo) -> forms.Field:
    """The form field for a declared field, with its default and description."""
    kinds, usual = _kinds(declared_as), declared_as.get_default(call_default_factory=True)
    kwargs: dict[str, Any] = {
        "label": name.replace("_", " ").capitalize(),
        "help_text": declared_as.description or "",
        "required": False,
        "initial": usual,
    }
    if kinds == [bool]:
        return forms.BooleanField(**kwargs)
    if kinds in ([float], [int]):
        return (forms.IntegerField if kinds == [int] else forms.FloatField)(**kwargs)
    if get_origin(kinds[0]) is Literal:
        choices = [(each, each) for each in get_args(kinds[0])]
        if usual is None:
            choices.insert(0, ("", "no"))
        return forms.ChoiceField(**kwargs, choices=choices)
    if kinds != [str]:
        kwargs |= {"initial": json.dumps(usual) if usual else "", "help_text": _as_json(kwargs)}
    return forms.CharField(**kwargs, max_length=10_000)


def _as_json(kwargs: Mapping[str, Any]) -> str:
    return f"{kwargs['help_text']} (as JSON)".strip()


def value_of(declared_as: FieldInfo, value: Any, option: str) -> Any:
    """The value of a form field in its declared type. Raises DeclarationError, naming the
    option."""
    kinds = _kinds(declared_as)
    simple = kinds in ([bool], [float], [int], [str]) or get_origin(kinds[0]) is Literal
    if simple or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise DeclarationError('isn\'t JSON, such as ["name", "date"]', option) from None

"""A metric's options as fields of a form, made from its declaration."""

import json
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from django import forms
from pydantic.fields import FieldInfo

from evalhub.schemas.declaration import DeclarationError, declared
from runners.metrics import METRICS, MetricDeclaration

PREFIX = "option_"
OFFERED = {
    name: kind
    for name, kind in METRICS.items()
    if not kind.needs_model and not kind.reads_choices and name != "likelihood_per_byte"
}
"""Metrics that score recorded answers by themselves."""


def option_fields(metric: str) -> dict[str, forms.Field]:
    """The fields of a metric's options, each with its default."""
    return {
        PREFIX + (declared_as.alias or name): _field(declared_as.alias or name, declared_as)
        for name, declared_as in OFFERED[metric].model_fields.items()
        if name != "name"
    }


def metric_of(name: str, cleaned: Mapping[str, Any]) -> MetricDeclaration:
    """The metric with the options that a form holds. Raises DeclarationError, naming the field."""
    said: dict[str, Any] = {"name": name}
    for field, declared_as in OFFERED[name].model_fields.items():
        option = declared_as.alias or field
        given = cleaned.get(PREFIX + option)
        if field == "name" or given is None or given == "":
            continue
        said[option] = _value(declared_as, given, option)
    return declared(OFFERED[name], said)


def _kinds(declared_as: FieldInfo) -> list[Any]:
    """What the option may be, without None."""
    kind: Any = declared_as.annotation
    inner = get_args(kind) if get_origin(kind) is not Literal and get_args(kind) else (kind,)
    return [each for each in inner if each is not type(None)]


def _field(name: str, declared_as: FieldInfo) -> forms.Field:
    kinds, usual = _kinds(declared_as), declared_as.get_default(call_default_factory=True)
    given: dict[str, Any] = {
        "label": name.replace("_", " ").capitalize(),
        "help_text": declared_as.description or "",
        "required": False,
        "initial": usual,
    }
    if kinds == [bool]:
        return forms.BooleanField(**given)
    if kinds in ([float], [int]):
        return (forms.IntegerField if kinds == [int] else forms.FloatField)(**given)
    if get_origin(kinds[0]) is Literal:
        choices = [(each, each) for each in get_args(kinds[0])]
        return forms.ChoiceField(**given, choices=choices)
    if kinds != [str]:
        given |= {"initial": json.dumps(usual) if usual else "", "help_text": _as_json(given)}
    return forms.CharField(**given, max_length=10_000)


def _as_json(given: Mapping[str, Any]) -> str:
    return f"{given['help_text']} (as JSON)".strip()


def _value(declared_as: FieldInfo, given: Any, option: str) -> Any:
    """What a field holds, as the declaration takes it."""
    kinds = _kinds(declared_as)
    simple = kinds in ([bool], [float], [int], [str]) or get_origin(kinds[0]) is Literal
    if simple or not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except (ValueError, RecursionError):
        raise DeclarationError('isn\'t JSON, such as ["name", "date"]', option) from None

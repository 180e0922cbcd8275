"""Form fields for a metric's options, made from its declaration."""

from collections.abc import Mapping
from typing import Any

from django import forms

from evalhub.declare.declaration import validate
from evalhub.frames.page.forms import option_field, option_value
from runners.metrics import METRICS, MetricDeclaration

PREFIX = "option_"
OFFERED = {
    name: kind
    for name, kind in METRICS.items()
    if not kind.needs_model
    and not kind.reads_choices
    and not kind.scored_together
    and name != "likelihood_per_byte"
}
"""Metrics that score recorded answers by themselves."""


def option_fields(metric: str) -> dict[str, forms.Field]:
    """The fields of a metric's options, each with its default."""
    declaration = OFFERED[metric]
    return {
        PREFIX + (declared.alias or name): option_field(declaration, name)
        for name, declared in declaration.model_fields.items()
        if name != "name"
    }


def metric_of(name: str, cleaned: Mapping[str, Any]) -> MetricDeclaration:
    """The metric with the form's options. Raises DeclarationError, naming the field."""
    values: dict[str, Any] = {"name": name}
    for field, declared in OFFERED[name].model_fields.items():
        option = declared.alias or field
        value = cleaned.get(PREFIX + option)
        if field == "name" or value is None or value == "":
            continue
        values[option] = option_value(declared, value, option)
    return validate(OFFERED[name], values)

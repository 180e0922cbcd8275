"""The metric of a form, with a field for each of its options, made from its declaration."""

from collections.abc import Mapping
from typing import Any

from django import forms

from evalhub.declare.declaration import DeclarationError, validate
from evalhub.frames.page.forms import DeclaredForm, option_field, option_value
from runners.metrics import METRICS, MetricDeclaration

PREFIX = "option_"
USUAL_METRIC = "exact_match"
OFFERED = {
    name: kind
    for name, kind in METRICS.items()
    if not kind.needs_model
    and not kind.reads_choices
    and not (kind.scored_together and kind.recorded_alone)
    and name != "likelihood_per_byte"
}
"""Metrics that score recorded answers by themselves."""


class MetricForm(DeclaredForm):
    """A form with a metric; its options are those of the metric that is chosen."""

    metric = forms.ChoiceField(
        label="Metric",
        choices=[(name, kind.title) for name, kind in OFFERED.items()],
        initial=USUAL_METRIC,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        metric = self.data.get("metric") if self.is_bound else self.initial.get("metric")
        options = option_fields(metric if metric in OFFERED else USUAL_METRIC)
        self.fields |= {PREFIX + name: field for name, field in options.items()}

    @property
    def options(self) -> list[forms.BoundField]:
        """The fields of the metric's options."""
        return [self[name] for name in self.fields if name.startswith(PREFIX)]

    def clean(self) -> dict[str, Any]:
        """Adds `scoring`, the metric with its options, or the error of the option that is wrong."""
        cleaned = super().clean() or {}
        if cleaned.get("metric"):
            try:
                cleaned["scoring"] = _metric_of(cleaned["metric"], cleaned)
            except DeclarationError as error:
                option = PREFIX + error.field.partition("[")[0].partition(".")[0]
                self.add_error(option if option in self.fields else "metric", error.message)
        return cleaned


def option_fields(metric: str) -> dict[str, forms.Field]:
    """The fields of a metric's options, each with its default."""
    declaration = OFFERED[metric]
    return {
        declared.alias or name: option_field(declaration, name)
        for name, declared in declaration.model_fields.items()
        if name != "name"
    }


def _metric_of(name: str, cleaned: Mapping[str, Any]) -> MetricDeclaration:
    """The metric with the form's options. Raises DeclarationError, naming the field."""
    values: dict[str, Any] = {"name": name}
    for field, declared in OFFERED[name].model_fields.items():
        option = declared.alias or field
        value = cleaned.get(PREFIX + option)
        if field == "name" or value is None or value == "":
            continue
        values[option] = option_value(declared, value, option)
    return validate(OFFERED[name], values)

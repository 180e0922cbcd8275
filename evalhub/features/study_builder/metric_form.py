"""The metric of a form, with a field for each of its options, made from its declaration."""

from collections.abc import Mapping
from typing import Any

from django import forms

from evalhub.declare.declaration import DeclarationError, validate
from evalhub.frames.page.forms import DeclaredForm, option_field, option_value
from runners.metrics import METRICS, MetricDeclaration, MetricError
from runners.metrics.own_kinds import OF_EVALHUB
from runners.metrics.own_table import own_metrics

PREFIX = "option_"
USUAL_METRIC = "exact_match"
_OFFERED = {
    name: kind
    for name, kind in METRICS.items()
    if not kind.needs_model
    and not kind.reads_choices
    and not (kind.scored_together and kind.recorded_alone)
    and name != "likelihood_per_byte"
}
_NO_OPTION = {"name", *OF_EVALHUB}


def choosable_metrics() -> Mapping[str, type[MetricDeclaration]]:
    """Metrics that score recorded answers by themselves, Evalhub's and then this home's own."""
    try:
        return {**_OFFERED, **own_metrics()}
    except MetricError:  # `evalhub doctor` says what is wrong with those of this home
        return _OFFERED


def kind_named(name: object) -> type[MetricDeclaration] | None:
    """The metric of that name, whether or not it is offered; None where there is none."""
    return METRICS.get(str(name)) or choosable_metrics().get(str(name))


def _titles() -> list[tuple[str, str]]:
    return [(name, kind.title) for name, kind in choosable_metrics().items()]


class MetricForm(DeclaredForm):
    """A form with a metric; its options are those of the metric that is chosen."""

    metric = forms.ChoiceField(
        label="Metric",
        choices=_titles,
        initial=USUAL_METRIC,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        metric = self.data.get("metric") if self.is_bound else self.initial.get("metric")
        options = option_fields(str(metric) if metric in choosable_metrics() else USUAL_METRIC)
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
    declaration = choosable_metrics()[metric]
    return {
        declared.alias or name: option_field(declaration, name)
        for name, declared in declaration.model_fields.items()
        if name not in _NO_OPTION
    }


def _metric_of(name: str, cleaned: Mapping[str, Any]) -> MetricDeclaration:
    """The metric with the form's options. Raises DeclarationError, naming the field."""
    values: dict[str, Any] = {"name": name}
    kind = choosable_metrics()[name]
    for field, declared in kind.model_fields.items():
        option = declared.alias or field
        value = cleaned.get(PREFIX + option)
        if field in _NO_OPTION or value is None or value == "":
            continue
        values[option] = option_value(declared, value, option)
    return validate(kind, values)

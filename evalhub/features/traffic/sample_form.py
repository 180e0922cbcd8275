"""The form of a sample of requests, made from what is declared of one."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar, get_args

from django import forms

from evalhub.accounts.models import Project
from evalhub.declare.declaration import validate
from evalhub.features.traffic.forms import TO_THE_SECOND, time_field
from evalhub.features.traffic.models import RollUp
from evalhub.features.traffic.page_data.filtering import Period, Window
from evalhub.features.traffic.shadow.query import UNKNOWN, RequestFilter, SampleQuery, Stratum
from evalhub.frames.page.forms import DeclaredForm, field_of

USUAL_COUNT = 500
USUAL_TIME = timedelta(days=7)


class SampleForm(DeclaredForm):
    """How many requests, of which time, which ones, by which strata."""

    fields_by_path: ClassVar[Mapping[str, str]] = {
        f"where.{name}": name for name in RequestFilter.model_fields
    }

    n = field_of(SampleQuery, "n", "Requests to draw", initial=USUAL_COUNT)
    since = time_field("From (UTC)")
    until = time_field("Until (UTC)", required=False, help_text="empty: now")
    model = forms.ChoiceField(label="Served as", required=False)
    route = field_of(RequestFilter, "route", "Route")
    tag = field_of(RequestFilter, "tag", "Tag")
    language = field_of(
        RequestFilter, "language", "Language", f"as in de; {UNKNOWN}: none was detected"
    )
    arm = field_of(RequestFilter, "arm", "Arm", "of an experiment")
    error = field_of(RequestFilter, "error", "Error", "requests that failed by this class alone")
    by = field_of(
        SampleQuery,
        "by",
        "Strata",
        choices={name: f"by {name}" for name in get_args(Stratum)},
        widget=forms.CheckboxSelectMultiple,
    )
    allocation = field_of(
        SampleQuery,
        "allocation",
        "Of each stratum",
        choices={"proportional": "in proportion to its requests", "equal": "equally many"},
    )
    test_set = field_of(
        SampleQuery, "test_set", "Test set", "the sample becomes its next version, and is frozen"
    )
    planned_gain = field_of(SampleQuery, "planned_gain", "Gain worth finding", "0.05 is 5 points")
    seed = field_of(SampleQuery, "seed", "Seed", "of the draw: the same one draws the same")

    def query(self) -> SampleQuery:
        """Raises DeclarationError."""
        values = {
            name: value for name, value in self.cleaned_data.items() if value not in (None, "", [])
        }
        where = {name: values.pop(name) for name in RequestFilter.model_fields if name in values}
        for name in ("since", "until"):
            if name in values:
                values[name] = values[name].isoformat()
        return validate(SampleQuery, values | {"where": where})


def sample_form(
    project: Project,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    *,
    address: Mapping[str, str] = MappingProxyType({}),
) -> SampleForm:
    """With the served names of the last quarter to choose from. One query.

    Args:
        address: parameters of the page's address, which its fields begin with where they fit.
    """
    form = SampleForm(data, initial={"since": (now - USUAL_TIME).astimezone(UTC)})
    window = Window.until(now, Period.QUARTER)
    names = RollUp.objects.whole_days(project).between(window.first, window.end).served_names()
    form.set_choices("model", [("", "any"), *((name, name) for name in names)])
    form.initial.update(_fitting(form, address))
    return form


def _fitting(form: SampleForm, values: Mapping[str, str]) -> dict[str, Any]:
    """Values of fields as they were read, without those that are none."""
    fitting = {}
    for name in values.keys() & {"since", "until", *RequestFilter.model_fields}:
        with suppress(forms.ValidationError):
            fitting[name] = form.fields[name].clean(values[name])
    return fitting


def ending_now(data: Any, now: datetime) -> Any:
    """The posted fields with an end: what is frozen is what the preview was of."""
    fields = data.copy()
    if not fields.get("until"):
        fields["until"] = now.astimezone(UTC).strftime(TO_THE_SECOND)
    return fields

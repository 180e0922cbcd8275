"""The forms of production: what is kept, and which version a served name stands for."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django import forms

from evalhub.accounts.models import Project
from evalhub.features.traffic.keeping import KeepingRules
from evalhub.features.traffic.models import RollUp, TrafficSettings
from evalhub.features.traffic.page_data.filtering import Period, Window
from evalhub.features.traffic.served import MADE_OF, ServedVersions
from evalhub.frames.page.forms import DeclaredForm, field_of
from evalhub.registry.models import ModelVersion

MOST_VERSIONS = 300
TIME_FORMAT = "%Y-%m-%dT%H:%M"
TO_THE_SECOND = f"{TIME_FORMAT}:%S"


def time_field(label: str, **options: Any) -> forms.DateTimeField:
    """A field for a time in UTC, to the minute or the second."""
    return forms.DateTimeField(
        label=label,
        input_formats=[TIME_FORMAT, TO_THE_SECOND],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=TIME_FORMAT),
        error_messages={"invalid": "Say a day and a time in UTC, such as 2026-11-03T00:00."},
        **options,
    )


class ServedNameForm(DeclaredForm):
    """A served name, its version, and from when on."""

    name = forms.ChoiceField(label="Served name")
    version = forms.ChoiceField(label="Is this version")
    since = time_field("For requests from (UTC)")

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        names: Sequence[str],
        versions: Sequence[ModelVersion],
        since: datetime | None,
    ) -> None:
        super().__init__(data, initial={"since": since and since.astimezone(UTC)})
        self._versions = {str(version.pk): version for version in versions}
        self.set_choices("name", [(name, name) for name in names])
        choices = [(pk, str(row)) for pk, row in self._versions.items()]
        self.set_choices("version", [("", "choose a version"), *choices])

    def clean_version(self) -> ModelVersion:
        return self._versions[self.cleaned_data["version"]]


class KeepingForm(DeclaredForm):
    """What is kept of requests, as it is declared."""

    text_share = field_of(
        KeepingRules, "text_share", "Share with texts", "0.05 is 5%; at 0 no text is ever stored"
    )
    text_days = field_of(KeepingRules, "text_days", "Days that a text is kept")
    days = field_of(KeepingRules, "days", "Days that a request is kept")
    languages = forms.CharField(
        label="Languages",
        required=False,
        max_length=400,
        help_text=f"{KeepingRules.model_fields['languages'].description}; several with commas",
    )

    @classmethod
    def of_settings(cls, settings: TrafficSettings) -> "KeepingForm":
        """The form as the settings stand."""
        initial = {name: getattr(settings, name) for name in KeepingRules.model_fields}
        return cls(initial=initial | {"languages": ", ".join(settings.languages)})

    def clean_languages(self) -> list[str]:
        codes = self.cleaned_data["languages"].lower().replace(",", " ")
        return list(codes.split())


def served_name_form(
    project: Project,
    served: ServedVersions,
    now: datetime,
    data: Mapping[str, Any] | None = None,
) -> ServedNameForm:
    """For names of the last quarter; those of which nobody has said anything stand first. Three
    queries."""
    window = Window.until(now, Period.QUARTER)
    names = RollUp.objects.whole_days(project).between(window.first, window.end).served_names()
    without = served.without_version(names)
    hours = RollUp.objects.overall(project).between(window.first, window.end)
    first = hours.filter(model_name__in=without[:1]).order_by("hour")
    versions = ModelVersion.objects.filter(model__project=project).select_related("model")
    versions = versions.defer(*MADE_OF)
    return ServedNameForm(
        data,
        names=[*without, *(name for name in names if name not in without)],
        versions=list(versions.order_by("-created", "-pk")[:MOST_VERSIONS]),
        since=first.values_list("hour", flat=True).first(),
    )

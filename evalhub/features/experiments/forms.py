"""The form by which an experiment is planned and started, made from what is declared of a plan."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, ClassVar

from django import forms

from evalhub.declare.declaration import DeclarationError, default_of, validate
from evalhub.declare.experiment import JUDGED, SIGNAL, LiveGuard, LivePrimary, PlanDraft
from evalhub.features.experiments.page_data.challengers import Challenger
from evalhub.features.experiments.page_data.traffic_metrics import TrafficMetric
from evalhub.features.experiments.starting import FLAG
from evalhub.frames.page.forms import DeclaredForm, field_of
from evalhub.ledger.models import Decision
from evalhub.registry.models import ModelVersion

LONGEST_SERVED_NAME = 200
LONGEST_REASON = 4000
LONGEST_EXPERIMENT_NAME = 120
MARGIN, MORE = "margin", "more"
STATED = (
    "ramp_hours", "automatic", "feedback_hours", "route", "alpha", "harm_alpha", "slow_ms",
    "planned_users",
)  # fmt: skip
"""Fields of a plan that the form has under the same name."""
NAMED = ("name", "challenger_name", "champion_name", "flag", "reason")
"""What a start is told as the form has it, beside its plan."""


@dataclass(frozen=True, slots=True)
class GuardField:
    """A metric that may be guarded: the field of its margin, and of a signal of its direction."""

    metric: TrafficMetric
    margin: forms.BoundField
    more: forms.BoundField | None


def percents(text: str) -> list[float]:
    """Shares out of "1, 5, 25, 50", or "2,5; 10; 50": beside a semicolon a comma is a decimal one.

    Raises DeclarationError.
    """
    text = text.replace("%", " ")
    parts = text.replace(",", ".").split(";") if ";" in text else text.replace(",", " ").split()
    shares = [percent(part) for part in parts if part.strip()]
    numbers = [share for share in shares if share is not None]
    if len(numbers) < len(shares):
        raise DeclarationError("shares in per cent, such as 1, 5, 25, 50, or 2,5; 10; 50", "ramp")
    return numbers


def percent(text: str) -> float | None:
    """A share that is typed in per cent, with a decimal point or comma; None: it is no number."""
    try:
        share = float(text.replace("%", "").replace(",", ".")) / 100
    except ValueError:
        return None
    return share if isfinite(share) else None


class ExperimentForm(DeclaredForm):
    """Which challenger, under which names, what it must gain and must not lose, and how fast."""

    fields_by_path: ClassVar[Mapping[str, str]] = {
        "primary.metric": "primary",
        "primary.min_gain": "min_gain",
        "primary.planned_gain": "planned_gain",
        "primary": "primary",
        "ramp": "ramp",
        "plan.planned_users": "planned_users",
        "plan.feedback_hours": "feedback_hours",
        "decision": "challenger",
    }

    challenger = forms.ChoiceField(label="Challenger")
    name = forms.CharField(label="Name of the experiment", max_length=LONGEST_EXPERIMENT_NAME)
    champion_name = forms.CharField(label="Champion is served as", max_length=LONGEST_SERVED_NAME)
    challenger_name = forms.CharField(
        label="Challenger is served as", max_length=LONGEST_SERVED_NAME
    )
    flag = forms.CharField(
        label="Flag", max_length=100, initial=FLAG, help_text="by which clients ask for the arm"
    )
    primary = forms.ChoiceField(label="It must gain in")
    more = forms.BooleanField(
        label="More is better", required=False, initial=True, help_text="of a signal"
    )
    planned_gain = field_of(
        LivePrimary, "planned_gain", "Gain worth finding", "0.01 is one point of a share"
    )
    min_gain = field_of(
        LivePrimary, "min_gain", "By more than", "below 0: so much may be lost", initial=0
    )
    slow_ms = field_of(PlanDraft, "slow_ms", "Slow is over (ms)", required=False)
    planned_users = field_of(
        PlanDraft,
        "planned_users",
        "Planned users",
        "of both arms; empty: as many as the gain needs",
        required=False,
    )
    ramp = forms.CharField(
        label="Shares, step by step (%)",
        max_length=200,
        initial=", ".join(f"{100 * share:g}" for share in default_of(PlanDraft, "ramp")),
    )
    ramp_hours = field_of(PlanDraft, "ramp_hours", "Hours a step lasts at least")
    automatic = field_of(
        PlanDraft, "automatic", "Ramp by itself", "harm always rolls back by itself"
    )
    feedback_hours = field_of(
        PlanDraft, "feedback_hours", "Hours that feedback may take", "later signals don’t count"
    )
    route = field_of(PlanDraft, "route", "Only this route", "empty: all routes")
    alpha = field_of(PlanDraft, "alpha", "Level of a ship", "one-sided")
    harm_alpha = field_of(
        PlanDraft, "harm_alpha", "Level of a rollback", "one-sided, over all guards together"
    )
    reason = forms.CharField(
        label="Why", max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        challengers: Sequence[Challenger],
        metrics: Sequence[TrafficMetric],
        served_names: Sequence[str],
        initial: Mapping[str, Any],
    ) -> None:
        super().__init__(data, initial=dict(initial))
        self._challengers = {str(row.version.pk): row for row in challengers}
        self.metrics = {metric.name: metric for metric in metrics}
        self.served_names = served_names
        self.set_choices("challenger", [(pk, row.label) for pk, row in self._challengers.items()])
        self.set_choices("primary", [(metric.name, metric.label) for metric in metrics])
        for number, metric in enumerate(metrics):
            margin = field_of(LiveGuard, "margin", metric.label, required=False)
            self.fields[f"{MARGIN}_{number}"] = margin
            if metric.is_signal:
                more = forms.BooleanField(label="more is better", required=False, initial=True)
                self.fields[f"{MORE}_{number}"] = more
        for name in ("champion_name", "challenger_name"):
            self.fields[name].widget.attrs["list"] = "served-names"

    @property
    def has_challengers(self) -> bool:
        return bool(self._challengers)

    def guard_fields(self) -> Iterator[GuardField]:
        """A row for each metric."""
        for number, metric in enumerate(self.metrics.values()):
            more = self[f"{MORE}_{number}"] if metric.is_signal else None
            yield GuardField(metric, self[f"{MARGIN}_{number}"], more)

    def previews(self) -> bool:
        """Whether the plan's own fields are filled in, whatever else is missing: of that nothing is
        said before the start."""
        for name in (*NAMED, "challenger"):
            self.errors.pop(name, None)
        return not self.errors

    @property
    def flaws(self) -> list[str]:
        """What is wrong, the first of each field, with the field's label."""
        return [
            f"{self.fields[name].label}: {errors[0]}" if name in self.fields else str(errors[0])
            for name, errors in self.errors.items()
        ]

    def draft(self) -> PlanDraft:
        """The plan as it was filled in. Raises DeclarationError."""
        values = self.cleaned_data
        primary = self._measure(values["primary"], more=values["more"])
        primary |= {name: values[name] for name in ("planned_gain", "min_gain")}
        stated = {name: values[name] for name in STATED if values[name] is not None}
        guards, ramp = list(self._guards()), percents(values["ramp"])
        return validate(PlanDraft, stated | {"primary": primary, "guards": guards, "ramp": ramp})

    @property
    def challenger_version(self) -> ModelVersion:
        return self._challengers[self.cleaned_data["challenger"]].version

    @property
    def decision(self) -> Decision | None:
        """The decision by which the chosen challenger may ship."""
        return self._challengers[self.cleaned_data["challenger"]].decision

    def _guards(self) -> Iterator[dict[str, Any]]:
        """Those with a margin; but not the primary: `min_gain` says what that may lose."""
        for number, name in enumerate(self.metrics):
            margin = self.cleaned_data.get(f"{MARGIN}_{number}")
            if margin is not None and name != self.cleaned_data["primary"]:
                more = self.cleaned_data.get(f"{MORE}_{number}", False)
                yield self._measure(name, more=more) | {"margin": margin}

    def _measure(self, name: str, *, more: bool) -> dict[str, Any]:
        measure = {"metric": name, "higher_is_better": more and name.startswith(SIGNAL)}
        return measure | ({"per": "signal"} if name == f"{SIGNAL}{JUDGED}" else {})

"""The form of a study's policy, and of the requirements on each test set."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from django import forms
from django.forms import BoundField

from evalhub.decision.policy import StudyPolicy
from evalhub.decision.policy_words import RULE, TIERS
from evalhub.declare.policy import Demand
from evalhub.declare.roles import DemandRole, not_for
from evalhub.frames.page.forms import field_of, option_value
from evalhub.frames.page.read_from import state_digest
from evalhub.registry.models import Study, StudyTestSet

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("How sure", ("alpha", "harm_alpha", "planned_gain", "primaries", "ledger", "ledger_at")),
    ("What counts", ("leakage", "failures", "model_changes", "jumps", "most_unanswered")),
    ("People", ("min_reviewers", "min_agreement", "unconfirmed_reviewers")),
)
"""The study-wide fields, as the page groups them."""
_RULE = [name for _, names in GROUPS for name in names]
_ROLES = [("primary", "must gain more than"), ("guard", "may lose less than")]
_TAILS = {"": "not assumed", "bounded": "assumed"}
_DEMANDED = ("min_gain", "planned_gain", "margin", "relative_margin", "tier")
BY_ROLE: dict[str, tuple[str, ...]] = {
    role: tuple(name for name in _DEMANDED if not_for(role, name) is None)
    for role in get_args(DemandRole)
}
_OF_EITHER = ("tails",)
_LABELS = {
    "role": "what the candidate must do",
    "min_gain": "gain to exceed",
    "planned_gain": "gain worth finding",
    "margin": "loss allowed",
    "relative_margin": "loss allowed, as a share of the baseline’s score",
    "tier": "how it counts",
    "tails": "rare heavy losses",
}


@dataclass(frozen=True, slots=True)
class DemandRow:
    """A test set with the form fields of what must hold on it."""

    test_set: StudyTestSet
    role: BoundField
    min_gain: BoundField
    planned_gain: BoundField
    margin: BoundField
    relative_margin: BoundField
    tier: BoundField
    tails: BoundField

    @property
    def errors(self) -> list[str]:
        fields = (self.role, self.min_gain, self.planned_gain, self.margin, self.relative_margin)
        return [str(error) for each in (*fields, self.tier, self.tails) for error in each.errors]


class PolicyForm(forms.Form):
    """As the study asks now; what a role has no use for is left out.

    Attributes:
        read_from: digest of what is shown, taken before it is read: what changes in between makes
            the form stale.
    """

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.read_from = state_digest(study)
        self._rows = list(study.test_sets.judged().named().select_related("metric"))
        for name in _RULE:
            words = RULE[name]
            field = field_of(
                StudyPolicy, name, words.label, words.note, choices=words.values, required=False
            )
            field.initial = getattr(study.policy, name)
            self.fields[name] = field
        for row in self._rows:
            self._add_row(row)

    def _add_row(self, row: StudyTestSet) -> None:
        self._add(row, "role", forms.ChoiceField(choices=_ROLES))
        for name in (*_DEMANDED, *_OF_EITHER):
            choices = {"tier": TIERS, "tails": _TAILS}.get(name)
            self._add(row, name, field_of(Demand, name, "", choices=choices, required=False))
        if row.relative_margin is not None:
            self.fields[f"{row.name}.margin"].initial = None

    def _add(self, row: StudyTestSet, name: str, field: forms.Field) -> None:
        field.label, field.initial = f"{row.name}: {_LABELS[name]}", getattr(row, name)
        field.widget.attrs["aria-label"] = field.label
        self.fields[f"{row.name}.{name}"] = field

    @property
    def groups(self) -> list[tuple[str, list[BoundField]]]:
        """The study-wide fields, under a title each."""
        return [(title, [self[name] for name in names]) for title, names in GROUPS]

    @property
    def by_test_set(self) -> Iterator[DemandRow]:
        names = ("role", *_DEMANDED, *_OF_EITHER)
        for row in self._rows:
            yield DemandRow(row, **{name: self[f"{row.name}.{name}"] for name in names})

    @property
    def flaws(self) -> list[tuple[BoundField, str]]:
        """Fields with an error, each with the first one."""
        return [(field, str(field.errors[0])) for field in self if field.errors]

    @property
    def policy(self) -> dict[str, Any]:
        """The study-wide fields as in a study file; the form is valid."""
        return {
            name: option_value(StudyPolicy.model_fields[name], value, name)
            for name in _RULE
            if (value := self.cleaned_data[name]) not in (None, "")
        }

    @property
    def demands(self) -> dict[str, dict[str, Any]]:
        """The requirements by test set; the form is valid."""
        demands = {}
        for row in self._rows:
            role = self.cleaned_data[f"{row.name}.role"]
            values = {
                name: self.cleaned_data[f"{row.name}.{name}"]
                for name in (*BY_ROLE[role], *_OF_EITHER)
            }
            stated = {name: each for name, each in values.items() if each not in (None, "")}
            demands[row.name] = {"role": role, **stated}
        return demands

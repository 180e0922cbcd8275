"""The form of a study's policy, and of the requirements on each test set."""

from collections.abc import Iterator
from typing import Any, get_args

from django import forms

from evalhub.decision.policy import StudyPolicy
from evalhub.declare.policy import Demand
from evalhub.declare.roles import DemandRole, not_for
from evalhub.registry.models import Study, StudyTestSet
from evalhub.site.comparing.declared_fields import field_of, value_of

ROLES = [("primary", "primary: must gain"), ("guard", "guard: must not lose")]
RULE = (
    *("primaries", "alpha", "harm_alpha", "planned_gain", "ledger", "ledger_at", "leakage"),
    *("failures", "model_changes", "most_unanswered", "jumps"),
    *("min_reviewers", "min_agreement", "unconfirmed_reviewers"),
)
SAID = {
    "min_gain": "must gain more than this",
    "planned_gain": "worth finding; else the study’s",
    "margin": "may lose less than this",
    "relative_margin": "in its place, a share of the baseline’s",
    "tails": "whether unseen heavy losses are paid for",
}
DEMANDED = ("min_gain", "planned_gain", "margin", "relative_margin", "tier")
BY_ROLE: dict[str, tuple[str, ...]] = {
    role: tuple(name for name in DEMANDED if not_for(role, name) is None)
    for role in get_args(DemandRole)
}
OF_EITHER = ("tails",)


class PolicyForm(forms.Form):
    """As the study asks now; what a role has no use for is left out."""

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rows = list(study.test_sets.judged().named().select_related("metric"))
        for name in RULE:
            field = self._add(name, name, StudyPolicy.model_fields[name])
            field.initial = getattr(study.policy, name)
        for row in self._rows:
            self._demand(row)

    def _add(self, key: str, name: str, declared_as: Any) -> forms.Field:
        self.fields[key] = field = field_of(name, declared_as)
        return field

    def _demand(self, row: StudyTestSet) -> None:
        self.fields[f"{row.name}.role"] = forms.ChoiceField(
            label="Role", choices=ROLES, initial=row.role
        )
        for names in (*BY_ROLE.values(), OF_EITHER):
            for name in names:
                field = self._add(f"{row.name}.{name}", name, Demand.model_fields[name])
                field.initial, field.help_text = getattr(row, name), SAID.get(name, "")
        if row.relative_margin is not None:
            self.fields[f"{row.name}.margin"].initial = None

    @property
    def rule(self) -> list[Any]:
        """The study-wide fields."""
        return [self[name] for name in RULE]

    @property
    def by_test_set(self) -> Iterator[tuple[StudyTestSet, Any, list[tuple[str, list[Any]]]]]:
        """Each test set with the form field of its role and, by role, the fields of its
        requirements."""
        for row in self._rows:
            fields_by_role = [
                (role, [self[f"{row.name}.{name}"] for name in names])
                for role, names in (*BY_ROLE.items(), ("either", OF_EITHER))
            ]
            yield row, self[f"{row.name}.role"], fields_by_role

    @property
    def policy(self) -> dict[str, Any]:
        """The study-wide fields as in a study file; the form is valid."""
        return {
            name: value_of(StudyPolicy.model_fields[name], value, name)
            for name in RULE
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
                for name in (*BY_ROLE[role], *OF_EITHER)
            }
            stated = {name: each for name, each in values.items() if each not in (None, "")}
            demands[row.name] = {"role": role, **stated}
        return demands

"""The forms by which a monitor is added, one a kind, made from what is declared of its plan."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from django import forms

from evalhub.accounts.models import Project, User
from evalhub.declare.declaration import default_of, validate
from evalhub.declare.monitor import (
    FALSE_ALARMS_OF_MONITOR,
    IN_SHARES,
    AnswersPlan,
    InputsPlan,
    MonitorKind,
    MonitorPlan,
    OperationsMeasure,
    OperationsMetric,
    OperationsPlan,
    QualityPlan,
)
from evalhub.declare.prices import SpendingBudget
from evalhub.features.monitoring.measures import measures_of
from evalhub.features.monitoring.owners import possible_owners
from evalhub.features.monitoring.page_data.metric_words import metric_label
from evalhub.frames.page.forms import DeclaredForm, field_of
from evalhub.ledger.models import Promotion
from evalhub.registry.models import StudyTestSet

MARGIN = "margin"
LONGEST_MEASURES = 4_000


class MonitorForm(DeclaredForm):
    """What every kind asks: its share of false alarms, and who answers for its alarms."""

    kind: ClassVar[MonitorKind]
    of_plan: ClassVar[tuple[str, ...]]
    """The plan's fields that the form has under the same name."""

    false_alarms_a_year = forms.FloatField(
        label="False alarms a year",
        initial=f"{FALSE_ALARMS_OF_MONITOR:g}",
        help_text="its share: at most so many, while nothing changes",
    )
    owner = forms.ModelChoiceField(
        User.objects.none(),
        label="Who answers for its alarms",
        required=False,
        empty_label="the project’s owners",
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        project: Project,
        test_sets: Sequence[str] = (),
    ) -> None:
        super().__init__(data)
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ModelChoiceField)
        owner.queryset = possible_owners(project)
        if "test_set" in self.fields:
            self.set_choices("test_set", [(name, name) for name in test_sets])

    def plan(self) -> OperationsPlan | AnswersPlan | QualityPlan | InputsPlan:
        """The plan as it was filled in. Raises DeclarationError."""
        values = self.cleaned_data
        stated = {name: values[name] for name in self.of_plan if values[name] not in (None, "")}
        kind: type[Any] = MonitorPlan  # type: ignore[assignment]
        plan: OperationsPlan | AnswersPlan | QualityPlan | InputsPlan = validate(
            kind, {"of": self.kind} | stated | self.more()
        )
        return plan

    def more(self) -> dict[str, Any]:
        """The plan's other fields. Raises DeclarationError."""
        return {}

    @property
    def has_test_sets(self) -> bool:
        """Whether there is a test set on which the champion can be asked again."""
        field = self.fields.get("test_set")
        return isinstance(field, forms.ChoiceField) and bool(field.choices)

    def own_fields(self) -> Iterator[forms.BoundField]:
        """Those of the kind."""
        for field in self:
            if field.name not in ("false_alarms_a_year", "owner") and not field.name.startswith(
                MARGIN
            ):
                yield field

    def margin_fields(self) -> Iterator[forms.BoundField]:
        """Of operations, one a metric."""
        for field in self:
            if field.name.startswith(MARGIN):
                yield field


class OperationsForm(MonitorForm):
    kind = MonitorKind.OPERATIONS
    of_plan = ("slow_ms", "feedback_hours", "route", "slices")
    fields_by_path = {"measures": f"{MARGIN}_{OperationsMetric.ERRORS}"}

    slow_ms = field_of(
        OperationsPlan, "slow_ms", "Slow is over (ms)", "the latency that was agreed"
    )
    slices = field_of(
        OperationsPlan,
        "slices",
        "Also by slice",
        "the largest ones; half of the false alarms are theirs",
        choices={"": "no", "language": "language", "route": "route", "tag": "tag"},
    )
    route = field_of(OperationsPlan, "route", "Only this route", "empty: all routes")
    feedback_hours = field_of(
        OperationsPlan, "feedback_hours", "Hours that feedback may take", "later thumbs don’t count"
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        usual = {each.metric: each.margin for each in default_of(OperationsPlan, "measures")}
        for metric in OperationsMetric:
            label, unit = metric_label(metric), "of the reference’s value"
            self.fields[f"{MARGIN}_{metric}"] = field_of(
                OperationsMeasure,
                "margin",
                label,
                f"a share {unit}" if metric in IN_SHARES else "a difference of shares",
                required=False,
                initial=usual.get(metric),
            )

    def more(self) -> dict[str, Any]:
        margins = ((metric, self.cleaned_data[f"{MARGIN}_{metric}"]) for metric in OperationsMetric)
        measures = [
            {"metric": metric.value, "margin": margin}
            for metric, margin in margins
            if margin is not None
        ]
        return {"measures": measures}


class AnswersForm(MonitorForm):
    kind = MonitorKind.ANSWERS
    of_plan = ("test_set", "every_hours")
    fields_by_path = {"budget.tokens": "budget_tokens", "budget.money": "budget_money"}

    test_set = forms.ChoiceField(
        label="Test set", help_text="of the study by which the champion was promoted"
    )
    every_hours = field_of(AnswersPlan, "every_hours", "Hours between two askings")
    budget_tokens = field_of(
        SpendingBudget, "tokens", "Most tokens a time", "empty: no limit", required=False
    )
    budget_money = field_of(
        SpendingBudget, "money", "Most money a time", "empty: no limit", required=False
    )

    def more(self) -> dict[str, Any]:
        values = {name: self.cleaned_data[f"budget_{name}"] for name in ("tokens", "money")}
        stated = {name: value for name, value in values.items() if value is not None}
        return {"budget": stated} if stated else {}


class QualityForm(MonitorForm):
    kind = MonitorKind.QUALITY
    of_plan = ("sample",)

    measures = forms.CharField(
        label="Metrics that need no reference answer",
        help_text="one a line, with the loss worth an alarm: json_valid 0.02",
        max_length=LONGEST_MEASURES,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )
    sample = field_of(QualityPlan, "sample", "Answers a day", "drawn at random")

    def more(self) -> dict[str, Any]:
        return {
            "measures": list(measures_of(self.kind, self.cleaned_data["measures"].splitlines()))
        }


class InputsForm(MonitorForm):
    kind = MonitorKind.INPUTS
    of_plan = ("by", "texts", "size", "auc")

    by = field_of(
        InputsPlan, "by", "Shares by", widget=forms.CheckboxSelectMultiple(), required=False
    )
    texts = field_of(InputsPlan, "texts", "Compare the texts, too", "a classifier says which words")
    size = field_of(InputsPlan, "size", "PSI worth an alarm", "0.1 is small, 0.25 is large")
    auc = field_of(
        InputsPlan, "auc", "AUC worth an alarm", "of the texts’ classifier; 0.5 is no difference"
    )


FORMS: Mapping[MonitorKind, type[MonitorForm]] = {
    MonitorKind.OPERATIONS: OperationsForm,
    MonitorKind.QUALITY: QualityForm,
    MonitorKind.ANSWERS: AnswersForm,
    MonitorKind.INPUTS: InputsForm,
}
"""By kind, in the order in which pages offer them."""


def monitor_form(
    kind: MonitorKind, project: Project, data: Mapping[str, Any] | None = None
) -> MonitorForm:
    """The form of a kind."""
    test_sets = _test_sets(project) if kind == MonitorKind.ANSWERS else ()
    return FORMS[kind](data, project=project, test_sets=test_sets)


def _test_sets(project: Project) -> list[str]:
    """Names of those in the study by which the champion was promoted."""
    promotion = Promotion.objects.current(project)
    if promotion is None or promotion.decision is None:
        return []
    test_sets = StudyTestSet.objects.filter(study=promotion.decision.study_id)
    return list(test_sets.order_by("pk").values_list("name", flat=True))

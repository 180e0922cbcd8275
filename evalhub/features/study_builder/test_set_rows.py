"""The test sets as the page shows them: the metric, what must hold, and what the items can show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalhub.declare.declaration import DeclarationError, default_of, validate
from evalhub.declare.policy import Demand
from evalhub.features.study_builder.finishing import FinishedStudy, suite_of
from evalhub.features.study_builder.inputs import Input, Inputs
from evalhub.features.study_builder.metric_form import choosable_metrics, kind_named, option_fields
from evalhub.features.study_builder.outlook import Showing
from evalhub.features.study_builder.question import READ, StudyQuestion
from evalhub.features.study_builder.uploads import columns_of
from evalhub.frames.page.forms import option_field
from evalhub.registry.models import TestSetVersion
from evalhub.registry.uploads import Uploads
from evalhub.studies.file.suite import GENERAL, ITEMS, MARGIN, skill_name
from runners.metrics import MetricDeclaration
from runners.suites import SUITES

ROLES = [
    ("primary", "must gain more than"),
    ("guard", "may lose"),
    ("development", "is only read"),
]
FIELDS = {
    "id": "Item’s id",
    "input": "Question",
    "reference": "Right answer",
    "context": "Context",
    "tags": "Tags",
    "cluster": "Cluster",
    "choices": "Choices",
    "tools": "Tools",
    "weight": "Weight",
}
USUAL = "—"


@dataclass(frozen=True, slots=True)
class TestSetRow:
    """One test set: its inputs and figures.

    Attributes:
        source: its file, or what asks it.
        amount: how much must be gained or may be lost; None where it is only read.
        has_preview: whether its items lie in a file.
    """

    __test__ = False

    name: str
    source: str
    metric: Input
    role: Input
    amount: Input | None
    items: int | None
    showing: Showing | None
    options: Sequence[Input]
    fields: Sequence[Input]
    demands: Sequence[Input]
    has_preview: bool
    error: str

    @property
    def has_flaws(self) -> bool:
        """Whether something within its fold is wrong."""
        return any(each.error for each in [*self.options, *self.fields, *self.demands])

    @property
    def path(self) -> str:
        return f"test_sets.{self.name}"


@dataclass(frozen=True, slots=True)
class SkillTick:
    """A skill of the shipped suite, ticked or not."""

    name: str
    summary: str
    ticked: bool
    showing: Showing | None

    @property
    def test_set(self) -> str:
        """The name of its test set in the study."""
        return skill_name(self.name)


def test_set_rows(
    question: StudyQuestion,
    finished: FinishedStudy,
    inputs: Inputs,
    showings: Mapping[str, Showing],
    uploads: Uploads,
) -> list[TestSetRow]:
    """The test sets in the order of the study file, without the suite's."""
    return [
        _row(name, test_set, question, finished, inputs, showings.get(name), uploads)
        for name, test_set in question.test_sets.items()
        if isinstance(test_set, dict)
    ]


def _row(
    name: str,
    test_set: dict[str, Any],
    question: StudyQuestion,
    finished: FinishedStudy,
    inputs: Inputs,
    showing: Showing | None,
    uploads: Uploads,
) -> TestSetRow:
    path, role = f"test_sets.{name}", test_set.get("role")
    file = Path(str(test_set.get("file") or "")).name
    metric_name = str((test_set.get("metric") or {}).get("name"))
    titles = [(each, kind.title) for each, kind in choosable_metrics().items()]
    options = option_fields(str(metric_name)) if metric_name in choosable_metrics() else {}
    shown = [f"{path}.{each}" for each in ("metric", "role", "min_gain", "margin", "fields")]
    planned = f"{path}.planned_gain"
    columns = columns_of(file, question.files, uploads)
    return TestSetRow(
        name=name,
        source=file or _source(test_set),
        metric=inputs.select(f"{path}.metric.name", f"Metric of {name}", titles, redraws=True),
        role=inputs.select(f"{path}.role", f"On {name} the candidate", ROLES, redraws=True),
        amount=_amount(path, name, role, inputs),
        items=finished.counts.get(name),
        showing=showing,
        options=[
            inputs.declared(f"{path}.metric.{each}", field) for each, field in options.items()
        ],
        fields=[
            inputs.select(f"{path}.fields.{each}", label, [("", USUAL), *columns])
            for each, label in FIELDS.items()
        ]
        if file
        else (),
        demands=[inputs.number(planned, "Gain worth finding", "what the items should show")]
        if role == "primary"
        else [inputs.declared(f"{path}.tier", option_field(Demand, "tier"))]
        if role == "guard"
        else [],
        has_preview=file in question.files,
        error=inputs.error_within(path, but=[*shown, planned, f"{path}.tier"]),
    )


def _amount(path: str, name: str, role: Any, inputs: Inputs) -> Input | None:
    if role == "primary":
        usual = default_of(Demand, "min_gain")
        return inputs.number(f"{path}.min_gain", f"Gain needed on {name}", usual=usual)
    if role == "guard" and inputs.value(f"{path}.relative_margin") is None:
        usual = default_of(Demand, "margin")
        return inputs.number(f"{path}.margin", f"Loss allowed on {name}", usual=usual)
    return None


def _source(test_set: Mapping[str, Any]) -> str:
    task = test_set.get("lm_eval")
    if isinstance(task, dict):
        return f"lm-eval: {task.get('task', '')}"
    skill = test_set.get("suite")
    return f"suite: {skill.get('skill', '')}" if isinstance(skill, dict) else ""


def skill_ticks(finished: FinishedStudy, showings: Mapping[str, Showing]) -> list[SkillTick]:
    """The shipped skills, ticked where the study asks them."""
    suite = suite_of(finished.document)
    ticked = suite.skills if suite else ()
    return [
        SkillTick(name, skill.summary, name in ticked, showings.get(skill_name(name)))
        for name, skill in SUITES.items()
    ]


def write_skills(question: StudyQuestion, ticked: Sequence[str], margin: str, items: str) -> None:
    """Writes the ticked skills into the study file, with how much each may lose and how many items
    it has ("": as usual); what else it says of the suite stays."""
    suite = question.document.get("suite")
    fields = dict(suite) if isinstance(suite, dict) else {}
    skills = [name for name in SUITES if name in ticked]
    for name, typed, usual in (("margin", margin, MARGIN), ("items", items, ITEMS)):
        fields.pop(name, None)
        if (wanted := READ["n"](typed)) not in (None, usual):
            fields[name] = wanted
    if not skills and "tasks" not in fields:
        question.document.pop("suite", None)
        return
    fields.pop("skills", None)
    if skills != list(SUITES):
        fields["skills"] = skills
    question.document["suite"] = {"name": GENERAL, **fields} if fields else GENERAL


def suite_values(question: StudyQuestion) -> dict[str, Any]:
    """How much a ticked skill may lose and how many items it has, as it was typed."""
    suite = question.document.get("suite")
    stated = suite if isinstance(suite, dict) else {}
    return {"skill_margin": stated.get("margin", MARGIN), "skill_items": stated.get("items", ITEMS)}


def tidy_metrics(question: StudyQuestion, before: Mapping[str, str]) -> None:
    """Takes out options of a metric that was exchanged, and those that are the default.

    Args:
        before: the metrics' names by test set, before the page's inputs were written.
    """
    for name, test_set in question.test_sets.items():
        metric = test_set.get("metric") if isinstance(test_set, dict) else None
        if not isinstance(metric, dict) or (kind := kind_named(metric.get("name"))) is None:
            continue
        if before.get(name, metric["name"]) != metric["name"]:
            test_set["metric"] = {"name": metric["name"]}
            continue
        declared = kind.model_fields
        usual = {
            each.alias or field: each.get_default(call_default_factory=True)
            for field, each in declared.items()
        }
        test_set["metric"] = {
            key: value
            for key, value in metric.items()
            if key == "name" or key not in usual or value not in (usual[key], None)
        }


def metric_of(test_set: Mapping[str, Any]) -> MetricDeclaration:
    """The metric of a test set. Raises DeclarationError."""
    metric = test_set.get("metric") or {}
    kind = kind_named(metric.get("name"))
    if kind is None:
        raise DeclarationError("there is no such metric", "metric.name")
    declaration: MetricDeclaration = validate(kind, metric, at="metric")
    return declaration


def project_test_sets(versions: Sequence[TestSetVersion]) -> list[tuple[str, str]]:
    """The project's test sets to choose from."""
    return [(str(each.pk), f"{each} ({each.item_count:,} items)") for each in versions]

"""The form of a comparison, and its values as a study file."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms

from evalhub.decision.policy import Rule
from evalhub.declare.policy import Demand
from evalhub.declare.prices import SpendingBudget
from evalhub.declare.roles import not_for
from evalhub.frames.page.forms import field_of
from evalhub.io.items import FieldMapping
from evalhub.registry.models import Study
from evalhub.registry.models.versions import Kind
from evalhub.registry.slugs import slug_of
from evalhub.registry.uploads import NAMED
from evalhub.site.comparing.live_arm import live_arm, live_fields
from evalhub.site.comparing.options import MetricForm
from evalhub.studies.files.file_preview import ANSWER, ITEM
from runners.metrics import MetricDeclaration

ARMS = ("baseline", "candidate")
ROLES = [
    ("primary", "must gain: it ships if it is shown to be better"),
    ("guard", "must not lose: it ships if it is shown to be about as good"),
    ("development", "is only read: all scores at once, and no verdict, ever"),
]
ITEM_FIELDS = {
    "id": "Item’s id",
    "input": "Question",
    "reference": "Right answer",
    "context": "Given with it",
    "tags": "Tags",
    "cluster": "Cluster",
    "choices": "Choices",
    "tools": "Tools",
    "weight": "Weight",
}
SEVERAL = ("reference", "context", "tags", "cluster")
"""Fields that are taken by their usual names where rows have them, unless they are named."""
ANSWER_FIELDS = {"id": "Item’s id", "output": "Answer"}
USUAL_FIELDS = {"id": "id", "output": "output"}
NOBODY = "—"


class ComparisonForm(MetricForm):
    """Everything but the files has a default, or is proposed by what the files hold.

    A file that isn't there yet is no error here: the page says what a comparison still needs.
    """

    project = forms.ChoiceField(label="Project")
    name = forms.CharField(
        label="Name", max_length=200, required=False, help_text="of the study, in words"
    )
    items_name = forms.CharField(widget=forms.HiddenInput, required=False)
    items_of = forms.CharField(widget=forms.HiddenInput, required=False)
    items = forms.RegexField(NAMED, widget=forms.HiddenInput, required=False)
    baseline_name = forms.CharField(widget=forms.HiddenInput, required=False)
    baseline = forms.RegexField(NAMED, widget=forms.HiddenInput, required=False)
    candidate_name = forms.CharField(widget=forms.HiddenInput, required=False)
    candidate = forms.RegexField(NAMED, widget=forms.HiddenInput, required=False)
    test_set = forms.ChoiceField(label="or one of the project’s", required=False)
    test_set_called = forms.SlugField(label="Test set is called", required=False, max_length=80)
    baseline_called = forms.SlugField(label="Baseline is called", required=False, max_length=80)
    candidate_called = forms.SlugField(label="Candidate is called", required=False, max_length=80)
    baseline_kind = forms.ChoiceField(
        label="Baseline is", choices=Kind.choices, initial=Kind.BASE, required=False
    )
    candidate_kind = forms.ChoiceField(
        label="Candidate is", choices=Kind.choices, initial=Kind.LORA, required=False
    )
    options_of = forms.CharField(widget=forms.HiddenInput, required=False)
    typed = forms.CharField(
        label="Try an answer of your own",
        required=False,
        max_length=2_000,
        help_text="to the first of these items",
    )
    role = forms.ChoiceField(
        label="The candidate", choices=ROLES, widget=forms.RadioSelect, initial=ROLES[0][0]
    )
    min_gain = field_of(
        Demand,
        "min_gain",
        "Must gain more than",
        "in the metric’s own unit; 0: any gain",
        required=False,
    )
    planned_gain = field_of(
        Rule,
        "planned_gain",
        "Gain worth finding",
        "what the test set should be large enough to show",
        required=False,
    )
    margin = field_of(
        Demand,
        "margin",
        "Margin",
        "of a test set that must not lose: how much may be lost",
        required=False,
    )
    budget_tokens = field_of(
        SpendingBudget,
        "tokens",
        "Budget, tokens",
        "limit of all requests of this study; at the limit it stops",
    )
    budget_money = field_of(
        SpendingBudget, "money", "Budget, money", "in the currency of the prices", min_value=0
    )

    def __init__(
        self,
        *args: Any,
        projects: Sequence[tuple[str, str]],
        test_sets: Sequence[tuple[str, str]] = (),
        fields: Mapping[str, Sequence[str]] = {},
        aliases: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.set_choices("project", projects)
        self.set_choices("test_set", [("", "the file above"), *test_sets])
        for slot, meanings in (
            ("items", ITEM_FIELDS),
            ("baseline", ANSWER_FIELDS),
            ("candidate", ANSWER_FIELDS),
        ):
            for meaning, label in meanings.items():
                names = [(each, each) for each in fields.get(slot, ())]
                self.fields[f"{slot}_{meaning}"] = forms.ChoiceField(
                    label=label, choices=[("", NOBODY), *names], required=False
                )
        for arm in ARMS:
            self.fields |= live_fields(arm, aliases)


def mapping_of(cleaned: Mapping[str, Any]) -> FieldMapping:
    """How the test set's rows are read."""
    names = {meaning: cleaned.get(f"items_{meaning}") or None for meaning in ITEM_FIELDS}
    mapped = {
        meaning: None if meaning in SEVERAL and name == meaning else name
        for meaning, name in names.items()
    }
    return FieldMapping(
        **{**mapped, "id": names["id"] or "id", "input": names["input"] or "input"}  # type: ignore[arg-type]
    )


def name_of(cleaned: Mapping[str, Any], slot: str) -> str:
    """The study's name for an arm or the test set: as stated, else from its file."""
    name = cleaned.get("test_set_called" if slot == "items" else f"{slot}_called")
    if cleaned.get(f"{slot}_endpoint"):
        return name or slug_of(cleaned.get(f"{slot}_model") or slot, limit=40)
    stem = (cleaned.get(f"{slot}_name") or slot).split(".")[0]
    return name or slug_of(stem, limit=40)


def document_of(
    cleaned: Mapping[str, Any], file: Callable[[str], str], project: str
) -> dict[str, Any]:
    """The form's values as a study file.

    Args:
        file: how it names the file of a slot.
    """
    metric: MetricDeclaration = cleaned["scoring"]
    arms = [name_of(cleaned, each) for each in ARMS]
    if arms[0] == arms[1]:
        arms = [f"{each}-{arm}" for each, arm in zip(arms, ARMS, strict=True)]
    test_set = name_of(cleaned, "items")
    name = cleaned["name"] or f"{arms[1]} against {arms[0]} on {test_set}"
    return {
        "schema": "evalhub.study/1",
        "project": project,
        "name": name,
        "baseline": arms[0],
        "candidate": arms[1],
        "arms": {
            called_so: {
                "kind": cleaned[f"{slot}_kind"] or Kind.BASE.value,
                **(live_arm(cleaned, slot) or _answers_backend(cleaned, slot, file(slot))),
            }
            for slot, called_so in zip(ARMS, arms, strict=True)
        },
        "test_sets": {
            test_set: {
                "file": file("items"),
                "role": cleaned["role"],
                **_demand(cleaned),
                "metric": {"name": metric.name, **metric.options},
                **_item_fields(cleaned),
            }
        },
        **_budget(cleaned),
    }


def slug_taken(project: str, name: str) -> Study | None:
    """The project's study that has the slug of a new study of this name."""
    return Study.with_live.filter(project__slug=project, slug=slug_of(name)).first()


def _demand(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: cleaned[name]
        for name in ("min_gain", "planned_gain", "margin")
        if not_for(cleaned["role"], name) is None and cleaned.get(name) is not None
    }


def _budget(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    limits = {"tokens": cleaned.get("budget_tokens"), "money": cleaned.get("budget_money")}
    budget = {name: each for name, each in limits.items() if each}
    return {"budget": budget} if budget else {}


def _answers_backend(cleaned: Mapping[str, Any], slot: str, file: str) -> dict[str, Any]:
    names = {name: cleaned.get(f"{slot}_{name}") or usual for name, usual in USUAL_FIELDS.items()}
    fields = {} if names == USUAL_FIELDS else {"fields": names}
    return {"backend": {"recorded": file}, **fields}


def _item_fields(cleaned: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    mapping = mapping_of(cleaned)
    names = {name: getattr(mapping, name) for name in ITEM_FIELDS}
    unusual = {name: value for name, value in names.items() if value not in (None, name)}
    unusual |= {name: names[name] for name in ("choices", "tools", "weight") if names[name]}
    return {"fields": unusual} if unusual else {}


GUESSED = {"items": ITEM, "baseline": ANSWER, "candidate": ANSWER}
"""By slot, what people call its fields."""

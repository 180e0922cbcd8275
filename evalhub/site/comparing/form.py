"""The form of a comparison, and its values as a study file."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms

from evalhub.decision.policy import Rule
from evalhub.declare.declaration import DeclarationError, default_of
from evalhub.declare.policy import Demand
from evalhub.declare.roles import not_for
from evalhub.io.items import FieldMapping
from evalhub.registry.models import Study
from evalhub.registry.models.versions import Kind
from evalhub.registry.slugs import slug_of
from evalhub.registry.uploads import NAMED
from evalhub.site.comparing.live_arm import live_arm, live_fields
from evalhub.site.comparing.options import OFFERED, metric_of, option_fields
from evalhub.studies.files.file_preview import ANSWER, ITEM
from runners.metrics import MetricDeclaration

ARMS = ("baseline", "candidate")
ROLES = [
    ("primary", "must gain: it ships if it is shown to be better"),
    ("guard", "must not lose: it ships if it is shown to be about as good"),
    ("development", "is only read: all scores at once, and no verdict, ever"),
]
METRIC = "exact_match"
ITEM_FIELDS = {
    "id": "Item’s id",
    "input": "Question",
    "reference": "Right answer",
    "context": "Given with it",
    "tags": "Tags",
    "cluster": "Cluster",
    "choices": "Choices",
    "tools": "Tools",
}
SEVERAL = ("reference", "context", "tags", "cluster")
"""Fields that are taken by their usual names where rows have them, unless they are named."""
ANSWER_FIELDS = {"id": "Item’s id", "output": "Answer"}
USUAL_FIELDS = {"id": "id", "output": "output"}
NOBODY = "—"


class ComparisonForm(forms.Form):
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
    metric = forms.ChoiceField(
        label="Metric", choices=[(name, kind.title) for name, kind in OFFERED.items()]
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
    min_gain = forms.FloatField(
        label="Must gain more than",
        required=False,
        initial=default_of(Demand, "min_gain"),
        help_text="in the metric’s own unit; 0: any gain",
    )
    planned_gain = forms.FloatField(
        label="Gain worth finding",
        required=False,
        initial=default_of(Rule, "planned_gain"),
        help_text="what the test set should be large enough to show",
    )
    margin = forms.FloatField(
        label="Margin",
        required=False,
        initial=default_of(Demand, "margin"),
        help_text="of a test set that must not lose: how much may be lost",
    )

    budget_tokens = forms.IntegerField(
        label="Budget, tokens",
        required=False,
        min_value=1,
        help_text="limit of all requests of this study; at the limit it stops",
    )
    budget_money = forms.FloatField(
        label="Budget, money",
        required=False,
        min_value=0,
        help_text="in the currency of the prices",
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
        self._choose("project", projects)
        self._choose("test_set", [("", "the file above"), *test_sets])
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
        metric = self.data.get("metric") if self.is_bound else None
        self.fields |= option_fields(metric if metric in OFFERED else METRIC)

    def _choose(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(choices)

    def clean(self) -> dict[str, Any]:
        """Adds `asked`, the metric with its options, or the error of the option that is wrong."""
        cleaned = super().clean() or {}
        if cleaned.get("metric"):
            try:
                cleaned["asked"] = metric_of(cleaned["metric"], cleaned)
            except DeclarationError as error:
                option = f"option_{error.field.partition('[')[0].partition('.')[0]}"
                self.add_error(option if option in self.fields else "metric", error.message)
        return cleaned


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
    metric: MetricDeclaration = cleaned["asked"]
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
    return Study.objects.filter(project__slug=project, slug=slug_of(name)).first()


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
    unusual |= {name: names[name] for name in ("choices", "tools") if names[name]}
    return {"fields": unusual} if unusual else {}


GUESSED = {"items": ITEM, "baseline": ANSWER, "candidate": ANSWER}
"""By slot, what people call its fields."""

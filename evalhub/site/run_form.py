"""The forms of runs: start a run, and set what a running one may cost."""

from collections.abc import Mapping
from typing import Any

from django import forms

from evalhub.accounts.models import Project, User
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.prices import RunBudget
from evalhub.features.study_builder.metric_form import MetricForm
from evalhub.features.study_builder.uploads import keep
from evalhub.frames.page.forms import DeclaredForm, field_of
from evalhub.registry.models import ModelVersion, Run, TestSetVersion
from evalhub.registry.uploads import Uploads
from evalhub.studies.web.from_web import launch_from_web


class RunForm(MetricForm):
    """A version, a test set version and one metric; the same again with another adds it."""

    version = forms.ModelChoiceField(ModelVersion.objects.none(), label="Version")
    items = forms.ModelChoiceField(TestSetVersion.objects.none(), label="Test set")
    answers = forms.FileField(
        label="Answers",
        required=False,
        help_text="of a version whose answers are recorded: rows {id, output}, as JSONL, CSV or "
        "Parquet",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        versions, items = self.fields["version"], self.fields["items"]
        assert isinstance(versions, forms.ModelChoiceField)
        assert isinstance(items, forms.ModelChoiceField)
        versions.queryset = ModelVersion.objects.visible_to(user).select_related("model__project")
        items.queryset = TestSetVersion.objects.filter(
            test_set__project__in=Project.objects.visible_to(user)
        ).select_related("test_set__project")

    def clean(self) -> dict[str, Any]:
        """Adds `scoring`, as MetricForm does."""
        cleaned = super().clean()
        version, items = cleaned.get("version"), cleaned.get("items")
        if version and items and version.model.project_id != items.test_set.project_id:
            self.add_error("items", f"{items} is of another project than {version}.")
        return cleaned


def launch_form(cleaned: Mapping[str, Any], *, by: User) -> Run:
    """Launches the form's run. Raises as `launch_from_web`, and DataError for the answers."""
    version, file = cleaned["version"], cleaned["answers"]
    project = version.model.project
    uploads = Uploads(project)
    digest = keep(file, uploads, by=by)[0] if file else None
    return launch_from_web(
        project=project,
        by=by,
        version=version,
        test_set_version=cleaned["items"],
        metrics=[cleaned["scoring"]],
        answers=digest,
        files=uploads,
    )


class BudgetForm(DeclaredForm):
    """What a run may cost from now on; empty fields stay as they are."""

    fields_by_path = {f"budget.{name}": name for name in RunBudget.model_fields}

    of = field_of(
        RunBudget,
        "of",
        "Budget",
        choices={"": "the one that is used up", "study": "the study’s", "arm": "the arm’s"},
    )
    tokens = field_of(RunBudget, "tokens", "Tokens in all")
    money = field_of(RunBudget, "money", "Money in all", "in the price’s currency", min_value=0)

    def clean(self) -> dict[str, Any]:
        """Adds `budget`; None if no field is filled in."""
        cleaned = super().clean() or {}
        fields = {name: cleaned[name] for name in ("of", "tokens", "money") if cleaned.get(name)}
        cleaned["budget"] = None
        if fields.keys() - {"of"}:
            try:
                cleaned["budget"] = validate(RunBudget, fields)
            except DeclarationError as error:
                self.add_declaration_error(error)
        return cleaned

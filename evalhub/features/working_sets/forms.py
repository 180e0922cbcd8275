"""The forms of working sets: upload a file, add rows, filter items, split."""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django import forms

from evalhub.declare.declaration import DeclarationError, validate
from evalhub.features.working_sets.models import ItemChange, SplitPart, WorkingItemFilter
from evalhub.features.working_sets.shapes import NearCopiesRequest, RowsRequest, SplitRequest
from evalhub.frames.page.forms import DeclaredForm, field_of
from evalhub.frames.page.uploaded import errors_with_file_name
from evalhub.registry.models.testsets import TestSetPurpose
from evalhub.studies.file.test_sets import ItemFields

FIELDS = tuple(ItemFields.model_fields)
SEVERAL = ("reference", "tags")
PASTED = "pasted"


class FieldNames(DeclaredForm):
    """Names of the fields in a file's rows; empty ones are the defaults."""

    id = forms.CharField(label="Field with the id", initial="id", required=False)
    input = forms.CharField(label="with the input", initial="input", required=False)
    reference = forms.CharField(
        label="with right answers", required=False, help_text="reference; several with commas"
    )
    context = forms.CharField(label="with the context", required=False, help_text="context")
    tags = forms.CharField(label="with tags", required=False, help_text="tags; several with commas")
    cluster = forms.CharField(label="with the cluster", required=False, help_text="cluster")
    choices = forms.CharField(label="with choices", required=False, help_text="none, if empty")
    tools = forms.CharField(label="with tools", required=False, help_text="none, if empty")
    relevant = forms.CharField(
        label="with relevant passages", required=False, help_text="none, if empty"
    )
    answerable = forms.CharField(
        label="with whether there is an answer", required=False, help_text="none, if empty"
    )
    weight = forms.CharField(label="with weights", required=False, help_text="none, if empty")
    text = forms.CharField(
        label="with texts to be scored", required=False, help_text="in place of the input"
    )

    def clean(self) -> dict[str, Any]:
        """Adds `mapping`."""
        cleaned = super().clean() or {}
        fields = {name: cleaned[name] for name in FIELDS if cleaned.get(name)}
        for name in SEVERAL:
            if name in fields:
                fields[name] = [each.strip() for each in fields[name].split(",") if each.strip()]
        try:
            cleaned["mapping"] = validate(ItemFields, fields).mapping
        except DeclarationError as error:
            self.add_declaration_error(error)
        return cleaned


class NewSetForm(FieldNames):
    """A file that becomes a working set."""

    fields_by_path = {"test set": "slug"}

    project = forms.ChoiceField(label="Project")
    slug = forms.CharField(
        label="Name of the test set",
        max_length=80,
        help_text="letters, digits, - and _; of one that exists, this becomes its next version",
    )
    purpose = forms.ChoiceField(
        label="What it is for",
        choices=TestSetPurpose.choices,
        initial=TestSetPurpose.TASK,
        help_text="a test set that exists keeps its own",
    )
    file = forms.FileField(
        label="Items", help_text="JSONL, CSV, a JSON array, or Parquet: one row an item"
    )

    def __init__(self, *args: Any, projects: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.set_choices("project", projects)


class RowsForm(FieldNames):
    """Rows that are added to a working set, pasted or in a file."""

    pasted = forms.CharField(
        label="Rows",
        widget=forms.Textarea(attrs={"rows": 8, "class": "mono"}),
        required=False,
        strip=False,
        help_text="JSON, an object a line; or plain texts, one input a line",
    )
    file = forms.FileField(
        label="Or a file", required=False, help_text="JSONL, CSV, a JSON array, or Parquet"
    )
    given_tag = field_of(RowsRequest, "tag", "Tag them", "finds them again")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if bool(cleaned.get("pasted", "").strip()) == bool(cleaned.get("file")):
            self.add_error("pasted", "Paste rows or choose a file: one of the two.")
        return cleaned


class SplitForm(forms.Form):
    """How a working set is split."""

    share = field_of(SplitRequest, "share", "Development part, %", percent=True, initial=30)
    seed = field_of(SplitRequest, "seed", "Seed")


class NearCopiesForm(forms.Form):
    """Where near-copies are looked for."""

    where = field_of(
        NearCopiesRequest,
        "where",
        "Look",
        choices={
            "inside": "among its own items",
            "others": "in the project’s other test sets",
            "training": "in a file of training data, or of its fingerprints",
        },
        widget=forms.RadioSelect,
        initial="inside",
    )
    file = forms.FileField(
        label="Training data",
        required=False,
        help_text="JSONL, CSV or Parquet, or what evalhub leakage fingerprint wrote",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("where") == "training" and not cleaned.get("file"):
            self.add_error("file", "Choose the file of training data.")
        return cleaned


class WorkingFilterForm(DeclaredForm):
    """Filter of the items; invalid values are ignored."""

    q = forms.CharField(label="Search", required=False, max_length=200)
    tag = forms.ChoiceField(label="Tag", required=False)
    part = forms.ChoiceField(
        label="SplitPart",
        required=False,
        choices=[("", "any"), *SplitPart.choices, ("none", "in neither")],
    )
    change = forms.ChoiceField(
        label="Since the version", required=False, choices=[("", "any"), *ItemChange.choices]
    )
    alike = forms.BooleanField(label="near-copies", required=False)

    def __init__(self, data: Mapping[str, Any], *, tags: Sequence[tuple[str, int]]) -> None:
        super().__init__(data)
        counts = [(tag, f"{tag} ({n:,})") for tag, n in tags]
        self.set_choices("tag", [("", "any"), *counts])

    @property
    def wanted(self) -> WorkingItemFilter:
        self.is_valid()
        cleaned = self.cleaned_data
        return WorkingItemFilter(
            text=cleaned.get("q", ""),
            tag=cleaned.get("tag", ""),
            part=cleaned.get("part", ""),
            change=cleaned.get("change", ""),
            alike=bool(cleaned.get("alike")),
        )


@contextmanager
def pasted_rows(text: str, input_: str) -> Iterator[Path]:
    """Pasted text as a file of rows: JSON lines, a JSON array, or texts, one a line, each of which
    is the field `input_` of a row."""
    start = text.lstrip()[:1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{PASTED}{'.json' if start == '[' else '.jsonl'}"
        path.write_text(text if start in ("{", "[") else _inputs(text, input_), encoding="utf-8")
        with errors_with_file_name(path):
            yield path


def _inputs(text: str, name: str) -> str:
    lines = [line.strip() for line in text.splitlines()]
    return "".join(json.dumps({name: line}) + "\n" if line else "\n" for line in lines)

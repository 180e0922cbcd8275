"""The forms of queues: a new one, and a file of examples."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from evalhub.features.examples.queues.shapes import QueueRequest
from evalhub.frames.page.forms import DeclaredForm, field_of
from evalhub.io.rows import DataError
from reviews.models import QueuePurpose


class QueueForm(DeclaredForm):
    """A queue to create."""

    project = forms.ChoiceField(label="Project")
    name = field_of(QueueRequest, "name", "Name")
    purpose = field_of(QueueRequest, "purpose", "What it makes", choices=dict(QueuePurpose.choices))
    annotators_per_example = forms.TypedChoiceField(
        label="People an example",
        coerce=int,
        choices=[(1, "one: what they do holds"), (2, "two, blind to each other; a third decides")],
        initial=1,
    )
    instructions = field_of(
        QueueRequest,
        "instructions",
        "What people are to do",
        "they see it above each example; it names no model",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    labels = forms.CharField(
        label="Labels",
        required=False,
        help_text="one a line, where an answer is a label; else empty",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    gold_share = field_of(
        QueueRequest,
        "gold_share",
        "Gold, %",
        "of a person’s turns: examples whose right answer is known",
        percent=True,
    )

    def __init__(self, *args: Any, projects: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.set_choices("project", projects)

    def clean_gold_share(self) -> float:
        share: int = self.cleaned_data["gold_share"]
        return share / 100

    def clean_labels(self) -> list[str]:
        lines = self.cleaned_data["labels"].splitlines()
        return [line.strip() for line in lines if line.strip()]


class ExampleFileForm(forms.Form):
    """A file of examples to add."""

    file = forms.FileField(
        label="A file of examples", help_text="JSONL, CSV, a JSON array, or Parquet: one row each"
    )


@contextmanager
def uploaded_examples(file: "UploadedFile[Any]") -> Iterator[Path]:
    """An uploaded file under its own name while the block runs; a DataError names it so."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(file.name or "examples").name
        with path.open("wb") as written:
            for chunk in file.chunks():
                written.write(chunk)
        try:
            yield path
        except DataError as error:
            raise DataError(
                error.message, file=path.name, line=error.line, field=error.field
            ) from error

"""A training file that went out, as it is kept: its bytes, and who was trained on it."""

import hashlib

from django.db.models import QuerySet

from evalhub.decision.wording import count_text
from evalhub.features.examples.out.exporting import ExamplesOutError
from evalhub.registry.models import ModelVersion, TrainingFileVersion
from evalhub.registry.training_files import OutgoingLine, file_bytes


def kept_content(file: TrainingFileVersion) -> bytes:
    """The file's bytes as they went out.

    Raises ExamplesOutError where lines were erased: what is left is no file that went out.
    """
    if erased := file.lines.exclude(erased=None).count():
        raise ExamplesOutError(
            f"{count_text(erased, 'line')} of {file} were erased with somebody's data: the file as "
            "it went out isn't kept any more. Export the examples again"
        )
    rows = file.lines.order_by("line").values_list("text", "fingerprint")
    content = file_bytes([OutgoingLine(*row) for row in rows])
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise ExamplesOutError(f"the lines of {file} aren't those that went out")
    return content


def trained_on(file: TrainingFileVersion) -> "QuerySet[ModelVersion]":
    """The project's versions whose training record names the file by its SHA-256."""
    rows: QuerySet[ModelVersion] = ModelVersion.objects.filter(
        model__project=file.project_id, training__dataset_sha256=file.sha256
    )
    return rows.select_related("model").order_by("model__slug", "number")

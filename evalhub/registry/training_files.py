"""Keep a training file that goes out: its rows, and what it is known by."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max

from evalhub.accounts.models import Project, User
from evalhub.io.canonical import canonical_json
from evalhub.io.json_values import parse_json
from evalhub.registry.models import TrainingFileLine, TrainingFileVersion

ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class OutgoingLine:
    """A line of JSON without its line break, and the fingerprint of what it asks."""

    text: str
    fingerprint: int


def file_bytes(lines: Sequence[OutgoingLine]) -> bytes:
    """The file of these lines: UTF-8, each with a line break."""
    return "".join(f"{line.text}\n" for line in lines).encode()


@transaction.atomic
def keep_training_file(
    *,
    project: Project,
    name: str,
    form: str,
    lines: Sequence[OutgoingLine],
    left_out: Mapping[str, int],
    card: Mapping[str, Any],
    by: User | None,
) -> TrainingFileVersion:
    """The version of the project's training file of this name that has these bytes: the one that
    is there, or a new one, with all its rows.

    Args:
        form: one of evalhub.registry.models.training_files.TrainingFormat.
        left_out: why rows were left out → how many.
    """
    Project.objects.select_for_update().get(pk=project.pk)
    versions = TrainingFileVersion.objects.filter(project=project, name=name)
    sha256 = hashlib.sha256(file_bytes(lines)).hexdigest()
    if (same := versions.filter(sha256=sha256).first()) is not None:
        return same
    version = TrainingFileVersion.objects.create(
        project=project,
        name=name,
        number=(versions.aggregate(newest=Max("number"))["newest"] or 0) + 1,
        format=form,
        sha256=sha256,
        digest=_digest(lines),
        rows=len(lines),
        left_out=dict(left_out),
        card=dict(card),
        by=by,
    )
    TrainingFileLine.objects.bulk_create(
        (
            TrainingFileLine(file=version, line=n, fingerprint=each.fingerprint, text=each.text)
            for n, each in enumerate(lines, 1)
        ),
        batch_size=ROWS_AT_ONCE,
    )
    version.refresh_from_db()
    return version


def _digest(lines: Sequence[OutgoingLine]) -> str:
    rows = sorted(canonical_json(parse_json(each.text)) for each in lines)
    return hashlib.sha256(b"\n".join(rows)).hexdigest()

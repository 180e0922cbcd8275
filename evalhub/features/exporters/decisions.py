"""A project's decisions as rows: each with its record, sign-offs and promotions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from evalhub.accounts.models import Project, User
from evalhub.accounts.results_seen import note_export
from evalhub.declare.verdicts import Verdict
from evalhub.features.exporters.rows import ExportError, Form, write_rows
from evalhub.ledger.models import Decision

SCHEMA: tuple[tuple[str, Any], ...] = (
    ("decision", pa.int64()),
    ("project", pa.string()),
    ("study", pa.string()),
    ("arm", pa.string()),
    ("verdict", pa.string()),
    ("registered", pa.bool_()),
    ("headline", pa.string()),
    ("digest", pa.string()),
    ("created", pa.string()),
    ("sign_offs", pa.string()),
    ("promotions", pa.string()),
    ("record", pa.string()),
)


def export_decisions(*, project: Project, by: User | None, to: Path, form: Form) -> int:
    """Writes every decision of the project, oldest first. Returns the number of rows.

    People stand in it by the numbers of their accounts.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the project.
    """
    note_export(project, by=by, what=f"decisions as {form}")
    return write_rows(_rows(project), to, form, SCHEMA)


def _rows(project: Project) -> Iterator[dict[str, Any]]:
    decisions = Decision.objects.filter(study__project=project).order_by("created", "id")
    related = decisions.select_related("study").prefetch_related(
        "sign_offs", "promotions__version__model"
    )
    for decision in related.iterator(chunk_size=100):
        record = decision.document
        yield {
            "decision": decision.pk,
            "project": project.slug,
            "study": decision.study.slug,
            "arm": decision.arm,
            "verdict": decision.verdict,
            "registered": record.registered,
            "headline": record.headline,
            "digest": decision.digest,
            "content": decision.content,
            "created": decision.created.isoformat(),
            "sign_offs": [signed.record for signed in decision.sign_offs.all()],
            "promotions": [
                {
                    "version": str(promoted.version),
                    "digest": promoted.version.digest,
                    "how": promoted.how,
                    "by": promoted.by_id,
                    "reason": promoted.reason,
                    "created": promoted.created.isoformat(),
                }
                for promoted in decision.promotions.all()
            ],
            "record": decision.record,
        }


def check_has_results(decision: Decision) -> None:
    """Checks that the decision has results on test sets, which some formats are made of.

    Raises ExportError: invalid evidence has none, and neither has a live experiment.
    """
    if decision.verdict == Verdict.INVALID:
        raise ExportError(f"decision {decision.pk} is invalid: there is no result to show")
    if decision.study.live:
        raise ExportError(
            f"decision {decision.pk} is of a live experiment, which has no test set: what its "
            "users met is no benchmark"
        )

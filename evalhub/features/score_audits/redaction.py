"""Redaction of score cases: removes what people wrote about the scores of a redacted item."""

from evalhub.features.score_audits.models import ScoreCase
from evalhub.registry.redaction import REDACTED, RedactedItems


def redact_reasons(redacted: RedactedItems) -> int:
    """Replaces the reasons written about these answers' scores; no row is deleted."""
    cases = ScoreCase.objects.filter(output__in=redacted.outputs.values("pk"))
    cases.exclude(why="").update(why=REDACTED)
    return 0

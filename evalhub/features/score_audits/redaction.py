"""A redacted item's reasons go too: what people wrote of the scores of its answers."""

from evalhub.features.score_audits.models import ScoreCase
from evalhub.registry.redaction import REDACTED, RedactedItems


def redact_reasons(redacted: RedactedItems) -> int:
    """Replace what was written of these answers' scores; no row is deleted."""
    cases = ScoreCase.objects.filter(output__in=redacted.outputs.values("pk"))
    cases.exclude(why="").update(why=REDACTED)
    return 0

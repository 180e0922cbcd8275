"""What was known of the answers' looks when a plan was sealed, in sentences for its results."""

from typing import Any

from reviews.identifiability import TOLD
from reviews.models import Campaign, EventKind


def looks_known(campaign: Campaign) -> list[str]:
    """How answers were shown alike, and how well text alone told the arms apart; empty where
    nothing was made alike and nothing told them. One query."""
    shown = campaign.page_form.show.said
    told = _said(told_when_sealed(campaign))
    return [said for said in (shown, told) if said]


def told_when_sealed(campaign: Campaign) -> dict[str, Any]:
    """As `Telling.as_json` wrote it; empty for a review that was opened before it was measured."""
    opened = campaign.events.filter(kind=EventKind.OPENED).order_by("pk").first()
    found = opened.detail.get(TOLD) if opened else None
    return found if isinstance(found, dict) else {}


def _said(told: dict[str, Any]) -> str:
    """A sentence where text told the arms apart; no `p` stands where the pairs were too few."""
    p = told.get("p")
    if p is None or p > 0.05:
        return ""
    features = told["features"][:2]
    by = "; ".join(
        f"{each['title']}: {each['candidate']} of {told['pairs']} of the candidate's, "
        f"{each['baseline']} of the baseline's"
        for each in features
    )
    return (
        f"It was known when the plan was sealed that text alone tells the arms apart in "
        f"{told['right']:g} of {told['pairs']} pairs ({told['share']:.0%})"
        + (f": {by}." if by else ".")
    )

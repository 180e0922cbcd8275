"""Sentences on how recognisable the arms' answers were when the plan was sealed."""

from typing import Any

from reviews.identifiability import TOLD
from reviews.models import Campaign, EventKind


def looks_known(campaign: Campaign) -> list[str]:
    """How answers were shown alike, and how well text alone told the arms apart; empty where
    nothing was made alike and nothing told them. One query."""
    show_sentence = campaign.page_form.show.sentence
    tell_sentence = _sentence(telling_when_sealed(campaign))
    return [sentence for sentence in (show_sentence, tell_sentence) if sentence]


def telling_when_sealed(campaign: Campaign) -> dict[str, Any]:
    """As `Telling.as_json` wrote it; empty for a review that was opened before it was measured."""
    opened = campaign.events.filter(kind=EventKind.OPENED).order_by("pk").first()
    kept_result = opened.detail.get(TOLD) if opened else None
    return kept_result if isinstance(kept_result, dict) else {}


def _sentence(telling: dict[str, Any]) -> str:
    """A sentence where text told the arms apart; no `p` stands where the pairs were too few."""
    p = telling.get("p")
    if p is None or p > 0.05:
        return ""
    features = telling["features"][:2]
    by = "; ".join(
        f"{feature['title']}: {feature['candidate']} of {telling['pairs']} of the candidate's, "
        f"{feature['baseline']} of the baseline's"
        for feature in features
    )
    return (
        f"It was known when the plan was sealed that text alone tells the arms apart in "
        f"{telling['right']:g} of {telling['pairs']} pairs ({telling['share']:.0%})"
        + (f": {by}." if by else ".")
    )

"""A posted form as an answer: the one place that knows the page's field names."""

import uuid

from django.http import QueryDict

from reviews.assignments.answer import ReviewerAnswer
from reviews.assignments.holding import MOST_AHEAD
from reviews.errors import UnknownAssignmentError

MUCH, ASK, FLAG = "much-", "ask-", "flag-"
"""How the page's values and fields begin: much better; a dimension; a side's flags."""


def answer_of(post: QueryDict) -> ReviewerAnswer:
    """The posted choice and answers; `Answer.checked` tests whether the campaign's form allows
    them."""
    choice = post.get("choice", "")
    fields = [field for field in post if field.startswith(ASK)]
    flagged = [field for field in post if field.startswith(FLAG)]
    return ReviewerAnswer(
        choice=choice.removeprefix(MUCH),
        much=choice.startswith(MUCH),
        answers={field.removeprefix(ASK): _rating(post.get(field, "")) for field in fields},
        flags={field.removeprefix(FLAG): post.getlist(field) for field in flagged},
        rationale=post.get("rationale", ""),
        visible_seconds=visible_seconds(post),
    )


def visible_seconds(post: QueryDict) -> float | None:
    """For how long the page was in view, as the browser counted; None where it didn't."""
    return _seconds(post.get("visible", ""))


def token_of(text: str) -> uuid.UUID:
    """An assignment's token as a form brings it. Raises UnknownAssignmentError for another text."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise UnknownAssignmentError from None


def skip_reason(post: QueryDict) -> str:
    """One's own words where there are some, else the reason that was picked."""
    return post.get("words", "").strip() or post.get("reason", "").strip()


MOMENT = 5.0
LONGEST_WAIT = 24 * 3600.0


def seconds_late(post: QueryDict) -> float:
    """For how long an answer waited in the browser for a connection; 0 for a moment or none."""
    waited = _seconds(post.get("late", "")) or 0.0
    return min(waited, LONGEST_WAIT) if waited >= MOMENT else 0.0


def pairs_ahead(text: str | None) -> int:
    """How many comparisons a page asks to hold ahead: 1, if it doesn't say."""
    return min(int(text), MOST_AHEAD) if text and text in "123456789" else 1


def _rating(text: str) -> int | str:
    return int(text) if len(text) == 1 and text in "0123456789" else text


def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None

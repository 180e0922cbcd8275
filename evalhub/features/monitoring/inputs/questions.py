"""One question a user, at random: what the texts' comparison reads, and lengths are taken from.

Requests that tell of an item of a review or of a sealed study are never drawn, so that no word of
them is shown anywhere (`evalhub.features.traffic.blindness`).
"""

from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

from evalhub.accounts.models import Project
from evalhub.features.monitoring.inputs.counting import READ_AT_ONCE, requests_between
from evalhub.features.traffic.blindness import ALIKE, in_review_or_sealed
from evalhub.features.traffic.privacy.texts import question_text
from evalhub.features.traffic.shadow.answers import texts_at

MOST_TEXTS = 2_000
"""Of one side: so many users."""


@dataclass(frozen=True, slots=True)
class UserQuestion:
    """What a user asked last in one of their requests, masked.

    Attributes:
        user: the keyed hash; of a request without a user its own id.
        stands_for: requests with texts that the user sent.
    """

    user: str
    text: str
    stands_for: int


def draw_questions(project: Project, first: date, end: date, *, seed: str) -> list[UserQuestion]:
    """Questions of at most MOST_TEXTS users of these days, one a user, by the users' order.

    Which users and which of their requests are drawn depends on the seed and their ids alone.
    """
    rows = requests_between(project, first, end).filter(has_text=True)
    rows = rows.exclude(in_review_or_sealed(*ALIKE))
    drawn: dict[str, tuple[bytes, tuple[date, str]]] = {}
    sent: dict[str, int] = {}
    columns = rows.values_list("user_hash", "day", "key")
    for user, day, key in columns.iterator(chunk_size=READ_AT_ONCE):
        identity = f"{day.isoformat()}/{key}"
        unit = user or identity
        sent[unit] = sent.get(unit, 0) + 1
        candidate = _rank(seed, identity), (day, key)
        drawn[unit] = min(candidate, drawn.get(unit, candidate))
    users = sorted(drawn, key=lambda unit: _rank(seed, unit))[:MOST_TEXTS]
    texts = texts_at(project, [drawn[user][1] for user in users])
    questions = []
    for user in sorted(users):
        stored = texts.get(drawn[user][1])
        text = question_text(stored.messages or []) if stored else ""
        if text.strip():
            questions.append(UserQuestion(user, text, sent[user]))
    return questions


def _rank(seed: str, identity: str) -> bytes:
    return blake2b(f"{seed}/{identity}".encode(), digest_size=16).digest()

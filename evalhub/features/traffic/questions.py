"""Questions of users at random: what texts are compared by, and clusters are counted in.

Requests that tell of an item of a review or of a sealed study are never drawn, so that no word of
them is shown anywhere (`evalhub.features.traffic.blindness`).
"""

from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from heapq import heappush, heappushpop

from evalhub.accounts.models import Project
from evalhub.features.traffic.blindness import ALIKE, in_review_or_sealed
from evalhub.features.traffic.models import Request, RequestQuerySet
from evalhub.features.traffic.privacy.texts import question_text
from evalhub.features.traffic.shadow.answers import RequestId, texts_at

MOST_TEXTS = 2_000
"""Of one side: so many users."""
READ_AT_ONCE = 10_000

type _Ranked = tuple[int, RequestId]
"""A request after its place in the draw, negative: the last of a heap goes first."""


@dataclass(frozen=True, slots=True)
class UserQuestion:
    """What a user asked last in one of their requests, masked.

    Attributes:
        user: the keyed hash; of a request without a user its own id.
        stands_for: requests with texts that the user sent, by the number of those drawn.
        request: its day and key.
    """

    user: str
    text: str
    stands_for: float
    request: RequestId


def requests_between(project: Project, first: date, end: date) -> RequestQuerySet:
    """Requests from one day to before another. Mirrored copies are no requests of their own."""
    rows = Request.objects.filter(project=project, day__gte=first, day__lt=end, mirror_of="")
    return rows.order_by()


def draw_questions(
    project: Project, first: date, end: date, *, seed: str, users: int = MOST_TEXTS, each: int = 1
) -> list[UserQuestion]:
    """Questions of at most `users` users of these days, at most `each` of a user, by the users'
    order.

    Which users and which of their requests are drawn depends on the seed and their ids alone.
    """
    rows = requests_between(project, first, end).filter(has_text=True)
    rows = rows.exclude(in_review_or_sealed(*ALIKE))
    drawn: dict[str, list[_Ranked]] = {}
    sent: dict[str, int] = {}
    columns = rows.values_list("user_hash", "day", "key")
    for user, day, key in columns.iterator(chunk_size=READ_AT_ONCE):
        identity = f"{day.isoformat()}/{key}"
        unit = user or identity
        sent[unit] = sent.get(unit, 0) + 1
        candidate = -_rank(seed, identity), (day, key)
        of_user = drawn.setdefault(unit, [])
        (heappush if len(of_user) < each else heappushpop)(of_user, candidate)
    chosen = sorted(drawn, key=lambda unit: _rank(seed, unit))[:users]
    ids = [request for user in chosen for _, request in drawn[user]]
    texts = texts_at(project, ids)
    questions = []
    for user in sorted(chosen):
        of_user = sorted(drawn[user], reverse=True)
        for _, request in of_user:
            stored = texts.get(request)
            text = question_text(stored.messages or []) if stored else ""
            if text.strip():
                questions.append(UserQuestion(user, text, sent[user] / len(of_user), request))
    return questions


def _rank(seed: str, identity: str) -> int:
    return int.from_bytes(blake2b(f"{seed}/{identity}".encode(), digest_size=16).digest())

"""Draw requests of production as examples: first what people found good, then at random.

Nothing is drawn that would say something of a review or a sealed study that goes on, nor what a
test set asks. Texts are those that are stored: personal data in them was masked.
"""

import datetime
import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.declare.declaration import DeclarationError
from evalhub.features.examples.sources.adding import HAS_IT
from evalhub.features.examples.sources.feedback import UserFeedback, feedback_by_request
from evalhub.features.examples.sources.items_of_tests import asked_by_test_sets
from evalhub.features.examples.sources.traffic_query import ExampleQuery, SliceNeed
from evalhub.features.traffic.blindness import ALIKE, in_review_or_sealed
from evalhub.features.traffic.models import Request, RequestText
from evalhub.features.traffic.shadow.answers import (
    RequestId,
    edits_at,
    is_whole,
    requests_at,
    texts_at,
)
from evalhub.features.traffic.shadow.drawing import asked_elsewhere
from evalhub.features.traffic.shadow.items import (
    ELSEWHERE,
    NO_MESSAGES,
    DrawnItem,
    RequestContent,
    items_of_requests,
)
from evalhub.features.traffic.shadow.query import UNKNOWN
from reviews.examples.drafts import ExampleDraft
from reviews.examples.queues import add_examples
from reviews.models import Example, ExampleQueue, ExampleSource, QueuePurpose

LARGEST = 500_000
"""Requests that a draw chooses from."""
READ_AT_ONCE = 5_000
COLUMNS = "day", "key", "user_hash", "model_name", "route", "language", "tags"
TAKEN_AT_ONCE = 500
ROUNDS = 5
"""How often others are drawn in place of those that turned out to be copies of test items."""
CALLS_TOOLS = "its answer calls tools"
NO_ANSWER = "its whole answer isn't stored"


class DrawError(Exception):
    """Examples that can't be drawn now; the message says why. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class RequestCandidate:
    """A request that fits, without its texts."""

    id: RequestId
    user_hash: str
    slices: Sequence[str]
    feedback: UserFeedback

    def is_of(self, need: SliceNeed | None) -> bool:
        return need is None or need.slice in self.slices


@dataclass(frozen=True, slots=True)
class DrawnExample:
    """A request as an example.

    Attributes:
        item: what is asked, with its slices as tags.
        answer: what is proposed: as somebody edited it, else as production gave it.
        edited: whether somebody did.
        masked: values of personal data that were masked in its texts.
    """

    candidate: RequestCandidate
    item: DrawnItem
    model_name: str
    answer: str
    edited: bool
    masked: int

    @property
    def reference(self) -> dict[str, object]:
        """Where exactly it came from, for its provenance."""
        day, key = self.candidate.id
        return {
            "day": day.isoformat(),
            "request": key,
            "feedback": self.candidate.feedback.word,
            "edited": self.edited,
            "masked": self.masked,
            "cluster": self.item.content.cluster,
        }


@dataclass(slots=True)
class ExampleDraw:
    """What a draw takes.

    Attributes:
        requests: that fit the query.
        left_out: looked at and not taken, by reason.
        needs: by slice, how many were wanted and how many of the examples are of it.
    """

    requests: int = 0
    examples: list[DrawnExample] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    needs: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def feedback(self) -> Mapping[UserFeedback, int]:
        return Counter(each.candidate.feedback for each in self.examples)

    @property
    def users(self) -> int:
        return len({each.candidate.user_hash for each in self.examples} - {""})


def draw_from_traffic(
    *,
    queue: ExampleQueue,
    query: ExampleQuery,
    by: User | None,
    on_added: Callable[[ExampleDraw, int], None] = lambda draw, added: None,
) -> tuple[ExampleDraw, int]:
    """Adds requests to a queue as examples, each with the answer that production gave or somebody
    edited. Returns the draw, and how many were added.

    What is drawn is searched for the project's test sets before anything is locked. `on_added` is
    called in the transaction that adds them.

    Raises:
        NotAllowedError: `by` doesn't evaluate in the project.
        DeclarationError: no request fits, or too many do.
        DrawError: requests were erased meanwhile.
        reviews.errors.QueueClosedError: the queue is closed.
    """
    draw = plan_draw(queue=queue, query=query, by=by)
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=queue.project_id)  # erasures wait
        ids = [example.candidate.id for example in draw.examples]
        if len(requests_at(queue.project, ids)) < len(ids):
            raise DrawError("requests were erased at the same time: draw again")
        drafts = [_draft(example, queue.labels) for example in draw.examples]
        added = add_examples(queue=queue, drafts=drafts, by=by)
        if added.duplicates:
            draw.left_out[HAS_IT] += added.duplicates
        on_added(draw, added.added)
    return draw, added.added


def plan_draw(*, queue: ExampleQueue, query: ExampleQuery, by: User | None) -> ExampleDraw:
    """What `draw_from_traffic` would add now; nothing is stored. Raises as that does."""
    check_evaluates(by, queue.project)
    if queue.purpose != QueuePurpose.TRAINING:
        raise DeclarationError(
            "requests become rows to train on: a queue of references has the items of a test set",
            "queue",
        )
    examples = Example.objects.filter(queue=queue).order_by()
    has = examples.values_list("fingerprint", flat=True)
    users = Counter(examples.exclude(user_hash="").values_list("user_hash", flat=True))
    return choose_requests(queue.project, query, has=has, users=users)


def choose_requests(
    project: Project, query: ExampleQuery, *, has: Iterable[int], users: Mapping[str, int]
) -> ExampleDraw:
    """The examples that a query draws now. Nothing is stored.

    By need first, in the order of `query.need`; then any until there are `n`. Of each: what people
    found good, then what nobody judged, at random by the seed, then what they found bad. Of a user
    there is one, and only where these aren't enough there are 2, 4, and so on.

    Args:
        has: fingerprints of what the queue has already.
        users: how many examples it has of each user, by their hash.

    Raises:
        DeclarationError: no request fits, or too many do.
    """
    candidates = _candidates(project, query)
    draw = ExampleDraw(requests=len(candidates))
    chooser = _Chooser(project, draw, set(has), Counter(users))
    for _ in range(ROUNDS):
        for need in query.need:
            chooser.take(candidates, need, need.n - chooser.count(need))
        if query.n is not None:
            chooser.take(candidates, None, query.n - len(draw.examples))
        if not chooser.drop_near_copies():
            break
    draw.needs = {need.slice: (need.n, chooser.count(need)) for need in query.need}
    return draw


@dataclass(slots=True)
class _Chooser:
    """Takes requests into a draw, those with texts and an answer that nobody has yet.

    Attributes:
        has: fingerprints of the queue's examples and of those that were taken.
        users: examples by user.
        seen: requests that were taken or left out.
        checked: how many of the draw's examples were compared with test items.
    """

    project: Project
    draw: ExampleDraw
    has: set[int]
    users: Counter[str]
    seen: set[RequestId] = field(default_factory=set)
    checked: int = 0

    def count(self, need: SliceNeed) -> int:
        return sum(each.candidate.is_of(need) for each in self.draw.examples)

    def take(
        self, candidates: Sequence[RequestCandidate], need: SliceNeed | None, count: int
    ) -> None:
        """Takes up to `count` more of a slice. What people found bad comes after all else, however
        many a user has then."""
        fitting = [each for each in candidates if each.is_of(need)]
        for bad in (False, True):
            of_group = [each for each in fitting if (each.feedback is UserFeedback.NEGATIVE) is bad]
            most = 1
            while count > 0 and (left := [each for each in of_group if each.id not in self.seen]):
                count -= self._take_of_users(left, count, most)
                most *= 2

    def _take_of_users(self, candidates: Sequence[RequestCandidate], count: int, most: int) -> int:
        """Takes up to `count` more, at most `most` of a user. Returns how many."""
        taken = 0
        allowed = (each for each in candidates if not self._has_enough(each, most))
        while taken < count and (some := list(islice(allowed, min(count - taken, TAKEN_AT_ONCE)))):
            for example in self._examples(some):
                if self._has_enough(example.candidate, most):
                    self.seen.discard(example.candidate.id)
                    continue
                self.has.add(example.item.content.fingerprint())
                self.users[example.candidate.user_hash] += 1
                self.draw.examples.append(example)
                taken += 1
        return taken

    def _has_enough(self, candidate: RequestCandidate, most: int) -> bool:
        return bool(candidate.user_hash) and self.users[candidate.user_hash] >= most

    def _examples(self, candidates: Sequence[RequestCandidate]) -> Iterator[DrawnExample]:
        """Those of the candidates that make an example, in their order."""
        self.seen.update(each.id for each in candidates)
        ids = [each.id for each in candidates]
        hidden = _hidden(self.project, ids)
        ids = [each for each in ids if each not in hidden]
        requests, texts = requests_at(self.project, ids), texts_at(self.project, ids)
        edits = edits_at(self.project, ids)
        drawn = [
            example
            for each in candidates
            if each.id not in hidden
            and (
                example := self._example(
                    each, requests.get(each.id), texts.get(each.id), edits.get(each.id, "")
                )
            )
        ]
        prints = [each.item.content.fingerprint() for each in drawn]
        elsewhere = asked_elsewhere(self.project, prints)
        for example, print_ in zip(drawn, prints, strict=True):
            if print_ in elsewhere or print_ in self.has:
                self.draw.left_out[ELSEWHERE if print_ in elsewhere else HAS_IT] += 1
            else:
                yield example

    def _example(
        self,
        candidate: RequestCandidate,
        request: Request | None,
        text: RequestText | None,
        edit: str,
    ) -> DrawnExample | None:
        """The candidate as an example; None where it makes none, which is counted."""
        if request is None or text is None:
            self.draw.left_out[NO_MESSAGES] += 1
            return None
        reason = "" if edit else _why_no_answer(request, text)
        drawn = items_of_requests([_content(request, text)])
        if reason or not drawn.items:
            self.draw.left_out.update([reason] if reason else drawn.left_out)
            return None
        [item] = drawn.items
        answer = edit or text.output or ""
        return DrawnExample(candidate, item, request.model_name, answer, bool(edit), request.masked)

    def drop_near_copies(self) -> bool:
        """Takes out what a test set asks, or nearly. Returns whether there was any."""
        examples = self.draw.examples
        new = examples[self.checked :]
        asked = asked_by_test_sets(self.project, [each.item.content.input for each in new])
        for place in asked:
            self.users[new[place].candidate.user_hash] -= 1
        self.draw.left_out.update(asked.values())
        examples[self.checked :] = [each for place, each in enumerate(new) if place not in asked]
        self.checked = len(examples)
        return bool(asked)


def _candidates(project: Project, query: ExampleQuery) -> list[RequestCandidate]:
    """The requests that a query fits, in the order in which they are drawn."""
    until = query.until or timezone.now()
    first, last = (each.astimezone(datetime.UTC).date() for each in (query.since, until))
    feedback = feedback_by_request(project, first, last)
    where = query.where
    wanted = {"model_name": where.model, "route": where.route, "language": where.language}
    filters = {name: value for name, value in wanted.items() if value}
    filters |= {"language": ""} if where.language == UNKNOWN else {}
    rows = Request.objects.filter(
        project=project, mirror_of="", time__gte=query.since, time__lt=until
    ).of_days(first, last)
    rows = rows.filter(has_text=True, error_type="", aborted=False, **filters)
    columns = rows.order_by("day", "key").values_list(*COLUMNS)
    candidates = list[RequestCandidate]()
    for day, key, user, model, route, language, tags in columns.iterator(READ_AT_ONCE):
        about = feedback.get((day, key), UserFeedback.NONE)
        if (where.tag and where.tag not in tags) or (
            query.negative and about is not UserFeedback.NEGATIVE
        ):
            continue
        if len(candidates) == LARGEST:
            raise DeclarationError(
                f"more than {LARGEST:,} requests fit: choose a shorter time", "since"
            )
        slices = (f"model:{model}", f"language:{language or UNKNOWN}", f"route:{route}")
        named = (*slices, *(f"tag:{tag}" for tag in tags))
        candidates.append(RequestCandidate((day, key), user, tuple(map(sys.intern, named)), about))
    if not candidates:
        kind = "request that people found bad" if query.negative else "request"
        raise DeclarationError(
            f"no {kind} fits that was answered and whose texts were stored: choose another time or "
            "other filters, or keep texts (`evalhub traffic settings --text-share`)",
            "since",
        )
    return sorted(candidates, key=lambda each: (each.feedback, _order(query.seed, each.id)))


def _draft(example: DrawnExample, labels: Sequence[str]) -> ExampleDraft:
    """The example as it waits for people. An answer that is none of the queue's labels is no
    proposal."""
    content = example.item.content
    return ExampleDraft(
        input=content.input,
        source=ExampleSource.TRAFFIC,
        proposal=example.answer if not labels or example.answer in labels else "",
        tags=content.tags,
        reference=example.reference,
        model=example.model_name,
        user_hash=example.candidate.user_hash,
    )


def _order(seed: int, request: RequestId) -> bytes:
    day, key = request
    return hashlib.sha256(f"{seed}/{day.isoformat()}/{key}".encode()).digest()


def _hidden(project: Project, ids: Sequence[RequestId]) -> set[RequestId]:
    """Those that tell of an item of anybody's review that goes on, or of a sealed study."""
    hidden = set[RequestId]()
    for day in {day for day, _ in ids}:
        keys = [key for of_day, key in ids if of_day == day]
        rows = Request.objects.at(project.pk, day, keys).filter(in_review_or_sealed(*ALIKE))
        hidden.update(rows.order_by().values_list("day", "key"))
    return hidden


def _why_no_answer(request: Request, text: RequestText) -> str:
    """Why the stored answer is no proposal; "" where it is one."""
    if text.tool_calls:
        return CALLS_TOOLS
    return "" if text.output and is_whole(request, text) else NO_ANSWER


def _content(request: Request, text: RequestText) -> RequestContent:
    return RequestContent(
        day=request.day,
        key=request.key,
        content=request.digest,
        messages=text.messages,
        user_hash=request.user_hash,
        language=request.language,
        route=request.route,
        tags=request.tags,
        is_baseline=False,
        weight=1.0,
        edit="",
        latency_ms=request.latency_ms,
        cost_usd=request.cost_usd,
    )

"""Texts that came apart from their request, as events of a log, joined to it, whichever came first.

What is asked and what is answered may come in two batches, before the request's span or after it.
`EventTexts` keeps what has come so far. All of this needs the project's lock: of two batches at
once, one with a request and one with its texts, the second sees the first.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from itertools import batched

from django.utils import timezone
from pydantic_core import to_json

from evalhub.accounts.models import Project
from evalhub.features.traffic.keeping import user_hash
from evalhub.features.traffic.models import EventTexts, Request, RequestText, TrafficSettings
from evalhub.features.traffic.privacy.texts import KeptTexts, add_event_texts
from evalhub.features.traffic.rows import RequestRow, TextsRow
from evalhub.features.traffic.storage.admission import Admitted
from evalhub.features.traffic.storage.bulk import Place, change, one_of, write_over
from evalhub.features.traffic.storage.roll_ups import add_requests, take_out_requests

_AT_ONCE = 500
_COLUMNS = (
    "day", "until", "messages", "output", "tool_calls", "masked", "tokens", "language", "digest",
    "joined",
)  # fmt: skip

type NewRequest = tuple[Admitted[RequestRow], KeptTexts]


def add_texts(
    project: Project, rows: Sequence[Admitted[TextsRow]], settings: TrafficSettings
) -> None:
    """Stores texts, and joins those whose request is there: its roll-ups are corrected."""
    stored = _event_texts(project, [admitted.row.id for admitted in rows])
    changed: dict[str, tuple[date, EventTexts]] = {}
    for admitted in rows:
        key = admitted.row.id
        texts = stored.get(key) or EventTexts(project=project, key=key)
        texts.day = timezone.now().date()
        if add_event_texts(texts, admitted.row, settings, partial(user_hash, settings=settings)):
            changed[key] = admitted.day, texts
    _join_stored(project, changed)
    _write_events(project, [texts for _, texts in changed.values()])


def with_waiting_texts(project: Project, requests: Sequence[NewRequest]) -> list[NewRequest]:
    """New requests, of which those without texts have what waited for them."""
    without = [admitted.row.id for admitted, _ in requests if not admitted.row.has_texts]
    waiting = _event_texts(project, without)
    joined: dict[Place, EventTexts] = {}
    result = list[NewRequest]()
    for admitted, own in requests:
        texts = waiting.get(admitted.row.id)
        if texts is not None:
            joined[admitted.day, admitted.row.id] = texts
        result.append((admitted, own if texts is None else kept_of_events(texts)))
    _write(project, joined)
    _write_events(project, joined.values())
    return result


def kept_of_events(texts: EventTexts) -> KeptTexts:
    """What has come of a request's texts so far."""
    kept = not (texts.messages is None and texts.output is None and texts.tool_calls is None)
    return KeptTexts(
        kept,
        texts.messages,
        texts.output,
        texts.tool_calls,
        texts.masked,
        texts.language,
        texts.digest,
    )


def _event_texts(project: Project, keys: Collection[str]) -> dict[str, EventTexts]:
    if not keys:
        return {}
    condition, parameter = one_of("key", keys)
    rows = EventTexts.objects.filter(project=project)
    return {texts.key: texts for texts in rows.extra(where=[condition], params=[parameter])}


def _join_stored(project: Project, changed: Mapping[str, tuple[date, EventTexts]]) -> None:
    """Joins texts to requests that are stored and that had none of their own."""
    before, after = list[NewRequest](), list[NewRequest]()
    joined: dict[Place, EventTexts] = {}
    for request in _requests_of(project, {key: day for key, (day, _) in changed.items()}):
        texts = changed[request.key][1]
        if texts.joined or not (request.has_text or request.digest):
            joined[request.day, request.key] = texts
            before.append((_admitted(request), _kept_before(request)))
            after.append((before[-1][0], kept_of_events(texts)))
    take_out_requests(project, before)
    _write(project, joined)
    add_requests(project, after)


def _requests_of(project: Project, days: Mapping[str, date]) -> list[Request]:
    """The requests of these keys: of the day of their texts, or of the day before."""
    by_day: dict[date, list[str]] = defaultdict(list)
    for key, day in days.items():
        by_day[day].append(key)
        by_day[day - timedelta(days=1)].append(key)
    return [
        request
        for day, keys in by_day.items()
        for some in batched(keys, _AT_ONCE)
        for request in Request.objects.at(project.pk, day, some).order_by()
    ]


def _write_events(project: Project, rows: Collection[EventTexts]) -> None:
    values = [
        (
            project.pk, texts.key, texts.day, texts.until, _json(texts.messages), texts.output,
            _json(texts.tool_calls), texts.masked, _json(texts.tokens), texts.language,
            texts.digest, texts.joined,
        )
        for texts in rows
    ]  # fmt: skip
    write_over(EventTexts, ("project", "key"), _COLUMNS, values)


def _write(project: Project, joined: Mapping[Place, EventTexts]) -> None:
    """Stores texts with their requests."""
    texts = [
        (project.pk, *place, _json(each.messages), each.output, _json(each.tool_calls))
        for place, each in joined.items()
        if kept_of_events(each).kept
    ]
    write_over(RequestText, ("project", "day", "key"), ("messages", "output", "tool_calls"), texts)
    changes = []
    for place, each in joined.items():
        kept = kept_of_events(each)
        changes.append((*place, kept.kept, kept.masked, kept.language, kept.digest))
        each.joined = True
    change(Request, project.pk, ("has_text", "masked", "language", "digest"), changes)


def _admitted(request: Request) -> Admitted[RequestRow]:
    """The row that a stored request was, as far as roll-ups read it."""
    fields = (
        "arm", "route", "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens",
        "latency_ms", "first_token_ms", "cost_usd", "error_type", "aborted",
    )  # fmt: skip
    row = RequestRow.model_construct(
        id=request.key,
        time=request.time,
        model=request.model_name,
        tags=tuple(request.tags),
        **{name: getattr(request, name) for name in fields},
    )
    return Admitted(0, row, request.time, request.day)


def _kept_before(request: Request) -> KeptTexts:
    kept, masked = request.has_text, request.masked
    return KeptTexts(kept, None, None, None, masked, request.language, request.digest)


def _json(value: object) -> str | None:
    return None if value is None else to_json(value).decode()

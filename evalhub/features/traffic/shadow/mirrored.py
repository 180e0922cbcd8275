"""Both arms' answers of a mirrored study: production's, and those of the copies' model."""

import datetime
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from evalhub.accounts.models import Project
from evalhub.decision.failures import LOST_PAIR
from evalhub.decision.sections.shadow import COST_SCORE
from evalhub.decision.wording import count_text
from evalhub.declare.declaration import DeclarationError
from evalhub.features.traffic.models import Request
from evalhub.features.traffic.served import ServedVersions
from evalhub.features.traffic.shadow.answers import (
    RequestId,
    answer_row,
    is_whole,
    requests_at,
    texts_at,
)
from evalhub.features.traffic.shadow.mirror import (
    LATEST,
    WINDOW,
    Call,
    JoinedBy,
    content_of,
    join_mirror,
)
from evalhub.io.answers import SCORES
from evalhub.registry.models import ModelVersion, SampledRequest, TrafficSample

READ_AT_ONCE = 5_000
COLUMNS = ("key", "time", "trace_id", "mirror_of", "digest", "user_hash")
"""Fields of a `Call`."""


@dataclass(frozen=True, slots=True)
class MirroredAnswers:
    """Rows of two files of recorded answers, in the order of the items, with what they cost: both
    models were asked at the same time.

    Attributes:
        joined: how many pairs were joined, by what joined them.
        lost: items of which one arm's answer never came.
        without_texts: of these, copies that came, but whose texts the project doesn't keep.
        single_copies: mirrored calls about the sampled time that joined no item.
        version: the one that the copies' model stood for; None: nobody has said it.
    """

    baseline: Sequence[dict[str, Any]]
    candidate: Sequence[dict[str, Any]]
    joined: dict[JoinedBy, int]
    lost: int
    without_texts: int
    single_copies: int
    version: ModelVersion | None


@dataclass(slots=True)
class _Copies:
    """Calls of the mirror's model that may join a sampled request; of the rest only how many came
    at about the sampled time."""

    calls: list[Call] = field(default_factory=list)
    others: int = 0


def mirrored_answers(sample: TrafficSample, model: str) -> MirroredAnswers:
    """Join the calls of a served model to the requests of a sample.

    Masking is the same for both arms, so that masked requests stand too.

    Raises:
        DeclarationError: nobody served a model of that name at the time, or it stood for several
            versions.
    """
    project = sample.version.test_set.project
    items = dict(sample.version.items.order_by("position").values_list("pk", "key"))
    requests = _sampled(sample, items)
    calls = [*map(_call, requests.values())]
    copies = _copies(project, model, calls)
    join = join_mirror(calls, copies.calls)
    joined = {item: copies.calls[join.copies[i]] for i, item in enumerate(requests) if i in join.by}
    stored = requests_at(project, [*map(_id, joined.values())])
    copy_of = {item: stored[_id(call)] for item, call in joined.items() if _id(call) in stored}
    baseline, candidate = (_rows(sample, items, of) for of in (requests, copy_of))
    lost = sum(
        LOST_PAIR in (before.get("error"), after.get("error"))
        for before, after in zip(baseline, candidate, strict=True)
    )
    by = list(join.by.values())
    return MirroredAnswers(
        baseline,
        candidate,
        {name: by.count(name) for name in dict.fromkeys(by)},
        lost,
        sum(not (copy.has_text or copy.error_type) for copy in copy_of.values()),
        copies.others + len(join.single_copies),
        _one_version(project, model, joined.values()),
    )


def _sampled(sample: TrafficSample, items: Mapping[int, str]) -> dict[int, Request]:
    """By item, the request that it was made from: the first of several."""
    rows: QuerySet[Any] = SampledRequest.objects.filter(item__version=sample.version)
    first: dict[int, RequestId] = {}
    for row in rows.order_by("item", "day", "key"):
        first.setdefault(row.item_id, (row.day, row.key))
    stored = requests_at(sample.version.test_set.project, list(first.values()))
    return {item: stored[first[item]] for item in items if first.get(item) in stored}


def _copies(project: Project, model: str, requests: Sequence[Call]) -> _Copies:
    """Raises DeclarationError where the model answered nothing at the time."""
    copies = _Copies()
    sampled, times = {*map(_id, requests)}, [request.time for request in requests]
    names = {name for request in requests for name in (request.key, request.trace_id) if name}
    contents = {content_of(request) for request in requests} - {""}
    for call in _calls(project, model, times):
        by_name = (call.mirror_of or call.trace_id) in names
        by_content = not call.mirror_of and content_of(call) in contents
        if _id(call) not in sampled and (by_name or by_content):
            copies.calls.append(call)
        elif min(times) - WINDOW <= call.time <= max(times) + WINDOW:
            copies.others += 1
    if not (copies.calls or copies.others):
        raise DeclarationError(
            f"no call of {model!r} came while the sampled requests did", "mirror"
        )
    return copies


def _calls(project: Project, model: str, times: Sequence[datetime.datetime]) -> Iterator[Call]:
    """The model's calls that are near enough to one of these times to be joined, one by one: a
    mirror of all traffic has many."""
    if not times:
        return
    first, last = min(times) - LATEST, max(times) + LATEST
    rows: Any = Request.objects.filter(project=project, model_name=model, time__range=(first, last))
    rows = rows.of_days(*(each.astimezone(datetime.UTC).date() for each in (first, last)))
    values = rows.order_by("time", "key").values_list(*COLUMNS)
    for row in values.iterator(chunk_size=READ_AT_ONCE):
        yield Call(*row)


def _one_version(project: Project, model: str, copies: Collection[Call]) -> ModelVersion | None:
    """The one version that answered the copies, as a candidate is one; None: nobody has said
    which. Raises DeclarationError where they are several."""
    served = ServedVersions.of(project)
    versions = {served.at(model, copy.time) for copy in copies}
    if len(versions) > 1:
        raise DeclarationError(
            f"{model} stood for {count_text(len(versions), 'version')} when it answered the "
            "copies, and a candidate is one: draw a sample of a time in which it stood for one",
            "mirror",
        )
    return next(iter(versions), None)


def _id(call: Call) -> RequestId:
    return call.time.astimezone(datetime.UTC).date(), call.key


def _call(row: Request) -> Call:
    return Call(*(getattr(row, name) for name in COLUMNS))


def _rows(
    sample: TrafficSample, items: Mapping[int, str], requests: Mapping[int, Request]
) -> list[dict[str, Any]]:
    """An arm's answer to each item; what isn't whole is lost."""
    ids = [(row.day, row.key) for row in requests.values()]
    texts = texts_at(sample.version.test_set.project, ids)
    rows = []
    for item, key in items.items():
        request = requests.get(item)
        text = None if request is None else texts.get((request.day, request.key))
        if request is not None and is_whole(request, text):
            rows.append({"id": key, **answer_row(request, text), **_costs(request)})
        else:
            rows.append({"id": key, "error": LOST_PAIR})
    return rows


def _costs(request: Request) -> dict[str, Any]:
    """What was measured of the answer; what it cost is a score that is shown, and no criterion."""
    fields = ("latency_ms", "prompt_tokens", "completion_tokens")
    values = {name: getattr(request, name) for name in fields}
    scores = {} if request.cost_usd is None else {SCORES: {COST_SCORE: request.cost_usd}}
    return {name: value for name, value in values.items() if value is not None} | scores

"""Both arms' answers of a mirrored study: production's, and those of the copies' model."""

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from evalhub.decision.failures import LOST_PAIR
from evalhub.decision.sections.shadow import COST_SCORE
from evalhub.decision.wording import count_text
from evalhub.declare.declaration import DeclarationError
from evalhub.features.traffic.models import Request
from evalhub.features.traffic.shadow.answers import answer_row, is_whole, requests_at, texts_at
from evalhub.features.traffic.shadow.baseline import versions_of_calls
from evalhub.features.traffic.shadow.mirror import WINDOW, Call, JoinedBy, join_mirror
from evalhub.io.answers import SCORES
from evalhub.registry.models import ModelVersion, SampledRequest, TrafficSample


@dataclass(frozen=True, slots=True)
class MirroredAnswers:
    """Rows of two files of recorded answers, in the order of the items, with what they cost: both
    models were asked at the same time.

    Attributes:
        joined: how many pairs were joined, by what joined them.
        lost: items of which one arm's answer never came.
        single_copies: mirrored calls about the sampled time that joined no item.
        version: the one that the copies' model stood for; None: nobody has said it.
    """

    baseline: Sequence[dict[str, Any]]
    candidate: Sequence[dict[str, Any]]
    joined: dict[JoinedBy, int]
    lost: int
    single_copies: int
    version: ModelVersion | None


def mirrored_answers(sample: TrafficSample, model: str) -> MirroredAnswers:
    """Join the calls of a served model to the requests of a sample.

    Masking is the same for both arms, so that masked requests stand too.

    Raises:
        DeclarationError: nobody served a model of that name at the time, or it stood for several
            versions.
    """
    items = dict(sample.version.items.order_by("position").values_list("pk", "key"))
    requests = _sampled(sample, items)
    copies = _copies(sample, model, [row.time for row in requests.values()])
    join = join_mirror([*map(_call, requests.values())], [*map(_call, copies)])
    copy_of = {
        item: copies[join.copies[index]]
        for index, item in enumerate(requests)
        if index in join.copies
    }
    version = _one_version(sample, model, copy_of.values())
    baseline, candidate = (_rows(sample, items, of) for of in (requests, copy_of))
    lost = sum(
        LOST_PAIR in (before.get("error"), after.get("error"))
        for before, after in zip(baseline, candidate, strict=True)
    )
    by = list(join.by.values())
    counts = {name: by.count(name) for name in dict.fromkeys(by)}
    return MirroredAnswers(baseline, candidate, counts, lost, len(join.single_copies), version)


def _one_version(
    sample: TrafficSample, model: str, copies: Collection[Request]
) -> ModelVersion | None:
    """The one version that answered the copies, as a candidate is one."""
    versions = versions_of_calls(sample.version.test_set.project, copies)
    if len(versions) > 1:
        raise DeclarationError(
            f"{model} stood for {count_text(len(versions), 'version')} when it answered the "
            "copies, and a candidate is one: draw a sample of a time in which it stood for one",
            "mirror",
        )
    return next(iter(versions), None)


def _sampled(sample: TrafficSample, items: dict[int, str]) -> dict[int, Request]:
    """By item, the request that it was made from: the first of several."""
    rows: QuerySet[Any] = SampledRequest.objects.filter(item__version=sample.version)
    first: dict[int, tuple[datetime.date, str]] = {}
    for row in rows.order_by("item", "day", "key"):
        first.setdefault(row.item_id, (row.day, row.key))
    stored = requests_at(sample.version.test_set.project, list(first.values()))
    return {item: stored[first[item]] for item in items if first.get(item) in stored}


def _copies(sample: TrafficSample, model: str, times: Sequence[datetime.datetime]) -> list[Request]:
    if not times:
        return []
    first, last = min(times) - WINDOW, max(times) + WINDOW
    days = [each.astimezone(datetime.UTC).date() for each in (first, last)]
    rows: Any = Request.objects.filter(
        project=sample.version.test_set.project, model_name=model, time__range=(first, last)
    )
    copies = list(rows.of_days(*days).order_by("time", "key"))
    if not copies:
        raise DeclarationError(
            f"no call of {model!r} came while the sampled requests did", "mirror"
        )
    return copies


def _call(row: Request) -> Call:
    return Call(row.key, row.time, row.trace_id, row.mirror_of, row.digest, row.user_hash)


def _rows(
    sample: TrafficSample, items: dict[int, str], requests: dict[int, Request]
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

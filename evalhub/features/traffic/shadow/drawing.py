"""Draw a sample of production's requests as a frozen version of a test set."""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched

import numpy as np
from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.declare.declaration import DeclarationError
from evalhub.features.traffic.keeping import settings_of, text_time
from evalhub.features.traffic.models import Request, RequestText
from evalhub.features.traffic.shadow.answers import edits_at, is_whole, requests_at, texts_at
from evalhub.features.traffic.shadow.frame import RequestFrame, read_frame
from evalhub.features.traffic.shadow.items import (
    ELSEWHERE,
    EXAMPLE,
    DrawnItem,
    DrawnItems,
    RequestContent,
    items_of_requests,
    with_weights,
)
from evalhub.features.traffic.shadow.query import SampleQuery
from evalhub.io.items import ItemContent
from evalhub.registry import drafts
from evalhub.registry.importing import ItemSource, publish_test_set, stage_items
from evalhub.registry.models import Item, SampledRequest, TrafficSample
from evalhub.stats.errors import StatisticsError
from evalhub.stats.sampling import LARGE_CLUSTER, Sample, draw_sample, weighted_quantiles
from reviews.models import Example, ExampleState

AT_ONCE = 500
TRIES = 3
FEWEST = 2
"""Requests of a stratum, or all that it has: one alone doesn't say how they differ."""


class SampleError(Exception):
    """A sample that can't be drawn now; the message says why. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class DrawnSample:
    """A sample that was just drawn.

    Attributes:
        large_users: by their hash, the share of those who have more than a fifth of it.
        texts_until: the last day on which all of its texts are kept; then retention takes the
            oldest, from the items too, but for those that a review shows.
    """

    sample: TrafficSample
    large_users: Mapping[str, float]
    texts_until: datetime.date


@dataclass(frozen=True, slots=True)
class SampleDraft:
    """A sample as it would be drawn now.

    Attributes:
        sample: its numbers, not stored; it has no version yet.
        items: what would be the version's items.
        large_users, texts_until: as of a drawn one.
    """

    sample: TrafficSample
    items: Sequence[DrawnItem]
    large_users: Mapping[str, float]
    texts_until: datetime.date


def draft_sample(*, project: Project, query: SampleQuery, by: User | None) -> SampleDraft:
    """What `draw_requests` would draw now; nothing is stored.

    Raises:
        NotAllowedError: `by` doesn't evaluate in the project.
        DeclarationError: as `draw_requests`.
    """
    check_evaluates(by, project)
    return _draft(project, query, by)


def draw_requests(
    *, project: Project, query: SampleQuery, by: User | None, for_monitor: bool = False
) -> DrawnSample:
    """Draw requests at random and freeze them as the next version of a test set.

    What a test set of the project asks already is never drawn: draws are disjoint by content, and
    a draw says nothing of what was left out so. Fewer are drawn where there are fewer.

    Args:
        for_monitor: only of answers that may stand as the baseline's, as `read_frame` has it.

    Raises:
        NotAllowedError: `by` doesn't evaluate in the project.
        DeclarationError: no request fits, or the query can't be met; it names the field.
        SampleError: other draws took the same requests meanwhile, or requests were erased, again
            and again.
    """
    check_evaluates(by, project)
    for _ in range(TRIES):
        if (drawn := _draw(project, query, by, for_monitor)) is not None:
            return drawn
    raise SampleError(
        "others draw from the same requests, or erase them, at the same time: draw again"
    )


def _draw(
    project: Project, query: SampleQuery, by: User | None, for_monitor: bool
) -> DrawnSample | None:
    """None where another draw took one of the requests, or what they ask, meanwhile, or where one
    was erased."""
    draft = _draft(project, query, by, for_monitor)
    staged = stage_items(project=project, slug=query.test_set, source=_source(query, draft.items))
    try:
        with transaction.atomic():
            Project.objects.select_for_update().get(pk=project.pk)  # draws and erasures take turns
            if _taken(project, draft.items) or _erased(project, draft.items):
                return None
            draft.sample.version = publish_test_set(staged)
            _store(project, draft)
    finally:
        drafts.drop(staged)
    return DrawnSample(draft.sample, draft.large_users, draft.texts_until)


def _draft(
    project: Project, query: SampleQuery, by: User | None, for_monitor: bool = False
) -> SampleDraft:
    query = query.ending(timezone.now())
    frame = read_frame(project, query, only_baseline=for_monitor)
    sample = _sample(project, query, frame)
    drawn = _items(project, frame, sample, with_edits=query.edited_references)
    if not drawn.items:
        reasons = "; ".join(f"{reason} ({count:,})" for reason, count in drawn.left_out.items())
        raise DeclarationError(f"no drawn request makes an item: {reasons}", "where")
    weights = [each.weight for each in drawn.items]
    shares = _user_shares(drawn.items)
    row = TrafficSample(
        query=query.as_json(),
        model_name=frame.model_name,
        model_version=frame.version,
        requests=len(frame.ids),
        drawn=len(sample.rows),
        seen_before=sample.left_out,
        left_out=dict(drawn.left_out),
        strata=_strata(sample),
        effective_n=sum(weights) ** 2 / sum(each * each for each in weights),
        users=len(shares),
        largest_user=max(shares.values(), default=0.0),
        asked_again=sum(not each.is_baseline for each in drawn.items),
        recorded=_recorded_costs(drawn.items),
        by=by,
        for_monitor=for_monitor,
    )
    large = {user: share for user, share in shares.items() if share > LARGE_CLUSTER}
    oldest = min(request.day for item in drawn.items for request in item.requests)
    return SampleDraft(row, drawn.items, large, oldest + text_time(settings_of(project)))


def _sample(project: Project, query: SampleQuery, frame: RequestFrame) -> Sample:
    before = SampledRequest.objects.filter(project=project).values_list("content", flat=True)
    drawn = set(before.distinct().iterator())
    fresh = sum(content not in drawn for content in frame.columns.contents)
    if not fresh:
        raise DeclarationError(
            "all requests that fit ask what a sample has asked already: choose a later time",
            "since",
        )
    try:
        return draw_sample(
            frame.columns,
            min(query.n, fresh),
            seed=str(query.seed),
            allocation=query.allocation,
            least=FEWEST,
            drawn=drawn,
        )
    except StatisticsError as error:
        raise DeclarationError(str(error), "by") from error


def _items(
    project: Project, frame: RequestFrame, sample: Sample, *, with_edits: bool
) -> DrawnItems:
    """The items of the drawn requests, but what the project's test sets or examples ask."""
    ids = [frame.ids[row] for row in sample.rows]
    weights = dict(zip(ids, sample.weights.tolist(), strict=True))
    contents = {frame.ids[row]: frame.columns.contents[row] for row in sample.rows}
    requests, texts = requests_at(project, ids), texts_at(project, ids)
    edits = edits_at(project, ids) if with_edits else {}
    drawn = items_of_requests(
        _content(
            requests[each], texts.get(each), contents[each], weights[each], edits.get(each, "")
        )
        for each in ids
        if each in requests
    )
    prints = {item.content.fingerprint(): item for item in drawn.items}
    reasons = dict.fromkeys(_asked_by_examples(project, [*prints]), EXAMPLE)
    reasons |= dict.fromkeys(asked_elsewhere(project, [*prints]), ELSEWHERE)
    for fingerprint, reason in reasons.items():
        drawn.left_out[reason] += len(prints[fingerprint].requests)
    drawn.items = [item for fingerprint, item in prints.items() if fingerprint not in reasons]
    with_weights(drawn.items)
    return drawn


def _content(
    request: Request, texts: RequestText | None, content: str, weight: float, edit: str
) -> RequestContent:
    return RequestContent(
        day=request.day,
        key=request.key,
        content=content,
        messages=None if texts is None else texts.messages,
        user_hash=request.user_hash,
        language=request.language,
        route=request.route,
        tags=request.tags,
        is_baseline=is_whole(request, texts) and not request.masked,
        weight=weight,
        trace_id=request.trace_id,
        conversation=request.conversation,
        edit=edit,
        latency_ms=None if request.error_type else request.latency_ms,
        cost_usd=None if request.error_type else request.cost_usd,
    )


def asked_elsewhere(project: Project, fingerprints: Sequence[int]) -> set[int]:
    """Those of the fingerprints that an item of the project's test sets has."""
    rows = Item.objects.filter(
        version__test_set__project=project, version__draft_until=None
    ).order_by()
    return {
        fingerprint
        for some in batched(fingerprints, AT_ONCE)
        for fingerprint in rows.filter(fingerprint__in=some).values_list("fingerprint", flat=True)
    }


def _asked_by_examples(project: Project, fingerprints: Sequence[int]) -> set[int]:
    """Those of the fingerprints that an example has: it may be trained on, and who answered it has
    seen what production said."""
    rows = Example.objects.filter(queue__project=project).exclude(state=ExampleState.ERASED)
    return {
        fingerprint
        for some in batched(fingerprints, AT_ONCE)
        for fingerprint in rows.order_by()
        .filter(fingerprint__in=some)
        .values_list("fingerprint", flat=True)
    }


def _taken(project: Project, items: Sequence[DrawnItem]) -> bool:
    """Whether another draw, or an example, has the same content since this one read what there
    was."""
    contents = {each.content for item in items for each in item.requests}
    rows = SampledRequest.objects.filter(project=project)
    fingerprints = [each.content.fingerprint() for each in items]
    return any(
        rows.filter(content__in=some).exists() for some in batched(contents, AT_ONCE)
    ) or bool(asked_elsewhere(project, fingerprints) or _asked_by_examples(project, fingerprints))


def _erased(project: Project, items: Sequence[DrawnItem]) -> bool:
    """Whether a request isn't stored any more, as this draw read it."""
    ids = [(request.day, request.key) for item in items for request in item.requests]
    return len(requests_at(project, ids)) < len(ids)


def _source(query: SampleQuery, items: Sequence[DrawnItem]) -> ItemSource:
    def read() -> Iterator[tuple[int, ItemContent]]:
        return ((line, item.content) for line, item in enumerate(items, 1))

    name = f"requests since {query.since.date().isoformat()}"
    return ItemSource(name, name, "id", read)


def _store(project: Project, draft: SampleDraft) -> None:
    """Stores the sample of a version that exists, and where its items came from."""
    draft.sample.save(force_insert=True)
    ids = dict(draft.sample.version.items.values_list("key", "pk"))
    SampledRequest.objects.bulk_create(
        (
            SampledRequest(
                project=project,
                item_id=ids[item.content.key],
                day=request.day,
                key=request.key,
                trace_id=request.trace_id,
                conversation=request.conversation,
                content=request.content,
                weight=request.weight,
                is_baseline=request.is_baseline,
            )
            for item in draft.items
            for request in item.requests
        ),
        batch_size=AT_ONCE,
    )


def _strata(sample: Sample) -> list[dict[str, object]]:
    """Each stratum's counts; the only one of all requests is called all."""
    rows = sorted(sample.strata.items(), key=lambda row: str(row[0]))
    return [
        {"name": str(name) or "all", "requests": count.size, "drawn": count.drawn}
        for name, count in rows
    ]


def _user_shares(items: Collection[DrawnItem]) -> dict[str, float]:
    """By user's hash, the share of the items' weight that is theirs; the largest first."""
    weights: dict[str, float] = defaultdict(float)
    for item in items:
        for request in item.requests:
            weights[request.user_hash] += request.weight
    total = sum(weights.values())
    largest_first = sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))
    return {user: weight / total for user, weight in largest_first if user}


def _recorded_costs(items: Sequence[DrawnItem]) -> dict[str, float]:
    """What production's answers took and cost, by the requests' weights: fields of
    `evalhub.decision.sections.shadow.AnswerCosts`. Empty where nobody recorded it."""
    requests = [request for item in items for request in item.requests]
    timed = [(each.latency_ms, each.weight) for each in requests if each.latency_ms is not None]
    priced = [(each.cost_usd, each.weight) for each in requests if each.cost_usd is not None]
    costs: dict[str, float] = {}
    if timed:
        values, weights = np.array(timed).T
        p50, p95 = weighted_quantiles(values, weights, (0.5, 0.95))
        costs |= {"latency_p50_ms": p50, "latency_p95_ms": p95}
    if priced:
        values, weights = np.array(priced).T
        costs["cost_usd"] = float(values @ weights / weights.sum())
    return {"answers": max(len(timed), len(priced)), **costs} if costs else {}

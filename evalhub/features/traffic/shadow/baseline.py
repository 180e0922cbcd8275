"""The baseline's arm of a shadow study: what production answered, where that may stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from evalhub.features.traffic.models import Request, RequestText
from evalhub.io.answers import LONGEST_REASON, LONGEST_SERVED
from evalhub.io.canonical import digest_of
from evalhub.registry.models import SampledRequest, TrafficSample

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class BaselineAnswers:
    """Production's answers to a sample's items.

    Attributes:
        rows: of a file of recorded answers, in the order of the items. Neither latency nor tokens
            are among them: they were measured under another load than the candidate's will be.
        again: ids of the items that the baseline has to be asked again.
    """

    rows: Sequence[dict[str, Any]]
    again: Sequence[str]


def baseline_answers(sample: TrafficSample) -> BaselineAnswers:
    """What production answered, where masking changed nothing; its errors are failures.

    An answer that was deleted since the draw is counted as one to ask again from now on.
    """
    items = dict(sample.version.items.order_by("position").values_list("pk", "key"))
    rows: QuerySet[Any] = SampledRequest.objects.filter(
        item__version=sample.version, is_baseline=True
    )
    by_item: dict[int, SampledRequest] = {}
    for row in rows.order_by("item", "day", "key"):
        by_item.setdefault(row.item_id, row)
    stored = {
        item: answer
        for some in batched(by_item.values(), AT_ONCE)
        for item, answer in _stored(sample, some)
    }
    gone = [item for item in by_item if item not in stored]
    if gone:
        _count_as_asked_again(sample, gone)
    return BaselineAnswers(
        [{"id": key, **stored[item]} for item, key in items.items() if item in stored],
        [key for item, key in items.items() if item not in stored],
    )


def baseline_build(sample: TrafficSample) -> str:
    """What gave the answers: the same build in the next sample is the same baseline."""
    version = sample.model_version
    return version.digest if version else digest_of({"served": sample.model_name})


def _stored(
    sample: TrafficSample, sampled: Sequence[SampledRequest]
) -> list[tuple[int, dict[str, Any]]]:
    """By item, the answer or the error, as far as it is stored."""
    project = sample.version.test_set.project
    at: dict[str, Any] = {
        "project": project,
        "day__in": {each.day for each in sampled},
        "key__in": {each.key for each in sampled},
    }
    requests: QuerySet[Any] = Request.objects.filter(**at)
    texts: QuerySet[Any] = RequestText.objects.filter(**at)
    request_of = {(row.day, row.key): row for row in requests.order_by()}
    output_of = {(row.day, row.key): row.output for row in texts.order_by()}
    answers = []
    for row in sampled:
        request, output = request_of.get((row.day, row.key)), output_of.get((row.day, row.key))
        if request is not None and (request.error_type or output is not None):
            answers.append((row.item_id, _answer(request, output)))
    return answers


def _answer(request: Request, output: str | None) -> dict[str, Any]:
    outcome = {"error": request.error_type} if request.error_type else {"output": output}
    reason = request.finish_reason[:LONGEST_REASON]
    return {
        **outcome,
        **({"finish_reason": reason} if reason else {}),
        "served_model": request.model_name[:LONGEST_SERVED],
    }


@transaction.atomic
def _count_as_asked_again(sample: TrafficSample, items: Sequence[int]) -> None:
    SampledRequest.objects.filter(item__in=items).update(is_baseline=False)
    answered = SampledRequest.objects.filter(item__version=sample.version, is_baseline=True)
    sample.asked_again = sample.version.item_count - answered.values("item").distinct().count()
    sample.save(update_fields=["asked_again"])

"""The baseline's arm of a shadow study: what production answered, where that may stand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from evalhub.accounts.models import Project
from evalhub.features.traffic.models import Request
from evalhub.features.traffic.served import ServedVersions
from evalhub.features.traffic.shadow.answers import (
    RequestId,
    answer_row,
    is_whole,
    requests_at,
    texts_at,
)
from evalhub.io.canonical import digest_of
from evalhub.registry.models import ModelVersion, SampledRequest, TrafficSample
from evalhub.registry.version_names import version_name


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
    first: dict[int, RequestId] = {}
    for row in rows.order_by("item", "day", "key"):
        first.setdefault(row.item_id, (row.day, row.key))
    project, ids = sample.version.test_set.project, list(first.values())
    requests, texts = requests_at(project, ids), texts_at(project, ids)
    stored = {
        item: answer_row(requests[each], texts.get(each))
        for item, each in first.items()
        if each in requests and is_whole(requests[each], texts.get(each))
    }
    gone = [item for item in first if item not in stored]
    if gone:
        _count_as_asked_again(sample, gone)
    return BaselineAnswers(
        [{"id": key, **stored[item]} for item, key in items.items() if item in stored],
        [key for item, key in items.items() if item not in stored],
    )


def baseline_version(sample: TrafficSample) -> ModelVersion | None:
    """The version that answered, as it was said before the draw, or since; None where nobody did,
    or where the requests are of several by now."""
    if sample.model_version is not None:
        return sample.model_version
    project = sample.version.test_set.project
    drawn: QuerySet[Any] = SampledRequest.objects.filter(item__version=sample.version)
    requests = requests_at(project, list(drawn.order_by().values_list("day", "key")))
    versions = versions_of_calls(project, requests.values())
    return versions.pop() if len(versions) == 1 else None


def versions_of_calls(project: Project, calls: Iterable[Request]) -> set[ModelVersion | None]:
    """What these calls' served names stood for; None is among them where nobody said it. A
    query."""
    served = ServedVersions.of(project)
    return {served.at(call.model_name, call.time) for call in calls}


def served_build(name: str, version: ModelVersion | None) -> str:
    """What gave the answers of a served model: its version, where somebody said which it is. The
    same build in the next sample is the same model."""
    return version_name(version) if version else digest_of({"served": name})


@transaction.atomic
def _count_as_asked_again(sample: TrafficSample, items: Sequence[int]) -> None:
    SampledRequest.objects.filter(item__in=items).update(is_baseline=False)
    answered = SampledRequest.objects.filter(item__version=sample.version, is_baseline=True)
    sample.asked_again = sample.version.item_count - answered.values("item").distinct().count()
    sample.save(update_fields=["asked_again"])

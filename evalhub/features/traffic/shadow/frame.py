"""The frame of a sample: the requests that a query fits, read in bounded memory."""

import datetime
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from evalhub.accounts.models import Project
from evalhub.decision.wording import count_text
from evalhub.declare.declaration import DeclarationError
from evalhub.features.traffic.models import Request, RequestQuerySet
from evalhub.features.traffic.served import ServedVersions
from evalhub.features.traffic.shadow.answers import RequestId
from evalhub.features.traffic.shadow.query import UNKNOWN, RequestFilter, SampleQuery
from evalhub.registry.models import ModelVersion
from evalhub.stats.sampling import SamplingFrame

LARGEST = 2_000_000
"""Requests of a frame, so that its columns take a few hundred megabytes at most."""
READ_AT_ONCE = 5_000
COLUMNS = (
    "day", "key", "time", "model_name", "digest", "language", "route", "arm", "tags",
)  # fmt: skip


@dataclass(slots=True)
class RequestFrame:
    """Requests that may be drawn.

    Attributes:
        ids: by row, of the request.
        columns: what the sampler reads of the same rows.
        model_name: under which all of them were served.
        version: the model version that this stands for; None: nobody has said.
    """

    ids: list[RequestId] = field(default_factory=list)
    columns: SamplingFrame = field(default_factory=lambda: SamplingFrame([], [], []))
    model_name: str = ""
    version: ModelVersion | None = None


def read_frame(
    project: Project, query: SampleQuery, *, only_baseline: bool = False
) -> RequestFrame:
    """The requests that a query fits. Mirrored copies are no requests of their own.

    Args:
        only_baseline: only those whose stored answer may stand as the baseline's: no error, and no
            data in their texts was masked.

    Raises:
        DeclarationError: no request fits, too many do, or several models answered them.
    """
    frame = RequestFrame()
    keys: list[str] = []
    strata: list[str] = []
    contents: list[str] = []
    served: Counter[tuple[str, ModelVersion | None]] = Counter()
    versions = ServedVersions.of(project)
    for day, key, time, name, digest, language, route, arm, tags in _rows(
        project, query, only_baseline
    ):
        if query.where.tag and query.where.tag not in tags:
            continue
        if len(keys) == LARGEST:
            raise DeclarationError(
                f"more than {LARGEST:,} requests fit: choose a shorter time", "since"
            )
        identity = f"{day.isoformat()}/{key}"
        slices = {"language": language, "route": route, "arm": arm}
        frame.ids.append((day, key))
        keys.append(identity)
        strata.append(", ".join(f"{name}:{slices[name] or UNKNOWN}" for name in query.by))
        contents.append(digest or identity)
        served[name, versions.at(name, time)] += 1
    if not keys:
        raise _why_nothing_fits(project, query)
    frame.columns = SamplingFrame(keys, strata, contents)
    frame.model_name, frame.version = _one_model(served)
    return frame


def _rows(project: Project, query: SampleQuery, only_baseline: bool) -> Iterator[tuple[Any, ...]]:
    rows = _of_time(project, query).filter(has_text=True, **_filters(query.where))
    if only_baseline:
        rows = rows.filter(masked=0, aborted=False, error_type="")
    return rows.order_by("day", "key").values_list(*COLUMNS).iterator(chunk_size=READ_AT_ONCE)


def _of_time(project: Project, query: SampleQuery) -> RequestQuerySet:
    until = query.until or timezone.now()
    days = [each.astimezone(datetime.UTC).date() for each in (query.since, until)]
    rows = Request.objects.filter(
        project=project, mirror_of="", time__gte=query.since, time__lt=until
    )
    return rows.of_days(*days)


def _why_nothing_fits(project: Project, query: SampleQuery) -> DeclarationError:
    requests = _of_time(project, query)
    if with_texts := requests.filter(has_text=True).count():
        filters = query.where.model_dump(exclude_defaults=True)
        fits = " and ".join(f"{name}={value}" for name, value in filters.items())
        return DeclarationError(
            f"none of {count_text(with_texts, 'request')} whose texts are stored has {fits}",
            f"where.{next(iter(filters), 'tag')}",
        )
    if count := requests.count():
        return DeclarationError(
            f"{count_text(count, 'request')} came in this time, and no texts are stored: are they "
            "kept (`evalhub traffic settings`)?",
            "since",
        )
    return DeclarationError("no request came in this time", "since")


def _filters(where: RequestFilter) -> dict[str, str]:
    """The conditions on columns; tags are looked at row by row."""
    fields = {
        "model_name": where.model,
        "route": where.route,
        "language": where.language,
        "arm": where.arm,
        "error_type": where.error,
    }
    filters = {name: value for name, value in fields.items() if value}
    return filters | ({"language": ""} if where.language == UNKNOWN else {})


def _one_model(served: Counter[tuple[str, ModelVersion | None]]) -> tuple[str, ModelVersion | None]:
    """The one model that answered all, as the baseline is one model."""
    names = sorted({name for name, _ in served})
    if len(names) > 1:
        listed = ", ".join(f"{name} ({_requests(served, name):,})" for name in names[:5])
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        raise DeclarationError(
            f"the requests were answered by {len(names)} models, and a baseline is one: choose "
            f"one of {listed}{more}",
            "where.model",
        )
    if len(served) > 1:
        counts = count_text(len(served), "version")
        raise DeclarationError(
            f"{names[0]} stood for {counts} in this time, and a baseline is one: choose a time "
            "in which it stood for one",
            "since",
        )
    [model] = served
    return model


def _requests(served: Counter[tuple[str, ModelVersion | None]], name: str) -> int:
    return sum(count for (model, _), count in served.items() if model == name)

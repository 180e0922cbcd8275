"""What sealed studies take out of a project's signals, until a decision reads their scores.

Roll-ups add up all signals of an hour. So signals about sampled requests, their mirrored copies and
the turns of their conversations are subtracted from them, and of a served name that answered
mirrored copies for a study none is shown. Those about somebody else's same question stay: they are
about another answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Left, TruncHour

from evalhub.accounts.models import Project
from evalhub.features.traffic.blindness import (
    ABOUT,
    COPIES_AND_TURNS,
    in_sealed_study,
    sealed_samples,
)
from evalhub.features.traffic.models import Request, Signal, SignalRollUpQuerySet
from evalhub.features.traffic.page_data.filtering import TrafficFilter, Window
from evalhub.features.traffic.page_data.production_page import answered_by
from evalhub.features.traffic.served import ServedVersions
from evalhub.io.answers import LONGEST_SERVED
from evalhub.registry.models import Output, SampledRequest


@dataclass(frozen=True, slots=True)
class SealedSignals:
    """Signals that no page shows by version.

    Attributes:
        names: served names whose mirrored answers a sealed study compares, as long as answers have
            them.
        rows: name, giver, version or 0, served name, label, hour, then what to add to the
            roll-ups: signals, those with a value, and the sum of these, all negative.
    """

    names: Sequence[str]
    rows: Sequence[tuple[Any, ...]]

    def remove_mirrors(self, hours: SignalRollUpQuerySet) -> SignalRollUpQuerySet:
        """The roll-ups of other names."""
        answered = hours.alias(served_model=Left("model_name", LONGEST_SERVED))
        return answered.exclude(served_model__in=self.names) if self.names else hours

    @property
    def count(self) -> int:
        """How many signals were subtracted."""
        return -sum(int(row[6]) for row in self.rows)


def sealed_signals(
    project: Project, wanted: TrafficFilter, served: ServedVersions, window: Window
) -> SealedSignals:
    """Those of the window that the filter wants. One query, and six more while a study of sampled
    requests is sealed."""
    samples = list(sealed_samples(project).values_list("version", "model_name"))
    if not samples:
        return SealedSignals((), ())
    names = _mirrored_names(samples)
    rows = [
        (*row[:6], *(-amount for amount in row[6:]))
        for row in _sums(project, wanted, served, window)
        if row[3][:LONGEST_SERVED] not in names
    ]
    return SealedSignals(names, rows)


def _mirrored_names(samples: Sequence[tuple[int, str]]) -> list[str]:
    """Names that the recorded answers of these versions' runs are from, but production's own."""
    answers = Output.objects.filter(
        run__test_set_version__in=[version for version, _ in samples], run__studies__isnull=False
    ).exclude(run__source="")
    names = answers.order_by().values_list("served_model", flat=True).distinct()
    return sorted(set(names) - {"", *(name[:LONGEST_SERVED] for _, name in samples)})


def _sums(
    project: Project, wanted: TrafficFilter, served: ServedVersions, window: Window
) -> "QuerySet[Any, tuple[Any, ...]]":
    """Signals about sealed items, their copies and turns, by the hour of their request."""
    request = Request.objects.filter(
        project=OuterRef("project"), day=OuterRef("request_day"), key=OuterRef("request_key")
    ).order_by()
    about = in_sealed_study(ABOUT) | Exists(request.filter(in_sealed_study(*COPIES_AND_TURNS)))
    signals: QuerySet[Any] = Signal.objects.filter(
        project=project, request_key__in=_sealed_keys(project, window)
    )
    signals = signals.filter(about).annotate(
        hour=TruncHour(Subquery(request.values("time")[:1]), tzinfo=UTC),
        arm=Subquery(request.values("arm")[:1]),
    )
    signals = signals.filter(hour__gte=window.first, hour__lt=window.end)
    signals = signals.filter(answered_by(wanted, served, "hour"))
    columns = ("name", "by", "version", "model_name", "label", "hour")
    rows: QuerySet[Any, tuple[Any, ...]]
    rows = signals.annotate(version=served.number("hour")).order_by().values_list(*columns)
    rows = rows.annotate(Count("key"), Count("value"), Sum("value", default=0.0))
    return rows


def _sealed_keys(project: Project, window: Window) -> set[str]:
    """The keys of sealed items' requests, their copies and turns, and perhaps others. They are read
    first, as by their lists the database finds signals by index."""
    versions = sealed_samples(project).values("version")
    sealed = SampledRequest.objects.filter(project=project, item__version__in=versions)
    names = list(sealed.order_by().values_list("key", "trace_id", "conversation"))
    if not names:
        return set()
    keys, traces, conversations = map(set, zip(*names, strict=True))
    requests = Request.objects.filter(project=project).order_by()
    requests = requests.of_days(window.first.date(), window.end.date())
    wanted = {"mirror_of": keys | traces, "trace_id": traces, "conversation": conversations}
    for column, of_column in wanted.items():  # one by one: an "or" takes ten times as long
        keys |= set(requests.with_name(column, of_column).values_list("key", flat=True))
    return keys

"""What a project's traffic has of each metric that an experiment can measure, from roll-ups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db.models import Q, Sum

from evalhub.accounts.models import Project
from evalhub.decision.wording import count_text
from evalhub.declare.experiment import SIGNAL, LiveMetric
from evalhub.features.traffic.models import RollUp, SignalRollUp
from evalhub.features.traffic.page_data.charts import dollars, latency_text, share_text
from evalhub.features.traffic.page_data.figures import Figures, Sums

RECENT = timedelta(days=14)
"""The time that is looked at, up to now."""
MOST_SIGNALS = 12
LABELS: Mapping[LiveMetric, str] = {
    LiveMetric.ERRORS: "Errors",
    LiveMetric.SLOW: "Slow requests",
    LiveMetric.COST: "Cost a request",
    LiveMetric.REFUSALS: "Refusals",
    LiveMetric.THUMBS_DOWN: "Thumbs down",
    LiveMetric.RETRIES: "Retries",
}
UNITS: Mapping[LiveMetric, str] = {LiveMetric.COST: "US dollars"}
"""What a margin is in, where it isn't a share of requests."""


@dataclass(frozen=True, slots=True)
class TrafficMetric:
    """A metric, and what the recent traffic has of it, in words."""

    name: str
    label: str
    traffic: str

    @property
    def is_signal(self) -> bool:
        return self.name.startswith(SIGNAL)

    @property
    def unit(self) -> str:
        """What its margin and gain are in."""
        if self.is_signal:
            return "of the signal’s value"
        return UNITS.get(LiveMetric(self.name), "share of requests")


def metric_label(name: str) -> str:
    """A metric as pages call it."""
    return LABELS[LiveMetric(name)] if name in LiveMetric else name.removeprefix(SIGNAL)


def traffic_metrics(project: Project, now: datetime) -> Sequence[TrafficMetric]:
    """All metrics of requests, then the most frequent signals with values. Two queries."""
    midnight = datetime.combine(now, time(), now.tzinfo)
    first, end = midnight - RECENT, midnight + timedelta(days=1)
    days = RollUp.objects.whole_days(project).between(first, end).order_by()
    rows = list(days.values_list("latency", *Sums._fields))
    figures = Figures.of_rows(rows) if rows else Figures.together(())
    signals = SignalRollUp.objects.within(project, first, end).order_by().values_list("name")
    thumb_down = Q(name="thumb") & ~Q(label="up")
    sums = signals.annotate(
        Sum("signals"), Sum("with_value"), down=Sum("signals", filter=thumb_down, default=0)
    )
    counts = {name: (total, values, down) for name, total, values, down in sums}
    sentences = _sentences(figures, counts)
    valued = [name for name, (_, values, _) in counts.items() if values]
    valued.sort(key=lambda name: (-counts[name][1], name))
    return [
        *(TrafficMetric(metric, LABELS[metric], sentences[metric]) for metric in LiveMetric),
        *(
            TrafficMetric(
                f"{SIGNAL}{name}",
                name,
                f"{count_text(counts[name][1], 'signal')} with a value, in two weeks",
            )
            for name in valued[:MOST_SIGNALS]
        ),
    ]


def _sentences(
    figures: Figures, signals: Mapping[str, tuple[int, int, int]]
) -> Mapping[LiveMetric, str]:
    requests = figures.requests
    if not requests:
        return dict.fromkeys(LiveMetric, "no request in two weeks")
    downs, retries = signals.get("thumb", (0, 0, 0))[2], signals.get("retry", (0, 0, 0))[0]
    return {
        LiveMetric.ERRORS: f"{share_text(figures.error_share)} of {requests:,} requests",
        LiveMetric.SLOW: (
            f"p50 {latency_text(figures.p50)}, p95 {latency_text(figures.p95)}"
            if figures.latency.count
            else "no request says its latency"
        ),
        LiveMetric.COST: (
            f"{dollars(figures.mean_cost)}, of {figures.sums.with_cost:,} that say it"
            if figures.sums.with_cost
            else "no request says its cost"
        ),
        LiveMetric.REFUSALS: "by the finish reason that requests say",
        LiveMetric.THUMBS_DOWN: f"{count_text(downs, 'thumb')} down",
        LiveMetric.RETRIES: f"{count_text(retries, 'retry', 'retries')}",
    }

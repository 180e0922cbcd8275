"""Mean cost of runs' answers: milliseconds, tokens, money.

Like counts and errors these are always open: they say nothing of what an answer is worth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import sqrt

from django.db.models import Avg, Count, F, Sum

from evalhub.registry.models import Output, Run, Spending
from evalhub.stats.distributions import normal_quantile

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class MeanCost:
    """`mean` over `n` answers with its 95% interval; of money, which is summed, no interval."""

    n: int
    mean: float
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class RunCosts:
    """Costs of a run's answers; None is unknown, and never 0."""

    latency: MeanCost | None
    tokens: MeanCost | None
    money: MeanCost | None


def run_costs(runs: Sequence[int], *, afresh: bool = False) -> dict[int, RunCosts]:
    """Costs by run. Three queries; the one over all answers is cached until a run finishes again,
    unless `afresh`, for what is stored."""
    finished = dict(Run.objects.filter(pk__in=runs).values_list("pk", "finished"))
    cacheable = all(finished.values()) and not afresh
    read = _measure if cacheable else _measure.__wrapped__
    measured = read(tuple(sorted(finished.items())))
    own = Spending.objects.filter(run__in=runs, version=F("run__version"), money__isnull=False)
    paid = dict(own.order_by().values_list("run").annotate(Sum("money")))
    return {
        run: RunCosts(latency, tokens, _share(paid.get(run), answers))
        for run, (answers, latency, tokens) in measured.items()
    }


@lru_cache(maxsize=64)
def _measure(
    runs: tuple[tuple[int, datetime | None], ...],
) -> dict[int, tuple[int, MeanCost | None, MeanCost | None]]:
    """By run: the number of answers, and their mean tokens and time."""
    tokens = F("prompt_tokens") + F("completion_tokens")
    rows = (
        Output.objects.filter(run__in=[run for run, _ in runs], error="")
        .order_by()
        .values("run")
        .annotate(
            answers=Count("pk"),
            timed=Count("latency_ms"),
            time=Avg("latency_ms"),
            time_squared=Avg(F("latency_ms") * F("latency_ms")),
            told=Count(tokens),
            tokens=Avg(tokens * 1.0),
            tokens_squared=Avg(tokens * tokens * 1.0),
        )
    )
    return {
        row["run"]: (
            row["answers"],
            _mean(row["timed"], row["time"], row["time_squared"], row["answers"]),
            _mean(row["told"], row["tokens"], row["tokens_squared"], row["answers"]),
        )
        for row in rows
    }


def _mean(n: int, mean: float | None, squared: float | None, answers: int) -> MeanCost | None:
    """Mean over all answers; None where one has no value: the rest alone would be other answers."""
    if n < max(answers, 1) or mean is None or squared is None:
        return None
    spread = sqrt(max(squared - mean * mean, 0.0) / n)
    half = normal_quantile((1 + LEVEL) / 2) * spread
    return MeanCost(n, mean, max(mean - half, 0.0), mean + half)


def _share(money: float | None, answers: int) -> MeanCost | None:
    return None if money is None or not answers else MeanCost(answers, money / answers)

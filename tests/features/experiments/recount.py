"""What an experiment should have counted, by reading each stored request once in plain Python."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from evalhub.features.experiments.models import CountedDay, Experiment, Step, UserDay
from evalhub.features.experiments.rule import Variant
from evalhub.features.traffic.models import Request, Signal

COLUMNS = (
    "requests", "as_assigned", "by_default", "crossed", "errors", "timed", "slow", "priced", "cost",
    "refusals", "closed", "thumbs_down", "retries",
)  # fmt: skip

type Place = tuple[date | None, str]
"""A request's day and key."""
About = defaultdict[Place, list[Signal]]


@dataclass
class Expected:
    users: dict[tuple[date, int, str], dict[str, Any]] = field(default_factory=dict)
    without_user: dict[date, int] = field(default_factory=lambda: defaultdict(int))
    outside: dict[date, int] = field(default_factory=lambda: defaultdict(int))
    minutes: dict[date, dict[int, int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )
    arrivals: dict[date, dict[Any, list[int]]] = field(default_factory=lambda: defaultdict(dict))
    exposed: datetime | None = None


def recount(experiment: Experiment, now: datetime) -> Expected:
    expected, met, about = Expected(), set[str](), About(list)
    for signal in Signal.objects.filter(project=experiment.project).exclude(request_day=None):
        about[signal.request_day, signal.request_key].append(signal)
    steps = list(experiment.steps.in_order())
    for request in Request.objects.filter(project=experiment.project).order_by("time"):
        step = next((each for each in reversed(steps) if each.since <= request.time), None)
        route = experiment.plan.route
        if step is None or request.mirror_of or (route and request.route != route):
            continue
        if answered_by(experiment, request) == Variant.CHALLENGER:
            expected.exposed = request.time
        if step.coverage:
            expected.minutes[request.day][request.time.hour * 60 + request.time.minute] += 1
            add(experiment, expected, step, request, met, about, now)
    return expected


def add(
    experiment: Experiment,
    expected: Expected,
    step: Step,
    request: Request,
    met: set[str],
    about: About,
    now: datetime,
) -> None:
    variant = step.rule.variant(request.user_hash)
    if not request.user_hash:
        expected.without_user[request.day] += 1
        return
    if variant is None:
        expected.outside[request.day] += 1
        return
    key = (request.day, step.epoch, request.user_hash)
    row = expected.users.setdefault(
        key, {"variant": variant, "first": request.time, "signals": {}, **dict.fromkeys(COLUMNS, 0)}
    )
    for name, amount in amounts(experiment, request, variant, about, now).items():
        row[name] += amount
    for name, value in values(experiment, request, about, now).items():
        metric = f"signal:{name}"
        requests, total = row["signals"].get(metric, (0, 0))
        row["signals"][metric] = [requests + 1, total + value]
    if request.user_hash not in met:
        met.add(request.user_hash)
        for kind, value in slices(request):
            place = expected.arrivals[request.day].setdefault((step.epoch, kind, value), [0, 0])
            place[variant == Variant.CHALLENGER] += 1


def slices(request: Request) -> list[tuple[str, str]]:
    one = [("all", ""), ("source", request.source), ("route", request.route)]
    return [*one, ("language", request.language), *(("tag", tag) for tag in request.tags)]


def answered_by(experiment: Experiment, request: Request) -> str:
    if request.arm in ("champion", "challenger"):
        return request.arm
    names = {experiment.champion_name: "champion", experiment.challenger_name: "challenger"}
    return names.get(request.model_name, "")


def amounts(
    experiment: Experiment, request: Request, variant: Variant, about: About, now: datetime
) -> dict[str, float]:
    plan, arm = experiment.plan, answered_by(experiment, request)
    by_default = variant == "challenger" and arm == "champion" and request.arm != "champion"
    latency, cost = request.latency_ms, request.cost_usd
    signals = signals_about(experiment, request, about)
    closed = request.time <= now - timedelta(hours=plan.feedback_hours)
    refused = request.finish_reason in ("content_filter", "refusal")
    return {
        "requests": 1,
        "as_assigned": arm == variant,
        "by_default": by_default,
        "crossed": bool(arm) and arm != variant and not by_default,
        "errors": bool(request.error_type),
        "timed": latency is not None,
        "slow": latency is not None and plan.slow_ms is not None and latency > plan.slow_ms,
        "priced": cost is not None,
        "cost": cost or 0,
        "refusals": refused or any(row.name == "refusal" and row.value != 0 for row in signals),
        "closed": closed,
        "thumbs_down": closed
        and any(row.name == "thumb" and (row.label == "down" or row.value == 0) for row in signals),
        "retries": closed and any(row.name == "retry" for row in signals),
    }


def values(
    experiment: Experiment, request: Request, about: About, now: datetime
) -> dict[str, float]:
    """The mean value by signal of the plan, once the request is closed."""
    if request.time > now - timedelta(hours=experiment.plan.feedback_hours):
        return {}
    rows: dict[str, list[float]] = defaultdict(list)
    for signal in signals_about(experiment, request, about):
        if signal.name in {measure.signal for measure in experiment.plan.measures}:
            rows[signal.name] += [] if signal.value is None else [signal.value]
    return {name: sum(numbers) / len(numbers) for name, numbers in rows.items() if numbers}


def signals_about(experiment: Experiment, request: Request, about: About) -> list[Signal]:
    within = request.time + timedelta(hours=experiment.plan.feedback_hours)
    return [row for row in about.get((request.day, request.key), []) if row.time <= within]


def assert_counted(experiment: Experiment, now: datetime) -> Expected:
    """That what is stored is a recount of all requests that are there."""
    expected = recount(experiment, now)
    stored = {}
    for row in UserDay.objects.filter(experiment=experiment).values():
        key = (row["day"], row["epoch"], row["unit"])
        stored[key] = {name: row[name] for name in ("variant", "first", "signals", *COLUMNS)}
    assert stored.keys() == expected.users.keys()
    for key, row in expected.users.items():
        cost = stored[key].pop("cost")
        assert abs(cost - row.pop("cost")) < 1e-9
        assert stored[key] == row, key
    for day in CountedDay.objects.filter(experiment=experiment):
        assert day.without_user == expected.without_user.get(day.day, 0)
        assert day.outside == expected.outside.get(day.day, 0)
        minutes = {minute: number for minute, number in enumerate(day.minutes) if number}
        assert minutes == expected.minutes.get(day.day, {})
        arrivals = {
            (int(epoch), kind, value): users
            for epoch, kinds in day.arrivals.items()
            for kind, of_values in kinds.items()
            for value, users in of_values.items()
        }
        assert arrivals == expected.arrivals.get(day.day, {})
    experiment.refresh_from_db(fields=["last_exposure"])
    assert experiment.last_exposure == expected.exposed
    return expected

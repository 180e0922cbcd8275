"""What a record says of users is what numpy says of their requests, taken in as any are."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

import numpy as np
import pytest

from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.declare.declaration import validate
from evalhub.declare.live_sums import ArmSums
from evalhub.features.experiments.ending import stop_experiment
from evalhub.features.experiments.following import follow
from evalhub.features.experiments.models import Experiment, Step
from evalhub.features.experiments.ramping import begin_epoch, set_share
from evalhub.features.experiments.rule import Variant
from evalhub.features.traffic.keeping import settings_of, user_hash
from evalhub.features.traffic.models import TrafficSettings
from evalhub.features.traffic.rows import RequestRow, SignalRow
from evalhub.io.numbers import LARGEST
from evalhub.stats.user_ratios import FEWEST_USERS
from tests.cast import Team
from tests.features.experiments.experiments_of import (
    CHALLENGER,
    CHAMPION,
    a_plan,
    an_experiment,
    since,
    visits,
)
from tests.features.traffic.rows_of import a_request, a_signal, noon, taken

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
PLAN: dict[str, Any] = {
    "primary": {"metric": "signal:stars", "per": "signal", "planned_gain": 0.1}
    | {"higher_is_better": True},
    "guards": [
        {"metric": "errors", "margin": 0.02},
        {"metric": "slow", "margin": 0.02},
        {"metric": "cost", "margin": 0.01},
        {"metric": "thumbs_down", "margin": 0.05},
    ],
    "slow_ms": 900,
    "feedback_hours": 20,
    "planned_users": 3_000,
}


@dataclass
class Sent:
    """Requests of an experiment's users with what was said of each, as they were sent."""

    steps: Sequence[Step]
    settings: TrafficSettings
    rows: list[RequestRow] = field(default_factory=list)
    signals: list[SignalRow] = field(default_factory=list)

    @classmethod
    def to(cls, experiment: Experiment) -> Self:
        steps = [step for row in experiment.sequence for step in row.steps.in_order()]
        return cls(steps, settings_of(experiment.project))

    def variant(self, user: str, time: datetime) -> Variant | None:
        """In which arm the step that holds then has a user."""
        steps = [step for step in self.steps if step.since <= time]
        return steps[-1].rule.variant(user_hash(user, self.settings)) if steps else None

    def epoch(self, time: datetime) -> int:
        return [step.epoch for step in self.steps if step.since <= time][-1]


def hostile_traffic(sent: Sent, *, users: int, seed: int) -> None:
    """Four days of users who come once, daily or by thousands, in no order: the challenger's
    requests an hour later, copies beside them, feedback late, and some without a user."""
    draw = np.random.default_rng(seed)
    for number in range(users):
        bot = number < 3
        for visit in range(200 if bot else 1 + draw.poisson(draw.lognormal(0, 1))):
            key, user = f"{number}-{visit}", f"user-{number}"
            time = noon(4) + float(draw.uniform(0, 66)) * HOUR
            variant = sent.variant(user, time)
            late = variant == Variant.CHALLENGER
            sent.rows.append(
                a_request(
                    key,
                    user="" if draw.random() < 0.05 else user,
                    time=time,
                    model=CHALLENGER if late else CHAMPION,
                    arm=(variant or ""),
                    mirror_of="another" if draw.random() < 0.1 else "",
                    error_type="Timeout" if draw.random() < 0.1 else "",
                    latency_ms=float(draw.choice([300, 1_200])) if draw.random() < 0.8 else None,
                    cost_usd=float(draw.exponential(0.02)) if draw.random() < 0.7 else None,
                )
            )
            if draw.random() < 0.5:
                after = time + float(draw.uniform(0, 22)) * HOUR
                stars = a_signal(f"s{key}", request=key, time=after, name="stars")
                sent.signals.append(stars.model_copy(update={"value": float(draw.integers(6))}))
            if draw.random() < 0.2:
                down = float(draw.random() < 0.7)
                sent.signals.append(a_signal(f"t{key}", request=key, time=time, value=down))


def values_of(sent: Sent, now: datetime) -> Mapping[tuple[int, Variant], Mapping[str, Any]]:
    """By epoch and arm, and by metric, each user's y, x and requests, by the requests as sent."""
    window = PLAN["feedback_hours"] * HOUR
    said: dict[str, dict[str, float]] = defaultdict(dict)
    times = {row.id: row.time for row in sent.rows}
    for signal in sent.signals:
        if signal.time <= times[signal.request] + window and signal.value is not None:
            said[signal.request][signal.name] = signal.value
    users: dict[str, list[RequestRow]] = defaultdict(list)
    for row in sent.rows:
        if row.user and not row.mirror_of and sent.variant(row.user, row.time):
            users[row.user].append(row)
    arms: dict[tuple[int, Variant], dict[str, list[tuple[float, ...]]]] = {}
    for user, rows in users.items():
        epoch = min(sent.epoch(row.time) for row in rows)
        rows = [row for row in rows if sent.epoch(row.time) == epoch]
        variant = sent.variant(user, rows[0].time)
        assert variant is not None
        metrics = arms.setdefault((epoch, variant), defaultdict(list))
        for metric, sums in _of_user(rows, said, now - window):
            metrics[metric].append(sums)
    return {
        arm: {name: np.array(sums) for name, sums in metrics.items()}
        for arm, metrics in arms.items()
    }


def _of_user(
    rows: list[RequestRow], said: Mapping[str, Mapping[str, float]], closed_by: datetime
) -> Iterator[tuple[str, tuple[float, float, float]]]:
    n, timed = len(rows), [row.latency_ms for row in rows if row.latency_ms is not None]
    costs = [row.cost_usd for row in rows if row.cost_usd is not None]
    closed = [said[row.id] for row in rows if row.time <= closed_by]
    stars = [about["stars"] for about in closed if "stars" in about]
    yield "errors", (sum(bool(row.error_type) for row in rows), n, n)
    yield "slow", (sum(latency > 900 for latency in timed), len(timed), n)
    yield "cost", (sum(costs), len(costs), n)
    yield "thumbs_down", (sum(not about.get("thumb", 1) for about in closed), *[len(closed)] * 2)
    yield "signal:stars", (sum(stars), len(stars), len(closed))


def difference_of(arms: list[Any]) -> tuple[float, float, int]:
    """The challenger's ratio minus the champion's, its standard error without unseen users (both
    by users' own residuals, epochs by their users), and these users."""
    total = sum(len(of_arm) for pair in arms for of_arm in pair)
    difference = variance = 0.0
    for pair in arms:
        share = sum(map(len, pair)) / total
        (r0, v0), (r1, v1) = (_ratio(*of_arm.T[:2]) for of_arm in pair)
        difference += share * (r1 - r0)
        variance += share**2 * (v0 + v1)
    return difference, float(np.sqrt(variance)), total


def _ratio(y: Any, x: Any) -> tuple[float, float]:
    ratio, n = y.sum() / x.sum(), len(y)
    return ratio, n / (n - 1) * ((y - ratio * x) ** 2).sum() / x.sum() ** 2


def record_of(experiment: Experiment) -> DecisionRecord:
    experiment.refresh_from_db()
    return validate(DecisionRecord, experiment.record)


def assert_same(record: DecisionRecord, sent: Sent, now: datetime) -> None:
    values = values_of(sent, now)
    epochs = sorted({epoch for epoch, _ in values})
    assert record.exposure is not None
    counts = [len(values[epoch, arm]["errors"]) for epoch in epochs for arm in Variant]
    assert record.exposure.exposed == sum(counts)
    assert record.live_sums is not None
    for sums in record.live_sums.metrics:
        pairs = []
        for of_epoch in sums.epochs:
            arms: dict[Variant, ArmSums] = {
                Variant.CHAMPION: of_epoch.champion,
                Variant.CHALLENGER: of_epoch.challenger,
            }
            pair = []
            for arm, recorded in arms.items():
                y, x, requests = values[of_epoch.epoch, arm][sums.metric].T
                came = requests > 0
                assert (recorded.users, recorded.measured) == (came.sum(), (x > 0).sum())
                due = (y.sum(), x.sum(), (y * y).sum(), (x**3 * y).sum())
                is_recorded = (recorded.y, recorded.x, recorded.yy, recorded.xxxy)
                assert is_recorded == pytest.approx(due)
                pair.append(values[of_epoch.epoch, arm][sums.metric][came])
            if min((of_arm[:, 1] > 0).sum() for of_arm in pair) >= FEWEST_USERS:
                pairs.append(pair)
        (criterion,) = (row for row in record.criteria if row.name == sums.metric)
        assert_difference(criterion, pairs)


def assert_difference(criterion: Criterion, pairs: list[Any]) -> None:
    difference, se, users = difference_of(pairs)
    better = 1 if criterion.higher_is_better else -1
    assert criterion.n == users
    assert criterion.difference == pytest.approx(better * difference)
    assert se < criterion.sd / np.sqrt(users) < 1.3 * se, "unseen users add a little"


@pytest.mark.heavy
def test_users_of_epochs_and_of_continued_experiments_are_counted_as_numpy_counts_them(
    team: Team,
) -> None:
    first = an_experiment(team, plan=a_plan(**PLAN), share=0.1)
    set_share(experiment=first, by=team.olga, share=0.4, reason="Within a day.")
    begin_epoch(experiment=first, by=team.olga, reason="Anew.", weight=0.6)
    first = since(first, noon(4), noon(4) + 8 * HOUR, noon(3) + 5 * HOUR)
    stop_experiment(experiment=first, by=team.olga, reason="A night.")
    stopped = noon(2) - 6 * HOUR
    first = since(first, *[step.since for step in first.steps.in_order()][:3], stopped)
    Experiment.objects.filter(pk=first.pk).update(ended=stopped)
    again = since(an_experiment(team, "Again", plan=a_plan(**PLAN)), noon(2) - 2 * HOUR)
    first.refresh_from_db()
    again.refresh_from_db()
    assert again.continues == first
    sent = Sent.to(again)
    hostile_traffic(sent, users=1_500, seed=27)
    draw = np.random.default_rng(1)
    now = noon(1)
    for some in np.array_split(draw.permutation(len(sent.rows)), 3):
        taken(team.project, [sent.rows[i] for i in some])
        follow(first, now=now)
        follow(again, now=now)
    taken(team.project, (), sent.signals)
    follow(first, now=now)
    follow(again, now=now)
    assert_same(record_of(again), sent, now)


def test_a_client_that_loses_the_challenger_s_users_is_named_first(team: Team) -> None:
    """Each user has two requests, on three days; a phone's app sends none of the challenger's."""
    experiment = since(an_experiment(team), noon(3))
    sent = Sent.to(experiment)
    for number in range(4_800):
        time, user = noon(3 - number % 3) + HOUR, f"user-{number}"
        variant = sent.variant(user, time)
        client = ("web", "ios", "android")[number % 7 % 3]
        if client == "ios" and variant == Variant.CHALLENGER:
            continue
        for visit in range(2):
            fields: dict[str, Any] = {"user": user, "arm": variant, "tags": (client,)}
            moment = time + visit * HOUR
            sent.rows.append(a_request(f"{number}-{visit}", time=moment, route="chat", **fields))
    taken(team.project, sent.rows)
    follow(experiment)
    record = record_of(experiment)
    assert record.verdict == "invalid"
    assert record.allocation is not None
    assert [row.kind for row in record.allocation.deviations] == ["tag", "day"]
    assert "furthest off: tag ios (0 of " in record.headline


def test_a_number_beyond_all_sense_stops_no_rollback(team: Team) -> None:
    """Its fourth power would be infinite, and nothing could be assessed any more."""
    plan: dict[str, Any] = {
        "primary": {"metric": "signal:stars", "planned_gain": 0.1},
        "guards": [{"metric": "errors", "margin": 0.02}, {"metric": "cost", "margin": 0.1}],
    }
    experiment = since(an_experiment(team, plan=a_plan(**plan | {"feedback_hours": 1})), noon(2))
    visits(team, experiment, 1_000, time=noon(1), failing={"challenger": 3})
    request = f"{experiment.pk}-3-{noon(1):%d%H%M}"
    stars = a_signal("s1", request=request, name="stars", value=-LARGEST)
    dear = a_request("dear", user="user-3", cost_usd=LARGEST)
    assert taken(team.project, [dear], [stars]).flaws == []
    follow(experiment)
    experiment.refresh_from_db()
    assert experiment.outcome == "rolled-back"

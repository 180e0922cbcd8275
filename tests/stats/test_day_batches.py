"""Days of production pooled to batches, with their reference."""

from datetime import date, timedelta

import numpy as np
import pytest

from evalhub.stats.day_batches import RatioDay, pooled_days
from evalhub.stats.errors import StatisticsError
from evalhub.stats.user_ratios import UserSums

MONDAY = date(2026, 6, 1)


def day_of(number: int, y: np.ndarray, x: np.ndarray) -> RatioDay:
    return RatioDay(
        MONDAY + timedelta(days=number),
        len(y),
        *(float(part.sum()) for part in (y, x, y * y, x * y, x * x)),
    )


def days(
    count: int, *, users: int = 200, rate: float = 0.05, seed: int = 1, begin: int = 0
) -> list[RatioDay]:
    rng = np.random.default_rng(seed)
    result = []
    for number in range(begin, begin + count):
        x = 1.0 + rng.poisson(4, users)
        result.append(day_of(number, rng.binomial(x.astype(int), rate).astype(float), x))
    return result


def test_days_with_users_enough_are_batches_and_the_first_fourteen_the_reference():
    batches = pooled_days(days(30), events=True, margin=0.0)
    assert len(batches.values) == 30
    assert (batches.reference, batches.reference_days, batches.waiting) == (14, 14, 0)
    assert batches.first[14] == batches.last[14] == MONDAY + timedelta(days=14)
    assert batches.weekends.tolist() == ([0.0] * 5 + [1.0] * 2) * 4 + [0.0] * 2


def test_a_batch_has_the_ratio_the_effective_users_and_the_delta_methods_variance():
    rng = np.random.default_rng(2)
    y, x = rng.gamma(2, size=70), 1.0 + rng.poisson(3, 70)
    batch = pooled_days([day_of(0, y, x)], events=False, margin=0.0)
    sums = UserSums.of(y, x)
    assert batch.values[0] == pytest.approx(sums.ratio)
    assert batch.weights[0] == pytest.approx(x.sum() ** 2 / (x**2).sum())
    unseen = 10 * (sums.ratio * (x**2).sum() / x.sum()) ** 2 / x.sum() ** 2
    assert batch.variances[0] == pytest.approx(sums.variance + unseen)


def test_few_users_take_several_days():
    """20 users a day: three days a batch, so that ten of them need thirty days."""
    batches = pooled_days(days(40, users=20), events=False, margin=0.0)
    assert (batches.reference, batches.reference_days, batches.waiting) == (10, 30, 1)
    assert (batches.last[0] - batches.first[0]).days == 2
    friday_to_sunday = batches.weekends[4]
    assert batches.first[4] == MONDAY + timedelta(days=12)
    assert 0 < friday_to_sunday < 1


def test_rare_events_take_several_days_at_the_rate_that_is_worth_an_alarm():
    """1,000 requests a day: at .001 and a margin of .004 there are ten events in 2,000."""
    rare = pooled_days(days(60, rate=0.001), events=True, margin=0.004)
    assert {(last - first).days for first, last in zip(rare.first, rare.last, strict=True)} <= {
        1,
        2,
    }
    often = pooled_days(days(60, rate=0.999), events=True, margin=0.004)
    assert len(often.values) < 31


def test_sizes_rest_on_the_reference_alone():
    """Errors of later days change no batch."""
    calm, wild = days(60, rate=0.01), days(60, rate=0.01)[:30] + days(30, rate=0.5, begin=30)
    one, other = (pooled_days(part, events=True, margin=0.0) for part in (calm, wild))
    assert one.reference == other.reference
    assert one.first[:20] == other.first[:20]


def test_days_without_an_event_still_have_a_variance():
    batches = pooled_days(days(20, rate=0.0), events=True, margin=0.02)
    assert batches.reference == 14
    assert not batches.values.any()
    assert (batches.variances > 0).all()


@pytest.mark.parametrize(("count", "users"), [(0, 1), (13, 200), (60, 3)])
def test_a_reference_that_is_not_complete_is_none(count, users):
    batches = pooled_days(days(count, users=users), events=True, margin=0.01)
    assert batches.reference is None
    assert batches.reference_days == count


def test_days_without_requests_are_passed_over():
    closed = RatioDay(MONDAY + timedelta(days=7), 0, 0, 0, 0, 0, 0)
    batches = pooled_days([*days(7), closed, *days(7, begin=8)], events=False, margin=0.0)
    assert (len(batches.values), batches.reference, batches.reference_days) == (14, 13, 14)


def test_days_out_of_order_are_refused():
    with pytest.raises(StatisticsError, match="order of time"):
        pooled_days(list(reversed(days(3))), events=False, margin=0.0)

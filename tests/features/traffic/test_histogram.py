"""Quantiles of a histogram are right within 1%, whatever was merged; buckets are DDSketch's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from evalhub.features.traffic.storage.histogram import GAMMA, LARGEST, Histogram

SHARES = (0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1)
DRAWS = np.random.default_rng(26)
LATENCIES = {
    "lognormal": DRAWS.lognormal(6, 1.2, 20_000),
    "heavy-tailed": DRAWS.pareto(0.8, 20_000),
    "sorted": np.sort(DRAWS.lognormal(6, 1.2, 20_000)),
    "a drift from a microsecond to a day": np.geomspace(1e-3, 86_400_000, 20_000),
    "one number": np.array([812.5]),
}
numbers = st.lists(st.floats(0, allow_nan=False, allow_infinity=False), max_size=40)


@pytest.mark.parametrize("values", LATENCIES.values(), ids=LATENCIES)
def test_a_quantile_is_within_a_hundredth_of_the_exact_one(values: NDArray[np.float64]) -> None:
    histogram, exact = Histogram.of(values), np.quantile(values, SHARES, method="lower")
    for share, quantile in zip(SHARES, exact, strict=True):
        assert histogram.quantile(share) == pytest.approx(quantile, rel=0.01 + 1e-9)


def test_a_number_s_bucket_is_the_published_one() -> None:
    """γ = 1.01/.99; bucket i is (γ^(i−1), γ^i], estimated by 2γ^i/(γ+1): PVLDB 12, section 2.1."""
    assert pytest.approx(1.0202020202) == GAMMA
    histogram = Histogram.of([1, 1.001, 2, 1000, 0.5])
    # by hand: ln 2 / ln γ = 34.66, ln 1000 / ln γ = 345.38, ln .5 / ln γ = −34.66
    assert histogram.indices.tolist() == [-34, 0, 1, 35, 346]
    assert histogram.quantile(0.6) == pytest.approx(2 * GAMMA / (GAMMA + 1))


def test_from_80_microseconds_to_a_year_2048_buckets_are_enough() -> None:
    """The paper's own example of a size."""
    values = np.geomspace(80e-6, 365 * 86_400, 100_000)
    assert len(Histogram.of(values).indices) <= 2048


@given(numbers, numbers)
def test_merged_ones_are_the_histogram_of_all(first: list[float], second: list[float]) -> None:
    together = Histogram.of([*first, *second]).to_bytes()
    assert Histogram.of(first).merge(Histogram.of(second)).to_bytes() == together
    assert Histogram.of(first).add(second).to_bytes() == together
    parts = [*map(Histogram.of, (first, second, []))]
    assert (
        Histogram.read_together([b"", *(part.to_bytes() for part in parts)]).to_bytes() == together
    )


@given(numbers)
def test_its_bytes_are_read_back(values: list[float]) -> None:
    histogram = Histogram.of(values)
    assert histogram.count == len(values)
    again = Histogram.from_bytes(histogram.to_bytes())
    assert again.to_bytes() == histogram.to_bytes()
    assert [again.quantile(share) for share in SHARES] == [
        histogram.quantile(share) for share in SHARES
    ]


def test_a_day_s_latencies_take_few_bytes_however_many_they_are() -> None:
    latencies = Histogram.of(LATENCIES["lognormal"])
    many = latencies
    for _ in range(16):
        many = many.merge(many)
    assert many.count == 20_000 * 2**16
    assert len(latencies.to_bytes()) < 2_000
    assert len(many.to_bytes()) < 3_500
    assert many.quantile(0.99) == pytest.approx(latencies.quantile(0.99), rel=1e-9)


def test_nought_has_a_bucket_and_what_is_missing_has_none() -> None:
    histogram = Histogram.of([0, 0, 0, float("nan"), 5])
    assert (histogram.count, histogram.zeros) == (4, 3)
    assert histogram.quantile(0.5) == 0
    assert histogram.quantile(1) == pytest.approx(5, rel=0.01)


def test_the_largest_and_the_smallest_numbers_have_their_places() -> None:
    assert Histogram.of([5e-324]).quantile(1) == 0
    assert Histogram.of([1.7e308]).quantile(1) == pytest.approx(LARGEST, rel=0.01)


def test_without_numbers_there_is_no_quantile() -> None:
    assert Histogram.from_bytes(b"").quantile(0.5) is None
    assert Histogram.of([]).to_bytes() == Histogram.from_bytes(b"").to_bytes()


def test_what_is_no_latency_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        Histogram.of([-1])
    with pytest.raises(ValueError, match=r"in \[0, 1\], not 95"):
        Histogram.of([1]).quantile(95)

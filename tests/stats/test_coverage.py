"""The 95% interval holds the truth about 95% of the time, at every size and kind of data.

The full tables: python -m tests.benchmarks.stats_coverage, preference_coverage and judge_coverage.
"""

import math

import pytest

from tests.benchmarks.judge_coverage import Case as Judge
from tests.benchmarks.judge_coverage import coverage as judge_coverage
from tests.benchmarks.preference_coverage import Case as Panel
from tests.benchmarks.preference_coverage import coverage as win_score_coverage
from tests.benchmarks.stats_coverage import Case, coverage

RUNS = 400
ERROR = math.sqrt(0.95 * 0.05 / RUNS)


@pytest.mark.parametrize(
    "case",
    [
        Case(20, 0.04, 0.01),
        Case(50, 0.04, 0.01),
        Case(200, 0.04, 0.01),
        Case(1000, 0.04, 0.01),
        Case(20, 0.30, 0.20),
        pytest.param(Case(200, 0.30, 0.20), marks=pytest.mark.heavy),
        Case(50, 0.10, 0.05, samples=2),
        Case(200, 0.30, 0.20, samples=2),
        Case(200, 0.04, 0.01, clusters=20, icc=0.3),
        Case(200, 0.30, 0.20, clusters=20, icc=0.3),
        Case(200, 0.10, 0.05, clusters=50, icc=0.1),
        Case(1000, 0.04, 0.01, clusters=20, icc=0.3),
        Case(1000, 0.10, 0.05, clusters=100, icc=0.0),
        Case(50, 0.04, 0.01, kind="win/tie/loss"),
        Case(200, 0.30, 0.20, kind="win/tie/loss"),
        Case(1000, 0.10, 0.05, 100, 0.3, kind="win/tie/loss"),
        Case(50, 0.30, 0.20, kind="five-point"),
        Case(200, 0.10, 0.05, kind="five-point"),
        Case(1000, 0.04, 0.01, kind="five-point"),
        Case(50, 0.30, 0.20, weighted=True),
        Case(1000, 0.04, 0.01, weighted=True),
    ],
    ids=str,
)
def test_the_interval_holds_the_truth(case):
    result = coverage(case, RUNS)
    assert result.evalhub >= 0.945 - 2.5 * ERROR
    plain = not case.clusters and not case.weighted and case.kind != "five-point"
    plain_and_ample = plain and case.n * (case.worse + case.better) >= 20
    if plain_and_ample:
        assert result.evalhub <= 0.99


def test_the_normal_approximation_fails_where_differences_are_rare():
    """Discordance .04/.01: Wald covers .64 of 20 items and .87 of 50."""
    assert coverage(Case(20, 0.04, 0.01), RUNS).normal == pytest.approx(0.64, abs=0.07)
    assert coverage(Case(50, 0.04, 0.01), RUNS).normal == pytest.approx(0.87, abs=0.05)


def test_ignoring_few_clusters_fails():
    """At 5 to 20 clusters CR0 with 1.96 covers .81 to .93; CR2 with t holds."""
    result = coverage(Case(200, 0.30, 0.20, clusters=5, icc=0.3), RUNS)
    assert result.normal < 0.90
    assert result.evalhub > 0.92


@pytest.mark.heavy
@pytest.mark.parametrize(
    "case",
    [
        Panel(50, 4, 2, 1.0, 0.0, 0.2),
        Panel(200, 3, 1, 1.0, 0.5, 0.0),
        Panel(200, 8, 2, 1.0, 0.5, 0.2),
        Panel(200, 8, 2, 1.0, 0.5, 0.2, rare=-1.5),
        Panel(500, 5, 1, 1.0, 0.3, 0.2, rare=-1.5),
    ],
    ids=str,
)
def test_the_interval_of_a_win_score_holds_for_other_items_and_other_reviewers(case):
    held, independent, _ = win_score_coverage(case, RUNS)
    assert held >= 0.945 - 2.5 * ERROR
    if case.between_raters:
        assert independent < 0.85


def test_a_judge_that_errs_one_way_seldom_is_not_trusted_too_far():
    """Errors in 3% of the items, 50 labels: PPI++ alone covers about .85."""
    found = judge_coverage(Judge("", 50, 1050, 0.075, 0.0), RUNS // 2)
    error = math.sqrt(0.025 * 0.975 / (RUNS // 2))
    assert max(found.above, found.below) <= 0.025 + 2 * error
    assert found.plain_above + found.plain_below > 0.05 + 2 * ERROR

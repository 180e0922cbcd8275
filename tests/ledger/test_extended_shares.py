"""Ratios, weights and costs of items added after a first look."""

import numpy as np
import pytest

from evalhub.decision.levels import level_of, level_of_stages, stage_weights
from evalhub.decision.requirements import Requirement
from evalhub.decision.test_set_extension import StageScores
from evalhub.decision.verify import verify
from evalhub.stats.sequential import combined_p_value
from tests.cast import Team
from tests.ledger.test_added_items import Desk, decided
from tests.ledger.test_extension import ALPHA, staged


@pytest.fixture
def desk(team: Team) -> Desk:
    return Desk(team)


def test_a_ratio_s_end_is_where_the_combined_test_just_rules_it_out() -> None:
    """Fieller's test of each stage by hand: z of t's p-values, added and divided by √2."""
    rng = np.random.default_rng(4)
    cost = Requirement(
        "latency", "budget", "triage", "latency_ms", higher_is_better=False, max_ratio=1.2
    )
    baseline = rng.normal(100, 10, 300)
    candidate = 1.1 * baseline + rng.normal(0, 10, 300)
    found = staged(cost, baseline, candidate, 120)
    assert found.ratio_lower is not None
    assert found.ratio_upper is not None
    for end, sign in ((found.ratio_lower, 1.0), (found.ratio_upper, -1.0)):
        z = []
        for part in (slice(120), slice(120, 300)):
            values = sign * (candidate[part] - end * baseline[part])
            z.append(values.mean() / (values.std(ddof=1) / np.sqrt(len(values))))
        # Ends are wide by at most a thousandth of the ratio: .18 of its standard error of .0058.
        assert 1.96 <= sum(z) / np.sqrt(2) < 1.96 + 0.2
    assert found.ratio_upper < 1.2
    assert found.holds


@pytest.mark.parametrize("asked", [0.9, 1.1])
def test_a_relative_guard_of_two_stages_is_judged_by_the_test_that_its_interval_shows(
    asked: float,
) -> None:
    rising = asked < 1
    guard = Requirement(
        "sums", "guard", "sums", "score", higher_is_better=rising, relative_margin=0.1
    )
    rng = np.random.default_rng(5)
    baseline = rng.uniform(0.4, 0.6, 200)
    candidate = (0.8 if rising else 1.2) * baseline + rng.normal(0, 0.02, 200)
    found = staged(guard, baseline, candidate, 100)
    assert found.p_harm < 1e-6
    assert not found.holds
    assert staged(guard, baseline, baseline + rng.normal(0, 0.02, 200), 100).holds


def test_a_stage_too_small_for_a_ratio_speaks_against_it_most_strongly() -> None:
    """Five items give no interval of a ratio: that stage's p-value is 1 on either side."""
    cost = Requirement(
        "latency", "budget", "triage", "latency_ms", higher_is_better=False, max_ratio=1.2
    )
    rng = np.random.default_rng(6)
    baseline = rng.normal(100, 10, 45)
    candidate = baseline + rng.normal(10, 20, 45)
    assert StageScores(candidate[40:], baseline[40:]).p_ratio(cost, 1.2, "less") == 1.0
    found = staged(cost, baseline, candidate, 40)
    assert staged(cost, baseline, candidate, 45).holds
    assert found.ratio_upper is not None
    assert found.ratio_upper > 1.5
    assert not found.holds
    assert found.p_harm == pytest.approx(1.0)


def test_a_budget_at_its_limit_is_passed_as_seldom_as_both_looks_may() -> None:
    """2,000 draws of costs exactly at the budget, the extension's size chosen after looking.

    The rate at .019 has a Monte Carlo error of .0031; at most 3 of them above is asked.
    """
    cost = Requirement(
        "latency", "budget", "triage", "latency_ms", higher_is_better=False, max_ratio=1.2
    )
    start, level = level_of(1, alpha=ALPHA), level_of_stages((1, 2), alpha=ALPHA)
    budget = start + level_of(2, alpha=ALPHA)
    rng = np.random.default_rng(7)
    passed, draws = 0, 2000
    for _ in range(draws):
        baseline = rng.normal(100, 10, 260)
        candidate = 1.2 * baseline + rng.normal(0, 10, 260)
        rows = [
            StageScores(candidate[part], baseline[part]) for part in (slice(60), slice(60, 260))
        ]
        first = rows[0].p_ratio(cost, 1.2, "less")
        size = 20 if first < 0.2 else 200
        second = StageScores(rows[1].worse[:size], rows[1].better[:size])
        both = combined_p_value([first, second.p_ratio(cost, 1.2, "less")], stage_weights(2))
        passed += first <= start or both <= level
    assert passed / draws <= budget + 3 * np.sqrt(budget * (1 - budget) / draws)


@pytest.mark.django_db
def test_new_items_are_weighted_to_the_mix_by_themselves(desk: Desk) -> None:
    """The new items are mostly of a rare tag on which the arm gains: that isn't production's gain.

    Of the 150 new items 120 are "rare" (a tenth of production) and all won; each of the 30 others
    is a tie. Weighted by themselves they gain .1·1 + .9·0.
    """
    tags = [["rare"] if i % 2 else ["common"] for i in range(100)]
    tags += [["rare"]] * 120 + [["common"]] * 30
    rows = [{"tags": each} for each in tags]
    mix = {"rare": 0.1, "common": 0.9}
    small = desk.questions(rows[:100])
    desk.answered(small, won=range(6), lost=range(6, 8))
    study = desk.study(small)
    study.test_sets.update(mix=mix)
    decided(study)
    large = desk.questions(rows)
    desk.answered(large, won=[*range(6), *range(100, 220)], lost=range(6, 8))
    study = desk.study(large, slug="extended")
    study.test_sets.update(mix=mix)
    decision = decided(study)
    assert decision.record["extension"]["test_sets"][0]["items"] == [100, 150]
    # First: 3 of 50 rare and 3 of 50 common won, one of each lost.
    (criterion,) = decision.record["criteria"]
    first = 0.1 * (3 - 1) / 50 + 0.9 * (3 - 1) / 50
    assert criterion["difference"] == pytest.approx((100 * first + 150 * 0.1) / 250)


@pytest.mark.django_db
def test_new_items_without_a_tag_of_the_mix_give_no_verdict(desk: Desk) -> None:
    rows = [{"tags": ["rare" if i % 2 else "common"]} for i in range(100)]
    rows += [{"tags": ["rare"]}] * 50
    mix = {"rare": 0.1, "common": 0.9}
    for slug, items in (("study", rows[:100]), ("extended", rows)):
        version = desk.questions(items)
        desk.answered(version, won=range(6), lost=range(6, 8))
        study = desk.study(version, slug=slug)
        study.test_sets.update(mix=mix)
        decision = decided(study)
    assert decision.verdict == "invalid"
    assert decision.record["invalid"] == [
        "The items added to questions can't be weighted to its mix: production has 90% of "
        "'common', and no item has this tag"
    ]


@pytest.mark.django_db
def test_a_budget_on_added_items_is_judged_by_the_costs_of_both_looks(desk: Desk) -> None:
    budgets = {"latency": {"max_ratio": 1.2}}
    small = desk.questions(100)
    desk.answered(small, won=range(6), lost=range(6, 8))
    decided(desk.study(small, policy={"budgets": budgets}))
    large = desk.questions(250)
    desk.answered(large, won=[*range(6), *range(100, 115)], lost=range(6, 8))
    decision = decided(desk.study(large, slug="extended", policy={"budgets": budgets}))
    row = next(row for row in decision.record["criteria"] if row["role"] == "budget")
    assert (row["n"], row["test"]) == (250, "inverse-normal combination")
    assert row["ratio_upper"] < 1.2
    assert verify(decision.record).differences == []

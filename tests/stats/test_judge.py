"""A judge beside people."""

import numpy as np
import pytest

from evalhub.stats.errors import StatisticsError
from evalhub.stats.judge import judge_check
from evalhub.stats.ppi import powered_estimate, powered_mean

HUMAN = [1, 0, 1, 1, 0, 1, 0, 1]
JUDGED = [0.9, 0.2, 0.8, 0.6, 0.4, 0.9, 0.1, 0.7]
ONLY = [0.9, 0.1, 0.8, 0.7, 0.3, 0.6, 0.5, 0.2, 0.95, 0.85, 0.15, 0.45]
Z = 1.959963984540054


def test_the_worked_example_of_prediction_powered_inference():
    """cov0 = .1325, var1 of the twenty = .092513, so the weight is .1325/(1.6667*.092513)."""
    mean = powered_mean(HUMAN, JUDGED, ONLY)
    assert mean.weight == pytest.approx(0.859444, abs=5e-7)
    assert mean.value == pytest.approx(0.596352, abs=5e-7)
    assert mean.value - Z * mean.se == pytest.approx(0.358025, abs=5e-7)
    assert mean.value + Z * mean.se == pytest.approx(0.834679, abs=5e-7)


def some(human: np.ndarray, items: int) -> np.ndarray:
    """People's labels of the first of so many items."""
    return np.r_[human, np.full(items - len(human), np.nan)]


def test_a_useless_judge_gets_no_weight_and_costs_nothing():
    human = some(np.arange(60) % 2.0, 560)
    constant = powered_estimate(human, np.ones(560), random_sample=True)
    assert constant.weight == 0
    assert constant.value == 0.5
    assert constant.equivalent_labels == pytest.approx(60, rel=0.05)


def test_a_faithful_judge_is_worth_many_labels():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 2000).astype(float)
    judge = np.where(rng.random(2000) < 0.1, 1 - truth, truth)
    estimate = powered_estimate(some(truth[:300], 2000), judge, random_sample=True)
    assert estimate.disagreements >= 20
    assert estimate.equivalent_labels > 500
    assert estimate.lower < 0.5 < estimate.upper
    assert estimate.method == "PPI++, t(299)"


def test_an_error_that_nobody_saw_is_still_allowed_for():
    """Fifty labels, judge and people alike on each: Tango's limits of no difference in n are
    z^2/(n + z^2) away, here .0714; the judge's own are Wilson's of 600 in 1,000.

    MOVER: sqrt(.0714^2 + .0300^2) above, sqrt(.0714^2 + .0307^2) below.
    """
    judge = np.r_[np.ones(30), np.zeros(20), np.ones(570), np.zeros(380)]
    found = powered_estimate(some(judge[:50], 1000), judge, random_sample=True, bounds=(0, 1))
    z2 = Z**2
    tango = z2 / (50 + z2)
    middle, half = (600 + z2 / 2) / (1000 + z2), Z * np.sqrt(240 + z2 / 4) / (1000 + z2)
    assert (found.disagreements, found.value) == (0, pytest.approx(0.6))
    assert found.upper - 0.6 == pytest.approx(np.hypot(tango, middle + half - 0.6), abs=1e-6)
    assert 0.6 - found.lower == pytest.approx(np.hypot(tango, 0.6 - middle + half), abs=1e-6)
    assert "MOVER" in found.method


def test_few_disagreements_on_an_open_scale_are_refused():
    judge = np.arange(400) % 5.0
    human = judge[:60].copy()
    human[:19] += 1
    with pytest.raises(StatisticsError, match="differ on 19 labelled items: too few"):
        powered_estimate(some(human, 400), judge, random_sample=True)
    human[19] += 1
    assert powered_estimate(some(human, 400), judge, random_sample=True).disagreements == 20


@pytest.mark.parametrize("errors", [0.05, 0.4])
def test_clusters_that_move_as_one_are_one_item_each(errors):
    """Every item five times over: as a cluster it says what it says once."""
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 2, 500).astype(float)
    judge = np.where(rng.random(500) < errors, 1 - truth, truth)
    human = some(truth[:100], 500)
    once = powered_estimate(human, judge, random_sample=True, bounds=(0, 1))
    again = powered_estimate(
        np.repeat(human, 5),
        np.repeat(judge, 5),
        random_sample=True,
        bounds=(0, 1),
        clusters=np.repeat(np.arange(500), 5),
    )
    assert again.disagreements == once.disagreements
    assert again.value == pytest.approx(once.value, abs=1e-3)
    assert again.upper - again.lower >= 0.99 * (once.upper - once.lower)


@pytest.mark.parametrize("errors", [0.05, 0.4])
def test_weights_count_an_item_as_often_as_they_say(errors):
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, 600).astype(float)
    judge = np.where(rng.random(600) < errors, 1 - truth, truth)
    human, weights = some(truth[:120], 600), 1.0 + (truth > 0.5)
    alike = powered_estimate(human, judge, random_sample=True, bounds=(0, 1))
    heavier = powered_estimate(human, judge, random_sample=True, bounds=(0, 1), weights=weights)
    assert heavier.value == pytest.approx(2 / 3, abs=0.06)
    assert heavier.value > alike.value + 0.1
    with pytest.raises(StatisticsError, match="weights must be positive"):
        powered_estimate(human, judge, random_sample=True, weights=weights * 0)


def test_chosen_or_few_labels_are_refused():
    half = np.tile([0.0, 1.0], 30)
    with pytest.raises(StatisticsError, match="random sample"):
        powered_estimate(some(half, 90), np.tile([0.0, 1.0], 45), random_sample=False)
    with pytest.raises(StatisticsError, match="8 human labels are too few to correct a judge; 50"):
        powered_estimate(some(np.array(HUMAN), 20), [*JUDGED, *ONLY], random_sample=True)
    with pytest.raises(StatisticsError, match="same value"):
        powered_estimate(some(np.ones(60), 90), np.tile([0.0, 1.0], 45), random_sample=True)


def labels(n: int, shared: int) -> tuple[dict[int, list[str]], dict[int, str]]:
    rng = np.random.default_rng(2)
    truth = rng.choice(["candidate", "baseline", "tie"], n, p=[0.5, 0.3, 0.2])
    judge = {i: str(t) if rng.random() < 0.9 else "candidate" for i, t in enumerate(truth)}
    return {i: [str(truth[i])] * 3 for i in range(shared)}, judge


def test_a_judge_is_checked_against_the_majority_of_people():
    human, judge = labels(400, 80)
    check = judge_check(
        human,
        judge,
        random_sample=True,
        candidate_sides={i: ("left", "right")[i % 2] for i in judge},
        lengths={i: (100 + 7 * (i % 13), 100) for i in judge},
    )
    assert (check.shared, check.judged, check.state) == (80, 400, "ok")
    assert check.agreement.raw_agreement > 0.85
    assert check.cohen_kappa > 0.75
    assert check.judge_win_score > check.people_win_score
    assert check.powered.human_labels == 80
    assert check.powered.judged_only == 320
    assert check.position.p_value > 0.01
    assert check.length.raw == pytest.approx(
        np.mean([{"candidate": 1, "baseline": 0}.get(c, 0.5) for c in judge.values()])
    )


@pytest.mark.parametrize(
    ("n", "shared", "random_sample", "state"),
    [
        (400, 49, True, "too-few-human-labels"),
        (400, 80, False, "not-a-random-sample"),
        (80, 80, True, "nothing-only-judged"),
    ],
)
def test_no_corrected_score_where_it_would_mean_nothing(n, shared, random_sample, state):
    check = judge_check(*labels(n, shared), random_sample=random_sample)
    assert check.state == state
    assert check.powered is None
    assert check.agreement.raw_agreement > 0.8


def test_split_people_make_a_tie():
    check = judge_check({1: ["candidate", "baseline"]}, {1: "tie"}, random_sample=True)
    assert check.agreement.raw_agreement == 1


def test_bad_input_is_named():
    with pytest.raises(StatisticsError, match="unknown choice 'good'"):
        judge_check({1: ["good"]}, {1: "tie"}, random_sample=True)
    with pytest.raises(StatisticsError, match="no item was labelled by people and by the judge"):
        judge_check({1: ["tie"]}, {2: "tie"}, random_sample=True)
    with pytest.raises(StatisticsError, match="item 1 has no side"):
        judge_check({1: ["tie"]}, {1: "tie"}, random_sample=True, candidate_sides={})

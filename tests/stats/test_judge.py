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


def test_a_useless_judge_gets_no_weight_and_costs_nothing():
    human = np.arange(60) % 2.0
    constant = powered_estimate(human, np.ones(60), np.ones(500), random_sample=True)
    assert constant.weight == 0
    assert constant.value == human.mean()
    assert constant.equivalent_labels == pytest.approx(60, rel=0.05)


def test_a_faithful_judge_is_worth_many_labels():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 2000).astype(float)
    judge = np.where(rng.random(2000) < 0.05, 1 - truth, truth)
    estimate = powered_estimate(truth[:100], judge[:100], judge[100:], random_sample=True)
    assert estimate.equivalent_labels > 300
    assert estimate.lower < 0.5 < estimate.upper
    assert estimate.method == "PPI++, t(99)"


def test_chosen_or_few_labels_are_refused():
    with pytest.raises(StatisticsError, match="random sample"):
        powered_estimate([0.0, 1.0] * 30, [0.0, 1.0] * 30, ONLY, random_sample=False)
    with pytest.raises(StatisticsError, match="8 human labels are too few to correct a judge; 50"):
        powered_estimate(HUMAN, JUDGED, ONLY, random_sample=True)
    with pytest.raises(StatisticsError, match="same value"):
        powered_estimate([1.0] * 60, [1.0, 0.0] * 30, ONLY, random_sample=True)


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

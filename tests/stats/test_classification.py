"""Scores of labels: scikit-learn's values, values of items whose mean they are, and intervals."""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from evalhub.stats.classification import (
    classification_score,
    classification_value,
    confusion,
    label_counts,
)
from evalhub.stats.errors import StatisticsError
from evalhub.stats.label_intervals import arm_interval
from evalhub.stats.label_scores import OF_ALL_LABELS, OF_ONE_LABEL
from evalhub.stats.paired import compare
from tests.benchmarks.classification_coverage import CASES, SCORES, tails

type Labelled = tuple[NDArray[np.intp], NDArray[np.intp], int]

RUNS = 2000
SLACK = 3 * math.sqrt(0.95 * 0.05 / RUNS)
"""Three standard errors of a coverage of 95%."""


def random_labels(seed: int) -> Labelled:
    """Up to 400 items with 2 to 6 labels, some of which no item or no answer may have."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 7))
    n = int(rng.integers(1, 401))
    shares = rng.dirichlet(np.full(size, 0.7))
    gold = rng.choice(size, n, p=shares)
    answer = np.where(rng.random(n) < rng.random(), gold, rng.integers(0, size + 1, n))
    return gold, answer, size


def nasty_labels() -> Iterator[Labelled]:
    """20 inputs: single items, all right, all wrong, all outside, labels that nobody has or says,
    and cells of very unequal counts."""
    for gold, answer, size in [
        ([0], [0], 2),
        ([0], [1], 2),
        ([0], [2], 2),
        ([1], [1], 5),
        ([0, 1], [1, 0], 2),
        ([0, 1], [2, 2], 2),
        ([0] * 5, [0] * 5, 2),
        ([0] * 5, [1] * 5, 3),
        ([0] * 5 + [1], [0] * 6, 2),
        ([0] * 5 + [1], [1] * 6, 2),
        ([0] * 5 + [1], [2] * 6, 2),
        ([0, 1, 2], [0, 1, 2], 3),
        ([0, 1, 2], [3, 3, 2], 3),
        ([0, 1, 2], [1, 2, 0], 3),
        ([0] * 999 + [1], [0] * 1000, 2),
        ([0] * 999 + [1], [0] * 999 + [1], 2),
        ([0] * 999 + [1], [1] * 1000, 2),
        ([4] * 7, [4] * 6 + [5], 5),
        (list(range(50)), list(range(50)), 50),
        (list(range(50)), [50] * 49 + [49], 50),
    ]:
        yield np.array(gold), np.array(answer), size


def references(labelled: Labelled) -> dict[str, float]:
    """scikit-learn's values with the list of labels; those of one label are of the last."""
    metrics = pytest.importorskip("sklearn.metrics")
    gold, answer, size = labelled

    def per_label(average: str | None) -> Any:
        return metrics.precision_recall_fscore_support(
            gold, answer, labels=range(size), average=average, zero_division=0.0
        )

    precision, recall, f1, _ = per_label(None)
    return {
        "accuracy": metrics.accuracy_score(gold, answer),
        "balanced_accuracy": metrics.balanced_accuracy_score(gold, answer),
        "macro_f1": per_label("macro")[2],
        "micro_f1": per_label("micro")[2],
        "precision": precision[-1],
        "recall": recall[-1],
        "f1": f1[-1],
    }


@pytest.mark.heavy  # importing scikit-learn takes four seconds
@pytest.mark.filterwarnings("ignore::UserWarning")  # it tells of answers that no item has
def test_scores_are_scikit_learns_on_200_random_and_20_nasty_inputs() -> None:
    """The greatest difference is that of rounding; docs/reference/classification.md has it."""
    inputs = [random_labels(seed) for seed in range(200)] + list(nasty_labels())
    assert len(inputs) == 220
    worst = 0.0
    for labelled in inputs:
        gold, answer, size = labelled
        table = confusion(gold, answer, size)
        for score, expected in references(labelled).items():
            label = size - 1 if score in OF_ONE_LABEL else None
            worst = max(worst, abs(classification_value(score, table, label) - expected))
    assert worst <= 4e-16


@pytest.mark.heavy
def test_the_confusion_is_scikit_learns_with_a_column_for_answers_outside_the_list() -> None:
    matrix = pytest.importorskip("sklearn.metrics").confusion_matrix
    for seed in range(20):
        gold, answer, size = random_labels(seed)
        table = confusion(gold, answer, size)
        assert (table == matrix(gold, answer, labels=range(size + 1))[:size]).all()
        assert table.sum() == gold.size


def test_scores_are_as_by_hand() -> None:
    """Of labels a and b, 4 and 6 items: 3 of a right, 1 outside; 4 of b right, 2 said a. Recalls
    3/4 and 4/6, precisions 3/5 and 4/4, F1 6/9 and 8/10; micro F1 2·7/(10 + 9)."""
    table = confusion([0] * 4 + [1] * 6, [0, 0, 0, 2, 1, 1, 1, 1, 0, 0], 2)
    assert table.tolist() == [[3, 0, 1], [2, 4, 0]]
    expected = {
        "accuracy": 0.7,
        "balanced_accuracy": (3 / 4 + 4 / 6) / 2,
        "macro_f1": (6 / 9 + 8 / 10) / 2,
        "micro_f1": 14 / 19,
    }
    assert {each: classification_value(each, table) for each in expected} == pytest.approx(expected)
    of_one = {"precision": 3 / 5, "recall": 3 / 4, "f1": 6 / 9}
    found = {each: classification_value(each, table, 0) for each in of_one}
    assert found == pytest.approx(of_one)


def items(n: int, seed: int = 0, size: int = 3) -> Labelled:
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, size, n)
    answer = np.where(rng.random(n) < 0.8, gold, rng.integers(0, size + 1, n))
    return gold, answer, size


@pytest.mark.parametrize("score", SCORES)
def test_the_mean_of_the_items_is_the_score_of_all(score: str) -> None:
    gold, answer, size = items(300)
    label = 1 if score in OF_ONE_LABEL else None
    scored = classification_score(score, gold, answer, size, label)
    assert scored.value == classification_value(score, confusion(gold, answer, size), label)
    assert scored.scores.mean() == pytest.approx(scored.value, abs=1e-12)


@pytest.mark.parametrize("score", ["precision", "f1", "macro_f1", "micro_f1"])
def test_leaving_an_item_out_of_both_arms_moves_the_difference_by_what_it_adds(score: str) -> None:
    """The jackknife's definition: with one of n items gone, a score moves by (v - v_i)/(n - 1), but
    for a part of the order of 1/n²."""
    gold, base, size = items(400, 1)
    _, other, _ = items(400, 2)
    tuned = np.where(np.arange(400) % 3 == 0, other % (size + 1), base)
    label = 1 if score in OF_ONE_LABEL else None
    before, after = (classification_score(score, gold, arm, size, label) for arm in (base, tuned))
    own = after.scores - before.scores
    for i in range(0, 400, 37):
        rest = np.arange(400) != i
        moved = np.subtract(
            *(
                classification_value(score, confusion(gold[rest], arm[rest], size), label)
                for arm in (tuned, base)
            )
        )
        difference = after.value - before.value
        assert moved - difference == pytest.approx((difference - own[i]) / 399, abs=4e-5)


def test_an_item_is_worth_its_share_of_a_recall() -> None:
    """50 of 200 items have the label, and each that is right is worth 200/50; so is, of the 50 of
    the most common other label, every other one. Of labels alike in number none is."""
    gold = np.arange(200) % 4
    answer = np.where(np.arange(200) % 8 < 4, gold, 4)
    scored = classification_score("recall", gold, answer, 4, 2)
    raised = (gold == 0) & (np.arange(200) % 2 == 0)
    assert scored.value == 0.5
    worth = np.where(((gold == 2) & (answer == 2)) | raised, 4.0, 0.0)
    assert scored.scores == pytest.approx(worth - 4 * raised.mean())
    balanced = classification_score("balanced_accuracy", gold, answer, 4).scores
    assert balanced == pytest.approx(np.where(gold == answer, 1.0, 0.0))


@pytest.mark.parametrize("score", ["recall", "balanced_accuracy"])
def test_a_label_that_neither_arm_finds_may_still_have_been_lost(score: str) -> None:
    """20 of 1,000 items have the label. With 2 found by both, their difference has the limits of 20
    items or so, and with none found it has them too; it had those of 1,000, ±.0037."""
    gold = (np.arange(1000) < 20).astype(int)
    label = 1 if score == "recall" else None
    limits = []
    for found in (2, 0):
        answer = np.where(np.arange(1000) < found, 1, 0)
        scores = classification_score(score, gold, answer, 2, label).scores
        limits.append(compare(scores, scores).lower)
    assert limits[1] == pytest.approx(limits[0], rel=0.03)
    assert limits[1] < (-0.15 if label else -0.075)


def test_a_label_that_is_hardly_found_is_lost_within_the_interval() -> None:
    """One arm finds 5% of the 20 items of a label, and the other none: that was outside of the
    interval in 36% of runs, .95 to the power of 20, in which the first finds none either."""
    rng = np.random.default_rng(0)
    gold = (np.arange(400) < 20).astype(int)
    never = classification_score("recall", gold, np.zeros(400), 2, 1).scores
    held = 0
    for _ in range(200):
        hardly = np.where(rng.random(400) < 0.05, gold, 0)
        one = compare(classification_score("recall", gold, hardly, 2, 1).scores, never)
        held += one.lower <= -0.05 <= one.upper
    assert held >= 190


def test_equal_answers_have_equal_values_in_whatever_order_they_are_read() -> None:
    gold, answer, size = items(301)
    key = np.random.default_rng(3).random(301) < 0.5
    order = np.random.default_rng(4).permutation(301)
    for score in ("recall", "balanced_accuracy"):
        label = 2 if score == "recall" else None
        first = classification_score(score, gold, answer, size, label, halves=key)
        other = classification_score(
            score, gold[order], answer[order], size, label, halves=key[order]
        )
        assert (first.scores[order] == other.scores).all()


@pytest.mark.parametrize("score", ["precision", "f1", "macro_f1"])
def test_an_arm_that_is_right_throughout_spans_what_one_item_is_worth(score: str) -> None:
    """20 of 200 items have the label: 200/20 of it alone, and half of that of two labels."""
    gold = (np.arange(200) < 20).astype(int)
    label = None if score == "macro_f1" else 1
    perfect = classification_score(score, gold, gold, 2, label).scores
    assert np.ptp(perfect) == pytest.approx(10.0 if label else 5 - 100 / 180)


def test_without_answers_outside_the_list_micro_f1_is_the_accuracy() -> None:
    gold, answer, size = items(250)
    inside = np.where(answer == size, 0, answer)
    micro, accuracy = (
        classification_score(score, gold, inside, size).value for score in ("micro_f1", "accuracy")
    )
    assert micro == pytest.approx(accuracy)
    outside = classification_score("micro_f1", gold, answer, size).value
    assert outside > classification_score("accuracy", gold, answer, size).value


@pytest.mark.parametrize(
    ("score", "golds", "answers", "message"),
    [
        ("macro_f1", [0, 1] * 99, [0, 1] * 99, "macro_f1 needs 200 items for an interval that"),
        ("micro_f1", [0, 1] * 99, [0, 1] * 99, "and has 198"),
        ("macro_f1", [0] * 181 + [1] * 19, [0] * 200, "and label 2 of the list has 19"),
        ("balanced_accuracy", [0] * 200, [0] * 200, "and label 2 of the list has 0"),
        ("recall", [0] * 181 + [1] * 19, [0] * 200, "recall needs 20 items of each label"),
        ("precision", [0] * 100 + [1] * 100, [0] * 200, "precision needs 20 answers that say"),
        ("accuracy", [], [], "there is no item"),
    ],
)
def test_too_few_items_leave_a_score_without_a_value(
    score: str, golds: list[int], answers: list[int], message: str
) -> None:
    label = 1 if score in OF_ONE_LABEL else None
    with pytest.raises(StatisticsError, match=message):
        classification_score(score, golds, answers, 2, label)


def test_an_accuracy_is_a_mean_of_any_number_of_answers() -> None:
    assert classification_score("accuracy", [0, 1, 1], [0, 1, 2], 2).scores.tolist() == [1, 1, 0]


def test_an_arm_has_clopper_and_pearsons_limits_of_a_share_of_its_items() -> None:
    """15 of 20 items of the label: [.509, .913] (Clopper and Pearson), of 60 items in all."""
    gold = np.repeat([0, 1, 2], 20)
    answer = np.where((gold == 1) & (np.arange(60) % 4 == 0), 3, gold)
    recall = arm_interval("recall", gold, answer, 3, label=1)
    assert recall.value == 0.75
    # v(1 - v)/se² is 59/60 of the 20
    assert (recall.lower, recall.upper) == pytest.approx((0.509, 0.913), abs=0.005)
    perfect = arm_interval("recall", gold, answer, 3, label=2)
    assert (perfect.lower, perfect.upper) == pytest.approx((0.8316, 1.0), abs=1e-4)
    assert arm_interval("precision", gold, np.zeros(60), 3, label=1).value is None


def test_a_mean_over_labels_is_as_sure_as_its_labels_are_together() -> None:
    """Three labels of 20 items, all right: each from .8316, so the mean from 1 - .1684·√3/3."""
    gold = np.repeat([0, 1, 2], 20)
    for score in ("balanced_accuracy", "macro_f1"):
        perfect = arm_interval(score, gold, gold, 3)
        assert perfect.lower == pytest.approx(1 - 0.1684 / math.sqrt(3), abs=1e-4)
        assert (perfect.value, perfect.upper) == (1.0, 1.0)


def test_clusters_widen_an_arms_interval() -> None:
    gold = np.arange(400) % 2
    answer = np.where(np.arange(400) // 10 % 4 == 0, 1 - gold, gold)  # whole clusters are wrong
    clusters = np.arange(400) // 10
    widths = []
    for of in (None, clusters):
        one = arm_interval("balanced_accuracy", gold, answer, 2, clusters=of)
        assert one.lower is not None
        assert one.upper is not None
        widths.append(one.upper - one.lower)
    assert widths[1] > 2 * widths[0]


def test_counts_of_a_label_are_its_row_its_column_and_their_cell() -> None:
    counts = label_counts(confusion([0, 0, 1, 1, 1], [0, 1, 1, 1, 2], 2), 1)
    assert (counts.items, counts.answers, counts.right) == (3, 3, 2)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("case", "score"),
    [
        (CASES[2], "balanced_accuracy"),
        (CASES[2], "macro_f1"),
        (CASES[3], "precision"),
        (CASES[5], "macro_f1"),
        (CASES[3], "f1"),
        (CASES[6], "macro_f1"),
        (CASES[8], "balanced_accuracy"),
    ],
    ids=str,
)
def test_intervals_hold_the_truth(case: Any, score: str) -> None:
    """95% of 2,000 runs, of an arm and of the difference of two, within three standard errors of
    the simulation; more is allowed, each tail no more than .025 and three of its own."""
    for found in tails(case, score, RUNS):
        assert found.coverage >= 0.95 - SLACK
        assert max(found.below, found.above) <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / RUNS)


def test_the_cases_that_are_simulated_are_rare_labels_few_items_and_many_labels() -> None:
    assert min(case.n for case in CASES) == 200
    assert any(case.n * min(case.shares) == pytest.approx(20) for case in CASES)
    assert {len(case.shares) for case in CASES} == {2, 3, 5}
    assert all(a.name != b.name for a, b in pairwise(CASES))
    assert (*OF_ALL_LABELS, *OF_ONE_LABEL) == SCORES

"""Linearised corpus scores: their mean is the score, and their intervals are the bootstrap's."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from evalhub.stats.clusters import clustered_mean
from evalhub.stats.corpus import corpus_score
from evalhub.stats.corpus_counts import COUNTS
from evalhub.stats.errors import StatisticsError
from tests.benchmarks.corpus_coverage import Case, coverage, two_arms

Array = NDArray[np.float64]

RESAMPLES = 10_000
RUNS = 1000
DOCUMENTS = 400
CLUSTERS = 80


def bootstrap(
    score: str, arms: tuple[Array, Array], clusters: NDArray[np.intp], seed: int
) -> Array:
    """Differences of the score between the arms over resamples of whole clusters, the same of both:
    (RESAMPLES,)."""
    rng = np.random.default_rng(seed)
    size = int(clusters.max()) + 1
    draws = rng.multinomial(size, np.full(size, 1 / size), RESAMPLES).astype(float)

    def values(rows: Array) -> Array:
        if score in ("mcc", "f1"):  # cells of 2 x 2 are what is summed
            cells = np.zeros((len(rows), 4))
            cells[np.arange(len(rows)), (2 * rows[:, 0] + rows[:, 1]).astype(int)] = 1
            rows = cells
        sums = np.zeros((size, rows.shape[1]))
        np.add.at(sums, clusters, rows)
        return np.array([_value(score, total) for total in draws @ sums])

    return values(arms[1]) - values(arms[0])


def _value(score: str, total: Array) -> float:
    """By the formula of the score as its paper has it, and not by the code under test."""
    if score == "bleu":
        brevity = min(0.0, 1 - total[9] / total[8])
        return float(100 * np.exp(brevity + np.log(total[:4] / total[4:8]).mean()))
    if score in ("chrf", "chrf++"):
        answer, reference, match = total.reshape(-1, 3).T
        p, r = (match / answer).mean(), (match / reference).mean()
        return float(100 * 5 * p * r / (4 * p + r))
    if score == "ter":
        return float(100 * total[0] / total[1])
    if score == "mcc":
        tn, fp, fn, tp = total
        return (tp * tn - fp * fn) / math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    if score == "f1":
        _, fp, fn, tp = total
        return float(2 * tp / (2 * tp + fp + fn))
    return math.exp(-total[0] / total[1])


@pytest.mark.parametrize("by_cluster", [False, True])
@pytest.mark.parametrize("score", COUNTS)
def test_the_error_is_that_of_a_paired_bootstrap(score: str, by_cluster: bool) -> None:
    """10,000 resamples know a standard error to 1% (its own is 1/√20000), and with 400 documents or
    80 clusters the bootstrap, which has no degrees of freedom, is lower by up to 1%: within 5%. Its
    95% ends are within a tenth of the width of the interval."""
    clusters = np.arange(DOCUMENTS) // (DOCUMENTS // CLUSTERS if by_cluster else 1)
    arms = two_arms(score, np.random.default_rng(11), clusters)
    scored = [corpus_score(score, rows) for rows in arms]
    difference = scored[1].scores - scored[0].scores
    found = clustered_mean(difference, clusters if by_cluster else None)
    assert found.mean == pytest.approx(scored[1].value - scored[0].value, abs=1e-9)
    resampled = bootstrap(score, arms, clusters, 5)
    assert found.se == pytest.approx(resampled.std(), rel=0.05)
    low, high = np.quantile(resampled, [0.025, 0.975])
    slack = 0.1 * (high - low)
    assert found.mean - 1.96 * found.se == pytest.approx(low, abs=slack)
    assert found.mean + 1.96 * found.se == pytest.approx(high, abs=slack)


@pytest.mark.parametrize("score", COUNTS)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_mean_over_documents_is_the_score_of_all(score: str, seed: int) -> None:
    rows, _ = two_arms(score, np.random.default_rng(seed), np.arange(50))
    scored = corpus_score(score, rows)
    assert scored.scores.shape == (50,)
    assert scored.scores.mean() == pytest.approx(scored.value, abs=1e-9)


def test_labels_are_scored_as_by_hand() -> None:
    """tp 3, fp 1, fn 2, tn 4: F1 6/9; MCC (12 − 2)/√(4·5·5·6)."""
    cells = [(1, 1)] * 3 + [(0, 1)] + [(1, 0)] * 2 + [(0, 0)] * 4
    assert corpus_score("f1", cells).value == pytest.approx(6 / 9)
    assert corpus_score("mcc", cells).value == pytest.approx(10 / math.sqrt(600))


def test_three_labels_correlate_as_gorodkin_has_it() -> None:
    """Right 5 of 7; golds 3, 2, 2, answers 3, 3, 1: (35 − 17)/√((49 − 17)(49 − 19))."""
    cells = [(0, 0), (0, 0), (0, 1), (1, 1), (1, 1), (5, 5), (5, 0)]
    assert corpus_score("mcc", cells).value == pytest.approx(18 / math.sqrt(32 * 30))


def test_one_label_alone_scores_nothing_and_varies_by_nothing() -> None:
    for score in ("mcc", "f1"):
        assert corpus_score(score, [(0, 0), (0, 0)]).scores.tolist() == [0, 0]
    assert corpus_score("mcc", [(0, 1), (1, 1)]).scores.tolist() == [0, 0]


def test_an_order_without_a_match_is_smoothed_as_sacrebleu_has_it() -> None:
    """Matches 4, 2, 0, 0 of 8, 7, 6, 5: the last two count as 1/2 of 6 and 1/4 of 5."""
    row = [4, 2, 0, 0, 8, 7, 6, 5, 8, 8]
    expected = 100 * (4 / 8 * 2 / 7 * 1 / 12 * 1 / 20) ** 0.25
    assert corpus_score("bleu", [row]).value == pytest.approx(expected)
    assert corpus_score("bleu", [[0] * 4 + row[4:]]).value == 0


@pytest.mark.parametrize(
    ("score", "counts", "message"),
    [
        ("ter", [], "ter takes 2 counts of each document"),
        ("ter", [[1, 2, 3]], "ter takes 2 counts of each document"),
        ("ter", [[math.nan, 1]], "ter takes finite counts"),
        ("f1", [[2, 1]], "f1 takes the labels 0 and 1"),
        ("perplexity", [[-1, 0]], "takes documents that have a size"),
        ("perplexity", [[-1e6, 1]], "perplexity of these 1 documents is not finite"),
    ],
)
def test_what_has_no_score_is_refused(score: str, counts: list[list[float]], message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        corpus_score(score, counts)


@pytest.mark.heavy
@pytest.mark.parametrize("clusters", [0, 40])
@pytest.mark.parametrize("score", COUNTS)
def test_the_interval_holds_the_true_difference(score: str, clusters: int) -> None:
    """95% of 1,000 runs with a standard error of .7%, of 200 documents: at least 92.5%."""
    assert coverage(Case(score, 200, clusters), RUNS) >= 0.925

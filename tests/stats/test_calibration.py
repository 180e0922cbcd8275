"""Calibration: scikit-learn's curve, an error without bias, and intervals that hold."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from evalhub.stats.calibration import calibration, calibration_score, reliability
from evalhub.stats.errors import StatisticsError
from tests.benchmarks.calibration_coverage import BINS, CASES, Case, measure

type Answers = tuple[NDArray[np.float64], NDArray[np.float64], int]

RUNS = 2000


def random_answers(seed: int) -> Answers:
    rng = np.random.default_rng(seed)
    n, bins = int(rng.integers(1, 401)), int(rng.integers(2, 21))
    said = rng.beta(*rng.uniform(0.3, 4, 2), n)
    if seed % 3 == 0:
        said = np.round(said, 1)  # which lie on edges
    return said, (rng.random(n) < said).astype(float), bins


def nasty_answers() -> Iterator[Answers]:
    """20 inputs: single answers, edges, ends, one bin alone, numbers just beside an edge."""
    edges = np.linspace(0, 1, 11)
    for said, right in [
        ([0.0], [0.0]),
        ([1.0], [1.0]),
        ([1.0], [0.0]),
        ([0.5], [1.0]),
        ([0.0, 1.0], [1.0, 0.0]),
        ([0.5] * 9, [1.0] * 9),
        ([0.1] * 3, [0, 1, 0]),
        ([0.3] * 3, [0, 1, 0]),
        ([0.7] * 3, [0, 1, 0]),
        (edges, [1.0] * 11),
        (np.nextafter(edges[1:], 0), [0.0] * 10),
        (np.nextafter(edges[:-1], 1), [1.0] * 10),
        (np.linspace(0, 1, 101), [0.0, 1.0] * 50 + [0.0]),
        ([1e-300] * 4, [0, 0, 0, 1]),
        ([1 - 1e-16] * 4, [1, 1, 1, 0]),
        ([0.95] * 500, [1.0] * 475 + [0.0] * 25),
        ([0.99, 0.01], [1, 1]),
        (np.repeat([0.2, 0.4, 0.6, 0.8], 5), [0, 1, 1, 0] * 5),
        ([1 / 3] * 6, [0, 0, 1] * 2),
        ([0.9] * 2 + [0.1] * 2, [0, 0, 1, 1]),
    ]:
        yield np.asarray(said, dtype=float), np.asarray(right, dtype=float), 10


@pytest.mark.heavy  # importing scikit-learn takes four seconds
def test_the_curve_is_scikit_learns_on_200_random_and_20_nasty_inputs() -> None:
    """The greatest difference is that of rounding; docs/reference/classification.md has it."""
    curve = pytest.importorskip("sklearn.calibration").calibration_curve
    inputs = [random_answers(seed) for seed in range(200)] + list(nasty_answers())
    assert len(inputs) == 220
    worst = 0.0
    for said, right, bins in inputs:
        expected = curve(right, said, n_bins=bins)
        rows = reliability(said, right, bins)
        found = [row.right for row in rows], [row.confidence for row in rows]
        worst = max(worst, float(np.abs(np.subtract(found, expected)).max()))
    assert worst <= 1e-14


def test_the_errors_are_as_by_hand() -> None:
    """Two bins: .75 said 4 times and right twice; .25 said twice and never right. ECE (4·.25 +
    2·.25)/6; squared .25² - .5·.5/3 in the first (Ferro and Fricker 2012) and .25² in the other."""
    found = calibration([0.75] * 4 + [0.25] * 2, [1, 1, 0, 0, 0, 0], 2)
    assert found.ece == pytest.approx(0.25)
    squared = (4 * (0.0625 - 0.25 / 3) + 2 * 0.0625) / 6
    assert found.squared == pytest.approx(squared)
    assert found.root == pytest.approx(math.sqrt(squared))
    chance = math.sqrt(2 / math.pi) * (math.sqrt(4 * 0.1875) + math.sqrt(2 * 0.1875)) / 6
    assert found.by_chance == pytest.approx(chance)


def test_it_is_the_mean_product_of_two_residuals_of_one_bin() -> None:
    said, right, _ = random_answers(5)
    residual, where = right - said, np.minimum((said * 5).astype(int), 4)
    expected = 0.0
    for b in range(5):
        r = residual[where == b]
        if r.size > 1:
            pairs = [r[i] * r[j] for i in range(r.size) for j in range(r.size) if i != j]
            expected += r.size / said.size * sum(pairs) / len(pairs)
    assert calibration(said, right, 5).squared == pytest.approx(expected)


def test_the_mean_of_the_answers_is_the_error_of_all() -> None:
    rng = np.random.default_rng(3)
    said = np.append(rng.uniform(0.5, 1, 250), 0.05)  # a bin with one answer adds nothing
    scored = calibration_score(said, rng.random(251) < 0.7, 10)
    assert scored.scores.mean() == pytest.approx(scored.value, abs=1e-15)
    assert scored.scores[-1] == 0


def test_an_error_below_nothing_is_kept_and_its_root_is_none() -> None:
    found = calibration([0.5, 0.5, 0.7, 0.7], [0, 1, 0, 1], 2)
    assert found.squared < 0
    assert found.root == 0


def test_the_curve_has_clopper_and_pearsons_limits() -> None:
    """15 of 20: [.509, .913]."""
    [row] = reliability([0.8] * 20, [1] * 15 + [0] * 5, 10)
    assert (row.start, row.stop, row.count) == (pytest.approx(0.7), 0.8, 20)
    assert (row.confidence, row.right) == (pytest.approx(0.8), 0.75)
    assert (row.lower, row.upper) == pytest.approx((0.509, 0.913), abs=5e-4)


@pytest.mark.parametrize(
    ("said", "right", "message"),
    [
        ([0.5] * 199, [1] * 199, "needs 200 answers for an interval that holds, and has 199"),
        ([1.5] * 200, [1] * 200, "a confidence lies between 0 and 1"),
        ([math.nan] * 200, [1] * 200, "a confidence lies between 0 and 1"),
        ([0.5] * 200, [2] * 200, "an answer is right, 1, or wrong, 0"),
        ([0.5] * 200, [1] * 199, "a confidence and a right or wrong of each answer"),
        ([], [], "a confidence and a right or wrong of each answer"),
    ],
)
def test_what_has_no_error_is_refused(said: list[float], right: list[float], message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        calibration_score(said, right, 10)


def test_of_calibrated_confidences_the_squared_error_is_0_and_the_ece_is_not() -> None:
    """400 draws of 200 answers: three standard errors of the mean; the ECE is .06 by chance, which
    `by_chance` foretells to a tenth."""
    rng = np.random.default_rng(17)
    squares, eces, chances = [], [], []
    for _ in range(400):
        said = rng.beta(4, 1.5, 200)
        found = calibration(said, rng.random(200) < said, BINS)
        squares.append(found.squared)
        eces.append(found.ece)
        chances.append(found.by_chance)
    assert abs(np.mean(squares)) <= 3 * np.std(squares) / math.sqrt(400)
    assert np.mean(eces) > 0.05
    assert np.mean(chances) == pytest.approx(np.mean(eces), rel=0.1)


@pytest.mark.heavy
@pytest.mark.parametrize("case", [CASES[0], CASES[3], CASES[6], CASES[8]], ids=str)
def test_intervals_hold_the_truth_and_the_error_has_no_bias(case: Case) -> None:
    """95% of 2,000 runs within three standard errors; a tail may be .04, which is what the document
    says of 200 overconfident answers."""
    found = measure(case, RUNS)
    assert 1 - found.below - found.above >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / RUNS)
    assert max(found.below, found.above) <= 0.04
    assert abs(found.squared_bias) <= 3 * found.squared_error
    assert found.ece_bias > 0.005

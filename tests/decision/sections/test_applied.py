"""What log-probabilities say of an arm that may have changed nothing."""

import numpy as np
import pytest

from evalhub.decision.sections.applied import (
    AppliedSection,
    moves,
    nothing_sentence,
    state_of,
)
from tests.decision.recorded import ARMS

RNG = np.random.default_rng(3)


def test_a_move_is_a_difference_in_nats_and_other_words_are_one_nat() -> None:
    sums, others = np.array([-3.0, -3.0, -3.0]), np.array([-3.2, -9.0, -3.0])
    assert moves(sums, others, np.array([True, True, False])) == pytest.approx([0.2, 1.0, 1.0])


def test_rounding_alone_is_nothing_and_one_answer_that_moved_is_more() -> None:
    rounding = RNG.uniform(0, 9e-4, 50)
    assert state_of(rounding, None) == "nothing"
    assert state_of(np.append(rounding, 0.002), None) == "not-told"


def test_without_a_second_run_what_half_precision_might_do_is_not_told() -> None:
    assert state_of(np.full(50, 0.02), None) == "not-told"
    assert state_of(np.full(50, 0.06), None) == "moved"


def test_a_second_run_shows_how_much_is_noise() -> None:
    repeat, again = RNG.uniform(0, 0.03, 400), RNG.uniform(0, 0.03, 400)
    assert state_of(again, repeat) == "nothing"
    assert state_of(again + 0.2, repeat) == "moved"
    noisy, other = RNG.uniform(0, 1, 30), RNG.uniform(0, 1, 30)
    assert state_of(other, noisy) == "not-told"


def test_an_adapter_as_small_as_those_that_were_tried_is_never_called_nothing() -> None:
    """Those moved log-probabilities by 1.07 and 2.30 nats, and no word (500 studies of 20 items,
    beside noise of 0.1 nats): at most 2.5% and 3 errors."""
    called = 0
    for _ in range(500):
        repeat = np.abs(RNG.normal(0, 0.1, 20))
        called += state_of(np.minimum(np.abs(RNG.normal(1.07, 0.5, 20)), 1), repeat) != "moved"
    assert called / 500 <= 0.025 + 3 * 0.007


def section(**fields: object) -> AppliedSection:
    known = {"measure": "log-probabilities", "state": "nothing", "n": 40, "mean": 2e-5}
    return AppliedSection.model_validate(known | {"largest": 1e-4} | fields)


def test_it_is_said_in_words() -> None:
    names = {"arm": "tuned", "baseline": "base"}
    assert nothing_sentence(section(repeat=3e-5), **names, cause="Look at it.") == (
        "tuned: the adapter changed nothing. The log-probabilities of its 40 answers differ from "
        "base's by 2e-05 nats on the average, by 0.0001 at most, and a second run of base by "
        "3e-05. Look at it."
    )
    (said,) = section(state="moved", mean=0.7).with_sentences(ARMS).sentences
    assert said.endswith("by 0.7 nats on the average: tuned is another model.")
    said, other = section(measure="texts", siblings=("copy",)).write_sentences(ARMS)
    assert "only texts tell whether tuned was applied" in said
    assert other == "tuned answers word for word as copy: is it one adapter under two names?"


def test_a_twentieth_of_a_nat_is_a_clear_move() -> None:
    assert state_of(np.array([0.05]), None) == "moved"

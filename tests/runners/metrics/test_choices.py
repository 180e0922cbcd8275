"""An item's choices by how likely a model finds each."""

from math import log
from typing import Any

import pytest

from runners.metrics import Answer, scorer

TEXTS = ["ab", "abcdef"]


def judged(*sums: float, choices: list[str] = TEXTS) -> Answer:
    return Answer("ab", choices=choices, choice_logprobs=sums)


def value(metric: str, answer: Answer, reference: Any, **options: Any) -> float | None:
    return scorer(metric, **options)(answer, [reference]).value


def test_a_short_choice_leads_by_its_sum_and_a_long_one_by_its_characters() -> None:
    """-4/2 = -2 and -5/6 = -.83 (lm-evaluation-harness: acc picks 0, acc_norm picks 1)."""
    answer = judged(-4.0, -5.0)
    assert value("choice_likelihood", answer, "ab") == 1
    assert value("choice_likelihood", answer, "ab", per="character") == 0
    assert value("choice_likelihood", answer, "abcdef", per="character") == 1


def test_bytes_are_not_characters() -> None:
    """-3/3 = -1 and -4/5 = -.8 by characters; -3/9 = -.33 by the bytes of three Chinese signs."""
    answer = judged(-3.0, -4.0, choices=["\u4e2d\u6587\u5b57", "abcde"])
    assert value("choice_likelihood", answer, 0, per="character") == 0
    assert value("choice_likelihood", answer, 0, per="byte") == 1


def test_the_right_choice_is_named_or_numbered() -> None:
    assert value("choice_likelihood", judged(-4.0, -5.0), 0) == 1
    assert value("choice_likelihood", judged(-4.0, -5.0), 1) == 0


def test_of_equals_the_first_counts() -> None:
    assert value("choice_likelihood", judged(-4.0, -4.0), 0) == 1
    assert value("choice_likelihood", judged(-4.0, -4.0), 1) == 0


def test_a_text_is_as_likely_as_its_bytes_are_on_the_average() -> None:
    answer = judged(8 * log(1 / 256), choices=["8 bytes."])
    assert value("likelihood_per_byte", answer, "8 bytes.") == pytest.approx(-log(256))


@pytest.mark.parametrize(
    ("answer", "reference", "says"),
    [
        (Answer("ab"), "ab", "the item has no choices"),
        (Answer("ab", choices=TEXTS), "ab", "doesn't say how likely a given text is"),
        (judged(-1.0), "ab", "2 choices, and likelihoods of 1"),
        (judged(-1.0, -2.0), "abc", "is neither one of the choices nor a number from 0 to 1"),
        (judged(-1.0, -2.0), 2, "is neither one of the choices nor a number from 0 to 1"),
        (judged(-1.0, -2.0), True, "is neither one of the choices nor a number from 0 to 1"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_scored(
    answer: Answer, reference: Any, says: str
) -> None:
    for metric in ("choice_likelihood", "likelihood_per_byte"):
        found = scorer(metric)(answer, [reference])
        assert found.value is None
        assert says in found.reason

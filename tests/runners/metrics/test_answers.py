"""Metrics that look for an answer in the output: a number, a letter; and what an answer cost."""

from typing import Any

import pytest

from runners.metrics import Answer, scorer
from runners.metrics.multiple_choice import chosen_letter
from runners.metrics.numeric_match import last_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("so 4 apples and 18", 18),
        ("A: 18.", 18),
        ("It costs $1,234,567.50 in all.", 1234567.5),
        ("that is 45%", 45),
        ("x = -5", -5),
        ("x = \u22125", -5),
        ("a debt of -$5", -5),
        ("a debt of $-5", -5),
        ("16-3", 3),
        ("pages 10-12", 12),
        ("(2)-3", 3),
        ("1, 2, 3", 3),
        ("1,2345", 2345),
        ("about .5", 0.5),
        ("1.5e3 m", 1500),
        ("<<80000*.5=40000.0>>40,000", 40000),
        ("no number", None),
        ("", None),
    ],
)
def test_the_last_number_is_read_as_people_write_numbers(text: str, number: float | None) -> None:
    assert last_number(text) == number


@pytest.mark.parametrize(
    ("output", "reference", "options", "expected"),
    [
        ("A: 1,450", "1450", {}, 1),
        ("A: 1450", "$1,450.", {}, 1),
        ("A: 18.0", 18, {}, 1),
        ("A: 45%", "45%", {}, 1),
        ("A: 18.01", "18", {}, 0),
        ("A: 18.01", "18", {"tolerance": 0.02}, 1),
        ("A: 1001", "1000", {"relative": 0.01}, 1),
        ("A: 1001", "1000", {"relative": 0.0001}, 0),
        ("A: 0.1 + 0.2 = 0.30000000000000004", "0.3", {"tolerance": 0.0000001}, 1),
        ("A: 1e999", "1", {}, 0),
        ("no idea", "18", {}, 0),
    ],
)
def test_numeric_match_compares_the_last_number_within_the_tolerance(
    output: str, reference: Any, options: dict[str, float], expected: float
) -> None:
    assert scorer("numeric_match", **options)(Answer(output), [reference]).value == expected


def test_an_output_without_a_number_is_wrong_and_the_reason_says_so() -> None:
    score = scorer("numeric_match")(Answer("no idea"), ["18"])
    assert (score.value, score.reason) == (0, "no number in the output")


@pytest.mark.parametrize("reference", ["eighteen", "18 apples", "", True, [18], "1e999"])
def test_a_reference_that_is_no_number_leaves_the_answer_unscored(reference: Any) -> None:
    score = scorer("numeric_match")(Answer("18"), [reference])
    assert score.value is None
    assert score.reason.startswith("the reference is not a number")


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B", "B"),
        ("b", "B"),
        ("(B)", "B"),
        ("(b).", "B"),
        (" **B.** \n", "B"),
        ("B. Paris", "B"),
        ("B) Paris", "B"),
        ("(B) Paris", "B"),
        ("**B: Paris**", "B"),
        ("The answer is B", "B"),
        ("The answer is (b).", "B"),
        ("The answer is: B, for A is wrong.", "B"),
        ("The correct answer is option **B**.", "B"),
        ("Answer: B", "B"),
        ("Final answer: $\\boxed{B}$", "B"),
        ("First I thought the answer is A. No: the answer is C.", "C"),
        ("A. is wrong. The answer is D", "D"),
        ("It can't be (A), so it must be (C)", "C"),
        ("the answer is a tie", None),
        ("The answer is Berlin", None),
        ("A dog came in", None),
        ("I don't know", None),
        ("(Z)", None),
        ("", None),
    ],
)
def test_the_letter_chosen_is_found_in_the_forms_that_models_use(
    text: str, letter: str | None
) -> None:
    assert chosen_letter(text, "ABCDEFGHIJ") == letter


def test_multiple_choice_compares_letters() -> None:
    score = scorer("multiple_choice")
    assert score(Answer("The answer is (B)."), ["B"]).value == 1
    assert score(Answer("B"), ["(b)"]).value == 1
    assert score(Answer("C"), ["(B)"]).value == 0
    nothing = score(Answer("no idea"), ["B"])
    assert (nothing.value, nothing.reason) == (0, "no choice in the output")


@pytest.mark.parametrize("reference", ["Paris", "", 1, None, "K"])
def test_a_reference_that_is_no_letter_leaves_the_answer_unscored(reference: Any) -> None:
    assert scorer("multiple_choice")(Answer("B"), [reference]).value is None


def test_the_letters_to_choose_from_can_be_given() -> None:
    score = scorer("multiple_choice", letters="XYZ")
    assert score(Answer("The answer is Z"), ["Z"]).value == 1
    assert score(Answer("B"), ["Z"]).value == 0


def test_length_counts_characters_without_white_space_at_the_ends() -> None:
    assert scorer("length")(Answer(" Grüße, 世界 \n"), []).value == 9
    assert scorer("length")(Answer(""), []).value == 0


def test_latency_is_what_was_recorded_or_unscored() -> None:
    assert scorer("latency")(Answer("x", latency_ms=12.5), []).value == 12.5
    unscored = scorer("latency")(Answer("x"), [])
    assert (unscored.value, unscored.reason) == (None, "no latency was recorded")
    assert scorer("latency")(Answer("x", latency_ms=float("nan")), []).value is None


def test_tokens_are_those_of_the_completion_the_prompt_or_both() -> None:
    answer = Answer("x", prompt_tokens=30, completion_tokens=12)
    assert [
        scorer("tokens", **options)(answer, []).value
        for options in ({}, {"of": "prompt"}, {"of": "total"})
    ] == [12, 30, 42]
    unscored = scorer("tokens", of="total")(Answer("x", completion_tokens=12), [])
    assert (unscored.value, unscored.reason) == (None, "no prompt tokens were recorded")

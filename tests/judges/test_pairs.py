"""What a judge is asked of two answers, and what of its reply is believed."""

import pytest

from evalhub.declare.judges import PairwiseQuestion
from evalhub.judges.pairs import choice_of, judge_prompt
from runners.metrics.json_verdict import VerdictError


def test_both_answers_are_told_in_their_order_also_empty_ones() -> None:
    prompt = judge_prompt(
        PairwiseQuestion(rubric="Politer."),
        item_input="Hello?",
        context="",
        references=[None],
        first='Go away" }',
        second="",
    )
    assert "Rubric:\nPoliter." in prompt
    assert r'"first_answer": "Go away\" }"' in prompt
    assert '"second_answer": ""' in prompt
    assert "context" not in prompt
    assert "right_answers" not in prompt


@pytest.mark.parametrize(
    ("better", "candidate_first", "choice"),
    [
        ("first", True, "candidate"),
        ("second", True, "baseline"),
        ("first", False, "baseline"),
        ("second", False, "candidate"),
        ("neither", True, "tie"),
        ("neither", False, "tie"),
    ],
)
def test_a_place_is_led_back_to_its_arm(better: str, candidate_first: bool, choice: str) -> None:
    said = f'{{"reason": " Politer. ", "better": "{better}"}}'
    assert choice_of(said, candidate_first=candidate_first) == (choice, "Politer.")


@pytest.mark.parametrize(
    "said",
    ["first", '{"better": "First"}', '{"better": 1}', '{"better": null}', "{}", '["first"]', ""],
)
def test_anything_else_is_no_verdict(said: str) -> None:
    with pytest.raises(VerdictError):
        choice_of(said, candidate_first=True)

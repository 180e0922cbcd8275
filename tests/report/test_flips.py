"""One item with both answers, as it is shown."""

from typing import Any

from evalhub.report.flips import flip_of, input_text, passage, references_text


def a_flip(**fields: Any) -> dict[str, Any]:
    return {
        "key": "q1",
        "test_set": "reading",
        "input": "When?",
        "reference": ["9:46"],
        "baseline_text": "At 9:46.",
        "candidate_text": "At 10.",
        "baseline": 1.0,
        "candidate": 0.0,
        "difference": -1.0,
        "outcome": "lost",
        **fields,
    }


def test_right_and_wrong_are_told_by_the_score() -> None:
    base, tuned = flip_of(a_flip(), baseline="base", candidate="lora").sides
    assert (base.label, base.status) == ("base", "pass")
    assert (tuned.label, tuned.status) == ("lora", "fail")


def test_a_score_between_and_a_missing_score_are_neither_right_nor_wrong() -> None:
    row = a_flip(baseline=0.5, candidate=None, difference=None)
    assert [side.status for side in flip_of(row, baseline="a", candidate="b").sides] == ["", ""]


def test_where_less_is_better_a_score_of_0_is_right() -> None:
    base, tuned = flip_of(a_flip(right=0.0), baseline="base", candidate="lora").sides
    assert (base.status, tuned.status) == ("fail", "pass")


def test_where_a_score_is_counted_in_a_unit_no_number_is_right() -> None:
    row = a_flip(right=None)
    assert [side.status for side in flip_of(row, baseline="a", candidate="b").sides] == ["", ""]


def test_an_error_stands_in_place_of_the_answer() -> None:
    row = a_flip(candidate_text=None, candidate_error="timed out")
    assert flip_of(row, baseline="a", candidate="b").sides[1].error == "timed out"


def test_chat_messages_are_shown_by_their_roles() -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    assert input_text(messages) == "system: Be brief.\n\nuser: Why?"


def test_of_a_row_what_it_asks_is_shown() -> None:
    assert input_text({"id": "q1", "question": "How many?", "answer": "4"}) == "How many?"
    assert input_text({"id": "q1"}) == '{"id": "q1"}'


def test_several_right_answers_are_set_apart() -> None:
    assert references_text(["four", 4]) == "four or 4"


def test_a_long_text_is_cut_at_a_word_and_kept_whole_behind() -> None:
    text = "word " * 400
    shown = passage(text)
    assert shown.cut
    assert shown.head.endswith("word …")
    assert shown.whole == text

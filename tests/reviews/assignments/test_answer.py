"""An answer as presented, and whether a form allows it."""

from typing import Any

import pytest

from evalhub.declare.declaration import validate
from evalhub.declare.review import Form
from reviews.assignments.answer import ReviewerAnswer
from reviews.errors import UnfitAnswerError, UnknownChoiceError

PLAIN = Form()
FULL = validate(
    Form,
    {
        "steps": True,
        "dimensions": [{"name": "tone", "question": "Whose tone?"}],
        "rationale": "required",
        "flags": ["unsafe", "names-itself"],
    },
)
RATINGS = validate(
    Form, {"dimensions": [{"name": "fluent", "question": "How fluent?", "kind": "rating"}]}
)
WHOLE: dict[str, Any] = {"answers": {"tone": "tie"}, "rationale": "Shorter."}


@pytest.mark.parametrize("choice", ["left", "right", "tie", "both-bad"])
def test_a_plain_form_takes_one_of_four(choice: str) -> None:
    assert ReviewerAnswer(choice).normalise(PLAIN) == ReviewerAnswer(choice)


@pytest.mark.parametrize("choice", ["", "candidate", "rated", "Left"])
def test_any_other_choice_is_none(choice: str) -> None:
    with pytest.raises(UnknownChoiceError):
        ReviewerAnswer(choice).normalise(PLAIN)


@pytest.mark.parametrize(
    ("given", "form", "field"),
    [
        (ReviewerAnswer("left", much=True), PLAIN, "much"),
        (ReviewerAnswer("tie", much=True, **WHOLE), FULL, "much"),
        (ReviewerAnswer("left", rationale="Why not."), PLAIN, "rationale"),
        (ReviewerAnswer("left", answers={"tone": "left"}), FULL, "rationale"),
        (
            ReviewerAnswer("left", rationale="x" * 10_001, answers={"tone": "left"}),
            FULL,
            "rationale",
        ),
        (ReviewerAnswer("left", rationale="Shorter."), FULL, "tone"),
        (ReviewerAnswer("left", answers={"tone": "loud"}, rationale="Shorter."), FULL, "tone"),
        (ReviewerAnswer("left", answers={"tone": True}, rationale="Shorter."), FULL, "tone"),  # type: ignore[dict-item]
        (ReviewerAnswer("left", answers={"tone": "tie", "size": "left"}), FULL, "size"),
        (ReviewerAnswer("left", flags={"left": ["unsafe"]}), PLAIN, "flags"),
        (ReviewerAnswer("left", flags={"left": ["rude"]}, **WHOLE), FULL, "flags"),
        (ReviewerAnswer("left", flags={"candidate": ["unsafe"]}, **WHOLE), FULL, "flags"),
        (ReviewerAnswer("rated"), RATINGS, "fluent"),
        (ReviewerAnswer("rated", answers={"fluent": 6}), RATINGS, "fluent"),
        (ReviewerAnswer("rated", answers={"fluent": "5"}), RATINGS, "fluent"),
    ],
)
def test_what_the_form_does_not_take_is_named(
    given: ReviewerAnswer, form: Form, field: str
) -> None:
    with pytest.raises(UnfitAnswerError) as raised:
        given.normalise(form)
    assert raised.value.field == field


def test_one_answer_is_rated_on_its_scale() -> None:
    given = ReviewerAnswer("rated", answers={"fluent": 5})
    assert given.normalise(RATINGS) == given
    with pytest.raises(UnknownChoiceError):
        ReviewerAnswer("left", answers={"fluent": 5}).normalise(RATINGS)


def test_an_answer_has_one_form_however_it_was_put() -> None:
    one = ReviewerAnswer("left", flags={"left": ["names-itself", "unsafe"], "right": []}, **WHOLE)
    other = ReviewerAnswer("left", flags={"left": ["unsafe", "names-itself", "unsafe"]}, **WHOLE)
    assert one.normalise(FULL) == other.normalise(FULL)


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf"), 1e9])
def test_a_time_in_view_that_cannot_be_is_no_time(seconds: float) -> None:
    assert ReviewerAnswer("left", visible_seconds=seconds).normalise(PLAIN).visible_seconds is None


def test_the_time_taken_is_no_part_of_what_was_said() -> None:
    assert ReviewerAnswer("left", visible_seconds=1.0).says_the_same(
        ReviewerAnswer("left", visible_seconds=9.0)
    )
    assert not ReviewerAnswer("left").says_the_same(ReviewerAnswer("right"))

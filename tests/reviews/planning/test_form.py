"""What a campaign's form may say."""

from typing import Any

import pytest

from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.review import Dimension, Form

RATING = {"name": "tone", "question": "How kind is it?", "kind": "rating"}
CHOICE = {"name": "facts", "question": "Whose facts are right?", "kind": "choice"}


def test_what_is_not_said_is_off() -> None:
    form = validate(Form, {})
    assert form == Form()
    assert not any([form.steps, form.dimensions, form.flags, form.repeats, form.guess])
    assert (form.rationale, form.block, form.spacing) == ("off", 20, 10)
    assert form.one_key
    assert form.sides == ("left", "right")


def test_a_rubric_of_choices_compares_two_answers() -> None:
    form = validate(Form, {"dimensions": [CHOICE], "steps": True, "flags": ["unsafe"]})
    assert form.dimensions == (
        Dimension(name="facts", question="Whose facts are right?", kind="choice"),
    )
    assert not form.rates
    assert not form.one_key


def test_ratings_are_of_one_answer() -> None:
    form = validate(Form, {"dimensions": [RATING, RATING | {"name": "style", "low": 0, "high": 3}]})
    assert form.rates
    assert form.sides == ("answer",)
    assert [dimension.values for dimension in form.dimensions] == [(1, 2, 3, 4, 5), (0, 1, 2, 3)]


def test_a_required_rationale_takes_more_than_one_key() -> None:
    assert validate(Form, {"rationale": "optional"}).one_key
    assert not validate(Form, {"rationale": "required"}).one_key


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"question": "Which?", "steps": True, "dimensions": [CHOICE], "repeats": 0.1},
        {"dimensions": [RATING], "flags": ["names-itself"], "rationale": "required"},
    ],
)
def test_a_form_is_read_back_as_it_was_written(document: dict[str, Any]) -> None:
    assert validate(Form, validate(Form, document).as_json()) == validate(Form, document)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"question": 1}, "question"),
        ({"steps": 1}, "steps"),
        ({"rationale": "perhaps"}, "rationale"),
        ({"flags": ["rude"]}, "flags[0]"),
        ({"flags": ["unsafe", "unsafe"]}, "flags"),
        ({"flags": "unsafe"}, "flags"),
        ({"repeats": 0.6}, "repeats"),
        ({"repeats": True}, "repeats"),
        ({"block": 0}, "block"),
        ({"block": 2.5}, "block"),
        ({"spacing": -1}, "spacing"),
        ({"dimensions": {}}, "dimensions"),
        ({"dimensions": ["tone"]}, "dimensions[0]"),
        ({"dimensions": [CHOICE, CHOICE]}, "dimensions"),
        ({"dimensions": [CHOICE, RATING]}, "dimensions"),
        ({"dimensions": [CHOICE | {"low": 1}]}, "dimensions[0]"),
        ({"dimensions": [CHOICE | {"name": "The facts"}]}, "dimensions[0].name"),
        ({"dimensions": [CHOICE | {"name": "a" * 41}]}, "dimensions[0].name"),
        ({"dimensions": [CHOICE | {"question": " "}]}, "dimensions[0].question"),
        ({"dimensions": [CHOICE | {"kind": "scale"}]}, "dimensions[0].kind"),
        ({"dimensions": [CHOICE | {"weight": 2}]}, "dimensions[0].weight"),
        ({"dimensions": [RATING | {"low": 3, "high": 3}]}, "dimensions[0].high"),
        ({"dimensions": [RATING | {"high": 10}]}, "dimensions[0].high"),
        ({"dimensions": [RATING], "steps": True}, "steps"),
        ({"dimensions": [RATING], "guess": True}, "guess"),
    ],
)
def test_what_cannot_be_names_its_field(document: dict[str, Any], field: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        validate(Form, document)
    assert caught.value.field == field

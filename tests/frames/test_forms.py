"""Form fields from declarations: range, choices, default, and what a person reads."""

from typing import Annotated, Any, Literal

import pytest
from django import forms
from pydantic import Field

from evalhub.declare.declaration import Declaration, DeclarationError
from evalhub.frames.page.forms import (
    LONGEST,
    DeclaredForm,
    field_of,
    option_field,
    option_value,
    whole_number,
)

Share = Annotated[float, Field(ge=0, le=0.5)]


class Plan(Declaration):
    items: int = Field(200, gt=0, lt=1000)
    controls: Share = 0.05
    margin: float = Field(0.1, gt=0)
    limit: float | None = Field(None, ge=0, description="of money")
    name: str = Field(max_length=40)
    notes: str = ""
    blind: bool = True
    form: Literal["pairs", "ratings"] = "pairs"
    rule: Literal["fixed", "anytime"] | None = None
    flags: tuple[Literal["unsafe", "wrong"], ...] = ("unsafe",)
    words: tuple[str, ...] = ("a",)


def field(name: str, **options: Any) -> forms.Field:
    return field_of(Plan, name, "Label", **options)


def test_a_whole_number_stays_inside_its_bounds() -> None:
    items = field("items")
    assert isinstance(items, forms.IntegerField)
    assert (items.min_value, items.max_value, items.initial, items.required) == (1, 999, 200, True)


def test_a_share_is_asked_for_in_percent() -> None:
    controls = field("controls", percent=True)
    assert isinstance(controls, forms.IntegerField)
    assert (controls.min_value, controls.max_value, controls.initial) == (0, 50, 5)


def test_an_exclusive_bound_of_a_fraction_is_left_to_the_declaration() -> None:
    margin = field("margin")
    assert isinstance(margin, forms.FloatField)
    assert margin.min_value is None


@pytest.mark.parametrize(
    ("name", "required"),
    [("name", True), ("items", True), ("notes", False), ("limit", False), ("blind", False)],
)
def test_what_has_no_value_may_stay_empty(name: str, required: bool) -> None:
    assert field(name).required is required


def test_a_text_has_its_longest_length() -> None:
    lengths = [getattr(field(name), "max_length") for name in ("name", "notes")]  # noqa: B009
    assert lengths == [40, LONGEST]


def test_choices_are_the_declared_ones_in_words() -> None:
    words = {"pairs": "two answers", "ratings": "one answer"}
    assert list(field("form", choices=words).choices) == list(words.items())  # type: ignore[attr-defined]
    flags = field("flags")
    assert isinstance(flags, forms.MultipleChoiceField)
    assert list(flags.choices) == [("unsafe", "unsafe"), ("wrong", "wrong")]


def test_an_option_is_called_by_its_name_and_may_stay_empty() -> None:
    limit = option_field(Plan, "limit")
    assert (limit.label, limit.help_text, limit.required) == ("Limit", "of money", False)
    rule: Any = option_field(Plan, "rule")
    assert list(rule.choices) == [("", "no"), ("fixed", "fixed"), ("anytime", "anytime")]


def test_what_django_has_no_field_for_is_asked_for_as_json() -> None:
    words, declared = option_field(Plan, "words"), Plan.model_fields["words"]
    assert (words.initial, words.help_text) == ('["a"]', "(as JSON)")
    assert option_value(declared, '["b"]', "words") == ["b"]
    with pytest.raises(DeclarationError) as refused:
        option_value(declared, "b", "words")
    assert refused.value.field == "words"


class PlanForm(DeclaredForm):
    fields_by_path = {"test_sets": "items", "test_sets.sums": "name"}

    items = field_of(Plan, "items", "Items")
    name = field_of(Plan, "name", "Name")
    arm = forms.ChoiceField()


@pytest.mark.parametrize(
    ("value", "message"), [(0, "must be 1 or more, not 0"), (1000, "must be at most 999, not 1000")]
)
def test_a_number_outside_is_told_so_in_the_declaration_s_words(value: int, message: str) -> None:
    assert PlanForm({"items": value}).errors["items"] == [message]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("items", "items"),
        ("test_sets.other.file", "items"),
        ("test_sets.sums.file", "name"),
        ("policy", "__all__"),
    ],
)
def test_an_error_is_shown_at_the_field_that_it_is_about(path: str, name: str) -> None:
    form = PlanForm({"items": 2, "name": "n", "arm": "a"})
    form.set_choices("arm", [("a", "A")])
    assert form.is_valid()
    form.add_declaration_error(DeclarationError("is wrong", path))
    assert form.errors == {name: ["is wrong"]}


@pytest.mark.parametrize(("text", "number"), [("12", 12), ("-1", 0), ("x", 0), ("9" * 10, 0)])
def test_a_number_of_an_address(text: str, number: int) -> None:
    assert whole_number(text) == number

"""What is wrong with a value is said with its field, and in a file with its line."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, model_validator

from evalhub.declare.declaration import (
    Declaration,
    DeclarationError,
    invalid,
    read_declaration,
    validate,
)
from evalhub.io.document import Document
from evalhub.io.rows import DataError


class Cat(Declaration):
    kind: Literal["cat"]
    lives: int = Field(9, ge=1, le=9)


class Dog(Declaration):
    kind: Literal["dog"]
    barks: bool = True


class House(Declaration):
    name: str = Field(min_length=1, max_length=10)
    rent: float = Field(0.5, gt=0, lt=1)
    tags: tuple[str, ...] = ()
    doors: tuple[str, ...] = Field(("front", "back"), min_length=2)
    pets: dict[str, Annotated[Cat | Dog, Field(discriminator="kind")]] = {}

    @model_validator(mode="after")
    def quiet(self) -> "House":
        for name, pet in self.pets.items():
            if isinstance(pet, Dog) and pet.barks:
                raise invalid(f"{name} must not bark in a {{house}}", "pets", name, "barks")
        return self


@pytest.mark.parametrize(
    ("value", "field", "message"),
    [
        ({}, "name", "missing"),
        (
            {"nam": "x"},
            "nam",
            "isn't known here; did you mean name? (known: name, rent, tags, doors, pets)",
        ),
        ({"name": ""}, "name", "is empty"),
        ({"name": 3}, "name", "a text is needed, not 3"),
        ({"name": "x", "rent": True}, "rent", "a number is needed, not true"),
        ({"name": "x", "rent": "0.4"}, "rent", 'a number is needed, not "0.4"'),
        ({"name": "x", "rent": 1}, "rent", "must be below 1, not 1"),
        ({"name": "x", "tags": "a"}, "tags", 'a list is needed, not "a"'),
        ({"name": "x", "tags": ["a", 1]}, "tags[1]", "a text is needed, not 1"),
        ({"name": "x", "doors": []}, "doors", "is empty"),
        ({"name": "x", "doors": ["front"]}, "doors", "is too short: 2 at least"),
        ({"name": "x", "pets": {"Tom": {}}}, "pets.Tom", "its kind is needed"),
        (
            {"name": "x", "pets": {"Tom": {"kind": "cot"}}},
            "pets.Tom",
            'one of cat, dog is needed, not "cot"; did you mean cat?',
        ),
        (
            {"name": "x", "pets": {"Tom": {"kind": "cat", "lives": 10}}},
            "pets.Tom.lives",
            "must be at most 9, not 10",
        ),
        (
            {"name": "x", "pets": {"Tom": {"kind": "cat", "live": 1}}},
            "pets.Tom.live",
            "isn't known here; did you mean lives? (known: kind, lives)",
        ),
        (
            {"name": "x", "pets": {"Rex": {"kind": "dog"}}},
            "pets.Rex.barks",
            "Rex must not bark in a {house}",
        ),
        ({"name": "x", "rent": float("nan")}, "rent", "nan is not a number that JSON has"),
        ({"name": "x\0"}, "name", "holds a NUL character at position 2, which can't be stored"),
        ({"name": "x", "tags": {1, 2}}, "", "has no form in JSON"),
    ],
)
def test_a_value_is_refused_by_its_field(value: object, field: str, message: str) -> None:
    with pytest.raises(DeclarationError) as raised:
        validate(House, value)
    assert raised.value.field == field
    assert message in raised.value.message


def test_the_field_starts_where_the_value_stands() -> None:
    with pytest.raises(DeclarationError) as raised:
        validate(House, {"name": "x", "tags": [0]}, at="houses[2]")
    assert raised.value.field == "houses[2].tags[0]"


def test_lists_become_tuples_and_whole_numbers_numbers() -> None:
    house = validate(House, {"name": "x", "tags": ["a"]})
    assert house.tags == ("a",)
    assert house.rent == 0.5


class Letter(Declaration):
    schema_: Literal["letter/1"] = Field("letter/1", alias="schema")
    house: House


def test_what_is_written_as_json_is_read_back() -> None:
    letter = Letter(house=validate(House, {"name": "x", "pets": {"Tom": {"kind": "cat"}}}))
    written = letter.as_json()
    assert written["schema"] == "letter/1"
    assert written["house"]["pets"] == {"Tom": {"kind": "cat", "lives": 9}}
    assert validate(Letter, written) == letter


def test_a_document_is_refused_by_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "house.yaml"
    path.write_text(
        "name: x\nrent: 0.2\ntags: [a, 1]\npets:\n  Tom:\n    kind: cat\n    lives: 0\n"
    )
    with pytest.raises(DataError) as raised:
        read_declaration(House, Document(path), start="a house is a mapping")
    assert (raised.value.line, raised.value.field) == (3, "tags.1")
    path.write_text("- x\n")
    with pytest.raises(DataError, match="a house is a mapping"):
        read_declaration(House, Document(path), start="a house is a mapping")

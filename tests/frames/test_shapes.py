"""Response bodies read from the attributes of what they show."""

from types import SimpleNamespace

import pytest
from pydantic import AliasPath, Field, ValidationError

from evalhub.frames.rest.shapes import ResponseBody


class VersionOut(ResponseBody):
    model: str = Field(validation_alias=AliasPath("model", "slug"))
    number: int
    tags: tuple[str, ...]
    url: str


VERSION = SimpleNamespace(model=SimpleNamespace(slug="support"), number=2, tags=["de"])


def test_fields_are_read_by_name_and_by_path_and_computed_ones_beside_them() -> None:
    version = VersionOut.from_model(VERSION, url="/v/2")
    assert version.as_json() == {
        "model": "support",
        "number": 2,
        "tags": ["de"],
        "url": "/v/2",
    }


def test_a_computed_field_comes_before_the_attribute() -> None:
    assert VersionOut.from_model(VERSION, url="/v/2", number=3).number == 3


def test_a_field_that_nothing_holds_is_refused() -> None:
    with pytest.raises(ValidationError, match="url"):
        VersionOut.from_model(VERSION)

"""What a record says has a digest of its own, which isn't that of who wrote it down where."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.decision.content import content_digest
from evalhub.decision.document import DecisionRecord
from evalhub.decision.verify import verify
from evalhub.declare.declaration import Declaration, validate
from evalhub.declare.home_bound import is_home_bound
from tests.decision.recorded import HELD, OPEN, SHIPPED, SPOILT, records, slowly


def content(record: dict[str, Any]) -> str:
    return content_digest(validate(DecisionRecord, record))


def test_verifying_says_it() -> None:
    found = verify(SHIPPED)
    assert found.content == found.as_json()["content"] == content(SHIPPED)
    assert len({content(each) for each in (SHIPPED, HELD, OPEN, SPOILT)}) == 4
    assert found.content != found.digest


def test_it_can_be_asked_for() -> None:
    assert verify(SHIPPED, content=content(SHIPPED).upper()).verified
    (difference,) = verify(SHIPPED, content=content(HELD)).differences
    assert (difference.field, difference.recorded) == ("content", content(SHIPPED))


def elsewhere(record: dict[str, Any]) -> dict[str, Any]:
    """The same, as another home would have written it down."""
    found = deepcopy(record)
    found["study"] = {"project": "other", "slug": "other", "name": "Another name"}
    found["code"] = {"version": "9.9.9", "digest": "f" * 64}
    for arm in found["arms"].values():
        arm |= {"version": "other v7", "file": None}
    for number, row in enumerate(found["evidence"]):
        row |= {"version": "other v3", "baseline_run": 100 + number, "candidate_run": 200 + number}
    return found


@pytest.mark.parametrize("record", [SHIPPED, HELD, OPEN, SPOILT])
def test_what_another_home_gives_it_is_no_part_of_it(record: dict[str, Any]) -> None:
    assert elsewhere(record) != record
    assert content(elsewhere(record)) == content(record)


@slowly
@given(records(), st.data())
def test_every_other_number_is(record: dict[str, Any], data: st.DataObject) -> None:
    changed = deepcopy(record)
    criterion = data.draw(st.sampled_from(changed["criteria"]))
    name = data.draw(st.sampled_from(["difference", "lower", "upper", "n", "wins", "alpha"]))
    criterion[name] = criterion[name] + (1 if isinstance(criterion[name], int) else 1e-3)
    assert content(changed) != content(record)


def test_the_last_digits_which_processors_dont_agree_on_are_not() -> None:
    changed = deepcopy(SHIPPED)
    criterion = changed["criteria"][0]
    criterion["lower"] *= 1 + 1e-13
    assert changed != SHIPPED
    assert content(changed) == content(SHIPPED)


def test_a_number_counts_to_its_ninth_digit() -> None:
    written = {}
    for lower in (0.123456789, 0.1234567891, 0.123456788):
        changed = deepcopy(SHIPPED)
        changed["criteria"][0]["lower"] = lower
        written[lower] = content(changed)
    assert written[0.1234567891] == written[0.123456789] != written[0.123456788]


def test_a_field_that_is_what_it_is_by_itself_may_be_left_out_as_by_earlier_versions() -> None:
    earlier = {name: each for name, each in SHIPPED.items() if name not in ("judge", "prices")}
    assert content(earlier) == content(SHIPPED)


def declarations(kind: Any) -> Iterator[type[Declaration]]:
    """All that a record is made of."""
    if isinstance(kind, type) and issubclass(kind, Declaration):
        yield kind
        for field in kind.model_fields.values():
            yield from declarations(field.annotation)
    for inner in get_args(kind):
        yield from declarations(inner)


def test_the_document_names_every_field_that_is_its_homes() -> None:
    document = Path(__file__).resolve().parents[2] / "docs" / "reference/verify-a-record.md"
    (said,) = (
        each
        for each in document.read_text().split("\n\n")
        if each.startswith("It covers all fields but these")
    )
    fields = (kind.model_fields for kind in declarations(DecisionRecord))
    bound = {name for each in fields for name, field in each.items() if is_home_bound(field)}
    assert {name for name in bound if f"`{name}`" not in said} == set()
    assert {"home", "baseline_run", "sentences", "study"} <= bound

"""Usual figures: what the document says of them, and where they don't stand in."""

from pathlib import Path

import pytest

from evalhub.features.ownership import usual
from evalhub.features.ownership.usual import sheet_with_usual
from tests.cast import Team
from tests.features.ownership.test_pages import SAID, owned

pytestmark = pytest.mark.django_db

DOCUMENT = Path(__file__).resolve().parents[3] / "docs/how-to/cost-of-ownership.md"


def test_the_document_lists_them() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    ranges = [usual.REQUESTS, usual.TRAINING, usual.DATA, usual.UPKEEP, usual.RETRAININGS]
    for low, high in [*ranges, *(ends for _, ends in usual.EVALUATION.values())]:
        assert f"{low:,} to {high:,}" in text
    assert usual.GPU in text


def test_where_all_is_stated_none_is_used(team: Team) -> None:
    shown = sheet_with_usual(owned(team))
    assert shown.names == ()
    figures = [each for line in shown.sheet.lines for each in line.figures]
    assert usual.AS_ASSUMED["source"] not in {each.source for each in figures}


def test_what_was_stated_and_cannot_be_reckoned_stays_unknown(team: Team) -> None:
    """A price that the table lacks isn't replaced by a figure that nobody stated."""
    said = SAID | {"training": {"gpu": "abacus", "hours": 3}}
    shown = sheet_with_usual(owned(team, said))
    assert shown.names == ()
    assert any("no price of abacus is known" in each for each in shown.sheet.unknown)


def test_what_they_stand_in_for_is_marked(team: Team) -> None:
    shown = sheet_with_usual(owned(team, {name: SAID[name] for name in ("traffic", "upkeep")}))
    assert "traffic" not in shown.names
    marked = {
        line.name
        for line in shown.sheet.lines
        if any(each.source == usual.AS_ASSUMED["source"] for each in line.figures)
    }
    assert marked == set(shown.names)
    assert "upkeep" not in marked

"""The record's fields are the table of sections, and every door can show each of them."""

from pathlib import Path

import pytest

from evalhub.decision.document import SECTIONS, by_field
from evalhub.decision.sections.base import Section
from evalhub.decision.sections.extension import ExtensionSection
from evalhub.report.methods import methods

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "reference" / "verdict-json.md"


def test_every_section_there_is_has_a_field_in_the_record() -> None:
    assert set(SECTIONS.values()) == set(Section.__subclasses__())


def test_no_two_sections_come_at_the_same_point() -> None:
    orders = [section.order for section in SECTIONS.values()]
    assert orders == sorted(set(orders))


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_is_documented_and_its_method_explained(name: str) -> None:
    anchors = {part.key for chapter in methods().chapters for part in (chapter, *chapter.methods)}
    assert SECTIONS[name].method in anchors
    assert f"| `{name}` |" in DOCUMENT.read_text(encoding="utf-8")


def test_a_record_has_one_section_of_a_kind() -> None:
    section = ExtensionSection(test_sets=())
    assert by_field([None, section])["extension"] is section
    with pytest.raises(ValueError, match="one section of a kind"):
        by_field([section, section])

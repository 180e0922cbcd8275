"""Held texts as rows of a file, and as items that are written on pages: the same version again."""

import json
from pathlib import Path

import pytest

from evalhub.features.working_sets.from_web import item_content
from evalhub.io.items import FieldMapping
from evalhub.registry.importing import import_test_set
from evalhub.registry.item_rows import ItemRowsError, item_rows
from evalhub.registry.models import Item
from tests.cast import Team


@pytest.mark.django_db
def test_rows_of_held_texts_make_the_same_version_again(team: Team, tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    rows = [{"id": f"d#{at}", "text": f"Text {at}.", "cluster": "d", "year": at} for at in range(3)]
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    mapping = FieldMapping(text="text")
    version = import_test_set(project=team.project, slug="held", path=file, mapping=mapping)
    again = item_rows(version)
    assert again.fields["text"] == "text"
    assert "input" not in again.fields
    file.write_text("".join(again.lines()))
    back = FieldMapping(**again.fields)
    assert version == import_test_set(project=team.project, slug="held", path=file, mapping=back)
    Item.objects.filter(version=version, key="d#1").update(choices=None)
    with pytest.raises(ItemRowsError, match="has texts to be scored and questions to be answered"):
        item_rows(version)


def test_an_item_without_choices_is_a_held_text_by_rest_too() -> None:
    content = item_content(
        {"id": "a", "input": "Some text.", "choices": [], "references": [], "cluster": "d"}
    )
    assert (content.input, content.choices, content.cluster) == ("Some text.", [], "d")
    asked = item_content({"id": "a", "input": "Some text.", "references": []})
    assert content.input_bytes() != asked.input_bytes()

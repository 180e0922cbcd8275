"""Relevant passages and whether an item has an answer, from a file to a version and back."""

import json
from pathlib import Path

import pytest

from evalhub.io.items import FieldMapping
from evalhub.registry.contents import items_as_they_are
from evalhub.registry.importing import import_test_set
from evalhub.registry.item_rows import item_rows
from tests.cast import Team, a_test_set


@pytest.mark.django_db
def test_a_version_s_rows_make_the_same_version_again(team: Team, tmp_path: Path) -> None:
    items = [
        {"relevant": ["a", "7"], "answerable": True},
        {"relevant": None, "answerable": False},
        {"relevant": [], "answerable": True},
    ]
    version = a_test_set(team, items=items)
    assert items_as_they_are(version) == version.digest
    rows = item_rows(version)
    lines = [json.loads(line) for line in rows.lines()]
    assert [line["relevant"] for line in lines] == [["a", "7"], None, []]
    assert [line["answerable"] for line in lines] == [True, False, True]
    file = tmp_path / "again.jsonl"
    file.write_text("".join(rows.lines()), encoding="utf-8")
    again = import_test_set(
        project=team.project, slug="again", path=file, mapping=FieldMapping(**rows.fields)
    )
    assert again.digest == version.digest


@pytest.mark.django_db
def test_a_version_in_which_nobody_said_it_has_no_such_field(team: Team) -> None:
    assert not {"relevant", "answerable"} & item_rows(a_test_set(team, items=2)).fields.keys()

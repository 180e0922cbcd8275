"""Weights of items, from a file to a version and back."""

from pathlib import Path

import pytest

from evalhub.features.working_sets.models import WorkingSet
from evalhub.features.working_sets.sets import edit_version, publish_working_set
from evalhub.io.items import FieldMapping
from evalhub.registry.importing import import_test_set
from evalhub.registry.item_rows import item_rows
from tests.cast import Team, a_test_set

pytestmark = pytest.mark.django_db

ITEMS = [{"weight": 1.5}, {"weight": 30}, {"weight": 0.25}]


def test_a_version_s_rows_make_the_same_version_again(team: Team, tmp_path: Path) -> None:
    version = a_test_set(team, items=ITEMS)
    rows = item_rows(version)
    file = tmp_path / "again.jsonl"
    file.write_text("".join(rows.lines()), encoding="utf-8")
    again = import_test_set(
        project=team.project, slug="again", path=file, mapping=FieldMapping(**rows.fields)
    )
    assert again.digest == version.digest
    assert list(again.items.values_list("weight", flat=True)) == [1.5, 30.0, 0.25]


def test_a_working_set_has_the_weights_of_its_version(team: Team) -> None:
    version = a_test_set(team, items=ITEMS)
    begun = edit_version(version, by=team.olga)
    begun.items.get(position=2).delete()
    (published,) = publish_working_set(
        begun, revision=WorkingSet.objects.get().revision, by=team.olga
    )
    assert list(published.items.values_list("weight", flat=True)) == [1.5, 30.0]

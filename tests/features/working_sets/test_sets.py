"""Working sets: filled out of sight, published by the import's code, and left to nobody."""

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from evalhub.features.erasure.redact import redact
from evalhub.features.table import REDACTORS, TIDIED
from evalhub.features.working_sets.items import add_rows
from evalhub.features.working_sets.models import WorkingItem, WorkingSet
from evalhub.features.working_sets.sets import (
    WorkingSetError,
    begin_working_set,
    contents,
    edit_version,
    publish_working_set,
)
from evalhub.io.items import FieldMapping
from evalhub.registry.importing import import_test_set
from evalhub.registry.models import TestSetVersion
from evalhub.studies.run.tidying import tidy
from tests.cast import Team, a_test_set, a_working_set

type Jsonl = Callable[..., Path]


def begun(team: Team, path: Path, slug: str = "many") -> WorkingSet:
    return begin_working_set(
        project=team.project, by=team.eva, slug=slug, path=path, purpose="task"
    )


def publish(team: Team, working_set: WorkingSet) -> list[TestSetVersion]:
    working_set.refresh_from_db()
    return publish_working_set(working_set, revision=working_set.revision, by=team.eva)


def test_more_items_than_one_transaction_writes_are_the_file_s_own_version(
    team: Team, jsonl: Jsonl
) -> None:
    path = jsonl(*({"id": f"q{n}", "input": f"Question {n}?", "more": n} for n in range(4_500)))
    working_set = begun(team, path)
    assert working_set.items.count() == 4_500
    imported = import_test_set(project=team.project, slug="many", path=path)
    assert publish(team, working_set) == [imported]


def test_a_file_of_a_known_test_set_is_seen_against_its_newest_version(
    team: Team, jsonl: Jsonl
) -> None:
    version = a_test_set(team, "known", items=3)
    said = [
        {"id": each.key, "input": each.input, "reference": each.references, "tags": each.tags}
        for each in version.items.all()
    ]
    working_set = begun(team, jsonl(*said[:2], {"id": "new", "input": "?!"}), "known")
    assert working_set.origin == version
    changes = dict(working_set.items.values_list("key", "change"))
    assert changes == {"q0000": "", "q0001": "", "new": "added"}


def test_what_a_writer_left_that_ended_without_a_word_is_tidied_away(team: Team) -> None:
    written, left = (a_working_set(team, a_test_set(team, slug)) for slug in ("one", "two"))
    earlier = timezone.now() - datetime.timedelta(minutes=1)
    WorkingSet.objects.filter(pk=left.pk).update(filled=False, busy_until=earlier)
    assert list(WorkingSet.objects.visible_to(team.eva).filled()) == [written]
    tidy(TIDIED)
    assert list(WorkingSet.objects.all()) == [written]
    assert set(WorkingItem.objects.values_list("working_set", flat=True)) == {written.pk}


def test_nobody_writes_to_a_set_that_is_being_published(team: Team) -> None:
    working_set = a_working_set(team, a_test_set(team, "one"))
    later = timezone.now() + datetime.timedelta(minutes=1)
    WorkingSet.objects.filter(pk=working_set.pk).update(busy_until=later)
    with pytest.raises(WorkingSetError, match="being published"):
        add_rows(working_set, [], tag="", by=team.eva)
    with pytest.raises(WorkingSetError, match="being published"):
        publish(team, working_set)
    WorkingSet.objects.filter(pk=working_set.pk).update(busy_until=timezone.now())
    assert publish(team, working_set), "whoever published it has ended without a word"


def test_a_redacted_item_goes_out_of_what_is_being_written(team: Team) -> None:
    version = a_test_set(team, "one", items=3)
    working_set, other = (a_working_set(team, version) for _ in range(2))
    other.items.filter(key="q0001").update(digest="0" * 64, input="put in other words")
    redact(
        project=team.project,
        test_set="one",
        item="q0001",
        reason="asked",
        by=team.olga,
        redactors=REDACTORS,
    )
    for each in (working_set, other):
        assert list(each.items.values_list("key", flat=True)) == ["q0000", "q0002"]
    again = edit_version(TestSetVersion.objects.get(pk=version.pk), by=team.olga)
    assert [item.key for _, item in contents(again.items.all())] == ["q0000", "q0002"]


def test_another_harness_s_task_is_not_edited(team: Team) -> None:
    version = a_test_set(team, "task")
    TestSetVersion.objects.filter(pk=version.pk).update(engine={"kind": "generate_until"})
    version.refresh_from_db()
    with pytest.raises(WorkingSetError, match="another harness"):
        edit_version(version, by=team.olga)


def test_a_set_without_items_is_not_published(team: Team, jsonl: Jsonl) -> None:
    working_set = begun(team, jsonl({"id": "q", "input": "One?"}))
    working_set.items.all().delete()
    with pytest.raises(WorkingSetError, match="no items"):
        publish(team, working_set)
    assert WorkingSet.objects.get().busy_until is None


def test_field_names_are_mapped_as_an_import_maps_them(team: Team, jsonl: Jsonl) -> None:
    path = jsonl({"nr": 7, "q": "One?", "reference": "kept", "a": "yes", "b": "ja"})
    mapping = FieldMapping(id="nr", input="q", reference=["a", "b"])
    working_set = begin_working_set(
        project=team.project, by=None, slug="m", path=path, purpose="task", mapping=mapping
    )
    item = working_set.items.get()
    assert (item.key, item.references, item.metadata) == ("7", ["yes", "ja"], {"reference": "kept"})
    imported = import_test_set(project=team.project, slug="m", path=path, mapping=mapping)
    assert publish(team, working_set) == [imported]

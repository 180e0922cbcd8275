"""A file becomes a frozen version of a test set."""

import json
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from evalhub.declare.declaration import DeclarationError
from evalhub.io.items import FieldMapping
from evalhub.io.rows import DataError
from evalhub.registry import drafts, importing
from evalhub.registry.importing import import_test_set
from evalhub.registry.models import Item, TestSet, TestSetVersion
from evalhub.registry.same_items import sharing_items
from tests.cast import Team, a_test_set

type Write = Callable[..., Path]

FULL = {
    "id": "q1",
    "input": "Where is my parcel?",
    "reference": "shipping",
    "context": "Order 17 was sent on Monday.",
    "tags": ["parcel", "short"],
    "cluster": "customer-4",
    "meta": {"author": "eva", "year": 2026},
    "note": None,
}


def questions(n: int, start: int = 0) -> Iterable[dict[str, Any]]:
    return ({"id": f"q{i}", "input": f"{i} + {i}?", "reference": 2 * i} for i in range(start, n))


def imported(team: Team, path: Path, **options: Any) -> TestSetVersion:
    return import_test_set(project=team.project, slug="questions", path=path, **options)


# Versions


def test_the_first_import_makes_the_test_set_and_its_first_version(
    team: Team, jsonl: Write
) -> None:
    version = imported(team, jsonl(*questions(3)), purpose="capability")
    assert (str(version.test_set), version.test_set.purpose) == ("questions", "capability")
    assert (version.number, version.item_count, version.source) == (1, 3, "questions.jsonl")
    assert list(version.items.values_list("position", "key")) == [(0, "q0"), (1, "q1"), (2, "q2")]


def test_the_same_content_is_the_same_version_whatever_the_file_is_called(
    team: Team, jsonl: Write
) -> None:
    first = imported(team, jsonl(*questions(3)))
    again = imported(team, jsonl(*questions(3), name="copy.jsonl"), purpose="safety")
    assert again == first
    assert (again.source, again.test_set.purpose) == ("questions.jsonl", "task")
    assert (TestSetVersion.objects.count(), Item.objects.count()) == (1, 3)


def test_the_order_of_names_in_a_row_is_not_content(team: Team, jsonl: Write) -> None:
    backwards = dict(reversed(FULL.items()))
    assert imported(team, jsonl(FULL)) == imported(team, jsonl(backwards))


@pytest.mark.parametrize(
    "changed",
    [
        {"input": "Where's my parcel?"},
        {"reference": "delivery"},
        {"context": ""},
        {"tags": ["short", "parcel"]},
        {"cluster": "customer-5"},
        {"meta": {"author": "olga", "year": 2026}},
    ],
)
def test_changed_content_is_the_next_version_and_the_old_one_stays(
    team: Team, jsonl: Write, changed: dict[str, Any]
) -> None:
    first = imported(team, jsonl(FULL))
    second = imported(team, jsonl(FULL | changed))
    assert (second.number, second.test_set) == (2, first.test_set)
    assert second.digest != first.digest
    assert first.items.get().input == FULL["input"]


def test_another_order_is_another_version(team: Team, jsonl: Write) -> None:
    rows = list(questions(3))
    first, second = imported(team, jsonl(*rows)), imported(team, jsonl(*reversed(rows)))
    assert (first.number, second.number) == (1, 2)


def test_an_old_content_is_found_among_newer_ones(team: Team, jsonl: Write) -> None:
    first = imported(team, jsonl(*questions(3)))
    imported(team, jsonl(*questions(4)))
    assert imported(team, jsonl(*questions(3))) == first


def test_test_sets_of_other_names_and_projects_are_others(team: Team, jsonl: Write) -> None:
    path = jsonl(*questions(3))
    here = imported(team, path)
    there = import_test_set(project=team.project, slug="others", path=path)
    assert (here.digest, here.number) == (there.digest, there.number)
    assert here != there


@pytest.mark.django_db(transaction=True)
def test_two_who_import_the_same_content_at_once_get_one_version(team: Team, jsonl: Write) -> None:
    path = jsonl(*questions(3000))
    start, versions = Barrier(2), list[TestSetVersion]()

    def work() -> None:
        start.wait()
        versions.append(imported(team, path))
        connection.close()

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(versions) == 2
    assert versions[0] == versions[1]
    assert (TestSetVersion.objects.get().item_count, Item.objects.count()) == (3000, 3000)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_have_both_written_it_the_second_gets_the_first_s_version(
    team: Team, jsonl: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are at their last step before either takes it."""
    path, there, versions = jsonl(*questions(3)), Barrier(2), list[TestSetVersion]()
    publish = importing.publish_test_set

    def together(staged: TestSetVersion) -> TestSetVersion:
        assert staged.draft_until is not None
        there.wait(timeout=30)
        return publish(staged)

    monkeypatch.setattr(importing, "publish_test_set", together)

    def work() -> None:
        versions.append(imported(team, path))
        connection.close()

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert versions[0] == versions[1]
    assert TestSetVersion.with_drafts.get() == versions[0]
    assert Item.objects.count() == 3


# What it costs


def test_a_file_is_written_by_the_batch_and_not_by_the_item(
    team: Team, jsonl: Write, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    with django_assert_max_num_queries(5 * (10_000 // drafts.ROWS) + 16):
        assert imported(team, jsonl(*questions(10_000))).item_count == 10_000


def test_what_is_there_already_is_recognised_without_a_write(
    team: Team, jsonl: Write, django_assert_num_queries: Callable[[int], Any]
) -> None:
    path = jsonl(*questions(5_000))
    imported(team, path)
    with django_assert_num_queries(2) as queries:
        imported(team, path)
    assert all(query["sql"].startswith("SELECT") for query in queries.captured_queries)


def test_long_items_make_short_batches(team: Team, jsonl: Write) -> None:
    megabyte = "x" * 1024 * 1024
    lines: list[int] = []
    rows = ({"id": i, "input": megabyte} for i in range(20))
    imported(team, jsonl(*rows), progress=lines.append)
    assert lines == list(range(1, 21))


@pytest.mark.heavy
def test_memory_does_not_grow_with_the_file(team: Team, jsonl: Write) -> None:
    short, long = (jsonl(*questions(n), name=f"{n}.jsonl") for n in (4_000, 16_000))
    imported(team, short)
    peaks = []
    for path in (short, long):
        tracemalloc.start()
        import_test_set(project=team.project, slug=path.stem, path=path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_progress_names_the_line_that_was_reached(team: Team, jsonl: Write) -> None:
    lines: list[int] = []
    imported(team, jsonl(*questions(4500)), progress=lines.append)
    assert lines == [*range(500, 4501, 500)]


# Bad input


def test_not_a_number_is_refused_with_its_field(team: Team, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text('{"id": "a", "input": "Hello?", "weight": NaN}\n')
    with pytest.raises(DataError, match="line 1, field 'weight'"):
        imported(team, path)


@pytest.mark.parametrize("second", [2, 2500])
def test_a_duplicate_id_is_refused_with_both_lines(team: Team, jsonl: Write, second: int) -> None:
    rows = list(questions(3000))
    rows[second]["id"] = "q1"
    with pytest.raises(DataError) as refused:
        imported(team, jsonl(*rows))
    assert (refused.value.line, refused.value.field) == (second + 1, "id")
    assert refused.value.message == "'q1' is the id on line 2 already; ids are unique"
    assert not TestSet.objects.exists()
    assert not Item.objects.exists()


def test_an_error_far_down_leaves_nothing_and_older_versions_alone(
    team: Team, jsonl: Write
) -> None:
    first = imported(team, jsonl(*questions(3)))
    with pytest.raises(DataError, match="line 5001, field 'input'"):
        imported(team, jsonl(*questions(5000), {"id": "last"}))
    assert TestSetVersion.objects.get() == first
    assert Item.objects.count() == 3


def test_a_first_import_that_fails_leaves_no_test_set(team: Team, jsonl: Write) -> None:
    with pytest.raises(DataError, match="line 2, field 'input'"):
        imported(team, jsonl({"id": "a", "input": "Hello?"}, {"id": "b"}))
    assert not TestSet.objects.exists()


def test_a_missing_file_is_named(team: Team, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.jsonl"):
        imported(team, tmp_path / "nowhere.jsonl")


@pytest.mark.parametrize("slug", ["", "two words", "a/b", "x" * 121])
def test_a_name_that_can_not_stand_in_an_address_is_refused(
    team: Team, jsonl: Write, slug: str
) -> None:
    with pytest.raises(DeclarationError, match="field 'test set'"):
        import_test_set(project=team.project, slug=slug, path=jsonl(*questions(3)))


def test_an_unknown_purpose_is_refused(team: Team, jsonl: Write) -> None:
    with pytest.raises(DeclarationError, match="'fun' isn't one of task, capability, safety"):
        imported(team, jsonl(*questions(3)), purpose="fun")


def test_the_errors_of_the_guide_are_said_like_that(
    team: Team, jsonl: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    duplicate = list(questions(900, start=1))
    duplicate[811]["id"] = "q17"
    boss = list(questions(4, start=1))
    boss[2]["input"] = [{"role": "boss", "content": "Hello"}]
    said = []
    for rows in (duplicate, boss):
        monkeypatch.chdir(jsonl(*rows).parent)
        with pytest.raises(DataError) as refused:
            imported(team, Path("questions.jsonl"))
        said.append(f"{refused.value}\n")
    guide = (Path(__file__).parents[2] / "docs" / "reference/test-sets.md").read_text()
    assert f"```text\n{''.join(said)}```" in guide


# Real files


def test_gsm8k_imports_whole(team: Team, shared_data: Path) -> None:
    mapping = FieldMapping(input="question", reference="answer")
    version = imported(team, shared_data / "gsm8k" / "testset.jsonl", mapping=mapping)
    first = version.items.order_by("position").first()
    assert version.item_count == version.items.count() == 1319
    assert first is not None
    assert (first.key, first.references) == ("gsm8k-0000", ["18"])
    assert list(first.metadata) == ["worked_answer"]


def test_the_same_items_are_the_same_items_under_any_name(tmp_path: Path, team: Team) -> None:
    """Neither the test set's name nor the file's nor its format matters, but what is in it."""
    rows = [{"id": f"q{i}", "input": f"Question {i}?", "reference": "right"} for i in range(3)]
    jsonl, csv = tmp_path / "a.jsonl", tmp_path / "b.csv"
    jsonl.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    lines = (",".join(row.values()) for row in rows)
    csv.write_text("\n".join(["id,input,reference", *lines]))
    versions = [
        import_test_set(project=team.project, slug=slug, path=path)
        for slug, path in (("triage", jsonl), ("again", jsonl), ("table", csv))
    ]
    assert len({version.pk for version in versions}) == 3
    assert len({version.digest for version in versions}) == 1
    jsonl.write_text(jsonl.read_text().replace("right", "Right", 1))
    other = import_test_set(project=team.project, slug="triage", path=jsonl)
    assert other.digest != versions[0].digest


def test_versions_that_share_an_item_are_found_by_what_is_asked(team: Team) -> None:
    """One shared question is enough, under another id, name and spelling."""
    first = a_test_set(team, "first", items=3)
    shouting = [{"input": "FIRST: QUESTION 1", "key": "other"}, {"input": "New?"}]
    second = a_test_set(team, "second", items=shouting)
    third = a_test_set(team, "third", items=3)
    assert sharing_items(first, frozenset()) == {first.pk, second.pk}
    assert sharing_items(second, frozenset()) == {first.pk, second.pk}
    assert sharing_items(third, frozenset()) == {third.pk}

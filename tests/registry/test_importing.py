"""A file becomes a frozen version of a test set."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pyarrow as pa
import pytest
from django.db import connection
from pyarrow import parquet

from evalhub.registry import importing
from evalhub.registry.files import DataError
from evalhub.registry.importing import import_test_set
from evalhub.registry.items import FieldMapping
from evalhub.registry.models import Item, TestSet, TestSetVersion
from evalhub.registry.specs import SpecError
from tests.cast import Team

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


@pytest.fixture
def jsonl(tmp_path: Path) -> Write:
    def write(*rows: object, name: str = "questions.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        return path

    return write


def questions(n: int, start: int = 0) -> Iterable[dict[str, Any]]:
    return ({"id": f"q{i}", "input": f"{i} + {i}?", "reference": 2 * i} for i in range(start, n))


def imported(team: Team, path: Path, **options: Any) -> TestSetVersion:
    return import_test_set(project=team.project, slug="questions", path=path, **options)


def the_item(team: Team, path: Path, **options: Any) -> Item:
    return imported(team, path, **options).items.get()


# What a row becomes


def test_a_row_becomes_an_item_with_all_that_it_says(team: Team, jsonl: Write) -> None:
    item = the_item(team, jsonl(FULL))
    assert (item.position, item.key, item.input) == (0, "q1", "Where is my parcel?")
    assert (item.references, item.context) == (["shipping"], "Order 17 was sent on Monday.")
    assert (item.tags, item.cluster) == (["parcel", "short"], "customer-4")
    assert item.metadata == {"meta": {"author": "eva", "year": 2026}, "note": None}


def test_an_id_and_an_input_are_enough(team: Team, jsonl: Write) -> None:
    item = the_item(team, jsonl({"id": 7, "input": "Hello?"}))
    assert (item.key, item.references, item.context) == ("7", [], "")
    assert (item.tags, item.cluster, item.metadata) == ([], "", {})


def test_a_mapping_names_the_fields_also_inside_objects(team: Team, jsonl: Write) -> None:
    row = {
        "qid": "a",
        "question": "2 + 2?",
        "answers": ["4", "four"],
        "also": "IV",
        "meta": {"topic": "sums", "level": 3, "source": "book"},
    }
    mapping = FieldMapping(
        id="qid",
        input="question",
        reference=["answers", "also"],
        tags=["meta.topic", "meta.level"],
        cluster="meta.source",
    )
    item = the_item(team, jsonl(row), mapping=mapping)
    assert (item.key, item.input, item.references) == ("a", "2 + 2?", ["4", "four", "IV"])
    assert (item.tags, item.cluster) == (["sums", "3"], "book")
    assert item.metadata == {"meta": row["meta"]}


def test_chat_messages_stay_messages(team: Team, jsonl: Write) -> None:
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    assert the_item(team, jsonl({"id": "a", "input": chat})).input == chat


def test_chat_messages_may_be_written_as_json_in_a_text(team: Team, jsonl: Write) -> None:
    chat = [{"role": "user", "content": "Hello"}]
    assert the_item(team, jsonl({"id": "a", "input": json.dumps(chat)})).input == chat


def test_a_text_that_only_looks_like_a_list_stays_text(team: Team, jsonl: Write) -> None:
    texts = ["[1, 2] reversed?", "[1, 2]", '[{"name": "Ada"}]', "[]"]
    version = imported(team, jsonl(*({"id": t, "input": t} for t in texts)))
    assert list(version.items.values_list("input", flat=True)) == texts


@pytest.mark.parametrize(
    ("reference", "kept"),
    [
        ("4", ["4"]),
        (4, [4]),
        (False, [False]),
        ({"sum": 4}, [{"sum": 4}]),
        (["4", 4, {"sum": 4}], ["4", 4, {"sum": 4}]),
        ([[1, 2]], [[1, 2]]),
        ([""], [""]),
        (None, []),
        ("", []),
        ([], []),
    ],
)
def test_a_reference_is_one_right_answer_and_a_list_is_several(
    team: Team, jsonl: Write, reference: object, kept: list[object]
) -> None:
    row = {"id": "a", "input": "2 + 2?", "reference": reference}
    assert the_item(team, jsonl(row)).references == kept


@pytest.mark.parametrize(
    ("tags", "kept"),
    [
        ("sums", ["sums"]),
        ("sums, easy", ["sums, easy"]),
        (["sums", " easy ", "sums", ""], ["sums", "easy"]),
        ([3, True, 0.5], ["3", "true", "0.5"]),
        (None, []),
    ],
)
def test_a_tag_is_a_text_and_a_list_is_several(
    team: Team, jsonl: Write, tags: object, kept: list[str]
) -> None:
    assert the_item(team, jsonl({"id": "a", "input": "2 + 2?", "tags": tags})).tags == kept


def test_a_csv_gives_the_same_items(team: Team, tmp_path: Path) -> None:
    path = tmp_path / "questions.csv"
    path.write_text(
        "id,input,reference,alternative,tags\n"
        '1,"Where is it,\nmy parcel?",shipping,,parcel\n'
        '2,"[{""role"": ""user"", ""content"": ""Hello""}]",greeting,hello,\n'
    )
    mapping = FieldMapping(reference=("reference", "alternative"))
    first, second = imported(team, path, mapping=mapping).items.order_by("position")
    assert (first.key, first.input) == ("1", "Where is it,\nmy parcel?")
    assert (first.references, first.tags) == (["shipping"], ["parcel"])
    assert second.input == [{"role": "user", "content": "Hello"}]
    assert (second.references, second.tags) == (["greeting", "hello"], [])


def test_a_parquet_file_gives_the_same_version_as_its_jsonl(
    team: Team, jsonl: Write, tmp_path: Path
) -> None:
    rows = [
        {
            "id": i,
            "input": [{"role": "user", "content": f"{i}?"}],
            "reference": ["a", "b"],
            "tags": ["t"],
        }
        for i in range(3)
    ]
    path = tmp_path / "questions.parquet"
    parquet.write_table(pa.Table.from_pylist(rows), path)
    assert imported(team, path) == imported(team, jsonl(*rows))


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


# What it costs


def test_a_file_is_written_by_the_batch_and_not_by_the_item(
    team: Team, jsonl: Write, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    with django_assert_max_num_queries(3 * (10_000 // importing.BATCH_ITEMS) + 12):
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
    assert lines == [8, 16, 20]


def test_progress_names_the_line_that_was_reached(team: Team, jsonl: Write) -> None:
    lines: list[int] = []
    imported(team, jsonl(*questions(4500)), progress=lines.append)
    assert lines == [2000, 4000, 4500]


# Bad input


ROW = {"id": "b", "input": "Hello?"}
BAD_ROWS: list[tuple[dict[str, Any], str, str]] = [
    ({"input": "Hello?"}, "id", "missing; the row has input"),
    ({"id": "b"}, "input", "missing; the row has id"),
    (ROW | {"id": ""}, "id", "empty"),
    (ROW | {"id": 1.5}, "id", "1.5"),
    (ROW | {"id": None}, "id", "null"),
    (ROW | {"id": "x" * 201}, "id", "201 characters"),
    (ROW | {"input": " "}, "input", "empty"),
    (ROW | {"input": 4}, "input", "this one is 4"),
    (ROW | {"input": None}, "input", "this one is null"),
    (ROW | {"input": []}, "input", "this one is []"),
    (ROW | {"input": ["Hello?"]}, "input[0]", "{role, content}"),
    (ROW | {"input": [{"role": "user"}]}, "input[0]", "{role, content}"),
    (ROW | {"input": [{"role": "boss", "content": "Hi"}]}, "input[0].role", '"boss"'),
    (ROW | {"input": [{"role": "user", "content": 4}]}, "input[0].content", "this one is 4"),
    (ROW | {"input": '[{"role": "boss", "content": "Hi"}]'}, "input[0].role", '"boss"'),
    (ROW | {"reference": ["a", None]}, "reference", "null is not a right answer"),
    (ROW | {"context": ["a"]}, "context", "a context is text"),
    (ROW | {"tags": {"a": 1}}, "tags", "a text or a list of texts"),
    (ROW | {"tags": [["a"]]}, "tags", "a text or a list of texts"),
    (ROW | {"cluster": ["a"]}, "cluster", "a text or a number"),
    (ROW | {"cluster": "x" * 201}, "cluster", "201 characters"),
]


@pytest.mark.parametrize(("row", "field", "says"), BAD_ROWS)
def test_a_bad_row_is_refused_by_file_line_and_field(
    team: Team, jsonl: Write, row: dict[str, Any], field: str, says: str
) -> None:
    path = jsonl({"id": "a", "input": "Hello?"}, row)
    with pytest.raises(DataError) as refused:
        imported(team, path)
    error = refused.value
    assert (error.file, error.line, error.field) == (str(path), 2, field)
    assert says in error.message
    assert not TestSet.objects.exists()


def test_a_field_that_is_mapped_must_be_there(team: Team, jsonl: Write) -> None:
    path = jsonl({"id": "a", "input": "Hello?", "answer": "Hi"})
    with pytest.raises(DataError, match="line 1, field 'anwser': missing; the row has id, input"):
        imported(team, path, mapping=FieldMapping(reference="anwser"))


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


def test_a_missing_file_is_named(team: Team, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.jsonl"):
        imported(team, tmp_path / "nowhere.jsonl")


@pytest.mark.parametrize("slug", ["", "two words", "a/b", "x" * 121])
def test_a_name_that_can_not_stand_in_an_address_is_refused(
    team: Team, jsonl: Write, slug: str
) -> None:
    with pytest.raises(SpecError, match="field 'test set'"):
        import_test_set(project=team.project, slug=slug, path=jsonl(*questions(3)))


def test_an_unknown_purpose_is_refused(team: Team, jsonl: Write) -> None:
    with pytest.raises(SpecError, match="'fun' isn't one of task, capability, safety"):
        imported(team, jsonl(*questions(3)), purpose="fun")


# Real files


def test_gsm8k_imports_whole(team: Team, shared_data: Path) -> None:
    mapping = FieldMapping(input="question", reference="answer")
    version = imported(team, shared_data / "gsm8k" / "testset.jsonl", mapping=mapping)
    first = version.items.order_by("position").first()
    assert version.item_count == version.items.count() == 1319
    assert first is not None
    assert (first.key, first.references) == ("gsm8k-0000", ["18"])
    assert list(first.metadata) == ["worked_answer"]

"""A row of a file becomes an item of a test set."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from pyarrow import parquet

from evalhub.io.items import FieldMapping, ItemContent, read_items
from evalhub.io.rows import DataError

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


AS_NAMED = FieldMapping()


def items_of(path: Path, mapping: FieldMapping = AS_NAMED) -> list[ItemContent]:
    return [item for _, item in read_items(path, mapping)]


def the_item(path: Path, mapping: FieldMapping = AS_NAMED) -> ItemContent:
    (item,) = items_of(path, mapping)
    return item


# What a row becomes


def test_a_row_becomes_an_item_with_all_that_it_says(jsonl: Write) -> None:
    item = the_item(jsonl(FULL))
    assert (item.key, item.input) == ("q1", "Where is my parcel?")
    assert (item.references, item.context) == (["shipping"], "Order 17 was sent on Monday.")
    assert (item.tags, item.cluster) == (["parcel", "short"], "customer-4")
    assert item.metadata == {"meta": {"author": "eva", "year": 2026}, "note": None}


def test_an_id_and_an_input_are_enough(jsonl: Write) -> None:
    item = the_item(jsonl({"id": 7, "input": "Hello?"}))
    assert (item.key, item.references, item.context) == ("7", [], "")
    assert (item.tags, item.cluster, item.metadata) == ([], "", {})


def test_a_mapping_names_the_fields_also_inside_objects(jsonl: Write) -> None:
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
    item = the_item(jsonl(row), mapping)
    assert (item.key, item.input, item.references) == ("a", "2 + 2?", ["4", "four", "IV"])
    assert (item.tags, item.cluster) == (["sums", "3"], "book")
    assert item.metadata == {"meta": row["meta"]}


def test_chat_messages_stay_messages(jsonl: Write) -> None:
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    assert the_item(jsonl({"id": "a", "input": chat})).input == chat


def test_chat_messages_may_be_written_as_json_in_a_text(jsonl: Write) -> None:
    chat = [{"role": "user", "content": "Hello"}]
    assert the_item(jsonl({"id": "a", "input": json.dumps(chat)})).input == chat


def test_a_text_that_only_looks_like_a_list_stays_text(jsonl: Write) -> None:
    texts = ["[1, 2] reversed?", "[" * 100_000, "[1, 2]", '[{"name": "Ada"}]', "[]"]
    items = items_of(jsonl(*({"id": i, "input": text} for i, text in enumerate(texts))))
    assert [item.input for item in items] == texts


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
    jsonl: Write, reference: object, kept: list[object]
) -> None:
    row = {"id": "a", "input": "2 + 2?", "reference": reference}
    assert the_item(jsonl(row)).references == kept


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
def test_a_tag_is_a_text_and_a_list_is_several(jsonl: Write, tags: object, kept: list[str]) -> None:
    assert the_item(jsonl({"id": "a", "input": "2 + 2?", "tags": tags})).tags == kept


def test_a_csv_gives_the_same_items(tmp_path: Path) -> None:
    path = tmp_path / "questions.csv"
    path.write_text(
        "id,input,reference,alternative,tags\n"
        '1,"Where is it,\nmy parcel?",shipping,,parcel\n'
        '2,"[{""role"": ""user"", ""content"": ""Hello""}]",greeting,hello,\n'
    )
    mapping = FieldMapping(reference=("reference", "alternative"))
    first, second = items_of(path, mapping)
    assert (first.key, first.input) == ("1", "Where is it,\nmy parcel?")
    assert (first.references, first.tags) == (["shipping"], ["parcel"])
    assert second.input == [{"role": "user", "content": "Hello"}]
    assert (second.references, second.tags) == (["greeting", "hello"], [])


def test_a_parquet_file_gives_the_same_items_as_its_jsonl(jsonl: Write, tmp_path: Path) -> None:
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
    assert items_of(path) == items_of(jsonl(*rows))


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
    jsonl: Write, row: dict[str, Any], field: str, says: str
) -> None:
    path = jsonl({"id": "a", "input": "Hello?"}, row)
    with pytest.raises(DataError) as refused:
        items_of(path)
    error = refused.value
    assert (error.file, error.line, error.field) == (str(path), 2, field)
    assert says in error.message


def test_a_field_that_is_mapped_must_be_there(jsonl: Write) -> None:
    path = jsonl({"id": "a", "input": "Hello?", "answer": "Hi"})
    with pytest.raises(DataError, match="line 1, field 'anwser': missing; the row has id, input"):
        items_of(path, FieldMapping(reference="anwser"))


# What docs/reference/test-sets.md says


def blocks(language: str) -> list[str]:
    text = (Path(__file__).parents[2] / "docs" / "reference/test-sets.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def test_the_row_of_the_guide_is_an_item(jsonl: Write) -> None:
    row, with_tools = map(json.loads, blocks("json"))
    item = the_item(jsonl(row))
    assert (item.key, item.references, item.tags) == ("q1", ["shipping"], ["parcel"])
    assert (item.cluster, item.metadata) == ("customer-4", {"month": 3})
    (tool,) = the_item(jsonl(with_tools), FieldMapping(tools="tools")).tools or []
    assert tool["function"]["name"] == "book"


def test_the_fields_of_the_guide_are_a_mapping(jsonl: Write) -> None:
    (study,) = map(yaml.safe_load, blocks("yaml"))
    row = {
        "question_id": 1,
        "question": "2 + 2?",
        "answer": "4",
        "also_right": "four",
        "meta": {"topic": "sums", "level": 1, "source": "book"},
    }
    mapping = FieldMapping(**study["test_sets"]["arithmetic"]["fields"])
    item = the_item(jsonl(row), mapping)
    assert (item.references, item.tags, item.cluster) == (["4", "four"], ["sums", "1"], "book")


# What the ledger knows an item by


def item(asked: Any, context: str = "") -> ItemContent:
    return ItemContent("q1", asked, [], context, [], "", {})


def fingerprint(asked: Any, context: str = "") -> int:
    return item(asked, context).fingerprint()


@pytest.mark.parametrize(
    "written",
    [
        " where is  my parcel ?\n",
        "WHERE IS MY PARCEL",
        "Where is my\u200b parcel?!",
        "Where is my parcel\uff1f",
        "Where is my\u034f par\ufe0fcel?",
        "Where is my\u3164 parcel?\U000e0041",
        "\u2800Where is m\u00ady parcel?",
        "Where is my parc\u0435l?",
        "Wh\u0435r\u0435 is my \u0440\u0430r\u0441\u0435l?",
        "\uff37\uff48\uff45\uff52\uff45 is my parcel?",
        "Where is m\u0443 \u03c1\u0391rcel?",
        [{"role": "user", "content": "Where is my parcel?"}],
        [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Where is my parcel?"},
        ],
    ],
)
def test_the_same_question_is_the_same_item_however_it_is_written(written: Any) -> None:
    assert fingerprint(written) == fingerprint("Where is my parcel?")


def test_what_is_asked_otherwise_is_another_item() -> None:
    asked = ["1 + 1", "1 - 1", "Where was my parcel?", "?", "!"]
    assert len({fingerprint(each) for each in asked}) == len(asked)


def test_a_context_belongs_to_the_second_fingerprint_alone() -> None:
    one, other = item("Sum up:", "A text."), item("Sum up:", "Another text.")
    assert one.fingerprint() == other.fingerprint()
    assert one.fingerprint_in_context() != other.fingerprint_in_context()
    bare = item("Sum up:")
    assert bare.fingerprint_in_context() == bare.fingerprint()
    assert item("Sum up:", "A TEXT").fingerprint_in_context() == one.fingerprint_in_context()


def test_right_answers_keys_and_labels_do_not_make_an_item_new() -> None:
    one = ItemContent("q1", "Why?", ["so"], "", ["a"], "c1", {"n": 1})
    other = ItemContent("q2", "Why?", [], "", [], "", {})
    assert one.fingerprint() == other.fingerprint()


def test_choices_are_taken_where_they_are_named_alone(jsonl: Write) -> None:
    row = {"id": 1, "input": "Which?", "reference": "a", "choices": ["a", "b"]}
    plain, named = (
        next(read_items(jsonl(row), mapping))[1]
        for mapping in (FieldMapping(), FieldMapping(choices="choices"))
    )
    assert (plain.choices, plain.metadata) == (None, {"choices": ["a", "b"]})
    assert (named.choices, named.metadata) == (["a", "b"], {})
    assert plain.input_bytes() == b'["Which?",["a"],""]', "as ever"
    assert named.input_bytes() == b'["Which?",["a"],"",{"choices":["a","b"]}]'


@pytest.mark.parametrize(
    ("choices", "says"),
    [
        ([], "choices are a list of texts"),
        ("a", "choices are a list of texts"),
        (["a", 1], r"choices\[1\].*a choice is a text"),
        (["a", " "], r"choices\[1\].*a choice is a text"),
        (["a", "a"], "two of the choices are the same"),
    ],
)
def test_what_is_no_list_of_choices_is_refused(jsonl: Write, choices: Any, says: str) -> None:
    row = {"id": 1, "input": "Which?", "choices": choices}
    with pytest.raises(DataError, match=says):
        list(read_items(jsonl(row), FieldMapping(choices="choices")))


# Weights


def test_a_weight_is_taken_where_it_is_named_and_is_metadata_else(jsonl: Write) -> None:
    """A file with a field `weight` is the same version as before items had weights."""
    row = {"id": "q1", "input": "Hello?", "weight": 2.5}
    assert the_item(jsonl(row)).metadata == {"weight": 2.5}
    assert the_item(jsonl(row)).weight is None
    item = the_item(jsonl(row), FieldMapping(weight="weight"))
    assert (item.weight, item.metadata) == (2.5, {})


def test_a_csv_s_weight_is_its_number(tmp_path: Path) -> None:
    file = tmp_path / "items.csv"
    file.write_text("id,input,stands_for\nq1,Hello?,12.5\n")
    assert the_item(file, FieldMapping(weight="stands_for")).weight == 12.5


def test_a_weight_is_content_of_the_version_and_not_of_the_question(jsonl: Write) -> None:
    mapping = FieldMapping(weight="w")
    one, two = (
        the_item(jsonl({"id": "q1", "input": "Hello?", "w": weight}), mapping) for weight in (1, 2)
    )
    assert one.labels() != two.labels()
    assert one.input_bytes() == two.input_bytes()
    assert one.fingerprint() == two.fingerprint()
    without = the_item(jsonl({"id": "q1", "input": "Hello?"}))
    assert without.labels() == b'["q1",[],"",{}]'


@pytest.mark.parametrize(
    ("weight", "why"),
    [
        (0, "a weight is a number above 0, and this one is 0"),
        (-1, "a weight is a number above 0"),
        (None, "a finite number was expected, not None"),
        ("much", "a finite number was expected, not 'much'"),
        ("1,5", "write the decimals with a point"),
        (1e300, "a number beyond 1e+15"),
        (1e-300, "a number so near to 0"),
        ([1], "a finite number was expected"),
    ],
)
def test_a_weight_that_can_t_be_is_refused_with_its_line(
    jsonl: Write, weight: Any, why: str
) -> None:
    rows = ({"id": "q1", "input": "Hello?", "w": 1}, {"id": "q2", "input": "Who?", "w": weight})
    with pytest.raises(DataError, match=re.escape(why)) as caught:
        items_of(jsonl(*rows), FieldMapping(weight="w"))
    assert (caught.value.line, caught.value.field) == (2, "w")


def test_a_weight_that_is_missing_is_refused_with_its_line(jsonl: Write) -> None:
    rows = ({"id": "q1", "input": "Hello?", "w": 1}, {"id": "q2", "input": "Who?"})
    with pytest.raises(DataError, match="w") as caught:
        items_of(jsonl(*rows), FieldMapping(weight="w"))
    assert caught.value.line == 2

"""Training files are read as trainers read them; what trainers stumble over is the row's flaw."""

import csv
import json
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from evalhub.features.data.rows.reading import MOST_UNREADABLE, read_training_rows
from evalhub.features.data.rows.training_rows import TrainingMessage, TrainingRow
from evalhub.io.rows import DataError
from tests.features.data.training_files import chat, write_jsonl

TURNS = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]
IMAGE = {"type": "image_url", "image_url": {"url": "x"}}
CALL = {"type": "function", "function": {"name": "book", "arguments": '{"day": "Monday"}'}}


def read(tmp_path, *rows: Any) -> list[TrainingRow]:
    return list(read_training_rows(write_jsonl(tmp_path / "train.jsonl", rows)))


def codes(row: TrainingRow) -> set[str]:
    return {code for code, _ in row.flaws}


@pytest.mark.parametrize(
    ("row", "layout", "prompt", "answer", "rejected"),
    [
        ({"messages": TURNS}, "chat", "Q", "A", None),
        (
            {"conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]},
            "chat",
            "Q",
            "A",
            None,
        ),
        ({"prompt": "Q", "completion": "A"}, "prompt-completion", "Q", "A", None),
        ({"prompt": TURNS[:1], "completion": TURNS[1:]}, "prompt-completion", "Q", "A", None),
        ({"instruction": "Do", "input": "", "output": "A"}, "instruction", "Do", "A", None),
        ({"instruction": "Do", "input": "it", "output": "A"}, "instruction", "Do\n\nit", "A", None),
        ({"text": "A"}, "text", "", "A", None),
        ({"prompt": "Q", "chosen": "A", "rejected": "B"}, "preference", "Q", "A", "B"),
        (
            {
                "prompt": TURNS[:1],
                "chosen": TURNS[1:],
                "rejected": [{"role": "assistant", "content": "B"}],
            },
            "preference",
            "Q",
            "A",
            "B",
        ),
        (
            {"chosen": TURNS, "rejected": [TURNS[0], {"role": "assistant", "content": "B"}]},
            "preference",
            "Q",
            "A",
            "B",
        ),
        ({"chosen": "Q: 1? yes", "rejected": "Q: 1? no"}, "preference", "Q: 1?", " yes", " no"),
        (
            {
                "input": {"messages": TURNS[:1]},
                "preferred_output": TURNS[1:],
                "non_preferred_output": [{"role": "assistant", "content": "B"}],
            },
            "preference",
            "Q",
            "A",
            "B",
        ),
    ],
)
def test_each_layout_gives_prompt_answer_and_no_flaw(
    tmp_path, row, layout, prompt, answer, rejected
):
    (read_row,) = read(tmp_path, row)
    assert (read_row.layout, read_row.prompt, read_row.answer) == (layout, prompt, answer)
    assert read_row.rejected == rejected
    assert not read_row.flaws
    assert not read_row.fields


def test_the_system_prompt_all_messages_and_other_fields_come_along(tmp_path):
    (row,) = read(tmp_path, chat("Q", "A", "S", source="web", licence=None))
    assert row.system == "S"
    assert [message.role for message in row.messages] == ["system", "user", "assistant"]
    assert row.fields == {"source": "web"}


def test_the_answer_is_the_last_one_that_is_learnt(tmp_path):
    more = [{"role": "user", "content": "Q2"}, {"role": "assistant", "content": "A2", "weight": 0}]
    (row,) = read(tmp_path, {"messages": [*TURNS, *more]})
    assert (row.prompt, row.answer, row.flaws) == ("Q", "A", ())


def test_calls_of_tools_and_parts_of_text_are_text(tmp_path):
    messages = [
        {"role": "developer", "content": "S"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Q1"}, {"type": "text", "text": "Q2"}],
        },
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "1", "content": "booked"},
        {"role": "assistant", "content": "A"},
    ]
    (row,) = read(tmp_path, {"messages": messages})
    assert row.messages[2] == TrainingMessage("assistant", 'book(day="Monday")')
    assert (row.system, row.prompt, row.answer, row.flaws) == ("S", "Q1\nQ2", "A", ())


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([*TURNS, {"role": "narrator", "content": "x"}], "role"),
        ([TURNS[0], *TURNS], "order"),
        ([*TURNS, TURNS[1]], "order"),
        ([TURNS[1]], "no-prompt"),
        ([TURNS[0]], "no-answer"),
        ([*TURNS, TURNS[0]], "last-role"),
        ([*TURNS, {"role": "system", "content": "S"}, *TURNS], "system-not-first"),
        ([TURNS[0], {"role": "assistant", "content": " "}], "empty-answer"),
        ([{"role": "user", "content": ""}, TURNS[1]], "empty-prompt"),
        ([{"role": "user", "content": [IMAGE]}, TURNS[1]], "content"),
        ([{"role": "user", "content": 7}, TURNS[1]], "content"),
        ([{"role": "user"}, TURNS[1]], "content"),
        ([TURNS[0], {**TURNS[1], "weight": 0}], "nothing-learnt"),
        ([TURNS[0], {**TURNS[1], "weight": 0.5}], "weight"),
        ([TURNS[0], {**TURNS[1], "tool_calls": [{"function": {}}]}], "tool-calls"),
        ([], "messages"),
        (["Q", "A"], "messages"),
        ([{"text": "Q"}], "messages"),
        ("Q", "messages"),
        (json.dumps(TURNS), "json-text"),
    ],
)
def test_what_a_trainer_stumbles_over_is_the_row_s_flaw(tmp_path, messages, code):
    good, bad = read(tmp_path, {"messages": TURNS}, {"messages": messages})
    assert not good.flaws
    assert code in codes(bad)


def test_a_row_of_another_layout_is_read_and_flawed(tmp_path):
    rows = read(tmp_path, chat("Q", "A"), {"text": "T"}, {"question": "?"}, chat("Q", "A"))
    assert [codes(row) for row in rows] == [set(), {"other-layout"}, {"layout"}, set()]
    assert (rows[1].layout, rows[1].answer) == ("text", "T")
    assert "right would be messages" in rows[2].flaws[0][1]


def test_a_broken_line_is_a_row_with_a_flaw_and_the_rest_is_read(tmp_path):
    rows = read(tmp_path, chat("Q", "A"), "{broken", '{"text": "a\\u0000b"}', "7", chat("Q", "B"))
    assert [row.line for row in rows] == [1, 2, 3, 4, 5]
    assert [codes(row) for row in rows[1:4]] == [{"unreadable"}] * 3
    assert "NUL" in rows[2].flaws[0][1]
    assert rows[4].answer == "B"


def test_a_file_of_no_known_layout_is_an_error_that_says_what_would_be_right(tmp_path):
    with pytest.raises(DataError, match=r"line 1: no trainer reads a row that has question, reply"):
        read(tmp_path, {"question": "?", "reply": "!"})
    with pytest.raises(DataError, match=r"line 1, field 'messages\[0\]': a message is"):
        read(tmp_path, {"messages": ["Q"]})


def test_a_file_whose_lines_are_all_broken_is_the_first_one_s_error(tmp_path):
    with pytest.raises(DataError, match=r"train\.jsonl, line 1: malformed JSON"):
        read(tmp_path, "{", "{", "{")
    with pytest.raises(DataError, match=r"line 1: malformed JSON"):
        read(tmp_path, *["{"] * 500, chat("Q", "A"))


def test_a_file_that_goes_over_into_something_else_is_an_error(tmp_path):
    with pytest.raises(DataError, match="line 2: malformed JSON"):
        read(tmp_path, chat("Q", "A"), *["{"] * (MOST_UNREADABLE + 1), chat("Q", "A"))


def test_an_empty_file_and_a_missing_one_are_errors(tmp_path):
    (tmp_path / "train.jsonl").write_text("")
    with pytest.raises(DataError, match="holds no rows"):
        list(read_training_rows(tmp_path / "train.jsonl"))
    with pytest.raises(DataError, match="no such file"):
        list(read_training_rows(tmp_path / "other.jsonl"))


def test_parquet_with_nested_messages_is_read_by_row_number(tmp_path):
    rows = [{"messages": [*TURNS], "n": n} for n in range(3)]
    rows[1]["messages"] = [TURNS[0], {"role": "assistant", "content": "B", "weight": 1}]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "train.parquet")
    read_rows = list(read_training_rows(tmp_path / "train.parquet"))
    assert [(row.line, row.answer, row.flaws) for row in read_rows] == [
        (1, "A", ()),
        (2, "B", ()),
        (3, "A", ()),
    ]


def test_gzip_json_arrays_and_csv_are_read_too(tmp_path):
    zipped = write_jsonl(tmp_path / "train.jsonl.gz", [chat("Q", "A")])
    (tmp_path / "train.json").write_text(json.dumps([chat("Q", "A")]))
    with (tmp_path / "train.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["prompt", "completion"], ["Q", "A"], ["Q", "A", "B"]])
    for path in (zipped, tmp_path / "train.json"):
        assert [row.answer for row in read_training_rows(path)] == ["A"]
    good, bad = read_training_rows(tmp_path / "train.csv")
    assert (good.answer, codes(bad)) == ("A", {"unreadable"})


def test_a_row_of_5_mb_and_every_script_are_read(tmp_path):
    long, scripts = "ж漢🙂" * 500_000, "Привет 你好 مرحبا 🙂 \u202e"
    rows = read(tmp_path, chat("Q", long), chat(scripts, scripts))
    assert len(rows[0].answer) == 1_500_000
    assert rows[1].prompt == rows[1].answer == scripts

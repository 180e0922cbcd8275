"""Answers out of rows: what is read of them, and what a person is told of each thing that can be
wrong."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from evalhub.io.answers import RecordedAnswer, read_answers
from evalhub.io.row_paths import RowMapping
from evalhub.io.rows import DataError
from tests.io.test_rows import write


def answer_refusal(folder: Path, *rows: dict[str, Any]) -> DataError:
    path = write(folder, "answers.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError) as caught:
        list(read_answers(path))
    return caught.value


def test_answers_are_read_with_what_they_cost(tmp_path: Path) -> None:
    row = {"id": 7, "output": "yes", "sample": 1, "latency_ms": 12.5, "prompt_tokens": 3}
    path = write(tmp_path, "a.jsonl", json.dumps(row) + "\n" + '{"id": "b", "output": ""}\n')
    assert list(read_answers(path)) == [
        RecordedAnswer("7", 1, "yes", 12.5, 3, None, line=1),
        RecordedAnswer("b", 0, "", None, None, None, line=2),
    ]


def test_other_field_names_can_be_given(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", '{"meta": {"key": "a"}, "text": "yes"}\n')
    (answer,) = read_answers(path, RowMapping(id="meta.key", output="text"))
    assert (answer.item_id, answer.text) == ("a", "yes")


def test_numbers_in_a_csv_are_text_and_empty_is_absent(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "id,output,sample,latency_ms\na,yes,0,12.5\na,no,1,\n")
    assert [(a.sample, a.latency_ms) for a in read_answers(path)] == [(0, 12.5), (1, None)]


@pytest.mark.parametrize(
    ("cell", "passages"),
    [
        ("", None),
        ("null", None),
        ("[]", []),
        ('[{"id": 1, "text": "a"}]', [{"id": "1", "text": "a"}]),
    ],
)
def test_passages_in_a_csv_are_json_and_null_or_empty_are_none(
    tmp_path: Path, cell: str, passages: Any
) -> None:
    quoted = cell.replace('"', '""')
    path = tmp_path / "answers.csv"
    path.write_text(f'id,output,passages\na,yes,"{quoted}"\n')
    assert [answer.passages for answer in read_answers(path)] == [passages]


def test_scores_made_elsewhere_come_with_an_answer(tmp_path: Path) -> None:
    row = {"id": "a", "output": "yes", "scores": {"f1": 0.5, "em": True, "bleu": None}}
    path = write(tmp_path, "a.jsonl", json.dumps(row) + '\n{"id": "b", "output": "no"}\n')
    assert [each.scores for each in read_answers(path)] == [{"f1": 0.5, "em": 1.0}, None]


def test_scores_may_be_columns(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "id,output,scores.f1\na,yes,0.5\nb,no,\n")
    assert [each.scores for each in read_answers(path)] == [{"f1": 0.5}, None]


@pytest.mark.parametrize(
    ("scores", "field", "said"),
    [
        ('{"f1": "0.5"}', "scores.f1", "a number, true, false or null was expected, not"),
        ('{"f1": [0.5]}', "scores.f1", "a finite number was expected"),
        ('{"f1": {"value": 1}}', "scores.f1", "a finite number was expected"),
        ('{"f1": 1e300}', "scores.f1", "beyond 1e"),
        ("[]", "scores", "an object of numbers was expected, not []"),
        ("0", "scores", "an object of numbers was expected, not 0"),
        ('{"": 1}', "scores", "a score's name has 1 to 200 characters"),
        ('{"f1": 0.5}, "scores.f1": 0.5', "scores.f1", "is given twice, within `scores` and as"),
        (json.dumps({str(i): i for i in range(101)}), "scores", "at most 100 scores, not 101"),
    ],
)
def test_a_score_that_is_no_number_is_named_with_its_line(
    tmp_path: Path, scores: str, field: str, said: str
) -> None:
    lines = f'{{"id": "a", "output": ""}}\n{{"id": "b", "output": "", "scores": {scores}}}\n'
    path = write(tmp_path, "a.jsonl", lines)
    with pytest.raises(DataError, match=re.escape(said)) as error:
        list(read_answers(path))
    assert (error.value.line, error.value.field) == (2, field)


@pytest.mark.parametrize("scores", ['{"f1": NaN}', '{"f1": 1e999}', '{"f1": 0.5, "f1": 0.6}'])
def test_scores_that_are_no_json_are_refused(tmp_path: Path, scores: str) -> None:
    path = write(tmp_path, "a.jsonl", f'{{"id": "a", "output": "", "scores": {scores}}}\n')
    with pytest.raises(DataError, match="line 1"):
        list(read_answers(path))


def test_a_failed_answer_keeps_its_error_and_has_no_text(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", '{"id": "a", "output": null, "error": "timed out"}\n')
    (answer,) = read_answers(path)
    assert (answer.text, answer.error) == (None, "timed out")


def test_an_answer_with_an_error_besides_is_refused(tmp_path: Path) -> None:
    error = answer_refusal(tmp_path, {"id": "a", "output": "x", "error": "timed out"})
    assert "both an output and an `error`" in error.message


def test_a_second_answer_to_an_item_names_both_lines(tmp_path: Path) -> None:
    error = answer_refusal(
        tmp_path,
        {"id": "1", "output": "x"},
        {"id": "b", "output": "x"},
        {"id": 1, "output": "y"},
    )
    assert (error.line, error.field) == (3, "id")
    assert "'1' was answered on line 1 already (sample 0)" in error.message
    assert "several answers to an item need a `sample` field" in error.message


@pytest.mark.parametrize(
    ("row", "field_name", "message"),
    [
        ({"output": "x"}, "id", "missing; the row has output"),
        ({"id": "a"}, "output", "missing; the row has id"),
        ({"id": "a", "output": None}, "output", "null is not an answer; leave the row out"),
        ({"id": "a", "output": 18}, "output", "an output is text, and this one is 18"),
        ({"id": "a", "output": "", "latency_ms": -1}, "latency_ms", "0 or more was expected"),
        ({"id": "a", "output": "", "latency_ms": "inf"}, "latency_ms", "0 or more was expected"),
        ({"id": "a", "output": "", "latency_ms": True}, "latency_ms", "0 or more was expected"),
        ({"id": "a", "output": "", "sample": 0.5}, "sample", "a whole number was expected"),
        ({"id": "a", "output": "", "prompt_tokens": [1]}, "prompt_tokens", "this one is [1]"),
    ],
)
def test_a_bad_answer_is_refused_with_its_field(
    tmp_path: Path, row: dict[str, Any], field_name: str, message: str
) -> None:
    error = answer_refusal(tmp_path, row)
    assert (error.line, error.field) == (1, field_name)
    assert message in error.message


def test_passages_that_were_cut_when_they_were_kept_are_read_again(tmp_path: Path) -> None:
    passages = [{"id": "a", "text": "A."}, {"id": "b", "text": "", "cut": True}]
    row = {"id": "q1", "output": "yes", "passages": passages}
    [answer] = read_answers(write(tmp_path, "a.jsonl", json.dumps(row)))
    assert answer.passages == passages


def test_a_score_of_a_passage_that_cannot_be_kept_is_told_why(tmp_path: Path) -> None:
    passages = [{"id": "a", "text": "A.", "score": 1e-40}]
    error = answer_refusal(tmp_path, {"id": "q1", "output": "yes", "passages": passages})
    assert "passage 1 has a score that can't be kept: a number so near to 0" in error.message

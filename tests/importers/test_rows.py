"""Rows of any script, and Every Eval Ever: what pairs, and what is refused."""

import json
from pathlib import Path

import pytest

from tests.importers.logs import (
    Values,
    change_each,
    change_json,
    change_rows,
    counts,
    only,
    record,
    refusal,
)


def test_rows_of_several_arms_and_tasks_stand_in_one_file(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"id": i, "task": task, "arm": name, "output": f"{name}{i}", "score": score}
        for task in ("one", "two")
        for name, score in (("old", 0), ("new", 1))
        for i in range(40)
    ]
    Path("rows.json").write_text(json.dumps(rows))
    arms = ("--base-arm", "old", "--candidate-arm", "new", "--primary", "one")
    found = record(capsys, "json", "rows.json", *arms)
    assert found["verdict"] == "ship"
    assert [each["role"] for each in found["criteria"]] == ["primary", "guard"]
    assert found["arms"]["candidate"]["file"] == "rows.json"


def test_scores_without_answers_are_compared_as_they_are(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, values in (("old", [0] * 30 + [1] * 10), ("new", [1] * 40)):
        rows = [{"id": i, "score": value} for i, value in enumerate(values)]
        Path(f"{name}.json").write_text(json.dumps(rows))
    assert record(capsys, "json", "old.json", "new.json")["verdict"] == "ship"


def test_a_csv_holds_numbers_as_text_and_scores_by_columns(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"q{i},,{i % 2},0.5" for i in range(1, 9)]
    Path("old.csv").write_text("\n".join(["id,output,scores.exact,scores.style", *lines]))
    Path("new.csv").write_text(Path("old.csv").read_text().replace(",0,0.5", ",1,0.5"))
    found = record(capsys, "json", "old.csv", "new.csv", "--metric", "exact")["criteria"][0]
    assert counts(found) == (0.5, 1.0, 4, 0, 4)
    Path("new.csv").write_text("id,score\nq1,good\n")
    assert "new.csv, line 2, field 'score': a finite number was expected, not 'good'" in refusal(
        capsys, "json", "old.csv", "new.csv"
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"output": "x"}, "field 'id': missing"),
        ({"id": "a", "output": "x", "score": "1"}, "field 'score': a score is a number"),
        ({"id": "a", "output": "x", "scores": [1]}, "field 'scores': an object with fields"),
        (
            {"id": "a", "output": "x", "scores": {"f1": []}},
            "field 'scores.f1': a score is a",
        ),
        ({"id": "a", "output": "x", "error": "no"}, "both an output and an `error`"),
        ({"id": "a", "error": "no", "score": 0}, "stands in place of an answer: it has no scores"),
        ({"id": "a", "output": "x", "sample": -1}, "field 'sample': a whole number of 0 or more"),
        ({"id": "sum-0", "output": "x"}, "'sum-0' was answered on line"),
    ],
)
def test_rows_that_are_wrong_are_refused(
    logs: Path, capsys: pytest.CaptureFixture[str], row: Values, said: str
) -> None:
    rows = json.loads(Path("json/tuned.json").read_text())
    Path("json/tuned.json").write_text(json.dumps([*rows, row]))
    found = refusal(capsys, "json", "json/base.json", "json/tuned.json")
    assert found.startswith("evalhub: json/tuned.json, line 1, ")
    assert said in found


def test_an_id_that_stands_for_two_questions_is_refused(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = json.loads(Path("json/tuned.json").read_text())
    Path("json/tuned.json").write_text(
        json.dumps([{**rows[0], "input": "Else?"}, *rows[1:]], indent=1)
    )
    said = refusal(capsys, "json", "json/base.json", "json/tuned.json")
    assert said.startswith("evalhub: json/tuned.json, line 2: item 'sum-0' of items isn't the one")


def eee(arm_name: str) -> tuple[Path, Path]:
    [rows] = Path("every-eval-ever", arm_name).glob("*_samples.jsonl")
    return rows.with_name(rows.name.replace("_samples.jsonl", ".json")), rows


def test_every_eval_evers_epochs_are_samples_and_results_are_metrics() -> None:
    task = only("every-eval-ever", "every-eval-ever/base")
    assert list(task.metrics) == ["match:accuracy", "includes:accuracy"]
    found = sorted((each.sample, len(each.scores)) for each in task.answers)
    assert found == [(0, 2)] * 4 + [(1, 2)] * 4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema_version": "0.4.0"}, "field 'schema_version': is '0.4.0', and 0.3 is read"),
        ({"model_info": {}}, "field 'model_info': has no 'id'"),
        ({"evaluation_results": {}}, "field 'evaluation_results': a list of objects was expected"),
        ({"evaluation_results": []}, "has no result 'match:accuracy' of 'adding'"),
        ({"evaluation_id": "other"}, "field 'evaluation_id': isn't 'other'"),
    ],
)
def test_every_eval_ever_that_is_wrong_is_refused(
    logs: Path, capsys: pytest.CaptureFixture[str], change: Values, said: str
) -> None:
    change_json(eee("tuned")[0], lambda document: document.update(change))
    both = ("every-eval-ever/base", "every-eval-ever/tuned", "--metric", "match:accuracy")
    assert said in refusal(capsys, "every-eval-ever", *both)


def test_every_eval_evers_unknown_is_no_score_and_missing_rows_are_told(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document, rows = eee("tuned")
    both = ("every-eval-ever/base", "every-eval-ever/tuned", "--metric", "match:accuracy")

    def unknown(row: Values) -> Values:
        of_first = row["sample_id"] == "1" and row["evaluation_result_id"] == "match:accuracy"
        return row | ({"evaluation": row["evaluation"] | {"score": -1.0}} if of_first else {})

    change_each(rows, unknown)
    found = record(capsys, "every-eval-ever", *both)
    assert "2 scores of adding by match:accuracy lie beyond 0 to 1" in found["invalid"][0]
    change_json(
        document,
        lambda d: d["evaluation_results"][0]["metric_config"].update(has_unknown_level=True),
    )
    found = record(capsys, "every-eval-ever", *both)
    assert found["evidence"][0]["unscored_candidate"] == 2
    change_rows(rows, lambda all_rows: all_rows[:-1])
    assert "holds 15 rows, and " in refusal(capsys, "every-eval-ever", *both)


def test_every_eval_ever_needs_its_rows(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document, rows = eee("tuned")
    rows.unlink()
    assert "holds no evaluation with its rows (NAME.json, NAME_samples.jsonl)" in refusal(
        capsys, "every-eval-ever", "every-eval-ever/base", "every-eval-ever/tuned"
    )
    assert "_samples.jsonl: no such file" in refusal(
        capsys, "every-eval-ever", "every-eval-ever/base", str(document)
    )


def test_every_eval_evers_rows_are_joined_by_epoch_whatever_their_order(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ("every-eval-ever/base", "every-eval-ever/tuned", "--metric", "match:accuracy")
    before = record(capsys, "every-eval-ever", *both)
    _, rows = eee("tuned")
    change_rows(rows, lambda all_rows: all_rows[::-1])
    after = record(capsys, "every-eval-ever", *both)
    assert after["criteria"] == before["criteria"]
    assert after["arms"]["candidate"]["digest"] == before["arms"]["candidate"]["digest"]
    change_rows(rows, lambda all_rows: [*all_rows[1:], all_rows[1]])
    said = refusal(capsys, "every-eval-ever", *both)
    assert f"{rows}, line 16, field 'sample_id': " in said
    assert said.endswith("of epoch 2 already\n")


def test_every_eval_evers_row_without_a_result_id_is_of_the_only_result(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def bare(row: Values) -> Values:
        return {name: each for name, each in row.items() if name != "evaluation_result_id"}

    for name in ("base", "tuned"):
        document, rows = eee(name)
        change_json(
            document,
            lambda d: d.update(
                evaluation_results=d["evaluation_results"][:1],
                detailed_evaluation_results={"total_rows": 8},
            ),
        )
        change_rows(
            rows,
            lambda all_rows: [
                bare(row) for row in all_rows if row["evaluation_result_id"] == "match:accuracy"
            ],
        )
    found = record(capsys, "every-eval-ever", "every-eval-ever/base", "every-eval-ever/tuned")
    assert counts(found["criteria"][0]) == (1.0, 0.75, 0, 1, 3)

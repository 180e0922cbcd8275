"""Pairs uploaded in a file become a test set version, two versions and two runs; or nothing."""

import csv
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from evalhub.declare.declaration import DeclarationError
from evalhub.declare.review import Known
from evalhub.io.rows import DataError
from evalhub.registry.models import Item, ModelVersion, Output, Run, TestSetVersion
from evalhub.registry.models.runs import RunState
from evalhub.registry.slugs import slug_of
from evalhub.studies.web.pairs_upload import RegisteredUpload, register_upload
from reviews.planning.pairing import known_answers
from reviews.planning.upload import Columns
from tests.cast import Team
from tests.reviews.asking import a_review

ROWS: list[dict[str, Any]] = [
    {"id": f"q{i}", "prompt": f"Say {i}", "left": f"It is {i}.", "right": f"{i}, I think."}
    for i in range(6)
]


def written(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """The rows in a file of the format that the path's name says."""
    if path.suffix == ".parquet":
        parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)
    elif path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def upload(team: Team, path: Path, **more: Any) -> RegisteredUpload:
    return register_upload(
        project=team.project, by=team.olga, name="Tone of voice", path=path, **more
    )


def answers(run: Run) -> dict[str, str | None]:
    return dict(run.outputs.values_list("item__key", "text"))


@pytest.mark.parametrize("name", ["pairs.jsonl", "pairs.csv", "pairs.parquet"])
def test_every_format_becomes_the_same_runs(team: Team, tmp_path: Path, name: str) -> None:
    found = upload(team, written(tmp_path / name, ROWS))
    assert answers(found.baseline_run) == {row["id"]: row["left"] for row in ROWS}
    assert answers(found.candidate_run) == {row["id"]: row["right"] for row in ROWS}
    assert found.baseline_run.state == found.candidate_run.state == RunState.DONE
    version = found.baseline_run.test_set_version
    assert version.item_count == 6
    assert [str(each.version.model) for each in (found.baseline_run, found.candidate_run)] == [
        "tone-of-voice-left",
        "tone-of-voice-right",
    ]


def test_models_are_called_as_the_two_sides_are(team: Team, tmp_path: Path) -> None:
    found = upload(team, written(tmp_path / "pairs.jsonl", ROWS), arms=("old", "New prompt"))
    assert str(found.baseline_run.version.model) == "old"
    assert str(found.candidate_run.version.model) == slug_of("New prompt")


def test_the_same_upload_again_is_the_same_runs(team: Team, tmp_path: Path) -> None:
    path = written(tmp_path / "pairs.jsonl", ROWS)
    assert upload(team, path) == upload(team, path)
    assert Run.objects.count() == 2


def test_an_upload_is_reviewed_like_a_study(team: Team, tmp_path: Path) -> None:
    found = upload(team, written(tmp_path / "pairs.jsonl", ROWS))
    campaign = a_review(
        baseline_run=found.baseline_run,
        candidate_run=found.candidate_run,
        items=4,
        reviewers_per_item=2,
        seed=1,
        name="Tone of voice",
    )
    assert campaign.study is None
    assert campaign.project == team.project
    assert campaign.pairs.count() == 4


def test_columns_have_the_owner_s_names(team: Team, tmp_path: Path) -> None:
    rows = [
        {"meta": {"nr": i}, "question": f"Q{i}", "gpt": "a", "ours": "b", "kind": ["x", "y"]}
        for i in range(3)
    ]
    columns = Columns(prompt="question", left="gpt", right="ours", id="meta.nr", tags="kind")
    found = upload(team, written(tmp_path / "p.jsonl", rows), columns=columns, arms=("old", "new"))
    assert answers(found.candidate_run) == {"0": "b", "1": "b", "2": "b"}
    assert Item.objects.get(key="1").tags == ["x", "y"]
    assert str(found.candidate_run.version.model) == "new"


def test_rows_without_an_id_are_known_by_their_line(team: Team, tmp_path: Path) -> None:
    rows = [{"prompt": "p", "left": f"l{i}", "right": f"r{i}"} for i in range(2)]
    found = upload(team, written(tmp_path / "pairs.csv", rows))
    assert answers(found.baseline_run) == {"line-2": "l0", "line-3": "l1"}


def test_two_files_are_joined_on_the_id_and_never_on_the_order(team: Team, tmp_path: Path) -> None:
    shuffled = random.Random(4).sample(ROWS, len(ROWS))
    assert [row["id"] for row in shuffled] != [row["id"] for row in ROWS]
    left = written(tmp_path / "left.jsonl", [_without(row, "right") for row in ROWS])
    right = written(tmp_path / "right.csv", [_without(row, "left") for row in shuffled])
    found = upload(team, left, right_path=right)
    assert answers(found.candidate_run) == {row["id"]: row["right"] for row in ROWS}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[:-1], "left.jsonl, line 6, field 'id': item 'q5' has no answer in"),
        (lambda rows: [*rows, rows[0] | {"id": "x"}], "right.jsonl, line 7, field 'id': there is"),
        (lambda rows: [*rows, rows[2]], "right.jsonl, line 7, field 'id': 'q2' is the id on line"),
        (
            lambda rows: [_without(row, "id") for row in rows],
            "right.jsonl, line 1, field 'id': missing",
        ),
    ],
)
def test_two_files_that_do_not_match_are_refused(
    team: Team, tmp_path: Path, change: Any, said: str
) -> None:
    left = written(tmp_path / "left.jsonl", ROWS)
    right = written(tmp_path / "right.jsonl", change(ROWS))
    with pytest.raises(DataError) as error:
        upload(team, left, right_path=right)
    assert said in str(error.value)
    assert_nothing_is_kept()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"right": None}, "line 4, field 'right': an answer is text, and this one is null"),
        ({"left": 7}, "line 4, field 'left': an answer is text, and this one is 7"),
        ({"id": "q1"}, "line 4, field 'id': 'q1' is the id on line 2 already"),
        ({"prompt": ""}, "line 4, field 'prompt': empty; an input is a text"),
        ({"tags": {"a": 1}}, "line 4, field 'tags': tags are a text or a list of texts"),
        ({"expected": "A"}, "line 4, field 'expected': use left, right, tie or both-bad"),
    ],
)
def test_what_is_wrong_with_a_file_names_the_line_and_the_field(
    team: Team, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    rows = [row | change if place == 3 else row for place, row in enumerate(ROWS)]
    path = written(tmp_path / "pairs.jsonl", rows)
    with pytest.raises(DataError) as error:
        upload(team, path)
    assert str(error.value).startswith(f"{path}, {said}")
    assert_nothing_is_kept()


def test_a_column_that_is_not_there_is_named(team: Team, tmp_path: Path) -> None:
    path = written(tmp_path / "pairs.csv", [_without(row, "right") for row in ROWS])
    with pytest.raises(DataError, match=r"line 2, field 'right': missing; the row has id, prompt"):
        upload(team, path)
    assert_nothing_is_kept()


def test_known_answers_come_with_the_file(team: Team, tmp_path: Path) -> None:
    rows = [
        ROWS[0] | {"expected": "right", "feedback": "The left one is rude."},
        ROWS[1] | {"expected": "both-bad", "practice": True},
        ROWS[2] | {"expected": None},
    ]
    found = upload(team, written(tmp_path / "pairs.jsonl", rows))
    assert known_answers(found.baseline_run) == {
        "q0": Known(expected="candidate", feedback="The left one is rude."),
        "q1": Known(expected="both-bad", practice=True),
    }


def test_an_upload_and_its_sides_may_have_names_in_any_script(team: Team, tmp_path: Path) -> None:
    path = written(tmp_path / "pairs.jsonl", ROWS)
    runs = [
        register_upload(project=team.project, by=None, name=name, path=path, arms=("旧", "新"))
        for name in ("语气", "Тон", "Tone 1.0", "Tone 10")
    ]
    models = {each.baseline_run.version.model for each in runs}
    models |= {each.candidate_run.version.model for each in runs}
    assert len(models) == 2, "a side is called as its owner calls it, in whatever upload"
    assert len({each.baseline_run.test_set_version.test_set for each in runs}) == 4
    assert len({each.baseline_run.test_set_version.digest for each in runs}) == 1


@pytest.mark.parametrize("names", [("a", "a"), ("", "b"), (" ", "b")])
def test_sides_need_names_of_their_own(team: Team, tmp_path: Path, names: tuple[str, str]) -> None:
    with pytest.raises(DeclarationError, match="need names, and different ones"):
        upload(team, written(tmp_path / "pairs.jsonl", ROWS), arms=names)


def _without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


def assert_nothing_is_kept() -> None:
    assert not TestSetVersion.objects.exists()
    assert not ModelVersion.objects.exists()
    assert not Output.objects.exists()

"""An answer that a person edited: a reference that leans to the baseline, and decides nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.utils import timezone

from evalhub.cli.app import run
from evalhub.declare.declaration import validate
from evalhub.declare.judges import PairwiseQuestion
from evalhub.features.traffic.rows import SignalRow, TrafficSource
from evalhub.features.traffic.taking_in import take_in
from evalhub.judges.pairs import TwoAnswers, prompt_of
from evalhub.registry.models import Item, TestSetVersion
from tests.cast import Team
from tests.features.traffic.shadow.production import LAST_WEEK, served

pytestmark = pytest.mark.django_db(transaction=True)
Capture = pytest.CaptureFixture[str]


def edited(team: Team, request: str, text: str, *, name: str = "edit", by: str = "person") -> None:
    row = {"id": f"{name}-{by}-{request}", "time": timezone.now().isoformat(), "name": name}
    signal = validate(SignalRow, {**row, "by": by, "request": request, "text": text})
    take_in(project=team.project, source=TrafficSource.REST, signals=[(1, signal)])


def drawn(*options: str) -> dict[str, Item]:
    """The items of a draw, by what they ask."""
    assert run(["traffic", "sample", *LAST_WEEK, "--n", "3", *options]) == 0
    return {item.input[0]["content"]: item for item in Item.objects.all()}


@pytest.fixture
def asked(team: Team) -> None:
    served(team, ["a?", "b?", "c?"])
    edited(team, "r-000", "Rather so.")
    edited(team, "r-001", "No good", name="thumb")
    edited(team, "r-002", "A program's words", by="code")


def test_an_edited_answer_is_a_reference_that_is_marked(asked: None) -> None:
    items = drawn("--edited-references")
    assert items["a?"].references == ["Rather so."]
    assert items["a?"].metadata == {"reference_from": "edit"}
    assert [items[text].references for text in ("b?", "c?")] == [[], []], "nobody edited these"


def test_references_come_where_they_are_asked_for_alone(asked: None) -> None:
    assert [item.references for item in drawn().values()] == [[], [], []]


def test_the_masked_text_of_an_edit_is_what_stands(team: Team) -> None:
    served(team, ["a?", "b?", "c?"])
    edited(team, "r-000", "Write to nora@example.org.")
    assert drawn("--edited-references")["a?"].references == ["Write to [mail-1]."]


EXACT = {"name": "exact_match"}
OURS = {"reference": ["ours", "theirs"]}


def written(team: Team, folder: Path, **edits: Any) -> Path:
    """A study file with a second test set of the same items, whose references are edits."""
    served(team, ["a?", "b?", "c?"])
    for index in range(3):
        edited(team, f"r-{index:03}", f"Rather {index}.")
    drawn("--edited-references")
    init = ["study", "init", str(folder), "--from-traffic", "--project", "support-desk"]
    assert run([*init, "--kind", "lora", "--url", "http://localhost:9/v1", "--model", "m"]) == 0
    assert "Rather 0." in (folder / "traffic.jsonl").read_text()
    answers = (folder / "production.traffic.jsonl").read_text()
    for name in ("production.edits", "candidate.traffic", "candidate.edits"):
        text = answers if name.startswith("production") else answers.replace("answer", "reply")
        (folder / f"{name}.jsonl").write_text(text)
    file = yaml.safe_load((folder / "study.yaml").read_text())
    for name, arm in file["arms"].items():
        arm["backend"] = {"recorded": f"{name}.{{test_set}}.jsonl"}
    del file["review"], file["test_sets"]["traffic"]["tier"]
    of_edits = {"file": "traffic.jsonl", "purpose": "task", "metric": EXACT}
    file["test_sets"]["edits"] = of_edits | edits
    (folder / "study.yaml").write_text(yaml.safe_dump(file, sort_keys=False))
    return folder / "study.yaml"


@pytest.mark.parametrize("role", ["primary", "guard"])
def test_a_study_that_lets_edits_decide_is_refused(
    team: Team, tmp_path: Path, capsys: Capture, role: str
) -> None:
    file = written(team, tmp_path, role=role)
    capsys.readouterr()
    assert run(["study", "run", str(file), "--json"]) == 65
    message = "exact_match compares with answers of production that somebody edited: they lean to"
    assert message in capsys.readouterr().err
    assert not TestSetVersion.objects.filter(test_set__slug="edits").exists()


def test_edits_may_be_compared_with_where_that_decides_nothing(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    file = written(team, tmp_path, role="guard", tier="advisory")
    capsys.readouterr()
    run(["study", "run", str(file), "--json"])
    tiers = {row["name"]: row["tier"] for row in json.loads(capsys.readouterr().out)["criteria"]}
    assert tiers["edits"] == "advisory"


def test_an_edit_that_lost_its_mark_is_known_by_its_sample(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    """Such as by a conversion of the file, or in one of the team's own making."""
    file = written(team, tmp_path, role="primary", file="mine.jsonl", fields=OURS)
    rows = map(json.loads, (tmp_path / "traffic.jsonl").read_text().splitlines())
    mine = [
        {"id": row["id"], "input": row["input"], "ours": "Other.", "theirs": row["reference"]}
        for row in rows
    ]
    (tmp_path / "mine.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in mine))
    capsys.readouterr()
    assert run(["study", "run", str(file), "--json"]) == 65
    assert "edited: keep its field reference_from, which says so" in capsys.readouterr().err
    assert not TestSetVersion.objects.filter(test_set__slug="edits").exists()


def test_files_are_not_compared_by_edits(team: Team, tmp_path: Path, capsys: Capture) -> None:
    written(team, tmp_path, role="primary")
    (file,) = tmp_path.glob("traffic*.jsonl")
    marked = [json.loads(line).get("reference_from") for line in file.read_text().splitlines()]
    line = marked.index("edit") + 1
    capsys.readouterr()
    answers = [str(tmp_path / name) for name in ("base.jsonl", "tuned.jsonl")]
    for path in answers:
        Path(path).write_text('{"id": "a", "output": "Rather so."}\n')
    words = ["compare", *answers, "--test-set", str(file), "--metric", "exact_match"]
    assert run(words) == 65
    said = " ".join(capsys.readouterr().err.split())
    assert f"traffic.jsonl, line {line}, field 'reference_from': exact_match compares" in said


def test_a_judge_of_pairs_is_shown_no_edit(team: Team) -> None:
    served(team, ["a?", "b?"])
    edited(team, "r-000", "Rather so.")
    items = drawn("--edited-references")
    items["b?"].references = ["As it is."]
    prompts = [
        prompt_of(PairwiseQuestion(rubric="Right is right."), TwoAnswers(item, "x", "y"), True)
        for item in (items["a?"], items["b?"])
    ]
    assert "Rather so." not in prompts[0]
    assert "As it is." in prompts[1]

"""An answer that a person edited: a reference that leans to the baseline, and decides nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.utils import timezone

from evalhub.cli.app import run
from evalhub.declare.declaration import validate
from evalhub.features.traffic.rows import SignalRow, TrafficSource
from evalhub.features.traffic.taking_in import take_in
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


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"role": "primary"}, True),
        ({"role": "guard"}, True),
        ({"role": "guard", "tier": "advisory"}, False),
    ],
)
def test_a_study_that_lets_edits_decide_is_refused(
    team: Team, tmp_path: Path, capsys: Capture, fields: dict[str, Any], refused: bool
) -> None:
    served(team, ["a?", "b?", "c?"])
    for index in range(3):
        edited(team, f"r-{index:03}", f"Rather {index}.")
    drawn("--edited-references")
    init = ["study", "init", str(tmp_path), "--from-traffic", "--project", "support-desk"]
    assert run([*init, "--kind", "lora", "--url", "http://localhost:9/v1", "--model", "m"]) == 0
    assert "Rather 0." in (tmp_path / "traffic.jsonl").read_text()
    answers = (tmp_path / "production.traffic.jsonl").read_text()
    for name in ("production.edits", "candidate.traffic", "candidate.edits"):
        text = answers if name.startswith("production") else answers.replace("answer", "reply")
        (tmp_path / f"{name}.jsonl").write_text(text)
    file = yaml.safe_load((tmp_path / "study.yaml").read_text())
    for name, arm in file["arms"].items():
        arm["backend"] = {"recorded": f"{name}.{{test_set}}.jsonl"}
    del file["review"], file["test_sets"]["traffic"]["tier"]
    of_edits = {"file": "traffic.jsonl", "purpose": "task", "metric": {"name": "exact_match"}}
    file["test_sets"]["edits"] = of_edits | fields
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(file, sort_keys=False))
    capsys.readouterr()
    code = run(["study", "run", str(tmp_path / "study.yaml"), "--json"])
    out = capsys.readouterr()
    said = "exact_match compares with answers of production that somebody edited: they lean to the"
    assert (said in out.err) == refused
    assert (code == 65) == refused, out.err
    assert TestSetVersion.objects.filter(test_set__slug="edits").exists() != refused
    if not refused:
        tiers = {row["name"]: row["tier"] for row in json.loads(out.out)["criteria"]}
        assert tiers["edits"] == "advisory"

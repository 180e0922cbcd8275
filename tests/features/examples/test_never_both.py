"""The story of an example: accepted, sent out, trained on, and never judged on by the same hand."""

import hashlib
import json
from pathlib import Path

import pytest

from evalhub.cli.app import run
from evalhub.ledger.decide import decide_study
from evalhub.registry.models import TestSetVersion, TrainingOverlap
from tests.cast import Team, a_team
from tests.features.examples.outgoing import a_decided_queue
from tests.studies.desks import Desk, ran

pytestmark = pytest.mark.django_db
QUESTIONS = [f"How do I return parcel number {n} to your shop in town?" for n in range(6)]


@pytest.fixture
def desk_team() -> Team:
    return a_team("Desk", "desk")


def trained_on(desk: Desk, file: Path) -> Desk:
    """The desk, whose tuned arm's training record names the file by its SHA-256 alone."""
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    desk.study["arms"]["tuned"]["training"] = {"dataset_sha256": sha256}
    return desk


def sent_out(queue: int, folder: Path) -> Path:
    out = folder / "train.jsonl"
    assert run(["examples", "export", str(queue), "--project", "desk", "--out", str(out)]) == 0
    return out


def test_what_went_out_is_looked_through_when_a_version_was_trained_on_it(
    desk_team: Team, tmp_path: Path
) -> None:
    queue = a_decided_queue(desk_team, QUESTIONS)
    desk = trained_on(Desk(tmp_path), sent_out(queue.pk, tmp_path))
    study = ran(desk)
    [decision] = decide_study(study=study)
    assert {row.source for row in TrainingOverlap.objects.all()} == {
        desk.study["arms"]["tuned"]["training"]["dataset_sha256"]
    }
    section = decision.document.leakage
    assert section is not None
    assert [row.leaked for row in section.test_sets] == [0, 0]
    words = ["examples", "publish", str(queue.pk), "--project", "desk", "--test-set", "parcels"]
    assert run([*words, "--strict"]) == 64
    assert run(words) == 64
    assert not TestSetVersion.objects.filter(test_set__slug="parcels").exists()


def test_items_that_come_in_by_a_file_after_they_went_out_are_found(
    desk_team: Team, tmp_path: Path
) -> None:
    out = sent_out(a_decided_queue(desk_team, QUESTIONS).pk, tmp_path)
    desk = trained_on(Desk(tmp_path), out)
    rows = [json.loads(line) for line in (tmp_path / "triage.jsonl").read_text().splitlines()]
    for row, question in zip(rows, QUESTIONS, strict=False):
        row["input"] = question
    desk.rows("triage.jsonl", rows)
    study = ran(desk)
    [decision] = decide_study(study=study)
    section = decision.document.leakage
    assert section is not None
    assert [row.leaked for row in section.test_sets] == [6, 0]
    version = TestSetVersion.objects.get(test_set__slug="triage")
    page = desk_team.signed_in(desk_team.olga).get(f"/test-sets/{version.test_set_id}/")
    assert "parcels-chat v1</a> has 6 rows that ask what its items ask" in page.content.decode()

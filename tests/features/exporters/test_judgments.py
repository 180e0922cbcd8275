"""What people said leaves once the review has ended, and never before."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from evalhub.accounts.models import LogEntry
from evalhub.cli.app import run
from evalhub.features.exporters.judgments import export_dpo, export_judgments
from reviews.errors import StillBlindError
from reviews.models import Campaign
from tests.cast import Team
from tests.reviews.conftest import a_campaign
from tests.reviews.judged import a_reviewer, judge

pytestmark = pytest.mark.django_db


def judged(team: Team, *, ended: bool = True) -> Campaign:
    """Twelve pairs; Rui favours the candidate, Ruth says tie on the first four."""
    campaign = a_campaign(team)
    rui, ruth = a_reviewer(campaign, "rui"), a_reviewer(campaign, "ruth")
    for pair in campaign.pairs.order_by("position") if ended else campaign.pairs.all()[:3]:
        judge(rui, pair, "candidate")
        judge(ruth, pair, "tie" if pair.position < 4 else "candidate")
    return campaign


def test_judgments_leave_in_each_form(team: Team, tmp_path: Path) -> None:
    campaign = judged(team)
    for form in ("jsonl", "csv", "parquet"):
        to = tmp_path / form
        assert export_judgments(campaign=campaign, by=team.olga, to=to, form=form) == 24
    assert pq.read_table(tmp_path / "parquet").num_rows == 24
    assert LogEntry.objects.filter(action="exported", by=team.olga).count() == 3


def test_pairs_to_train_on_have_a_winner_and_no_tie(team: Team, tmp_path: Path) -> None:
    to = tmp_path / "dpo.jsonl"
    assert export_dpo(campaign=judged(team), by=team.olga, to=to) == 8
    rows = [json.loads(line) for line in to.read_text().splitlines()]
    assert {each["chosen_arm"] for each in rows} == {"candidate"}
    assert all(each["chosen"] != each["rejected"] and each["prompt"] for each in rows)
    assert not any(each["tie"] for each in rows)


def test_of_a_review_that_goes_on_nothing_leaves(team: Team, tmp_path: Path) -> None:
    campaign, to = judged(team, ended=False), tmp_path / "out"
    with pytest.raises(StillBlindError):
        export_judgments(campaign=campaign, by=team.olga, to=to, form="jsonl")
    with pytest.raises(StillBlindError):
        export_dpo(campaign=campaign, by=None, to=to)
    number = str(campaign.pk)
    asked = ["--project", "support-desk", "--review", number, "--out", str(to)]
    assert run(["export", "dpo", *asked]) == 64
    assert not to.exists()
    assert not LogEntry.objects.filter(action="exported").exists()


def test_the_command_writes_them(team: Team, tmp_path: Path) -> None:
    campaign = judged(team)
    asked = ["--project", "support-desk", "--review", str(campaign.pk)]
    for what, name, count in (("judgments", "j.parquet", 24), ("dpo", "d.jsonl", 8)):
        out = tmp_path / name
        assert run(["export", what, *asked, "--out", str(out)]) == 0
        rows = (
            pq.read_table(out).num_rows
            if out.suffix == ".parquet"
            else len(out.read_text().splitlines())
        )
        assert rows == count

"""What people said leaves once the review has ended, and never before."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from evalhub.accounts.models import LogEntry, Scope
from evalhub.cli.app import run
from evalhub.features.exporters.judgments import export_dpo, export_judgments
from evalhub.ledger.training_pairs import UnreleasedError
from evalhub.registry.models import TestSetVersion, TrainingFileVersion
from reviews.errors import StillBlindError
from reviews.models import Campaign
from tests.api.conftest import Program
from tests.cast import Team, a_test_set, a_working_set, given_up
from tests.reviews.conftest import a_campaign
from tests.reviews.judged import a_reviewer, judge

pytestmark = pytest.mark.django_db


def judged(team: Team, *, ended: bool = True, released: bool = False, **of: Any) -> Campaign:
    """Twelve pairs; Rui favours the candidate, Ruth says tie on the first four."""
    campaign = a_campaign(team, **of)
    if released:
        given_up(questions_of(campaign))
    rui, ruth = a_reviewer(campaign, "rui"), a_reviewer(campaign, "ruth")
    for pair in campaign.pairs.order_by("position") if ended else campaign.pairs.all()[:3]:
        judge(rui, pair, "candidate")
        judge(ruth, pair, "tie" if pair.position < 4 else "candidate")
    return campaign


def questions_of(campaign: Campaign) -> TestSetVersion:
    """The version that the review's pairs are of."""
    version: TestSetVersion = campaign.pairs.all()[0].item.version
    return version


def test_judgments_leave_in_each_form(team: Team, tmp_path: Path) -> None:
    campaign = judged(team)
    for form in ("jsonl", "csv", "parquet"):
        to = tmp_path / form
        assert export_judgments(campaign=campaign, by=team.olga, to=to, form=form) == 24
    assert pq.read_table(tmp_path / "parquet").num_rows == 24
    assert LogEntry.objects.filter(action="exported", by=team.olga).count() == 3


def test_pairs_to_train_on_have_a_winner_and_no_tie(team: Team, tmp_path: Path) -> None:
    to = tmp_path / "dpo.jsonl"
    pairs = export_dpo(campaign=judged(team, released=True), by=team.olga, to=to)
    assert (len(pairs.lines), pairs.left_out) == (8, 0)
    rows = [json.loads(line) for line in to.read_text().splitlines()]
    assert {each["chosen_arm"] for each in rows} == {"candidate"}
    assert all(each["chosen"] != each["rejected"] and each["prompt"] for each in rows)
    assert not any(each["tie"] for each in rows)


def test_pairs_that_went_out_are_kept_as_a_training_file(team: Team, tmp_path: Path) -> None:
    campaign, to = judged(team, released=True), tmp_path / "dpo.jsonl"
    for _ in range(2):  # the same bytes are the same version
        pairs = export_dpo(campaign=campaign, by=team.olga, to=to)
    [file] = TrainingFileVersion.objects.all()
    assert pairs.file == file
    assert file.sha256 == hashlib.sha256(to.read_bytes()).hexdigest()
    assert (str(file), file.format, file.rows) == (f"review-{campaign.pk} v1", "dpo", 8)
    assert [each.text for each in file.lines.all()] == to.read_text().splitlines()


def test_pairs_on_items_in_use_are_refused_by_name(team: Team, tmp_path: Path) -> None:
    to = tmp_path / "dpo.jsonl"
    with pytest.raises(UnreleasedError) as refused:
        export_dpo(campaign=judged(team), by=team.olga, to=to)
    assert re.fullmatch(
        r"8 of 8 pairs stand on items of canary-set v1, which is in use, such as 'q\d+' of "
        r"canary-set v1 \(exact\): what is judged on is never trained on\. Retire it \(evalhub "
        r"test-set retire\), or leave those out \(--released-only\)",
        str(refused.value),
    )
    assert not to.exists()
    assert not TrainingFileVersion.objects.exists()
    assert not LogEntry.objects.filter(action="exported").exists()


def test_one_other_version_with_an_item_is_enough_to_refuse(team: Team, tmp_path: Path) -> None:
    campaign, to = judged(team, released=True), tmp_path / "dpo.jsonl"
    won = campaign.pairs.get(position=6).item
    inputs = [{"input": f"  {won.input.upper()}"}, {"input": "Another one?"}]
    a_test_set(team, "later", items=inputs)
    with pytest.raises(UnreleasedError, match=r"^1 of 8 pairs stands on items of later v1, which"):
        export_dpo(campaign=campaign, by=None, to=to)
    pairs = export_dpo(campaign=campaign, by=None, to=to, released_only=True)
    assert (len(pairs.lines), pairs.left_out) == (7, 1)
    rows = [json.loads(line) for line in to.read_text().splitlines()]
    assert won.key not in {row["item"] for row in rows}
    assert pairs.file
    assert pairs.file.left_out == {"on-test-items": 1}


def test_where_no_pair_is_released_nothing_goes_out(team: Team, tmp_path: Path) -> None:
    to = tmp_path / "dpo.jsonl"
    with pytest.raises(UnreleasedError, match=r"^8 of 8 pairs stand"):
        export_dpo(campaign=judged(team), by=None, to=to, released_only=True)
    assert not to.exists()


def test_near_copies_of_items_in_use_are_refused_too(team: Team, tmp_path: Path) -> None:
    text = "The invoice for the order that you placed in our shop last Tuesday is in your account"
    texts = [f"{text} {'now' if i % 2 else 'then'} {i}." for i in range(12)]
    other = [f"I know nothing of {i}." for i in range(12)]
    campaign, to = judged(team, released=True, answers=(other, texts)), tmp_path / "dpo.jsonl"
    a_test_set(team, "later", items=[{"input": f"Hello! {text}?"}, {"input": "Another one?"}])
    with pytest.raises(UnreleasedError, match=r"^8 of 8 pairs stand .*'q0000' of later v1 \(near"):
        export_dpo(campaign=campaign, by=None, to=to)


def test_a_working_set_is_no_version_in_use(team: Team, tmp_path: Path) -> None:
    campaign = judged(team)
    a_working_set(team, questions_of(campaign))
    given_up(questions_of(campaign))
    assert len(export_dpo(campaign=campaign, by=None, to=tmp_path / "dpo.jsonl").lines) == 8


def test_every_door_refuses_alike(
    team: Team, tmp_path: Path, program: Callable[..., Program]
) -> None:
    campaign = judged(team)
    out, number = tmp_path / "d.jsonl", str(campaign.pk)
    of = ["--project", "support-desk", "--review", number, "--out", str(out)]
    assert run(["export", "dpo", *of]) == 64
    assert run(["review", "export", number, "--format", "dpo", "--out", str(out)]) == 64
    assert not out.exists()
    caller = program(Scope.READ)
    answer = caller.get("/exports/dpo", review=number)
    assert (answer.status_code, "which is in use" in answer.json()["detail"]) == (409, True)
    page = team.signed_in(team.olga).get(f"/campaigns/{number}/export/?format=dpo", follow=True)
    assert "8 of 8 pairs stand on items of canary-set v1" in page.content.decode()
    given_up(questions_of(campaign))
    assert run(["export", "dpo", *of, "--released-only"]) == 0
    assert run(["review", "export", number, "--format", "dpo", "--out", f"{out}2"]) == 0
    assert len(out.read_text().splitlines()) == 8
    assert b"".join(caller.get("/exports/dpo", review=number)) == out.read_bytes()
    assert TrainingFileVersion.objects.count() == 1


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
    campaign = judged(team, released=True)
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

"""A review's results, audit and files from the command line."""

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from evalhub.cli.app import run
from evalhub.frames.command.exits import USAGE
from reviews.models import Campaign
from tests.cast import Team, given_up
from tests.reviews.conftest import a_campaign
from tests.reviews.judged import judge_all

Printed = pytest.CaptureFixture[str]


@pytest.fixture
def judged(team: Team) -> Campaign:
    campaign = a_campaign(team, items=40)
    judge_all(
        campaign, {"rui": lambda p: "tie" if p < 10 else "candidate", "ruth": lambda _: "tie"}
    )
    return campaign


def review(*arguments: object) -> int:
    return run(["review", *map(str, arguments)])


def test_results_are_printed_for_a_release_review(judged: Campaign, capsys: Printed) -> None:
    assert review("results", judged.pk) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("## Blind review: Canary study")
    assert f"plan `{judged.plan_hash[:12]}`" in printed


def test_the_audit_is_printed_and_written(
    judged: Campaign, tmp_path: Path, capsys: Printed
) -> None:
    out = tmp_path / "audit.json"
    assert review("audit", judged.pk, "--out", out) == 0
    document = json.loads(out.read_text("utf-8"))
    printed = capsys.readouterr().out
    assert all(check["title"] in printed for check in document["checks"])
    assert "SHA-256" in printed


def test_a_review_s_judgments_become_one_label_a_pair(
    judged: Campaign, tmp_path: Path, capsys: Printed
) -> None:
    """As in docs/reference/review-results.md: thirty pairs are split, and stay ties of votes."""
    file = tmp_path / "judgments.jsonl"
    assert review("export", judged.pk, "--out", file) == 0
    fields = ["--unit", "pair", "--rater", "reviewer", "--label", "favours"]
    capsys.readouterr()
    assert run(["labels", str(file), *fields, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["units"], found["ties"], found["shares"]) == (40, 30, {"tie": 10})


@pytest.mark.parametrize("verb", ["audit", "export"])
def test_what_can_not_be_written_is_65_and_prints_nothing(
    judged: Campaign, tmp_path: Path, capsys: Printed, verb: str
) -> None:
    assert review(verb, judged.pk, "--out", tmp_path / "nowhere" / "x") == 65
    printed = capsys.readouterr()
    assert (printed.out, "there is no folder" in printed.err) == ("", True)
    assert list(tmp_path.iterdir()) == []


def test_judgments_are_written_in_each_format(judged: Campaign, tmp_path: Path) -> None:
    def wrote(form: str, *options: str) -> Path:
        path = tmp_path / f"out.{form}"
        assert review("export", judged.pk, "--format", form, "--out", path, *options) == 0
        return path

    assert len(wrote("jsonl").read_text("utf-8").splitlines()) == 80
    with wrote("csv", "--pseudonyms").open(encoding="utf-8", newline="") as file:
        assert {row["reviewer"] for row in csv.DictReader(file)} == {"r1", "r2"}
    assert pq.read_table(wrote("parquet")).num_rows == 80
    given_up(judged.pairs.all()[0].item.version)
    assert wrote("dpo").read_text("utf-8") == ""  # one for the candidate, one tie: nobody won
    assert len(wrote("dpo", "--keep-ties").read_text("utf-8").splitlines()) == 40
    assert len(wrote("inspect").read_text("utf-8").splitlines()) == 40


@pytest.mark.parametrize("verb", ["results", "audit", "export"])
def test_a_review_that_goes_on_is_refused(
    team: Team, tmp_path: Path, capsys: Printed, verb: str
) -> None:
    campaign = a_campaign(team)
    options = ["--out", tmp_path / "x"] if verb == "export" else []
    assert review(verb, campaign.pk, *options) == USAGE
    assert "This review goes on" in " ".join(capsys.readouterr().err.split()).replace("│ ", "")


def test_another_format_is_refused(judged: Campaign, tmp_path: Path, capsys: Printed) -> None:
    assert review("export", judged.pk, "--format", "exe", "--out", tmp_path / "x") == USAGE
    assert "none of" in capsys.readouterr().err

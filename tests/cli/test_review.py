"""`evalhub review`: reviews opened from a study or a file, filled with people and ended."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.frames.command.exits import BAD_DATA, USAGE
from evalhub.registry.models import Run
from reviews.models import Campaign, Invitation
from tests.cast import Team
from tests.site.cases import a_measured_study

Printed = pytest.CaptureFixture[str]


def review(*arguments: Any) -> int:
    return run(["review", *map(str, arguments)])


def test_a_study_s_review_says_its_price_and_opens(team: Team, capsys: Printed) -> None:
    a_measured_study(team)
    asked = ["open", "support-desk/triage", "--test-set", "triage-task", "--items", 10]
    assert review(*asked, "--dry-run") == 0
    said = capsys.readouterr().out
    assert "10 items: 20 judgments of them" in said
    assert "0.2 hours" in said
    assert "shows by 3 people a preference of 0." in said
    assert review(*asked, "--people", 2, "--dry-run") == 0
    assert "2 people can't show any preference with these items; 3 could" in capsys.readouterr().out
    assert not Campaign.objects.exists()
    assert review(*asked, "--seed", 5, "--all-arms") == 0
    campaign = Campaign.objects.get()
    assert f"review {campaign.pk} is open" in capsys.readouterr().out
    assert (campaign.plan["design"]["seed"], len(campaign.plan["arms"])) == (5, 3)


def test_pairs_are_uploaded_and_open(pairs: Path, db: None, capsys: Printed) -> None:
    assert review("upload", pairs, "--items", 5, "--dry-run") == 0
    assert not Run.objects.exists(), "a dry run keeps nothing"
    assert review("upload", pairs, "--items", 5) == 0
    campaign = Campaign.objects.get()
    assert (campaign.name, campaign.project.slug) == ("tone", "reviews")
    assert review("list") == 0
    assert re.search(rf"{campaign.pk}  open +0/10 +tone", capsys.readouterr().out)


def test_a_plan_is_told_how_well_texts_tell_the_arms_apart(
    pairs: Path, db: None, capsys: Printed
) -> None:
    rows = [{"prompt": f"P{i}", "left": f"Line {i}.", "right": f'["{i}"]'} for i in range(20)]
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert review("upload", pairs, "--dry-run") == 0
    said = capsys.readouterr().out
    assert "Text alone tells which answer is whose in 20 of 20 pairs" in said
    assert "is a JSON object or array: 20 of 20 of the candidate's, 0 of 20" in said


def test_a_plan_may_stand_in_a_file(pairs: Path, db: None) -> None:
    plan = pairs.with_name("plan.yaml")
    plan.write_text(
        "items: 3\nform: {steps: true}\ncontrols: 0.5\nknown: {k7: tie}\nrate: 30\n"
        "requires: [DE]\nstopping: {rule: anytime}\n"
    )
    assert review("upload", pairs, "--plan", plan, "--reviewers", 3) == 0
    campaign = Campaign.objects.get()
    assert campaign.form["steps"]
    assert campaign.reviewers_per_item == 3
    assert campaign.requires == ["de"]
    assert campaign.pairs.get(kind="gold").item.key == "k7"


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (
            "items: 3\nform:\n  flags: [rude]\n",
            "line 3, field 'form.flags.0': \"rude\" isn't one of",
        ),
        ("items: 3\nitem: 4\n", "line 2, field 'item': isn't known here; did you mean items?"),
        ("items: many\n", "line 1, field 'items': a whole number is needed"),
        ("known: {k1: {expect: tie}}\n", "field 'known.k1.expect': isn't known here"),
        ("- 3\n", "a review plan is a mapping"),
    ],
)
def test_what_is_wrong_with_a_plan_is_said_with_its_line(
    pairs: Path, db: None, capsys: Printed, plan: str, said: str
) -> None:
    path = pairs.with_name("plan.yaml")
    path.write_text(plan)
    assert review("upload", pairs, "--plan", path) == BAD_DATA
    assert said in capsys.readouterr().err
    assert not Run.objects.exists()


def test_a_file_that_cannot_be_read_keeps_nothing(
    tmp_path: Path, db: None, capsys: Printed
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"id": "a", "prompt": "P", "left": "L"}\n')
    assert review("upload", path) == BAD_DATA
    assert "line 1, field 'right': missing" in capsys.readouterr().err
    assert not Run.objects.exists()


def test_people_are_invited_by_a_link_each(team: Team, pairs: Path, capsys: Printed) -> None:
    review("upload", pairs, "--project", team.project.slug)
    number = Campaign.objects.get().pk
    capsys.readouterr()
    people = ["nora@example.org", "max@example.org"]
    asked = ["invite", number, *people, "--by", "olga", "--url", "https://evals.example.org/"]
    assert review(*asked, "--quota", 9, "--tag", "de") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == people
    assert all("  https://evals.example.org/reviews/join/" in line for line in lines)
    assert set(Invitation.objects.values_list("quota", flat=True)) == {9}
    assert review("invite", number, team.eva.email, "--by", "olga") == USAGE
    assert "judge blindly" in capsys.readouterr().err
    assert review("invite", number, "nora@example.org", "--by", "nobody") == USAGE


def test_a_review_is_paused_resumed_and_closed(pairs: Path, db: None, capsys: Printed) -> None:
    review("upload", pairs)
    campaign = Campaign.objects.get()
    for verb, state in (("pause", "paused"), ("resume", "open"), ("close", "closed")):
        assert review(verb, campaign.pk) == 0
        campaign.refresh_from_db()
        assert campaign.state == state
    assert review("resume", campaign.pk) == USAGE
    assert "This review is closed" in capsys.readouterr().err
    assert review("pause", campaign.pk + 1) == USAGE


def test_a_study_that_is_not_there_is_said(team: Team, capsys: Printed) -> None:
    assert review("open", "support-desk/none", "--test-set", "x") == USAGE
    a_measured_study(team)
    assert review("open", "triage", "--test-set", "x") == BAD_DATA
    assert "it has triage-task, triage-reading" in capsys.readouterr().err

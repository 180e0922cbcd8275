"""Judgments as files, each row traceable to its sealed plan."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from evalhub.declare.review import Dimension, Form
from reviews.chain.append import add_judgment, add_undo
from reviews.models import Assignment, Campaign, Judgment
from reviews.results.export import (
    COLUMNS,
    as_csv,
    as_jsonl,
    inspect_scores,
    preferences,
    rows,
    write_parquet,
)
from tests.cast import Team
from tests.reviews.conftest import a_campaign
from tests.reviews.judged import a_reviewer, judge, judge_all

HARD = '=HYPERLINK("http://x"), “quoted”\r\nsecond line\tand 日本語 🎉'


@pytest.fixture
def judged(team: Team) -> Campaign:
    """Twelve pairs: Rui for the candidate, Ruth for it too but a tie on the first four."""
    campaign = a_campaign(team, form=Form(rationale="optional", flags=("unsafe",)))
    rui, ruth = a_reviewer(campaign, "rui"), a_reviewer(campaign, "ruth")
    for pair in campaign.pairs.order_by("position"):
        first = {"rationale": HARD, "flags": {"left": ["unsafe"]}} if pair.position == 0 else {}
        judge(rui, pair, "candidate", **first)
        judge(ruth, pair, "tie" if pair.position < 4 else "candidate")
    return campaign


def test_every_row_leads_back_to_its_turn_and_its_sealed_plan(judged: Campaign) -> None:
    found = list(rows(judged))
    assert len(found) == 24
    for row in found:
        turn = Assignment.objects.get(token=row["assignment"])
        said = turn.judgments.get()
        assert row["plan_hash"] == judged.plan_hash
        assert row["campaign"] == judged.pk
        assert row["pair"] == turn.pair.position
        assert row["left"] == ("candidate" if turn.candidate_on_left else "baseline")
        assert row["choice"] == said.choice
        assert row["reviewer"] == turn.reviewer.user.username
        assert row["seconds"] == said.seconds
    assert {row["favours"] for row in found} == {"candidate", "tie"}


def test_flags_name_the_arm_that_they_were_put_on(judged: Campaign) -> None:
    first = next(rows(judged))
    assert json.loads(first["flags"]) == {first["left"]: ["unsafe"]}


def test_only_what_stands_is_exported(judged: Campaign) -> None:
    one = Judgment.objects.first()
    assert one is not None
    add_undo(one.assignment, revision=0)
    add_judgment(one.assignment, revision=1, choice="tie", seconds=3)
    found = list(rows(judged))
    assert len(found) == 24
    again = next(row for row in found if row["assignment"] == str(one.assignment.token))
    assert (again["choice"], again["revision"]) == ("tie", 1)


def test_pseudonyms_name_nobody(judged: Campaign) -> None:
    assert {row["reviewer"] for row in rows(judged, pseudonyms=True)} == {"r1", "r2"}


def test_json_lines_come_back_as_they_were(judged: Campaign) -> None:
    text = "".join(as_jsonl(rows(judged)))
    assert [json.loads(line) for line in text.split("\n")[:-1]] == list(rows(judged))


def test_csv_comes_back_as_it_was_but_for_formulas(judged: Campaign) -> None:
    text = "".join(as_csv(rows(judged)))
    found = list(csv.DictReader(io.StringIO(text, newline="")))
    expected = list(rows(judged))
    assert tuple(found[0]) == COLUMNS
    assert found[0]["rationale"] == f"'{HARD}"  # a spreadsheet takes it for text
    assert [row["assignment"] for row in found] == [row["assignment"] for row in expected]
    assert [float(row["seconds"]) for row in found] == [row["seconds"] for row in expected]
    assert found[1]["rationale"] == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_words_begins_as_a_formula(judged: Campaign, start: str) -> None:
    row: dict[str, Any] = next(rows(judged)) | {"rationale": f"{start}1", "item": f"{start}q"}
    found = next(csv.DictReader(io.StringIO("".join(as_csv([row])), newline="")))
    assert found["rationale"] == f"'{start}1"
    assert found["item"] == f"'{start}q"


def test_parquet_comes_back_as_it_was(judged: Campaign, tmp_path: Path) -> None:
    path = tmp_path / "judgments.parquet"
    write_parquet(rows(judged), path)
    assert pq.read_table(path).to_pylist() == list(rows(judged))


def test_parquet_of_nothing_has_its_columns(campaign: Campaign, tmp_path: Path) -> None:
    write_parquet(rows(campaign), tmp_path / "none.parquet")
    assert tuple(pq.read_table(tmp_path / "none.parquet").column_names) == COLUMNS


def test_preference_pairs_are_what_most_people_chose(team: Team) -> None:
    campaign = a_campaign(team, reviewers_per_item=3)
    judge_all(
        campaign,
        {
            "rui": lambda p: "baseline" if p == 0 else "candidate",
            "ruth": lambda p: "baseline" if p == 0 else "tie" if p in (1, 2) else "candidate",
            "ann": lambda p: "both-bad" if p == 1 else "baseline" if p == 2 else "candidate",
        },
    )
    found = list(preferences(campaign))
    assert len(found) == 10  # the second had two undecided, the third one for each
    first = next(row for row in found if row["pair"] == 0)
    pair = campaign.pairs.get(position=0)
    assert pair.candidate_output is not None
    assert first["prompt"] == pair.item.input
    assert first["chosen"] == pair.baseline_output.text
    assert first["rejected"] == pair.candidate_output.text
    assert first["votes"] == {"candidate": 1, "baseline": 2, "tie": 0, "both-bad": 0}
    assert first["plan_hash"] == campaign.plan_hash
    kept = list(preferences(campaign, ties="keep"))
    assert len(kept) == 12
    assert [row["pair"] for row in kept if row["tie"]] == [1, 2]


def test_inspect_reads_a_score_an_item(judged: Campaign) -> None:
    found = list(inspect_scores(judged))
    assert len(found) == 12
    assert all({"id", "value"} <= set(each) for each in found)
    values = {each["id"]: each["value"] for each in found}
    for pair in judged.pairs.all():
        assert values[pair.item.key] == (0.75 if pair.position < 4 else 1.0)
    assert found[0]["metadata"]["plan_hash"] == judged.plan_hash


def test_inspect_reads_ratings_by_dimension(team: Team) -> None:
    form = Form(dimensions=(Dimension(name="helpful", question="How helpful?", kind="rating"),))
    campaign = a_campaign(team, form=form)
    for name, points in (("rui", 4), ("ruth", 5)):
        reviewer = a_reviewer(campaign, name)
        for pair in campaign.pairs.all():
            judge(reviewer, pair, "rated", answers={"helpful": points})
    found = list(inspect_scores(campaign))
    assert len(found) == 12
    assert all(each["value"] == {"helpful": 4.5} for each in found)

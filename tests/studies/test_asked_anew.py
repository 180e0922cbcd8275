"""A review or a judge asked anew about pairs of answers that were asked about before, by the real
commands: a tag, another order, an advisory set or other names don't make pairs new."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evalhub.accounts.models import Membership, Role, User
from evalhub.cli.app import run as evalhub
from evalhub.decision.levels import level_of
from evalhub.registry.models import Study
from reviews.models import Campaign
from tests.cast import a_team
from tests.fakes.openai_server import OpenAIServer
from tests.ledger.test_decide import judge
from tests.studies.desks import Desk
from tests.studies.judging import a_judged_desk, better, fair

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.heavy]
Capture = pytest.CaptureFixture[str]

FIRST_LOOK = level_of(1, alpha=0.025)


def decided(desk: Desk, capsys: Capture, slug: str) -> dict[str, Any]:
    desk.study["slug"] = slug
    evalhub(["study", "run", str(desk.write()), "--json"])
    said = capsys.readouterr()
    assert said.out, said.err
    record: dict[str, Any] = json.loads(said.out)
    return record


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A review on a set that decides nothing, of 60 pairs, 20 of which are asked about."""
    desk = Desk(tmp_path)
    desk.test_set("tone", 60)
    desk.answers("base", "tone", ["flat"] * 60)
    desk.answers("tuned", "tone", [f"warm {i}" for i in range(60)])
    desk.study["test_sets"]["tone"] = {
        "file": "tone.jsonl",
        "role": "guard",
        "tier": "advisory",
        "metric": {"name": "contains"},
    }
    desk.study["review"] = {"test_set": "tone", "items": 60, "reviewers_per_item": 1}
    desk.study["policy"] = {"min_reviewers": 1}
    return desk


@pytest.fixture
def rui() -> User:
    return a_team().rui


def opened(desk: Desk, capsys: Capture, slug: str) -> Campaign:
    decided(desk, capsys, slug)
    asked = ["--items", "60", "--reviewers", "1", "--test-set", "tone"]
    code = evalhub(["review", "open", slug, *asked])
    assert code == 0, capsys.readouterr().err
    capsys.readouterr()
    return Campaign.objects.get(study=Study.objects.get(slug=slug))


def reviewed(
    desk: Desk, capsys: Capture, slug: str, rui: User, *, favour: str = "baseline"
) -> dict[str, Any]:
    """What the command says once somebody has judged all of the study's review."""
    campaign = opened(desk, capsys, slug)
    Membership.objects.get_or_create(project=campaign.project, user=rui, role=Role.REVIEWER)
    judge(campaign, rui, favour)
    return decided(desk, capsys, slug)


def level_of_people(record: dict[str, Any]) -> float:
    (alpha,) = {each["alpha"] for each in record["criteria"] if each["role"] == "preference"}
    return float(alpha)


def rewritten(desk: Desk, rows: Sequence[dict[str, Any]]) -> None:
    desk.rows("tone.jsonl", rows)


def items_of(desk: Desk) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (desk.folder / "tone.jsonl").read_text().splitlines()]


def test_a_tag_another_order_and_other_metadata_make_no_pair_new(
    desk: Desk, capsys: Capture, rui: User
) -> None:
    first = reviewed(desk, capsys, "first", rui)
    assert first["people"]["plans"] is None
    items = items_of(desk)
    changes = {
        "tagged": [each | {"tags": ["new"]} for each in items],
        "turned": items[::-1],
        "noted": [each | {"note": "new"} for each in items],
    }
    for number, (slug, rows) in enumerate(changes.items(), 2):
        rewritten(desk, rows)
        record = reviewed(desk, capsys, slug, rui, favour="candidate")
        assert record["people"]["plans"]["number"] == number, slug
        assert level_of_people(record) == pytest.approx(FIRST_LOOK / number**2)
        again = decided(desk, capsys, slug)
        assert again["people"] == record["people"]


def test_one_pair_that_was_judged_before_is_enough(desk: Desk, capsys: Capture, rui: User) -> None:
    reviewed(desk, capsys, "first", rui)
    desk.answers("tuned", "tone", ["warm 0", *(f"other {i}" for i in range(1, 60))])
    record = reviewed(desk, capsys, "one-in-common", rui)
    assert record["people"]["plans"]["number"] == 2
    desk.answers("tuned", "tone", [f"third {i}" for i in range(60)])
    assert reviewed(desk, capsys, "none-in-common", rui)["people"]["plans"] is None


def test_the_arms_change_places(desk: Desk, capsys: Capture, rui: User) -> None:
    reviewed(desk, capsys, "first", rui)
    desk.answers("base", "tone", [f"warm {i}" for i in range(60)])
    desk.answers("tuned", "tone", ["flat"] * 60)
    record = reviewed(desk, capsys, "turned-round", rui)
    assert record["people"]["plans"]["number"] == 2


def test_a_plan_by_which_nobody_judged_is_opened_and_not_counted(
    desk: Desk, capsys: Capture, rui: User
) -> None:
    opened(desk, capsys, "nobody")
    rewritten(desk, [each | {"tags": ["new"]} for each in items_of(desk)])
    plans = reviewed(desk, capsys, "somebody", rui)["people"]["plans"]
    assert (plans["number"], plans["opened"]) == (1, 2)


def test_a_judge_asked_anew_after_a_tag_is_the_next_unless_it_votes_alike(
    tmp_path: Path, server: OpenAIServer, capsys: Capture
) -> None:
    desk = a_judged_desk(tmp_path, server)
    number = lambda slug: decided(desk, capsys, slug)["judge"]["number"]  # noqa: E731
    assert number("first") == 1
    items = [json.loads(line) for line in (tmp_path / "triage.jsonl").read_text().splitlines()]
    desk.rows("triage.jsonl", [each | {"tags": ["new"]} for each in items])
    server.misbehave = lambda prompt, attempt: better("first")
    assert number("votes-otherwise") == 2
    desk.rows("triage.jsonl", [each | {"tags": ["newer"]} for each in items])
    server.misbehave = fair
    assert number("votes-as-the-first") == 1
    assert number("first") == 1

"""Development sets: read at any time, never judged, and none of their items judged elsewhere."""

import json
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.cli.app import run
from evalhub.ledger.models import Decision, Look
from evalhub.registry.models import RunMetric, Study, TestSetVersion
from tests.studies.desks import Desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """With a third test set, of which the tuned arm gets 15 of 20 and the base none."""
    desk = Desk(tmp_path)
    desk.rows(
        "smoke.jsonl",
        ({"id": f"s{i}", "input": f"Smoke {i}?", "reference": "right"} for i in range(20)),
    )
    for arm, right in (("base", 0), ("tuned", 15)):
        said = ["right" if i < right else "wrong" for i in range(20)]
        desk.rows(
            f"{arm}.smoke.jsonl", ({"id": f"s{i}", "output": each} for i, each in enumerate(said))
        )
    desk.study["test_sets"]["smoke"] = {
        "file": "smoke.jsonl",
        "role": "development",
        "metric": {"name": "exact_match"},
    }
    return desk


def study(desk: Desk, *arguments: str) -> int:
    return run(["study", "run", str(desk.write()), *arguments])


def test_a_verdict_is_the_same_with_a_development_set_beside_it(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert study(desk, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert {each["test_set"] for each in printed["criteria"]} == {"triage", "sums"}
    (reading,) = printed["readings"]
    assert (reading["test_set"], reading["arm"], reading["n"]) == ("smoke", "tuned", 20)
    assert (reading["baseline"], reading["candidate"]) == (0, 0.75)
    assert reading["lower"] < 0.75 < reading["upper"]
    assert not Look.objects.filter(test_set_version__test_set__slug="smoke").exists()


def test_development_sets_alone_are_read_and_never_ship(
    desk: Desk, capsys: pytest.CaptureFixture[str], olga: Client
) -> None:
    desk.study["project"] = "support-desk"
    desk.study["test_sets"] = {"smoke": desk.study["test_sets"]["smoke"]}
    assert study(desk) == 2
    said = capsys.readouterr().out
    assert "No verdict: development sets are read" in said
    assert "+0.750" in said
    assert study(desk, "--json") == 2, "and again: reading costs nothing"
    assert json.loads(capsys.readouterr().out)["schema"] == "evalhub.readings/1"
    assert not Decision.objects.exists()
    assert not Look.objects.exists()
    page = olga.get(reverse("site:study", args=[Study.objects.get().pk])).text
    assert "nothing is judged on them" in page
    assert "0.75" in page
    assert "Decide now" not in page
    desk.study["test_sets"]["smoke"]["role"] = "primary"
    assert study(desk) == 65, "once read freely, never judged"
    assert "20 of its items are judged as smoke" in capsys.readouterr().err


def test_no_item_is_read_freely_and_judged_whichever_comes_first(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"id": f"s{i}", "input": f"Smoke {i}?", "reference": "right"} for i in range(19)]
    desk.rows("smoke.jsonl", [*rows, {"id": "s19", "input": "question 7", "reference": "right"}])
    assert study(desk) == 65
    said = capsys.readouterr().err
    assert "field 'test_sets.triage.role': 1 of its items are judged as triage" in said
    assert "read freely as smoke v1: 'q7'" in said
    assert "leave them out of one of the two" in said
    assert not TestSetVersion.objects.exists(), "nothing is written"

    asked = desk.study["test_sets"]
    judged, free = {"triage": asked["triage"]}, {"smoke": asked["smoke"]}
    desk.study |= {"name": "Reading", "test_sets": free}
    assert study(desk) == 2
    desk.study |= {"name": "Judging", "test_sets": judged}
    assert study(desk) == 65
    assert "field 'test_sets.triage.role': 1 of its items" in capsys.readouterr().err
    TestSetVersion.objects.update(read_freely=False)
    Study.objects.get(name="Reading").test_sets.all().delete()
    assert study(desk) == 0
    desk.study |= {"name": "Reading", "test_sets": free}
    assert study(desk) == 65
    said = capsys.readouterr().err
    assert "field 'test_sets.smoke.role': 1 of its items are judged as triage" in said
    assert "'s19'" in said


def test_what_is_only_read_takes_nothing_that_is_asked_of_what_is_judged(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.study["test_sets"]["smoke"]["margin"] = 0.1
    assert study(desk) == 65
    assert "a development set is only read" in capsys.readouterr().err
    del desk.study["test_sets"]["smoke"]["margin"]
    desk.study["review"] = {"test_set": "smoke", "items": 5}
    assert study(desk) == 65
    assert "people are asked about what is judged" in capsys.readouterr().err


def test_scores_on_a_development_set_are_open_at_once(desk: Desk) -> None:
    desk.study["test_sets"]["triage"]["role"] = "guard"
    desk.answers("tuned", "triage", ["right"] * 59)  # one is missing: invalid
    assert study(desk) == 3
    opened = RunMetric.objects.readable().values_list("run__test_set_version__test_set__slug")
    assert {name for (name,) in opened} == {"smoke"}


@pytest.mark.parametrize("mine", ["judged", "free"])
def test_another_project_is_not_named_nor_which_items_it_has(
    desk: Desk, capsys: pytest.CaptureFixture[str], mine: str
) -> None:
    """Its study, its test set, its items, their ids and their number say nothing to who asks."""
    rows = [{"id": f"s{i}", "input": f"Smoke {i}?", "reference": "right"} for i in range(18)]
    shared = [{"id": f"s{i + 11}", "input": f"question {i}", "reference": "right"} for i in (7, 8)]
    desk.rows("smoke.jsonl", [*rows, *shared])
    asked = desk.study["test_sets"]
    sets = {"judged": {"triage": asked["triage"]}, "free": {"smoke": asked["smoke"]}}
    theirs = "free" if mine == "judged" else "judged"
    desk.study |= {"project": "their-project", "name": "Their study", "test_sets": sets[theirs]}
    assert study(desk) == (0 if theirs == "judged" else 2)
    capsys.readouterr()
    desk.study |= {"project": "my-project", "name": "Mine", "test_sets": sets[mine]}
    assert study(desk) == 65
    said = capsys.readouterr().err
    role = {"judged": "read freely in another project, and judged", "free": "judged in another"}
    assert f"some of its items are {role[mine]}" in said
    other = "smoke" if mine == "judged" else "triage"
    for name in ("their", "Their", other, "q7", "s18", "2 of", "v1"):
        assert name not in said, name

"""A pool: each new question is judged on items that nobody has seen, at the whole level."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.cli.app import run
from evalhub.ledger.draws import Unit, in_order
from evalhub.registry.models import Draw, Study, TestSetVersion
from tests.studies.desks import Desk

pytestmark = pytest.mark.django_db(transaction=True)

SPENT = (
    "Items of {} were drawn for another look, which was judged at the whole of alpha: nothing is "
    "left to judge by on them. Draw others, or take a fresh test set"
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """The question of 60 items is a pool of which 25 are drawn; there is no guard."""
    desk = Desk(tmp_path)
    del desk.study["test_sets"]["sums"]
    desk.study |= {"slug": "gate", "project": "support-desk"}
    desk.study["test_sets"]["triage"]["draw"] = 25
    return desk


def a_build(desk: Desk, right: Sequence[int]) -> None:
    """A new adapter, whose build is stated, which gets these items of the pool right."""
    desk.study["arms"]["tuned"]["build"] = f"adapter-{len(right)}"
    desk.answers("tuned", "triage", ["right" if i in right else "wrong" for i in range(60)])


def judged(desk: Desk, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    run(["study", "run", str(desk.write()), "--json"])
    said = capsys.readouterr()
    assert said.out, said.err
    record: dict[str, Any] = json.loads(said.out)
    return record


def drawn(study: str = "gate") -> set[str]:
    (asked,) = Study.objects.get(slug=study).test_sets.all()
    return set(asked.test_set_version.items.values_list("key", flat=True))


@pytest.mark.heavy
def test_each_build_meets_new_items_until_the_pool_is_empty(
    desk: Desk, capsys: pytest.CaptureFixture[str], olga: Client
) -> None:
    assert run(["study", "run", str(desk.write()), "--dry-run", "--json"]) == 0
    (planned,) = json.loads(capsys.readouterr().out)["looks"]
    assert (planned["items"], planned["number"], planned["level"]) == (25, 1, 0.025)
    first = judged(desk, capsys)
    assert first["criteria"][0]["n"] == 25
    assert first["criteria"][0]["alpha"] == first["ledger"]["level"] == 0.025, "the whole level"
    seen = drawn()
    assert judged(desk, capsys) == first
    assert drawn() == seen, "the same question has the same items"

    assert first["alpha"] == first["rule"]["alpha"], "one arm has the whole level"
    assert first["ledger"]["sentences"][0].startswith("The items of triage were drawn from a pool")

    a_build(desk, range(40))
    second = judged(desk, capsys)
    assert (second["ledger"]["level"], second["ledger"]["test_sets"][0]["number"]) == (0.025, 1)
    assert len(drawn()) == 25
    assert not drawn() & seen
    pool = TestSetVersion.objects.get(pool=None)
    page = olga.get(reverse("site:test_set", args=[pool.test_set_id])).text
    assert "10 of 60 items" in " ".join(page.split())

    a_build(desk, range(50))
    assert run(["study", "run", str(desk.write())]) == 65
    said = capsys.readouterr().err
    assert "field 'test_sets.triage.draw': asks for 25 items that nobody has seen" in said
    assert "10 of the 60 of triage v1 are left: add new items to its file" in said
    assert Draw.objects.count() == 2


def test_another_study_of_the_same_answers_has_the_same_items(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    first = judged(desk, capsys)
    desk.study["slug"] = "once-more"
    second = judged(desk, capsys)
    assert drawn("once-more") == drawn("gate")
    assert second["criteria"] == first["criteria"]


def test_items_that_wait_for_another_study_s_verdict_are_not_drawn(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.answers("base", "triage", ["wrong"] * 59)
    desk.answers("tuned", "triage", ["right"] * 59)
    assert judged(desk, capsys)["verdict"] == "invalid", "the one that is missing was drawn"
    waiting = drawn()
    desk.study["slug"] = "other"
    a_build(desk, range(30))
    judged(desk, capsys)
    assert not drawn("other") & waiting
    desk.study["slug"] = "gate"
    a_build(desk, range(20))
    desk.answers("base", "triage", ["wrong"] * 60)
    judged(desk, capsys)
    assert drawn() == waiting, "nobody saw a score of them"


@pytest.mark.heavy
def test_the_arms_of_one_draw_share_the_level(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.study["arms"]["third"] = {
        "kind": "lora",
        "parent": "base",
        "backend": {"recorded": "third.{test_set}.jsonl"},
    }
    desk.answers("third", "triage", ["right" if i % 2 else "wrong" for i in range(60)])
    first = judged(desk, capsys)
    records = [first, *first["others"]]
    assert [each["ledger"]["level"] for each in records] == [0.0125, 0.0125]
    assert [each["ledger"]["test_sets"][0]["number"] for each in records] == [1, 2]
    (asked,) = Study.objects.get().test_sets.all()
    rows = [
        {"id": each.key, "input": each.input, "reference": "right"}
        for each in asked.test_set_version.items.all()
    ]
    desk.rows("seen.jsonl", rows)
    for arm in ("base", "tuned", "third"):
        said = [{"id": row["id"], "output": f"{arm} {i % 2}"} for i, row in enumerate(rows)]
        desk.rows(f"{arm}.seen.jsonl", said)
    desk.study |= {
        "slug": "again",
        "test_sets": {
            "seen": {"file": "seen.jsonl", "role": "primary", "metric": {"name": "exact_match"}}
        },
    }
    assert run(["study", "run", str(desk.write()), "--dry-run"]) == 0
    assert "items of it were drawn for another look" in capsys.readouterr().out
    assert judged(desk, capsys)["invalid"] == [SPENT.format("seen")], "under any name"


def test_only_a_primary_is_drawn(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.study["test_sets"]["triage"]["role"] = "guard"
    assert run(["study", "run", str(desk.write())]) == 65
    assert "is for primaries, whose looks are paid for" in capsys.readouterr().err


def test_clusters_stay_whole_and_a_mix_keeps_its_shares() -> None:
    units = [
        Unit(f"c{i}", [3 * i, 3 * i + 1, 3 * i + 2], "rare" if i < 10 else "common")
        for i in range(40)
    ]
    order = list(in_order(units, {"rare": 0.25, "common": 0.75}, "seed"))
    assert sorted(order, key=lambda unit: unit.items) == units
    assert [unit.tag for unit in order[:16]].count("rare") == 4
    assert order == list(in_order(units[::-1], {"rare": 0.25, "common": 0.75}, "seed"))
    assert order != list(in_order(units, {"rare": 0.25, "common": 0.75}, "other"))

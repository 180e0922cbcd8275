"""Ways past the ledger, by the real commands: the k-th attempt pays whatever it is called."""

import json
from collections.abc import Sequence
from math import pi
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from django.db.models import ProtectedError

from evalhub.cli.app import run
from evalhub.gate.models import Look
from evalhub.registry.models import RunMetric, Study, TestSet
from tests.fakes.openai_server import OpenAIServer
from tests.studies.desks import Desk

pytestmark = pytest.mark.django_db(transaction=True)
Capture = pytest.CaptureFixture[str]

ALPHA = 0.025
TRIAGE = {"file": "triage.jsonl", "role": "primary", "metric": {"name": "exact_match"}}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """60 questions that must gain; there is no guard."""
    desk = Desk(tmp_path)
    desk.study["test_sets"] = {"triage": dict(TRIAGE)}
    return desk


def tried(desk: Desk, capsys: Capture, slug: str, **study: Any) -> dict[str, Any]:
    """What `evalhub study run` says of the files as they are now."""
    desk.study |= {"slug": slug} | study
    run(["study", "run", str(desk.write()), "--json"])
    said = capsys.readouterr()
    assert said.out, said.err
    record: dict[str, Any] = json.loads(said.out)
    return record


def answered(desk: Desk, right: int, *, arm: str = "tuned", on: str = "triage") -> None:
    desk.answers(arm, on, ["right"] * right + [f"wrong, of {right}"] * (60 - right))


def paid(record: dict[str, Any], look: int) -> bool:
    """Whether the primary was judged as the `look`-th on its items."""
    row, *_ = record["ledger"]["test_sets"]
    level = ALPHA * 6 / (pi * look) ** 2
    alpha = record["criteria"][0]["alpha"]
    return row["number"] == look and alpha == pytest.approx(level) == row["level"]


def test_recorded_answers_replaced_under_one_arm_s_name(desk: Desk, capsys: Capture) -> None:
    for look, right in enumerate((20, 25, 30, 35), 1):
        answered(desk, right)
        assert paid(tried(desk, capsys, "study"), look)
    answered(desk, 20)
    assert paid(tried(desk, capsys, "the-first-again"), 1)


def test_an_answer_deleted_so_that_the_rest_can_be_read(desk: Desk, capsys: Capture) -> None:
    """Nothing can be: invalid evidence shows no difference, interval or score, and is no look."""
    for right in (20, 25, 30):
        desk.answers("tuned", "triage", ["right"] * right + ["wrong"] * (59 - right))
        record = tried(desk, capsys, f"study-{right}")
        assert record["verdict"] == "invalid"
        for shown in ("criteria", "breakdown", "alternatives"):
            assert record[shown] == [], shown
        assert record["ledger"] is None
    assert not RunMetric.objects.exclude(opened=None).exists()
    assert not Look.objects.exists()
    answered(desk, 30)
    assert paid(tried(desk, capsys, "whole"), 1)


def renamed(desk: Desk, name: str, changed: Sequence[dict[str, Any]]) -> None:
    """The questions as another test set, which both arms answer."""
    desk.rows(f"{name}.jsonl", changed)
    desk.study["test_sets"] = {name: TRIAGE | {"file": f"{name}.jsonl"}}
    for arm in ("base", "tuned"):
        said = (desk.folder / f"{arm}.triage.jsonl").read_text().splitlines()
        rows = [json.loads(line) for line in said[: len(changed)]]
        ids = [each["id"] for each in changed]
        desk.rows(
            f"{arm}.{name}.jsonl",
            [row | {"id": key} for row, key in zip(rows, ids, strict=True)],
        )


def others(desk: Desk, name: str, items: int) -> None:
    """A test set that shares no item with the questions."""
    rows = ({"id": f"q{i}", "input": f"{name} {i}?", "reference": "right"} for i in range(items))
    desk.rows(f"{name}.jsonl", rows)


def questions(desk: Desk) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (desk.folder / "triage.jsonl").read_text().splitlines()]


def test_the_same_items_under_other_names_and_spellings(desk: Desk, capsys: Capture) -> None:
    items = questions(desk)
    assert paid(tried(desk, capsys, "first"), 1)
    shouted = [
        each | {"id": f"x{i}", "input": each["input"].upper() + " "} for i, each in enumerate(items)
    ]
    disguises = {
        "renamed": [each | {"meta": "new"} for each in items],
        "spelled": shouted,
        "one-shared": [
            items[0],
            *({"id": f"n{i}", "input": f"New {i}?", "reference": "right"} for i in range(59)),
        ],
    }
    for look, (name, changed) in enumerate(disguises.items(), 2):
        renamed(desk, name, changed)
        assert paid(tried(desk, capsys, name, project=f"project-{look}"), look)


@pytest.mark.heavy
def test_the_same_items_again_under_another_name_are_free(desk: Desk, capsys: Capture) -> None:
    first = tried(desk, capsys, "first")
    renamed(desk, "renamed", questions(desk))
    again = tried(desk, capsys, "again", project="elsewhere", name="Another?")
    assert paid(again, 1)
    assert again["criteria"][0]["lower"] == first["criteria"][0]["lower"]
    assert Look.objects.count() == 1


def test_the_same_version_asked_again_at_a_temperature(desk: Desk, capsys: Capture) -> None:
    right = [0]

    def says(prompt: str, attempt: int) -> web.Response:
        number = int(prompt.split()[-1].strip("?"))
        text = "right" if number < right[0] else "wrong"
        return web.json_response({"choices": [{"message": {"content": text}}], "usage": {}})

    with OpenAIServer(misbehave=says) as server:
        desk.study["arms"]["tuned"] |= {
            "backend": {"openai": {"url": server.url, "model": "echo"}},
            "sampling": {"temperature": 1.0},
        }
        for look, name in enumerate(("triage", "again", "once-more"), 1):
            right[0] = 20 + look
            items = [each | {"meta": name} for each in questions(desk)]
            desk.rows(f"{name}-items.jsonl", items)
            desk.study["test_sets"] = {name: TRIAGE | {"file": f"{name}-items.jsonl"}}
            answered(desk, 0, arm="base", on=name)
            assert paid(tried(desk, capsys, name), look)


@pytest.mark.heavy
def test_a_second_run_of_the_baseline_that_is_another_candidate(
    desk: Desk, capsys: Capture
) -> None:
    """Its difference from the baseline is shown, so it is a look as well."""
    answered(desk, 30, arm="other")
    desk.study["arms"]["base"]["repeat"] = {"recorded": "other.{test_set}.jsonl"}
    assert paid(tried(desk, capsys, "first"), 1)
    del desk.study["arms"]["base"]["repeat"]
    answered(desk, 25)
    assert paid(tried(desk, capsys, "second"), 3)


@pytest.mark.heavy
def test_a_guard_s_answers_replaced_until_it_holds(desk: Desk, capsys: Capture) -> None:
    """The primary stays what it was; the second try at the guard takes the next number, and who
    comes next on the primary pays for it."""
    others(desk, "sums", 300)
    desk.study["test_sets"]["sums"] = TRIAGE | {"file": "sums.jsonl", "role": "guard"}
    assert paid(tried(desk, capsys, "first"), 1)
    for look in (2, 3):
        desk.answers("tuned", "sums", [f"right, {look}"] * 300)
        record = tried(desk, capsys, f"try-{look}")
        assert paid(record, 1)
        _, guard = record["ledger"]["test_sets"]
        assert (guard["looks"], guard["counted"]) == ([look], True)
        assert record["rule"]["alphas"]["sums"] == pytest.approx(ALPHA * 6 / (pi * look) ** 2)
    answered(desk, 25)
    assert paid(tried(desk, capsys, "next"), 4)


@pytest.mark.heavy
def test_items_read_as_a_guard_s_before_they_are_a_primary_s(desk: Desk, capsys: Capture) -> None:
    others(desk, "easy", 30)
    desk.answers("base", "easy", ["wrong"] * 30)
    desk.study["test_sets"] = {
        "easy": TRIAGE | {"file": "easy.jsonl"},
        "triage": TRIAGE | {"role": "guard", "tier": "advisory"},
    }
    for right in (20, 25, 30):
        answered(desk, right)
        desk.answers("tuned", "easy", ["right"] * 20 + [f"wrong, of {right}"] * 10)
        tried(desk, capsys, f"peek-{right}")
    desk.study["test_sets"] = {"triage": dict(TRIAGE)}
    assert paid(tried(desk, capsys, "the-best"), 3), "its place among those that were read"
    answered(desk, 35)
    assert paid(tried(desk, capsys, "another"), 4)


def test_a_ledger_that_is_off_for_a_while(desk: Desk, capsys: Capture) -> None:
    record = tried(desk, capsys, "off", policy={"ledger": "off"})
    assert (record["registered"], record["ledger"]) == (False, None)
    assert record["headline"].startswith("Unregistered: ")
    answered(desk, 25)
    assert paid(tried(desk, capsys, "on", policy={}), 2)


@pytest.mark.heavy
def test_another_metric_of_the_same_answers(desk: Desk, capsys: Capture) -> None:
    assert paid(tried(desk, capsys, "first"), 1)
    desk.study["test_sets"]["triage"]["metric"] = {"name": "contains"}
    assert paid(tried(desk, capsys, "second"), 2)


@pytest.mark.heavy
def test_guards_alone_pay_as_primaries_do(desk: Desk, capsys: Capture) -> None:
    desk.study["test_sets"] = {"triage": TRIAGE | {"role": "guard"}}
    for look, right in enumerate((20, 25), 1):
        answered(desk, right)
        assert paid(tried(desk, capsys, f"study-{right}"), look)


def test_what_was_looked_at_cannot_be_deleted(desk: Desk, capsys: Capture) -> None:
    tried(desk, capsys, "study")
    look = Look.objects.get()
    for row in (look.candidate_run, look.test_set_version, Study.objects.get(), look.candidate):
        with pytest.raises(ProtectedError):
            row.delete()
    with pytest.raises(ProtectedError):
        TestSet.objects.get().project.delete()

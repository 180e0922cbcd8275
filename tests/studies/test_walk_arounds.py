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
from evalhub.decision.levels import level_of_draw, level_of_stages
from evalhub.ledger.models import Look
from evalhub.registry.models import ModelVersion, RunMetric, Study, TestSet
from evalhub.registry.models.versions import VersionStage
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


@pytest.mark.heavy
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


@pytest.mark.heavy
def test_the_same_items_under_other_names_and_spellings(desk: Desk, capsys: Capture) -> None:
    """Other answers to them are the next look; the same scores are the same claim, and free."""
    items = questions(desk)
    assert paid(tried(desk, capsys, "first"), 1)
    shouted = [
        each | {"id": f"x{i}", "input": each["input"].upper() + " "} for i, each in enumerate(items)
    ]
    disguises = {
        "renamed": [each | {"meta": "new", "tags": ["new"]} for each in items],
        "spelled": shouted,
        "one-shared": [
            items[0],
            *({"id": f"n{i}", "input": f"New {i}?", "reference": "right"} for i in range(59)),
        ],
    }
    for look, (name, changed) in enumerate(disguises.items(), 2):
        renamed(desk, name, changed)
        project = f"project-{look}"
        if name != "one-shared":
            assert paid(tried(desk, capsys, f"same-{name}", project=project), look - 1)
        desk.answers("tuned", "triage", ["right"] * (30 - look) + ["wrong"] * (30 + look))
        renamed(desk, name, changed)
        assert paid(tried(desk, capsys, name, project=project), look)


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
    answered(desk, 29, arm="other")
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
        desk.answers("tuned", "sums", ["right"] * (300 - look) + ["wrong"] * look)
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
    assert paid(tried(desk, capsys, "the-best"), 1 + 3 * 4), "chosen among four that were read"
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


# Ways of one candidate: ten tries, each on other items or beside another primary.


def a_build(desk: Desk, name: str) -> None:
    desk.study["arms"]["tuned"]["build"] = name


def part(desk: Desk, number: int, *, named: str = "triage") -> None:
    """Sixty questions that nobody was asked before, of which the tuned arm gets twelve right."""
    rows = (
        {"id": f"q{i}", "input": f"Part {number}, {i}?", "reference": "right"} for i in range(60)
    )
    desk.rows(f"{named}.jsonl", rows)
    desk.study["test_sets"] = {named: TRIAGE | {"file": f"{named}.jsonl"}}
    answered(desk, 0, arm="base", on=named)
    answered(desk, 12, on=named)


def level_paid(record: dict[str, Any]) -> float:
    (criterion,) = [each for each in record["criteria"] if each["role"] == "primary"]
    row, *_ = record["ledger"]["test_sets"]
    assert criterion["alpha"] == pytest.approx(row["level"])
    return float(row["level"])


@pytest.mark.heavy
@pytest.mark.parametrize("named", ["one name", "ten names"])
def test_the_same_candidate_on_ten_parts_of_a_set(desk: Desk, capsys: Capture, named: str) -> None:
    """Before each was look 1, and one of ten shipped in .126 of the cases."""
    for look in range(1, 11):
        part(desk, look, named="triage" if named == "one name" else f"part-{look}")
        record = tried(desk, capsys, f"part-{look}")
        assert paid(record, look)
    assert any("was judged on other items before" in each for each in record["ledger"]["sentences"])
    a_build(desk, "another")
    part(desk, 11, named="fresh")
    assert paid(tried(desk, capsys, "another-build"), 1), "another candidate on fresh items"


@pytest.mark.heavy
def test_parts_of_a_set_are_stages_of_a_build_that_is_stated(desk: Desk, capsys: Capture) -> None:
    a_build(desk, "adapter-7")
    desk.study["arms"]["base"]["build"] = "base-1"
    for look in range(1, 4):
        part(desk, look)
        record = tried(desk, capsys, f"part-{look}")
        (row,) = record["ledger"]["test_sets"]
        assert row["looks"] == list(range(1, look + 1))
        assert row["level"] == pytest.approx(level_of_stages(row["looks"], alpha=ALPHA))
        assert record["criteria"][0]["n"] == 60 * look


def test_a_champion_evaluated_again_on_fresh_items_begins_anew(desk: Desk, capsys: Capture) -> None:
    part(desk, 1)
    assert paid(tried(desk, capsys, "first"), 1)
    champion = ModelVersion.objects.get(model__slug="tuned")
    champion.stage, champion.champion_of = VersionStage.CHAMPION, champion.model.project
    champion.save()
    part(desk, 2, named="fresh")
    assert paid(tried(desk, capsys, "again"), 1)


def drawn(record: dict[str, Any], sizes: Sequence[int]) -> float:
    (row,) = record["ledger"]["test_sets"]
    tries = list(range(1, len(sizes) + 1))
    assert row["tries"] == tries
    assert record["criteria"][0]["n"] == sum(sizes)
    level = level_of_stages(row["looks"], alpha=ALPHA, arms=1, tries=tries)
    assert record["criteria"][0]["alpha"] == pytest.approx(level) == row["level"]
    return level


@pytest.mark.heavy
def test_a_pool_asked_for_one_more_item_each_time(desk: Desk, capsys: Capture) -> None:
    """Before each draw was judged at .025, and one of ten shipped in .228 of the cases."""
    sizes: list[int] = []
    for items in range(30, 40):
        desk.study["test_sets"]["triage"]["draw"] = items
        record = tried(desk, capsys, f"draw-{items}")
        sizes.append(1 if sizes else items)
        drawn(record, sizes)
    desk.study["test_sets"]["triage"]["draw"] = 30
    drawn(tried(desk, capsys, "the-first-again"), [30])
    assert Look.objects.count() == 10


@pytest.mark.heavy
def test_a_pool_asked_anew_by_a_line_whose_build_isn_t_stated(desk: Desk, capsys: Capture) -> None:
    desk.study["test_sets"]["triage"]["draw"] = 6
    for number in range(1, 11):
        answered(desk, 30 - number)
        (row,) = tried(desk, capsys, f"try-{number}")["ledger"]["test_sets"]
        assert row["tries"] == [number]
        assert row["level"] == pytest.approx(level_of_draw(number, alpha=ALPHA))


@pytest.mark.heavy
def test_a_guard_retried_beside_fresh_primaries(desk: Desk, capsys: Capture) -> None:
    """Before each was judged by a first look, and a guard on its margin held in .093 of the
    cases."""
    others(desk, "sums", 300)
    for look in range(1, 11):
        a_build(desk, "adapter-7")
        part(desk, look, named=f"part-{look}")
        desk.study["test_sets"]["sums"] = TRIAGE | {"file": "sums.jsonl", "role": "guard"}
        desk.answers("tuned", "sums", ["right"] * (300 - look) + ["wrong"] * look)
        record = tried(desk, capsys, f"try-{look}")
        _, guard = record["ledger"]["test_sets"]
        assert guard["level"] <= ALPHA * 6 / (pi * look) ** 2 * (1 + 1e-9)
    part(desk, 11, named="part-11")
    desk.study["test_sets"]["sums"] = TRIAGE | {"file": "sums.jsonl", "role": "guard"}
    again = tried(desk, capsys, "the-same-guard")
    assert again["ledger"]["test_sets"][1]["number"] == 11, (
        "as the try that it was, at this primary"
    )


@pytest.mark.heavy
def test_a_guard_retried_beside_draws_of_a_pool(desk: Desk, capsys: Capture) -> None:
    """Before each was judged at the whole of alpha: .163."""
    others(desk, "sums", 300)
    desk.study["test_sets"]["triage"]["draw"] = 6
    desk.study["test_sets"]["sums"] = TRIAGE | {"file": "sums.jsonl", "role": "guard"}
    for number in range(1, 11):
        desk.answers("tuned", "sums", ["right"] * (300 - number) + ["wrong"] * number)
        primary, guard = tried(desk, capsys, f"try-{number}")["ledger"]["test_sets"]
        assert primary["level"] == ALPHA, "the same items, which were read once"
        assert guard["level"] == pytest.approx(level_of_draw(number, alpha=ALPHA))

"""Pairs that a mirror lost, in whole studies: each estimate is tried with them filled."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from evalhub.cli.app import run
from evalhub.ledger.models import Look
from evalhub.registry.models import Run, Study
from reviews.planning.campaign import close_campaign
from tests.cast import Team
from tests.fakes.openai_server import OpenAIServer
from tests.features.traffic.shadow.production import served
from tests.features.traffic.shadow.test_mirror_doors import copies, decided, drawn, joined
from tests.reviews.asking import a_review
from tests.reviews.judged import judge_all
from tests.studies.judging import better

pytestmark = pytest.mark.django_db(transaction=True)
Capture = pytest.CaptureFixture[str]
REFUSAL = "I'm sorry, but I can't help with that."
ANSWERS = re.compile(r'"(?:first|second)_answer": "(\w+)')


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


def mirrored(
    team: Team, questions: int, *, lost: int, name: str = "r", latency_ms: Any = 450.0
) -> None:
    """Questions of which production refuses the first half; to three in four the candidate says
    good things, but to the last it never answered."""
    texts = [f"{name}: question {i}?" for i in range(questions)]
    answers = [REFUSAL if i < questions // 2 else f"answer {i}" for i in range(questions)]
    served(team, texts, name=name, output=answers)
    said = [f"{'good' if i % 4 else 'poor'} answer {i}" for i in range(questions)]
    of = [f"{name}-{i:03}" for i in range(questions)]
    copies(
        team,
        texts[: questions - lost],
        name=f"copy-of-{name}",
        mirror_of=of,
        output=said,
        latency_ms=latency_ms,
    )


def by_name(rows: Any) -> dict[str, Any]:
    return {row["name"]: row for row in rows}


def test_a_budget_is_tried_with_the_largest_amount_for_each_lost_answer(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    """59 copies took 700 ms and one 9 s, production 900 ms each: .93 of production's. With two lost
    ones at 9 s it is (59 · 700 + 3 · 9,000) / (62 · 900) = 1.22."""
    mirrored(team, 62, lost=2, latency_ms=[9000.0] + [700.0] * 61)
    drawn()
    joined(tmp_path, capsys, "new")
    record = decided(tmp_path, capsys, budgets={"latency": {"max_ratio": 2, "test_set": "traffic"}})
    whole, filled = by_name(record["criteria"])["latency"], record["lost_pairs"]
    assert whole["n"] == 60
    assert whole["ratio"] == pytest.approx((59 * 700 + 9000) / (60 * 900))
    assert by_name(filled["criteria"])["latency"] == {
        "name": "latency",
        "test_set": "traffic",
        "pairs": 62,
        "lost": 2,
    }
    worst = by_name(filled["filled"])["latency"]
    assert worst["difference"] == pytest.approx(900 - (59 * 700 + 3 * 9000) / 62)
    assert any("the largest amount that came" in sentence for sentence in filled["sentences"])


def test_a_budget_that_nothing_was_lost_of_has_no_row(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    mirrored(team, 40, lost=0)
    drawn()
    joined(tmp_path, capsys, "new")
    budgets = {"latency": {"max_ratio": 2, "test_set": "traffic"}}
    assert "lost_pairs" not in decided(tmp_path, capsys, budgets=budgets)


@pytest.mark.heavy
def test_a_further_stage_has_lost_pairs_of_each(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    """Of 40 pairs each 2 and 3 were lost: the last record is of the 75 that came."""
    for stage, lost in (("a", 2), ("b", 3)):
        mirrored(team, 40, lost=lost, name=stage)
        drawn()
        joined(tmp_path / stage, capsys, "new")
        file = tmp_path / stage / "study.yaml"
        file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"name": stage}))
        record = decided(tmp_path / stage, capsys)
    assert Look.objects.get(study__name="b", tries__isnull=False).extends is not None
    assert by_name(record["criteria"])["traffic"]["n"] == 75
    lost_row = by_name(record["lost_pairs"]["criteria"])["traffic"]
    assert (lost_row["pairs"], lost_row["lost"]) == (80, 5)
    assert by_name(record["lost_pairs"]["filled"])["traffic"]["n"] == 80


def fair(prompt: str, attempt: int) -> web.Response:
    """Prefers what is good to any other answer, and any other answer to what is poor."""
    first, second = ANSWERS.findall(prompt)
    return better("first" if first == "good" or second == "poor" else "second")


@pytest.mark.heavy
@pytest.mark.parametrize(("lost", "verdict"), [(1, "ship"), (20, "invalid")])
def test_lost_pairs_may_not_turn_what_a_judge_prefers(
    team: Team, tmp_path: Path, capsys: Capture, server: OpenAIServer, lost: int, verdict: str
) -> None:
    """A judge compares all pairs that came, and three people 60 of them: but for a tie now and then
    they agree."""
    server.misbehave = fair
    mirrored(team, 100, lost=lost)
    drawn()
    joined(tmp_path, capsys, "new")
    file = yaml.safe_load((tmp_path / "study.yaml").read_text())
    backend = {"openai": {"url": server.url, "model": "judge", "retries": 0}}
    file["judges"] = {"grader": {"backend": backend}}
    file["pairwise"] = {"by": "grader", "test_set": "traffic", "rubric": "Good is good."}
    file["review"] |= {"items": 60}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(file))
    study = ["study", "run", str(tmp_path / "study.yaml"), "--json"]
    assert run(study) == 2, "people are waited for"
    baseline, candidate = Run.objects.order_by("version__model__slug").reverse()
    campaign = a_review(
        baseline_run=baseline,
        candidate_run=candidate,
        study=Study.objects.get(),
        items=60,
        reviewers_per_item=3,
        controls=0,
        repeats=0,
    )
    question = {
        pair.position: int(pair.item.input[0]["content"].split()[-1].strip("?"))
        for pair in campaign.pairs.all()
    }

    def favours(position: int) -> str:
        if position % 9 == 0:
            return "tie"
        return "candidate" if question[position] % 4 else "baseline"

    judge_all(campaign, dict.fromkeys(("rui", "ruth", "rosa"), favours))
    close_campaign(campaign=campaign, by=None)
    capsys.readouterr()
    run(study)
    record = json.loads(capsys.readouterr().out)
    assert record["verdict"] == verdict, record["reasons"]
    row = by_name(record["lost_pairs"]["criteria"])["Judge's preference"]
    assert (row["pairs"], row["lost"]) == (100, lost)
    if verdict == "ship":
        judged = by_name(record["criteria"])["Judge's preference"]
        filled = by_name(record["lost_pairs"]["filled"])["Judge's preference"]
        assert filled["difference"] == pytest.approx((judged["candidate"]) * 99 / 100 - 0.5)
    else:
        assert "would not ship: find out why they were lost" in record["invalid"][0]

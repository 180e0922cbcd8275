"""Costs and times are claims like scores: recorded again otherwise they take the next look."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.ledger.models import Look
from tests.studies.desks import Desk

pytestmark = pytest.mark.django_db(transaction=True)
Printed = pytest.CaptureFixture[str]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    found = Desk(tmp_path)
    del found.study["test_sets"]["sums"]
    measured(found, "base", [100.0] * 60)
    return found


def measured(desk: Desk, arm: str, times: list[float], **more: Any) -> None:
    """The arm's answers to triage, which stay the same, with these times."""
    texts = ["right"] * 30 + ["wrong"] * 30 if arm == "tuned" else ["wrong"] * 60
    rows = (
        {"id": f"q{i}", "output": text, "latency_ms": time} | more
        for i, (text, time) in enumerate(zip(texts, times, strict=True))
    )
    desk.rows(f"{arm}.triage.jsonl", rows)


def judged(desk: Desk, printed: Printed) -> tuple[int, list[int]]:
    """The exit code, and the looks that judged the primary."""
    printed.readouterr()
    code = run(["study", "run", str(desk.write()), "--json"])
    (row,) = json.loads(printed.readouterr().out)["ledger"]["test_sets"]
    return code, row["looks"]


def test_times_recorded_again_take_the_next_look_where_a_budget_reads_them(
    desk: Desk, capsys: Printed
) -> None:
    desk.study["policy"] = {"budgets": {"latency": {"max_ratio": 1.05}}}
    measured(desk, "tuned", [90.0, 130.0] * 30)
    assert judged(desk, capsys) == (2, [1])
    assert judged(desk, capsys) == (2, [1]), "the same again"
    measured(desk, "tuned", [90.0, 95.0] * 30)
    assert judged(desk, capsys) == (0, [2])
    desk.study["name"] = "Another name"
    assert judged(desk, capsys) == (0, [2])
    measured(desk, "tuned", [80.0, 95.0] * 30)
    capsys.readouterr()
    assert run(["study", "run", str(desk.write()), "--dry-run", "--json"]) == 0
    (planned,) = json.loads(capsys.readouterr().out)["looks"]
    assert (planned["number"], Look.objects.count()) == (3, 2)
    assert judged(desk, capsys)[1] == [3]


def test_they_are_the_same_claim_where_none_does(desk: Desk, capsys: Printed) -> None:
    measured(desk, "tuned", [90.0, 130.0] * 30)
    assert judged(desk, capsys) == (0, [1])
    measured(desk, "tuned", [90.0, 95.0] * 30)
    assert judged(desk, capsys) == (0, [1])
    desk.study["policy"] = {"budgets": {"latency": {"max_ratio": 1.05, "tier": "advisory"}}}
    assert judged(desk, capsys) == (0, [1]), "it decides nothing"


def test_tokens_and_prices_are_claims_of_a_budget_of_cost(desk: Desk, capsys: Printed) -> None:
    desk.study["policy"] = {"budgets": {"cost": {"max_ratio": 1.05}}}
    for arm in ("base", "tuned"):
        measured(desk, arm, [100.0] * 60, prompt_tokens=100, completion_tokens=50)
        desk.study["arms"][arm]["price"] = {"prompt": 1.0, "completion": 2.0}
    desk.study["arms"]["tuned"]["price"]["completion"] = 3.0
    assert judged(desk, capsys) == (1, [1])
    measured(desk, "tuned", [700.0] * 60, prompt_tokens=100, completion_tokens=50)
    assert judged(desk, capsys) == (1, [1]), "times are none of it"
    desk.study["arms"]["tuned"]["price"]["completion"] = 1.0
    assert judged(desk, capsys) == (0, [2])
    measured(desk, "tuned", [700.0] * 60, prompt_tokens=90, completion_tokens=50)
    assert judged(desk, capsys) == (0, [3])

"""Answers that failed for good, by each door: invalid, or the worst that the metric has."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from evalhub.cli.app import run
from evalhub.ledger.models import Look
from tests.cli import scorefiles
from tests.cli.scorefiles import POLICY, SUMS, TRIAGE, policy, rows
from tests.fakes.openai_server import OpenAIServer, http_error
from tests.studies.desks import Desk

Printed = pytest.CaptureFixture[str]

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "verdict.schema.json"
VALID = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
COMPARE = (
    *("compare", "base.jsonl", "tuned.jsonl", "--test-set", "items.jsonl"),
    *("--metric", "exact_match", "--json"),
)


def answers(name: str, texts: list[str | None]) -> None:
    """A file of answers; None is one that failed."""
    rows(
        [
            {"id": i} | ({"error": "context too long"} if text is None else {"output": text})
            for i, text in enumerate(texts)
        ],
        name,
    )


def compared(capsys: Printed, *options: str, command: tuple[str, ...] = COMPARE) -> Any:
    code = run([*command, *options])
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    VALID.validate(found)
    assert code == {"ship": 0, "hold": 1, "need-more-data": 2, "invalid": 3}[found["verdict"]]
    Path("record.json").write_text(printed.out)
    assert run(["decision", "verify", "record.json"]) == 0
    capsys.readouterr()
    return found


@pytest.fixture
def files(here: Path) -> Path:
    """120 items: the candidate gains 40, and fails on two."""
    rows([{"id": i, "reference": "right"} for i in range(120)], "items.jsonl")
    answers("base.jsonl", ["wrong"] * 60 + ["right"] * 60)
    answers("tuned.jsonl", ["right"] * 40 + ["wrong"] * 20 + ["right"] * 58 + [None] * 2)
    return here


def test_a_comparison_with_one_error_is_invalid_and_shows_no_score(
    files: Path, capsys: Printed
) -> None:
    found = compared(capsys, "--report", "page.html")
    assert found["verdict"] == "invalid"
    assert "tuned.jsonl holds 2 errors in place of answers to items, first on line 119" in str(
        found["reasons"]
    )
    assert found["failures"] is None
    row = found["evidence"][0]
    assert (row["failed_baseline"], row["failed_candidate"]) == (0, 2)
    page = Path("page.html").read_text(encoding="utf-8")
    assert (found["criteria"], "Won" in page, "Lost" in page) == ([], False, False)


def test_a_failure_scores_the_worst_on_its_own_arm_and_stands_beside_the_rest(
    files: Path, capsys: Printed
) -> None:
    found = compared(capsys, "--failures", "worst")
    assert found["verdict"] == "ship"
    (criterion,) = found["criteria"]
    assert (criterion["n"], criterion["wins"], criterion["losses"]) == (120, 40, 2)
    section = found["failures"]
    assert section["test_sets"] == [
        {
            "name": "items",
            "test_set": "items",
            "items": 120,
            "baseline": 0,
            "candidate": 2,
            "worst": 0.0,
        }
    ]
    (without,) = section["without"]
    assert (without["n"], without["status"]) == (118, "pass")
    assert without["difference"] == pytest.approx(40 / 118)
    assert section["verdict_without"] == "ship"
    assert section["sentences"] == [
        "An answer that failed scores 0, the worst, on items: 2 of tuned, 120 items.",
        f"Without what failed, items is +0.34 [{without['lower']:+.2f}, {without['upper']:+.2f}] "
        "on 118 items: holds.",
        "Without what failed the verdict would be ship.",
    ]


def test_people_read_both_results_in_the_terminal_and_on_the_page(
    files: Path, capsys: Printed
) -> None:
    assert run([*COMPARE[:-1], "--failures", "worst", "--report", "page.html"]) == 0
    printed, page = capsys.readouterr().out, Path("page.html").read_text(encoding="utf-8")
    for text in (printed, page):
        assert "Answers that failed" in text
        assert "An answer that failed scores 0, the worst, on items: 2 of tuned, 120 items." in text
        assert "on 118 items: holds." in text


def test_the_result_without_failures_decides_nothing(files: Path, capsys: Printed) -> None:
    answers("base.jsonl", ["wrong"] * 60 + ["right"] * 60)
    answers("tuned.jsonl", ["right"] * 40 + ["wrong"] * 20 + ["right"] * 15 + [None] * 45)
    found = compared(capsys, "--failures", "worst")
    assert found["verdict"] != "ship"
    assert found["failures"]["verdict_without"] == "ship"


def test_the_baseline_fails_likewise(files: Path, capsys: Printed) -> None:
    answers("base.jsonl", [None] * 10 + ["right"] * 110)
    answers("tuned.jsonl", ["right"] * 120)
    found = compared(capsys, "--failures", "worst")
    assert found["criteria"][0]["wins"] == 10
    assert found["failures"]["without"][0]["difference"] == 0.0


def test_an_arm_that_answered_nothing_is_invalid_all_the_same(files: Path, capsys: Printed) -> None:
    answers("tuned.jsonl", [None] * 120)
    found = compared(capsys, "--failures", "worst")
    assert found["verdict"] == "invalid"
    assert found["reasons"] == ["tuned.jsonl answered no item of items: nothing was measured of it"]


def test_a_metric_without_a_worst_is_refused(files: Path, capsys: Printed) -> None:
    command = [*COMPARE[:5], "--metric", "length", "--failures", "worst"]
    assert run(command) == 64
    assert "needs the least and the most that one score by length can be" in capsys.readouterr().err


def failing(found: list[dict[str, Any]], arm: str, items: int) -> list[dict[str, Any]]:
    """The rows, where the arm failed on the last so many items of the test set."""
    chosen = [row for row in found if row["arm"] == arm][-items:]
    return [
        row | {"value": None, "error": "context too long"} if row in chosen else row
        for row in found
    ]


def bounded(**changed: Any) -> None:
    criteria = {name: each | {"bounds": [0, 1]} for name, each in POLICY["criteria"].items()}
    policy(criteria=criteria, failures="worst", **changed)


def test_rows_that_failed_score_the_worst_where_the_policy_says_so(
    here: Path, capsys: Printed
) -> None:
    rows(TRIAGE + failing(SUMS, "candidate", 2))
    found = scorefiles.record(capsys)
    assert found["verdict"] == "invalid"
    assert "2 answers of sums have no score by exact, first that to 'q298': it failed" in str(
        found["reasons"]
    )
    bounded()
    found = scorefiles.record(capsys)
    guard = found["criteria"][1]
    assert (guard["n"], guard["losses"]) == (300, 2)
    assert found["evidence"][1]["failed_candidate"] == 2
    (without,) = found["failures"]["without"]
    assert (without["name"], without["n"], without["difference"]) == ("sums", 298, 0.0)


def test_a_policy_gives_failures_a_score_only_where_there_is_a_worst(
    here: Path, capsys: Printed
) -> None:
    policy(failures="worst")
    said = scorefiles.error(capsys)
    assert "field 'criteria.triage.bounds': failures: worst needs the least and the most" in said


def test_of_a_metric_of_which_less_is_better_the_most_is_the_worst(
    here: Path, capsys: Printed
) -> None:
    loss = {"role": "guard", "metric": "exact", "margin": 1, "bounds": [0, 10]}
    bounded_triage = POLICY["criteria"]["triage"] | {"bounds": [0, 1]}
    policy(
        criteria={"triage": bounded_triage, "sums": loss | {"higher_is_better": False}},
        failures="worst",
    )
    rows(TRIAGE + failing(SUMS, "candidate", 3))
    found = scorefiles.record(capsys)
    assert found["failures"]["test_sets"][0]["worst"] == 10.0
    assert found["criteria"][1]["difference"] == pytest.approx(-0.09)


def test_what_a_failure_cost_is_not_counted(here: Path, capsys: Printed) -> None:
    bounded(budgets={"latency": {"max_ratio": 1.5}})
    slow = [
        row | {"latency_ms": 90_000 if row["arm"] == "candidate" and row["item"] == "q299" else 100}
        for row in TRIAGE
    ]
    rows(failing(slow, "candidate", 1) + SUMS)
    found = scorefiles.record(capsys)
    (budget,) = [each for each in found["criteria"] if each["role"] == "budget"]
    assert (budget["n"], budget["ratio"]) == (299, 1.0)


def test_an_error_beside_a_value_is_a_contradiction(here: Path, capsys: Printed) -> None:
    rows([TRIAGE[0] | {"error": "context too long"}, *TRIAGE[1:], *SUMS])
    assert "line 1, field 'error': stands in place of an answer" in scorefiles.error(capsys)


STUDY = ("study", "run", "study.yaml", "--json")


@pytest.fixture
def desk(here: Path) -> Desk:
    return Desk(here)


@pytest.mark.django_db(transaction=True)
def test_a_study_goes_on_where_one_context_was_too_long(desk: Desk, capsys: Printed) -> None:
    """The live arm's server refuses one question in sixty, always."""
    rows = ({"id": f"q{i}", "input": f"Say {i}?", "reference": f"Say {i}?"} for i in range(60))
    desk.rows("triage.jsonl", rows)
    desk.study["test_sets"]["triage"]["metric"] = {"name": "contains"}
    desk.study["policy"] = {"budgets": {"latency": {"max_ratio": 1000, "tier": "advisory"}}}
    with OpenAIServer() as server:
        backend = {"url": server.url, "model": "echo", "retries": 0}
        desk.study["arms"]["tuned"] |= {"backend": {"openai": backend}, "only": ["triage"]}
        server.misbehave = lambda prompt, attempt: (
            http_error(400, "context too long") if prompt == "Say 7?" else None
        )
        desk.write()
        found = compared(capsys, command=STUDY)
        assert (found["verdict"], Look.objects.count()) == ("invalid", 0)
        desk.study["policy"]["failures"] = "worst"
        desk.write()
        found = compared(capsys, command=STUDY)
        asked = len(server.requests)
        assert compared(capsys, command=STUDY) == found
        assert len(server.requests) == asked
    assert (found["verdict"], Look.objects.count()) == ("ship", 1)
    triage = found["criteria"][0]
    assert (triage["n"], triage["wins"], triage["ties"]) == (60, 59, 1)
    assert found["failures"]["test_sets"][0]["candidate"] == 1
    assert found["failures"]["without"][0]["n"] == 59
    assert "1 of tuned, 60 items" in found["failures"]["sentences"][0]


@pytest.mark.django_db(transaction=True)
def test_recorded_errors_of_a_study_score_the_worst_and_cost_nothing(
    desk: Desk, capsys: Printed
) -> None:
    for arm, said in (("base", "wrong"), ("tuned", "right")):
        rows = [
            {"id": f"q{i}", "output": said, "latency_ms": 100, "completion_tokens": 5}
            for i in range(60)
        ]
        if arm == "tuned":
            rows[5] = {"id": "q5", "error": "timed out", "latency_ms": 60_000}
        desk.rows(f"{arm}.triage.jsonl", rows)
    desk.study["policy"] = {"failures": "worst", "budgets": {"latency": {"max_ratio": 1.5}}}
    desk.write()
    found = compared(capsys, command=STUDY)
    assert found["verdict"] == "ship"
    (budget,) = [each for each in found["criteria"] if each["role"] == "budget"]
    assert (budget["n"], budget["ratio"]) == (59, 1.0)


def test_a_study_refuses_a_metric_without_a_worst(desk: Desk, capsys: Printed) -> None:
    desk.study["test_sets"]["sums"] |= {"metric": {"name": "length"}, "margin": 10}
    desk.study["policy"] = {"failures": "worst"}
    desk.write()
    assert run([*STUDY]) == 65
    said = capsys.readouterr().err
    assert "field 'test_sets.sums.bounds': failures: worst needs the least and the most" in said

"""What is said of answers by each door: who gave them, how they ended, an arm that says nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from evalhub.cli.app import run
from evalhub.ledger.models import Look
from evalhub.registry.models import Output
from tests.cli import scorefiles
from tests.cli.scorefiles import SUMS, TRIAGE, policy, rows
from tests.cli.test_failures import COMPARE, compared
from tests.fakes.openai_server import OpenAIServer
from tests.studies.desks import Desk, EchoDesk

Printed = pytest.CaptureFixture[str]

STUDY = ("study", "run", "study.yaml", "--allow", "127.0.0.1", "--json")


@pytest.fixture
def desk(here: Path) -> Desk:
    """60 questions that are answered by an echo, where a live arm is asked."""
    return EchoDesk(here)


def asking(desk: Desk, server: OpenAIServer) -> None:
    backend = {"url": server.url, "model": "echo", "retries": 0}
    desk.study["arms"]["tuned"]["backend"] = {"openai": backend}
    desk.write()


def number(prompt: str) -> int:
    return int(prompt.removeprefix("Say ").removesuffix("?"))


def answer(prompt: str, *, reason: str = "stop", **response: Any) -> web.Response:
    message = {"role": "assistant", "content": f"You said: {prompt}"}
    choice = {"index": 0, "finish_reason": reason, "message": message}
    return web.json_response({"choices": [choice], **response})


def answers(name: str, texts: list[str], **fields: list[str]) -> None:
    """A file of answers with these fields of each."""
    rows(
        [
            {"id": i, "output": text} | {field: values[i] for field, values in fields.items()}
            for i, text in enumerate(texts)
        ],
        name,
    )


@pytest.fixture
def files(here: Path) -> Path:
    """120 items, of which the candidate gains 40."""
    rows([{"id": i, "reference": "right"} for i in range(120)], "items.jsonl")
    answers("base.jsonl", ["wrong"] * 60 + ["right"] * 60)
    answers("tuned.jsonl", ["right"] * 100 + ["wrong"] * 20)
    return here


CHANGED = (
    "tuned was answered by 2 models, as their server names them: echo-08 (40), echo-11 (20): what "
    "stands behind its address changed while it was asked, so that it isn't one arm"
)


@pytest.mark.django_db(transaction=True)
def test_a_model_that_changes_within_a_run_is_in_the_reasons_or_invalid_by_the_policy(
    desk: Desk, capsys: Printed
) -> None:
    with OpenAIServer() as server:
        asking(desk, server)
        server.misbehave = lambda prompt, attempt: answer(
            prompt,
            model="echo-08" if number(prompt) < 40 else "echo-11",
            system_fingerprint=f"fp_{number(prompt) % 3}",
        )
        found = compared(capsys, command=STUDY)
        assert (found["verdict"], found["reasons"][-1]) == ("ship", f"? {CHANGED}")
        (row,) = found["answers"]["test_sets"]
        assert row["candidate"]["models"] == {"echo-08": 40, "echo-11": 20}
        assert row["candidate"]["fingerprints"] == {"fp_0": 20, "fp_1": 20, "fp_2": 20}
        assert row["candidate"]["finish_reasons"] == {"stop": 60}
        assert row["baseline"]["models"] == {}
        assert any("answered by 3 systems" in each for each in found["answers"]["sentences"])
        desk.study["policy"] = {"model_changes": "invalid"}
        desk.write()
        looks = Look.objects.count()
        found = compared(capsys, command=STUDY)
    assert (found["verdict"], found["reasons"]) == ("invalid", [CHANGED])
    assert Look.objects.count() == looks
    assert len(server.requests) == 60


@pytest.mark.django_db(transaction=True)
def test_a_fingerprint_that_changes_is_never_invalid(desk: Desk, capsys: Printed) -> None:
    desk.study["policy"] = {"model_changes": "invalid"}
    with OpenAIServer() as server:
        asking(desk, server)
        server.misbehave = lambda prompt, attempt: answer(
            prompt, model="echo-08", system_fingerprint=f"fp_{number(prompt) % 3}"
        )
        found = compared(capsys, command=STUDY)
    assert found["verdict"] == "ship"
    assert not any("echo-08" in each for each in found["reasons"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("reason", "share", "said"),
    [
        ("content_filter", 3, "20 of 60 of tuned and 0 of 60 of base were withheld or cut by a"),
        ("length", 1, "60 of 60 of tuned and 0 of 60 of base were cut off at the most tokens"),
        ("max_tokens", 1, "60 of 60 of tuned and 0 of 60 of base were cut off at the most tokens"),
        ("abort", 3, "20 of 60 of tuned and 0 of 60 of base ended by 'abort'"),
    ],
)
def test_answers_that_end_otherwise_in_one_arm_are_counted_and_a_reason(
    desk: Desk, capsys: Printed, reason: str, share: int, said: str
) -> None:
    with OpenAIServer() as server:
        asking(desk, server)
        server.misbehave = lambda prompt, attempt: answer(
            prompt, reason="stop" if number(prompt) % share else reason
        )
        found = compared(capsys, command=STUDY)
    assert found["verdict"] == "ship"
    assert said in found["reasons"][-1]
    counts = found["answers"]["test_sets"][0]["candidate"]["finish_reasons"]
    assert counts[reason] == 60 // share
    (row,) = found["answers"]["differences"]
    assert (row["more_baseline"], row["more_candidate"]) == (0, 60 // share)


@pytest.mark.django_db(transaction=True)
def test_every_door_of_a_gate_says_it(desk: Desk, capsys: Printed) -> None:
    with OpenAIServer() as server:
        asking(desk, server)
        server.misbehave = lambda prompt, attempt: answer(prompt, reason="length")
        assert run([*STUDY[:-1]]) == 0
        assert "cut off at the most tokens" in capsys.readouterr().out
        told = ("--junit", "j.xml", "--markdown", "m.md", "--out", "r.json", "--json")
        assert run(["gate", "study.yaml", "--allow", "127.0.0.1", *told]) == 0
    capsys.readouterr()
    for name in ("j.xml", "m.md", "r.json"):
        assert "cut off at the most tokens" in Path(name).read_text(encoding="utf-8"), name
    assert "length (60)" in Path("m.md").read_text(encoding="utf-8")


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("broken", ["base", "tuned"])
def test_an_arm_of_empty_answers_is_no_evidence_until_its_owner_says_so(
    desk: Desk, capsys: Printed, broken: str
) -> None:
    """60 empty answers of one arm: the other would ship with all it has, or be held."""
    other = {"base": "tuned", "tuned": "base"}[broken]
    desk.rows(f"{broken}.triage.jsonl", ({"id": f"q{i}", "output": " \n"} for i in range(60)))
    desk.rows(f"{other}.triage.jsonl", ({"id": f"q{i}", "output": f"Say {i}?"} for i in range(60)))
    desk.write()
    found = compared(capsys, command=STUDY)
    assert found["verdict"] == "invalid"
    (reason,) = found["reasons"]
    assert reason.startswith(f"{broken} says nothing to most of triage: of 60 answers 60 are empty")
    assert "more than 50%, so that it wasn't measured" in reason
    assert Look.objects.count() == 0
    desk.study["policy"] = {"most_unanswered": 1}
    desk.write()
    found = compared(capsys, command=STUDY)
    assert found["verdict"] == ("ship" if broken == "base" else "hold")
    arm = {"base": "baseline", "tuned": "candidate"}[broken]
    assert found["answers"]["test_sets"][0][arm]["empty"] == 60
    assert "are empty (exact sign test" in found["reasons"][-1]


def test_a_comparison_of_files_says_it(files: Path, capsys: Printed) -> None:
    answers(
        "tuned.jsonl",
        ["right"] * 100 + ["wrong"] * 20,
        finish_reason=["length"] * 30 + ["stop"] * 90,
        served_model=["m-1"] * 119 + ["m-2"],
        system_fingerprint=["fp_1", "fp_2"] * 60,
    )
    found = compared(capsys, "--report", "page.html")
    assert found["verdict"] == "ship"
    assert "tuned was answered by 2 models" in found["reasons"][-2]
    assert "30 of 120 of tuned and 0 of 120 of base were cut off" in found["reasons"][-1]
    page = Path("page.html").read_text(encoding="utf-8")
    assert "Who answered, and how answers ended" in page
    assert "30 of 120 of tuned and 0 of 120 of base were cut off" in page
    assert run([*COMPARE[:-1], "--model-changes", "invalid"]) == 3
    assert "tuned was answered by 2 models" in capsys.readouterr().out


def test_a_comparison_with_an_arm_of_empty_answers_is_invalid(files: Path, capsys: Printed) -> None:
    answers("base.jsonl", [""] * 61 + ["right"] * 59)
    found = compared(capsys)
    assert found["verdict"] == "invalid"
    assert found["reasons"][0].startswith("base says nothing to most of items: of 120 answers 61")
    assert found["criteria"] == []
    assert compared(capsys, "--most-unanswered", "0.6")["verdict"] != "invalid"


def test_rows_of_scores_say_which_answers_failed_or_are_empty(here: Path, capsys: Printed) -> None:
    def said(row: dict[str, Any]) -> dict[str, Any]:
        empty = row["arm"] == "baseline" and int(row["item"][1:]) < 200
        return row | {"output": "" if empty else f"{row['arm']} {row['item']}"}

    rows([*map(said, TRIAGE), *SUMS])
    found = scorefiles.record(capsys)
    assert found["verdict"] == "invalid"
    assert found["reasons"][0].startswith("baseline says nothing to most of triage: of 300 answers")
    policy(most_unanswered=1)
    found = scorefiles.record(capsys)
    assert found["verdict"] == "ship"
    assert [each["baseline"]["empty"] for each in found["answers"]["test_sets"]] == [200, 0]


def test_a_share_beyond_1_and_a_word_nobody_knows_are_refused(desk: Desk, capsys: Printed) -> None:
    for field, value, said in (
        ("most_unanswered", 1.5, "must be at most 1, not 1.5"),
        ("model_changes", "ignore", "isn't one of report, invalid"),
    ):
        desk.study["policy"] = {field: value}
        desk.write()
        assert run([*STUDY]) == 65
        printed = capsys.readouterr().err
        assert f"field 'policy.{field}'" in printed
        assert said in printed


@pytest.mark.django_db(transaction=True)
def test_what_a_server_said_of_an_answer_is_recorded_and_comes_back(
    desk: Desk, capsys: Printed
) -> None:
    with OpenAIServer() as server:
        asking(desk, server)
        server.misbehave = lambda prompt, attempt: answer(
            prompt, model="echo-08", system_fingerprint="fp_1"
        )
        assert run([*STUDY]) == 0
        record = ("record", "study.yaml", "--arm", "tuned", "--yes", "--out", "kept")
        assert run([*record]) == 0
    assert set(Output.objects.values_list("served_model", "fingerprint", "fault")) == {
        ("", "", ""),
        ("echo-08", "fp_1", ""),
    }
    capsys.readouterr()
    kept = "".join(each.read_text("utf-8") for each in Path("kept").rglob("*.jsonl"))
    row = next(json.loads(line) for line in kept.splitlines() if "echo-08" in line)
    assert (row["served_model"], row["system_fingerprint"]) == ("echo-08", "fp_1")

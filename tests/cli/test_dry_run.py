"""`evalhub study run --dry-run`: what would be asked, what it costs, and what it could show."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from jsonschema import Draft202012Validator

from evalhub.cli.app import run
from evalhub.declare.plan import StudyPlan
from tests.cli.test_study import evalhub
from tests.fakes.openai_server import OpenAIServer, saying
from tests.studies.desks import Desk
from tests.studies.judging import a_judged_desk, fair

DOCS = Path(__file__).resolve().parents[2] / "docs"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Whose test sets share no item."""
    desk = Desk(tmp_path)
    sums = ({"id": f"q{i}", "input": f"Sum number {i}?", "reference": "right"} for i in range(300))
    desk.rows("sums.jsonl", sums)
    return desk


def planned(desk: Desk, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert run(["study", "run", str(desk.write()), "--dry-run", "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    Draft202012Validator(StudyPlan.model_json_schema(mode="serialization")).validate(found)
    return found


def rows() -> int:
    ours = ("accounts", "registry", "ledger", "reviews")
    return sum(
        model._default_manager.count()
        for label in ours
        for model in apps.get_app_config(label).get_models()
    )


def test_a_server_is_not_asked_and_nothing_is_kept(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    with OpenAIServer() as server:
        tuned = desk.study["arms"]["tuned"]
        tuned["backend"] = {"openai": {"url": server.url, "model": "echo"}}
        tuned["sampling"] = {"max_tokens": 10, "samples": 2}
        tuned["price"] = {"prompt": 1, "completion": 100}
        before = rows()
        found = planned(desk, capsys)
        assert (rows(), server.requests) == (before, [])
    assert found["requests"] == 720, "60 and 300 items, two answers each"
    said = [f"Question {i}?" for i in range(60)] + [f"Sum number {i}?" for i in range(300)]
    sent = 2 * len("".join(said)) / 4
    assert sent <= found["prompt_tokens"] <= sent + 2
    assert found["completion_tokens"] == 7200
    assert found["money"] == pytest.approx((found["prompt_tokens"] + 720_000) / 1e6)


def test_what_is_foretold_is_what_is_sent_with_passages_and_tools(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = {"type": "object", "properties": {"place": {"type": "string"}}}
    description = "What the weather is like at a place. " * 20
    function = {"name": "weather", "description": description, "parameters": parameters}
    tools = [{"type": "function", "function": function}]
    desk = Desk(tmp_path)
    desk.rows(
        "triage.jsonl",
        (
            {"id": f"q{i}", "input": f"What is kettle {i}?", "reference": "x", "tools": tools}
            for i in range(60)
        ),
    )
    # every question finds the passages on kettles, which are all of one length
    passages = [{"id": f"d{i}", "text": f"A kettle boils water {i:03d}. " * 40} for i in range(9)]
    desk.rows("manual.jsonl", passages)
    desk.study["test_sets"].pop("sums")
    desk.study["test_sets"]["triage"]["fields"] = {"tools": "tools"}
    with OpenAIServer() as server:
        tuned = desk.study["arms"]["tuned"]
        tuned["backend"] = {"openai": {"url": server.url, "model": "echo"}}
        tuned["sampling"] = {"max_tokens": 10}
        tuned["price"] = {"prompt": 1, "completion": 100}
        retriever = {"documents": "manual.jsonl", "k": 3}
        tuned["prompt"] = {"template": "{context}\n\n{input}", "retriever": retriever}
        whole = planned(desk, capsys)
        monkeypatch.setattr("evalhub.studies.run.requests.SEARCHED", 20)
        some = planned(desk, capsys)
        assert run(["study", "run", str(desk.write())]) in (0, 1, 2)
        sent = sum(
            len("".join(each["content"] for each in request["messages"]))
            + len(json.dumps(request["tools"], separators=(",", ":")))
            for request in server.requests
        )
    assert len(server.requests) == whole["requests"] == 60
    assert sent > 60 * (3 * 900 + 700), "passages and tools were sent"
    assert whole["prompt_tokens"] == -(-sent // 4)
    assert some["prompt_tokens"] == whole["prompt_tokens"], "all have passages of one length"


@pytest.mark.heavy
def test_a_judge_s_questions_are_counted_beside_the_arms(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with OpenAIServer() as server:
        desk = a_judged_desk(tmp_path, server)
        grader = desk.study["judges"]["grader"]
        grader["sampling"] = {"max_tokens": 100}
        judge = {"name": "judge", "by": "grader", "rubric": "Right is right."}
        desk.study["test_sets"]["sums"] |= {"metric": judge, "tier": "advisory", "margin": 1}
        found = planned(desk, capsys)
        asked = {(each["arm"], each["test_set"]): each["requests"] for each in found["judging"]}
        assert asked == {("base", "sums"): 2, ("tuned", "sums"): 2, (None, "triage"): 32}
        assert (found["requests"], found["completion_tokens"]) == (36, 3600)
        sent = found["prompt_tokens"]
        assert found["money"] == pytest.approx((sent + 2 * 3600) / 1e6)
        assert server.requests == []
        assert run(["study", "run", str(desk.file), "--dry-run"]) == 0
        assert "grader judges pairs" in capsys.readouterr().out
        server.misbehave = lambda prompt, attempt: (
            fair(prompt, attempt) if "Compare" in prompt else saying('{"reason": "", "score": 3}')
        )
        run(["study", "run", str(desk.file)])
        assert len(server.requests) == 36
        said = [each["messages"][-1]["content"] for each in server.requests]
        assert sum(map(len, said)) / 4 == pytest.approx(sent, abs=3), "as it was said before"
        capsys.readouterr()
        assert planned(desk, capsys)["requests"] == 0


def test_a_judge_of_answers_that_are_not_there_is_counted_at_most(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with OpenAIServer() as server:
        desk = a_judged_desk(tmp_path, server)
        tuned = desk.study["arms"]["tuned"]
        tuned["backend"] = {"openai": {"url": server.url, "model": "echo"}}
        short = planned(desk, capsys)["judging"]
        tuned["sampling"] = {"max_tokens": 100}
        (pairs,) = planned(desk, capsys)["judging"]
    assert (pairs["requests"], pairs["completion_tokens"], pairs["money"]) == (40, None, None)
    assert pairs["prompt_tokens"] - short[0]["prompt_tokens"] == 40 * 100


@pytest.mark.heavy
def test_answers_of_before_are_taken_over_and_cost_nothing(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    with OpenAIServer() as server:
        desk.study["arms"]["tuned"] |= {
            "backend": {"openai": {"url": server.url, "model": "echo"}},
            "only": ["triage"],
        }
        desk.test_set("triage", 10)
        desk.answers("base", "triage", ["wrong"] * 10)
        run(["study", "run", str(desk.write())])
        desk.test_set("triage", 13)
        desk.answers("base", "triage", ["wrong"] * 13)
        capsys.readouterr()
        found = planned(desk, capsys)
        assert (found["requests"], sum(each["reused"] for each in found["runs"])) == (3, 10)
        assert run(["study", "run", str(desk.file), "--dry-run"]) == 0
        assert "Reused answers of the same version: 10." in capsys.readouterr().out


@pytest.mark.heavy
def test_looks_are_priced_before_and_after_one_is_taken(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    triage, sums = planned(desk, capsys)["looks"]
    assert (triage["number"], triage["taken"], triage["items"]) == (1, False, 60)
    assert triage["level"] == pytest.approx(0.0152, abs=0.00005)
    assert sums["level"] == triage["level"], "a guard comes with the primary's look"
    # z(.9848) + z(.8) = 2.164 + 0.842; times .35 over the root of the items
    assert triage["smallest"] == pytest.approx(3.006 * 0.35 / 60**0.5, rel=0.001)
    assert triage["short"] == triage["needed"] - 60 > 0
    assert run(["study", "run", str(desk.write())]) == 0
    capsys.readouterr()
    assert planned(desk, capsys)["looks"][0]["taken"], "the same answers again are free"

    desk.answers("tuned", "triage", ["right"] * 31 + ["wrong"] * 29)
    second = planned(desk, capsys)["looks"][0]
    assert (second["number"], second["taken"], second["seen"]) == (2, False, True)
    assert second["level"] == pytest.approx(0.0038, abs=0.00005)
    assert second["deviation"] == pytest.approx(0.504, abs=0.001), "as it was measured"
    assert run(["study", "run", str(desk.file), "--dry-run"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "triage: look 2, at level 0.0038. 60 items find a gain of 0.2" in said
    assert "No model was asked" in said


@pytest.mark.heavy
def test_a_home_that_is_not_there_is_not_made(desk: Desk) -> None:
    before = sorted(desk.write().parent.iterdir())
    done = evalhub("study", "run", str(desk.file), "--dry-run", at=desk.folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "triage: look 1, at level 0.015." in done.stdout
    assert sorted(desk.folder.iterdir()) == before


def test_what_is_wrong_with_a_file_is_said_without_asking_either(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.study["test_sets"]["triage"]["draw"] = 61
    assert run(["study", "run", str(desk.write()), "--dry-run"]) == 65
    assert "asks for 61 items" in capsys.readouterr().err


def test_the_page_says_what_each_look_costs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (DOCS / "explanation/ledger.md").read_text(encoding="utf-8")
    found = re.search(r"```sh\nevalhub (power looks.*)\n```\n```text\n(.*?)```", page, re.DOTALL)
    assert found
    assert run(found[1].split()) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.rstrip() for line in printed] == found[2].splitlines()

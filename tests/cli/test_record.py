"""`evalhub record`: a model's answers kept while there is somebody to ask."""

import json
import os
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from evalhub.cli.app import run
from evalhub.registry.models import Output, Run, Study
from tests.fakes.openai_server import OpenAIServer, http_error, saying
from tests.studies.desks import Desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """The old model is asked; the new one's answers will lie beside the study one day."""
    desk = Desk(tmp_path)
    desk.test_set("sums", 20)
    for name in ("triage", "sums"):
        desk.study["test_sets"][name]["metric"] = {"name": "contains"}
        (tmp_path / f"tuned.{name}.jsonl").unlink()
    return desk


def asking(desk: Desk, server: OpenAIServer, **fields: Any) -> None:
    backend = {"url": server.url, "model": "old", "retries": 0} | fields
    desk.study["arms"]["base"] |= {"backend": {"openai": backend}}


def record(desk: Desk, *arguments: str | Path) -> int:
    return run(["record", str(desk.write()), *map(str, arguments)])


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_replacement_is_compared_when_nobody_can_be_asked_any_more(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with OpenAIServer() as server:
        asking(desk, server)
        assert record(desk, "--yes") == 0
        assert len(server.requests) == 80
    assert "✓ base on triage: 60 items answered" in capsys.readouterr().out
    assert not Study.objects.exists()
    desk.answers("tuned", "triage", ["You said: right"] * 60)
    desk.answers("tuned", "sums", ["You said: right"] * 20)
    assert run(["study", "run", str(desk.write()), "--json"]) in (0, 2)
    found = json.loads(capsys.readouterr().out)
    assert found["arms"]["baseline"]["name"] == "base"
    assert next(iter(found["criteria"]))["n"] == 60


@pytest.mark.heavy
def test_what_only_decides_is_not_loaded(desk: Desk, tmp_path: Path) -> None:
    program = (
        "import sys; from evalhub.cli.app import run; "
        "code = run(['--home', sys.argv[1], 'record', sys.argv[2], '--yes']); "
        "loaded = {'numpy', 'scipy', 'celery', 'rest_framework', 'transformers'} & {*sys.modules}; "
        "sys.exit(f'{code} {loaded}' if code or loaded else 0)"
    )
    with OpenAIServer() as server:
        asking(desk, server)
        command = [sys.executable, "-c", program, tmp_path / "home", desk.write()]
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("EVALHUB_", "DJANGO_"))}
        done = subprocess.run(command, env=plain, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.heavy
def test_the_files_are_recorded_answers_of_any_home(desk: Desk, tmp_path: Path) -> None:
    with OpenAIServer() as server:
        asking(desk, server)
        desk.study["arms"]["base"]["sampling"] = {"samples": 2}
        assert record(desk, "--yes", "--out", tmp_path / "kept") == 0
    kept = rows(tmp_path / "kept" / "base.triage.jsonl")
    assert len(kept) == 120
    assert kept[1]["sample"] == 1
    assert kept[0]["output"] == "You said: Question 0?"
    about = json.loads((tmp_path / "kept" / "base.json").read_text())
    assert about["version"]["sampling"]["samples"] == 2
    assert [each["answers"] for each in about["answers"]] == [120, 40]
    desk.study["arms"]["base"] = {
        "kind": "base",
        "backend": {"recorded": "kept/base.{test_set}.jsonl"},
    }
    desk.answers("tuned", "triage", ["You said: right"] * 60)
    desk.answers("tuned", "sums", ["You said: right"] * 20)
    assert run(["study", "run", str(desk.write())]) in (0, 2)


def test_after_a_break_the_rest_alone_is_asked(desk: Desk, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with OpenAIServer() as server:
        asking(desk, server)
        server.misbehave = lambda prompt, n: http_error(500) if prompt > "Question 3" else None
        assert record(desk, "--yes", "--out", kept) == 69
        answered = Output.objects.filter(text__isnull=False).count()
        assert 0 < answered < 80
        held = rows(kept / "base.triage.jsonl") + rows(kept / "base.sums.jsonl")
        assert sum("output" in row for row in held) == answered
        server.misbehave = lambda prompt, n: None
        before = len(server.requests)
        assert record(desk, "--yes", "--out", kept) == 0
        assert len(server.requests) - before == 80 - answered
    assert all("output" in row for row in rows(kept / "base.triage.jsonl"))


@pytest.mark.heavy
def test_a_model_that_is_gone_leaves_what_it_said(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = count(1)

    def gone(prompt: str, attempt: int) -> web.Response | None:
        away = next(asked) > 20
        return http_error(404, "the model `old` does not exist") if away else None

    kept = tmp_path / "kept"
    with OpenAIServer() as server:
        asking(desk, server, concurrency=1)
        server.misbehave = gone
        assert record(desk, "--yes", "--out", kept) == 69
    assert "HTTP 404" in capsys.readouterr().err
    # Either test set may be asked first, or both at once.
    held = [row for path in kept.glob("base.*.jsonl") for row in rows(path)]
    assert 0 < len(held) <= 20
    assert all("output" in row for row in held)


def test_the_price_is_said_before_and_nobody_is_asked_for_it(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    with OpenAIServer() as server:
        asking(desk, server)
        base = desk.study["arms"]["base"]
        base |= {"sampling": {"max_tokens": 10}, "price": {"prompt": 2, "completion": 8}}
        assert record(desk, "--dry-run", "--json") == 0
        plan = json.loads(capsys.readouterr().out)
        assert (plan["requests"], plan["completion_tokens"]) == (80, 800)
        assert plan["money"] == pytest.approx((2 * plan["prompt_tokens"] + 8 * 800) / 1e6)
        assert not Run.objects.exists()
        assert record(desk) == 64  # nobody is there to say yes
        assert "80 requests would be made" in capsys.readouterr().err
        assert server.requests == []
        assert record(desk, "--yes") == 0
        assert record(desk) == 0  # nothing is left to be asked
        assert len(server.requests) == 80


def test_a_judge_of_single_answers_is_counted_and_priced(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    with OpenAIServer() as server, OpenAIServer() as judging:
        judging.misbehave = lambda prompt, attempt: saying('{"claims": []}')
        asking(desk, server)
        base = desk.study["arms"]["base"]
        base |= {"sampling": {"max_tokens": 10}, "price": {"prompt": 2, "completion": 8}}
        desk.study["judges"] = {
            "grader": {
                "backend": {"openai": {"url": judging.url, "model": "judge"}},
                "sampling": {"max_tokens": 100},
                "price": {"prompt": 1, "completion": 4},
            }
        }
        desk.test_set("sums", 20, context="All sums are right.")
        metric = {"name": "faithfulness", "by": "grader"}
        desk.study["test_sets"]["sums"] |= {"metric": metric, "tier": "advisory", "margin": 0.5}
        for name in ("triage", "sums"):
            desk.answers("tuned", name, ["right"] * (60 if name == "triage" else 20))
        for door in ("record", "study run"):
            assert run([*door.split(), str(desk.write()), "--dry-run", "--json"]) == 0
            plan = json.loads(capsys.readouterr().out)
            judged = {each["arm"]: each["requests"] for each in plan["judging"]}
            assert judged == {"base": 20} | ({"tuned": 20} if door == "study run" else {})
            own, judge = plan["runs"], plan["judging"]
            assert plan["requests"] == 80 + sum(judged.values())
            assert plan["completion_tokens"] == 800 + 100 * sum(judged.values())
            money = [each["money"] for each in (*own, *judge)]
            assert plan["money"] == pytest.approx(sum(money))
            assert judge[0]["money"] == pytest.approx((judge[0]["prompt_tokens"] + 4 * 2000) / 1e6)
            assert run([*door.split(), str(desk.write()), "--dry-run"]) == 0
            told = " ".join(capsys.readouterr().out.split())
            assert "grader judges base" in told
            assert "Price of base: 2 and 8 a million tokens, as the study says" in told
            assert "Price of grader: 1 and 4 a million tokens, as the study says" in told
        assert server.requests == judging.requests == []
        assert record(desk, "--yes") == 0
        assert (len(server.requests), len(judging.requests)) == (80, 20), "as was said before"


@pytest.mark.heavy
def test_a_noise_floor_is_asked_for_too(desk: Desk, tmp_path: Path) -> None:
    desk.study["noise_floor"] = True
    with OpenAIServer() as server:
        asking(desk, server)
        assert record(desk, "--yes", "--out", tmp_path / "kept") == 0
        assert len(server.requests) == 160
    assert len(rows(tmp_path / "kept" / "base-again.sums.jsonl")) == 20


def drawn(desk: Desk) -> None:
    desk.study["test_sets"]["triage"]["draw"] = 30


def recorded(desk: Desk) -> None:
    desk.study["arms"]["base"]["backend"] = {"recorded": "base.{test_set}.jsonl"}


@pytest.mark.parametrize(
    ("change", "arguments", "code", "says"),
    [
        (None, ["--arm", "nobody"], 64, "there is no arm 'nobody'; there are base, tuned"),
        (None, ["--arm", "tuned"], 64, "the answers of 'tuned' are recorded"),
        (recorded, [], 64, "the answers of 'base' are recorded"),
        (drawn, ["--yes"], 65, "field 'test_sets.triage.draw': a question draws its items"),
        (None, ["--out", "study.yaml"], 64, "is no folder"),
    ],
)
def test_what_it_can_not_keep_is_refused(
    desk: Desk,
    change: Any,
    arguments: list[str],
    code: int,
    says: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(desk.folder)
    with OpenAIServer() as server:
        asking(desk, server)
        if change:
            change(desk)
        assert record(desk, *arguments) == code
        assert server.requests == []
    assert says in capsys.readouterr().err
    assert not Run.objects.exists()

"""One file under several names is answered once by each version, and is paid for once."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.registry.models import Run, Study
from tests.fakes.openai_server import OpenAIServer
from tests.studies.desks import Desk, ran

pytestmark = pytest.mark.django_db(transaction=True)
Capture = pytest.CaptureFixture[str]

TRIAGE = {"file": "triage.jsonl", "role": "primary", "metric": {"name": "exact_match"}}
KEPT = {"file": "triage.jsonl", "role": "guard", "metric": {"name": "contains"}}
SAID = {"file": "copy.jsonl", "role": "guard", "metric": {"name": "empty"}}


def a_live_desk(folder: Path, server: OpenAIServer) -> Desk:
    """Three names for 60 questions, of which one is of a copy of the file, and 300 sums."""
    desk = Desk(folder)
    desk.test_set("copy", 60)
    sums = desk.study["test_sets"]["sums"]  # type: ignore[index]
    desk.study["test_sets"] = {"triage": TRIAGE, "kept": KEPT, "said": SAID, "sums": sums}
    for arm, model in (("base", "echo"), ("tuned", "other")):
        backend = {"openai": {"url": server.url, "model": model}}
        desk.study["arms"][arm] |= {  # type: ignore[index]
            "backend": backend,
            "sampling": {"max_tokens": 10},
            "price": {"prompt": 1, "completion": 1},
        }
    desk.study["budget"] = {"tokens": 1_000_000}
    return desk


def said(desk: Desk, capsys: Capture, *options: str) -> dict[str, Any]:
    capsys.readouterr()
    run(["study", "run", str(desk.write()), "--json", *options])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.heavy
def test_it_is_asked_once_and_the_dry_run_counts_it_once(tmp_path: Path, capsys: Capture) -> None:
    with OpenAIServer() as server:
        desk = a_live_desk(tmp_path, server)
        plan = said(desk, capsys, "--dry-run")
        assert plan["requests"] == 2 * (60 + 300)
        asked = sum(len(f"Question {i}?") for i in range(60))
        asked += sum(len(f"Question {i}?") for i in range(300))
        assert plan["prompt_tokens"] <= 2 * (asked / 4 + 2)
        (budget,) = plan["budgets"]
        tokens = plan["prompt_tokens"] + plan["completion_tokens"]
        assert f"{tokens:,} tokens" in budget["sentence"]
        record = said(desk, capsys)
        assert len(server.requests) == 2 * (60 + 300)
    evidence = {each["test_set"]: each for each in record["evidence"]}
    assert set(evidence) == {"triage", "kept", "said", "sums"}
    runs = {evidence[name]["candidate_run"] for name in ("triage", "kept", "said")}
    assert len(runs) == 1
    scored = Run.objects.get(pk=runs.pop()).metrics.values_list("metric__name", flat=True)
    assert set(scored) == {"exact_match", "contains", "empty"}


def test_recorded_answers_by_each_name_are_still_taken(tmp_path: Path) -> None:
    """Each name has a file of answers, and they may differ."""
    desk = Desk(tmp_path)
    desk.study["test_sets"] = {"triage": TRIAGE, "kept": KEPT}
    desk.answers("base", "kept", ["wrong"] * 60)
    desk.answers("tuned", "kept", ["right"] * 20 + ["wrong"] * 40)
    study = ran(desk)
    runs = {
        (link.arm.name, link.test_set.name): link.run
        for arm in study.arms.all()
        for link in arm.runs.select_related("run", "test_set", "arm")
    }
    assert runs["base", "triage"] == runs["base", "kept"], "the same answers are one run"
    assert runs["tuned", "triage"] != runs["tuned", "kept"]
    assert len({each.test_set_version_id for each in runs.values()}) == 1


def test_a_study_that_has_asked_each_name_goes_on_so(tmp_path: Path) -> None:
    """What was paid for before stays what decisions rest on."""
    desk = Desk(tmp_path)
    for arm, right in (("base", 0), ("tuned", 30)):
        desk.answers(arm, "kept", ["right"] * right + ["wrong"] * (60 - right))
    desk.rows(
        "other.jsonl", [{"id": f"q{i}", "input": f"{i}", "reference": "a"} for i in range(60)]
    )
    desk.study["test_sets"] = {"triage": TRIAGE, "kept": KEPT | {"file": "other.jsonl"}}
    study = ran(desk)
    own = study.test_sets.get(name="kept").test_set_version
    assert study.test_sets.get(name="triage").test_set_version != own
    desk.study["test_sets"]["triage"] = TRIAGE | {"file": "other.jsonl"}  # type: ignore[index]
    again = ran(desk)
    assert again.test_sets.get(name="kept").test_set_version == own
    assert Study.objects.count() == 1

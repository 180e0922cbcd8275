"""A shadow study of a mirror: both models answered the same requests at the same time."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.utils import timezone

from evalhub.cli.app import run
from evalhub.ledger.models import Decision
from evalhub.registry.models import Run, Study, StudyTestSet, TrafficSample
from reviews.planning.campaign import close_campaign
from tests.cast import Team
from tests.features.traffic.rows_of import a_signal, taken
from tests.features.traffic.shadow.production import LAST_WEEK, by_metric, served
from tests.features.traffic.test_pages import read
from tests.reviews.asking import a_review
from tests.reviews.judged import judge_all

pytestmark = pytest.mark.django_db(transaction=True)
Capture = pytest.CaptureFixture[str]
OF = ["--project", "support-desk"]
MAIL = "I am nora@example.org."


def mirrored(
    team: Team,
    questions: int,
    *,
    lost: int = 0,
    refusing: int = 0,
    model: str = "new",
    alike: bool = False,
) -> None:
    """Questions to production, of which the first refuse; and copies to a candidate, whose last
    ones never came, and which answers as production where they are `alike`."""
    texts = [f"{MAIL} Question {i}?" for i in range(questions)]
    refusal = "I'm sorry, but I can't help with that."
    answers = [refusal if i < refusing else f"answer {i}" for i in range(questions)]
    served(team, texts, output=answers, cost_usd=0.004)
    came = texts[: questions - lost]
    of = [f"r-{i:03}" for i in range(questions)]
    copies = answers if alike else [f"another answer {i}" for i in range(questions)]
    served(
        team,
        came,
        name="copy",
        model=model,
        mirror_of=of,
        latency_ms=450.0,
        cost_usd=0.002,
        output=copies[: len(came)],
    )


def written(folder: Path, *options: str, mirror: str = "new") -> int:
    parts = ["--from-traffic", *OF, "--kind", "lora", "--mirror", mirror, *options]
    return run(["study", "init", str(folder), *parts])


def judged(folder: Path, capsys: Capture, **policy: Any) -> Any:
    """The record of the study with a primary that refuses less, and no people."""
    file = yaml.safe_load((folder / "study.yaml").read_text())
    by_metric(file)
    file["policy"] |= policy
    (folder / "study.yaml").write_text(yaml.safe_dump(file))
    capsys.readouterr()
    run(["study", "run", str(folder / "study.yaml"), "--json"])
    return json.loads(capsys.readouterr().out)


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_copies_answer_for_the_candidate_and_masked_requests_stand(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    mirrored(team, 10, lost=2)
    assert run(["traffic", "sample", *LAST_WEEK, "--n", "10", "--where", "model=support"]) == 0
    capsys.readouterr()
    assert written(tmp_path) == 0
    assert "Pairs joined: 8 by request. Lost: 2." in capsys.readouterr().out
    assert len(rows(tmp_path / "production.traffic.jsonl")) == 10
    candidate = rows(tmp_path / "candidate.traffic.jsonl")
    assert sum(row.get("error") == "lost: no mirrored answer came" for row in candidate) == 2
    assert {row["latency_ms"] for row in candidate if "output" in row} == {450.0}


def test_a_decision_leaves_lost_pairs_out_and_latency_is_measured(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    mirrored(team, 60, lost=2, refusing=30)
    assert run(["traffic", "sample", *LAST_WEEK, "--n", "60", "--where", "model=support"]) == 0
    assert written(tmp_path) == 0
    budgets = {"latency": {"max_ratio": 0.8, "test_set": "traffic"}}
    record = judged(tmp_path, capsys, budgets=budgets)
    assert record["verdict"] == "ship", record["reasons"]
    by_name = {row["name"]: row for row in record["criteria"]}
    assert (by_name["traffic"]["n"], by_name["latency"]["ratio"]) == (58, 0.5)
    assert record["lost_pairs"]["verdict_filled"] == "ship"
    [row] = record["shadow"]["test_sets"]
    assert (row["mirrored"], row["asked_again"]) == (True, 0)
    assert [row[arm]["cost_usd"] for arm in ("production", "candidate")] == [
        pytest.approx(0.004),
        pytest.approx(0.002),
    ]
    for name, figures in (
        ("support", "900 ms (p50) and 900 ms (p95), at $0.004"),
        ("candidate", "450 ms (p50) and 450 ms (p95), at $0.002"),
    ):
        sentence = f"As recorded, {name} answered traffic in {figures} a request."
        assert sentence in record["shadow"]["sentences"]
    (tmp_path / "record.json").write_text(json.dumps(Decision.objects.get().document.as_json()))
    assert run(["decision", "verify", str(tmp_path / "record.json")]) == 0


def test_a_ship_that_rests_on_lost_pairs_is_invalid(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    mirrored(team, 60, lost=8, refusing=12)
    assert run(["traffic", "sample", *LAST_WEEK, "--n", "60", "--where", "model=support"]) == 0
    assert written(tmp_path) == 0
    record = judged(tmp_path, capsys)
    assert record["verdict"] == "invalid"
    assert "were lost, and with the worst score in their place" in record["invalid"][0]


def test_a_mirror_that_never_answered_is_refused(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    served(team, ["a?", "b?"])
    assert run(["traffic", "sample", *LAST_WEEK, "--n", "2"]) == 0
    assert written(tmp_path) == 65
    assert "no call of 'new' came" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("model", ["new", "new-" + 45 * "long"])
def test_signals_about_mirrored_answers_are_sealed_until_the_decision(
    team: Team, tmp_path: Path, model: str
) -> None:
    """Equal answers are invalid evidence, which shows no scores: the study stays sealed."""
    mirrored(team, 10, model=model, alike=True)
    taken(
        team.project,
        signals=[
            a_signal(f"s-{key}", name=name, request=f"{key}-000", time=timezone.now())
            for key, name in (("r", "thumb"), ("copy", "applause"))
        ],
    )
    olga, address = team.signed_in(team.olga), "/projects/support-desk/production/signals/"
    assert "applause" in olga.get(address).text
    assert run(["traffic", "sample", *LAST_WEEK, "--n", "9", "--where", "model=support"]) == 0
    assert written(tmp_path, mirror=model) == 0
    run(["study", "run", str(tmp_path / "study.yaml")])
    text = read(olga.get(address).text)
    assert "all about mirrored answers of new" in text
    assert "applause" not in text


@pytest.mark.heavy
@pytest.mark.parametrize(("lost", "verdict"), [(1, "ship"), (12, "invalid")])
def test_lost_pairs_may_not_turn_what_people_prefer(
    team: Team, tmp_path: Path, capsys: Capture, lost: int, verdict: str
) -> None:
    """Three people prefer the candidate in two of three pairs that came."""
    mirrored(team, 60, lost=lost, refusing=30)
    assert run(["traffic", "sample", *LAST_WEEK, "--n", "60", "--where", "model=support"]) == 0
    assert written(tmp_path) == 0
    study = ["study", "run", str(tmp_path / "study.yaml"), "--json"]
    assert run(study) == 2, "people are waited for"
    baseline, candidate = Run.objects.order_by("version__model__slug").reverse()
    campaign = a_review(
        baseline_run=baseline,
        candidate_run=candidate,
        study=Study.objects.get(),
        items=60 - lost,
        reviewers_per_item=3,
        controls=0,
        repeats=0,
    )
    people, favours = ("rui", "ruth", "rosa"), ("candidate", "candidate", "baseline")
    judge_all(campaign, dict.fromkeys(people, lambda position: favours[position % 3]))
    close_campaign(campaign=campaign, by=None)
    capsys.readouterr()
    run(study)
    record = json.loads(capsys.readouterr().out)
    assert record["verdict"] == verdict, record["reasons"]
    rows = {row["name"]: row for row in record["lost_pairs"]["criteria"]}
    assert rows["Reviewers' preference"]["lost"] == lost
    if verdict == "invalid":
        assert record["invalid"][0].startswith("12 of 60 pairs of traffic were lost")
        assert "people" not in record or record["people"]["score"] is None


@pytest.mark.parametrize("first", [True, False])
def test_a_sample_is_one_under_another_name_and_beside_the_same_items(
    team: Team, tmp_path: Path, capsys: Capture, first: bool
) -> None:
    mirrored(team, 12)
    assert run(["traffic", "sample", *LAST_WEEK, "--n", "12", "--where", "model=support"]) == 0
    assert written(tmp_path) == 0
    file = yaml.safe_load((tmp_path / "study.yaml").read_text())
    by_metric(file)
    sets = {
        "week": file["test_sets"]["traffic"],
        "length": {"file": "traffic.jsonl", "role": "guard", "metric": {"name": "markup"}},
    }
    file["test_sets"] = dict(sorted(sets.items(), reverse=first))
    for arm in file["arms"].values():
        arm["backend"]["recorded"] = arm["backend"]["recorded"].replace("traffic", "{test_set}")
    for name in ("production", "candidate"):
        for test_set in sets:
            answers = (tmp_path / f"{name}.traffic.jsonl").read_text()
            (tmp_path / f"{name}.{test_set}.jsonl").write_text(answers)
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(file, sort_keys=False))
    capsys.readouterr()
    run(["study", "run", str(tmp_path / "study.yaml"), "--json"])
    record = json.loads(capsys.readouterr().out)
    assert {row["model"] for row in record["shadow"]["test_sets"]} == {"support"}
    assert set(StudyTestSet.objects.values_list("test_set_version__traffic_sample", flat=True)) == {
        TrafficSample.objects.get().pk
    }

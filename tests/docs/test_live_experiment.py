"""The pages on live experiments and on blind samples: their commands run as they stand."""

import json
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.decision.prediction import FEWEST_PAIRS
from evalhub.decision.sections.exposure import CROSSED_FLAW
from evalhub.declare.experiment import JUDGED
from evalhub.features.experiments.following import follow
from evalhub.features.experiments.judged.drawing import OF_INSTRUCTIONS
from evalhub.features.experiments.models import Experiment
from evalhub.features.traffic.keeping import change_settings
from evalhub.features.traffic.models import Signal
from tests.cast import Team
from tests.e2e.machine import blocks
from tests.features.experiments.experiments_of import a_pair, since
from tests.features.traffic.rows_of import a_request, a_signal, noon, taken

pytestmark = pytest.mark.django_db
FOLLOWING, SAMPLING = "how-to/live-experiment.md", "how-to/blind-sample.md"
NAMES = {"triage-lora@4": "lora@1", "--challenger-name triage-lora": "--challenger-name lora"}
USERS = 200


def commands(page: str, number: int) -> list[list[str]]:
    """The words of each command of the page, of the experiment of this number."""
    text = "\n".join(block.text for block in blocks(page) if block.language == "sh")
    for name, ours in NAMES.items():
        text = text.replace(name, ours)
    lines = text.replace("\\\n", " ").splitlines()
    words = [shlex.split(line)[1:] for line in lines if line.startswith("evalhub ")]
    return [[str(number) if word == "3" else word for word in command] for command in words]


def plan_of(page: str) -> str:
    return next(block.text for block in blocks(page) if block.language == "yaml")


@pytest.fixture
def production(team: Team, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Team:
    """A champion that answers 200 users, some of whom say that it was resolved."""
    monkeypatch.chdir(tmp_path)
    a_pair(team)
    change_settings(project=team.project, by=None, text_share=1)
    rows = [
        a_request(
            f"r{day}-{n}",
            user=f"u{n}",
            time=noon(day) + timedelta(seconds=n),
            model="triage",
            messages=({"role": "user", "content": f"Question {n}?"},),
            output=f"Answer {n}.",
            latency_ms=3000.0 if n % 20 == 0 else 900.0,
            error_type="timeout" if n % 25 == 0 else "",
        )
        for day in (1, 2, 3)
        for n in range(USERS)
    ]
    signals = [
        a_signal(
            f"s{row.id}",
            request=row.id,
            name="resolved",
            time=row.time,
            value=float(n % USERS % 3 > 0),
        )
        for n, row in enumerate(rows)
    ]
    taken(team.project, rows, signals)
    return team


def test_its_commands_plan_start_share_and_stop(
    production: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("plan.yaml").write_text(plan_of(FOLLOWING), encoding="utf-8")
    planned, started = commands(FOLLOWING, 0)[:2]
    assert run(planned) == 0
    assert "the planned gain needs" in capsys.readouterr().out
    assert run(started) == 0, capsys.readouterr().err
    experiment = Experiment.objects.get()
    assert experiment.is_running
    assert experiment.plan.planned_users > USERS
    shared, stopped = commands(FOLLOWING, experiment.pk)[2:]
    assert run(shared) == 0
    assert experiment.steps.count() == 2
    assert run(stopped) == 0
    assert not Experiment.objects.get().is_running


def test_a_sample_is_drawn_judged_and_handed_in(
    production: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("plan.yaml").write_text(f"{plan_of(SAMPLING)}planned_users: 400\n", encoding="utf-8")
    assert run(commands(FOLLOWING, 0)[1]) == 0, capsys.readouterr().err
    experiment = since(Experiment.objects.get(), noon(4))
    experiment.steps.update(coverage=1.0)
    follow(experiment)
    sampled, judged = commands(SAMPLING, experiment.pk)
    assert run(sampled) == 0, capsys.readouterr().err
    answers = [json.loads(line) for line in Path("answers.jsonl").read_text().splitlines()]
    scores: dict[str, Any] = json.loads(
        next(block.text for block in blocks(SAMPLING) if block.language == "json")
    )
    lines = [json.dumps(scores | {"id": answer["id"]}) for answer in answers]
    Path("scores.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert run(judged) == 0, capsys.readouterr().err
    assert Signal.objects.filter(name=JUDGED).count() == len(answers) > 50


def test_the_pages_say_the_numbers_and_names_of_the_code() -> None:
    following, sampling = (
        Path(__file__).resolve().parents[2].joinpath("docs", page).read_text(encoding="utf-8")
        for page in (FOLLOWING, SAMPLING)
    )
    assert FEWEST_PAIRS == 6
    assert "from six pairs on: five that all agree could be a coin's" in following
    assert CROSSED_FLAW == 0.1
    assert "more than a tenth of them met both arms" in following
    assert f"signals named `{JUDGED}`" in sampling
    assert all(f"`{role}`" in sampling for role in OF_INSTRUCTIONS)

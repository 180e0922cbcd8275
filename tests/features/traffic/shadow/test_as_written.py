"""The study that `evalhub study init` writes, run to its verdict as it stands: people decide."""

import json
from pathlib import Path

import pytest

from evalhub.cli.app import run
from evalhub.registry.models import Run, Study, StudyRun
from reviews.planning.campaign import close_campaign
from tests.cast import Team
from tests.fakes.openai_server import OpenAIServer
from tests.features.traffic.shadow.production import LAST_WEEK
from tests.features.traffic.shadow.test_folder import unlike_answers
from tests.features.traffic.shadow.test_mirrored import OF, mirrored
from tests.reviews.asking import a_review
from tests.reviews.judged import judge_all

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.heavy]
Capture = pytest.CaptureFixture[str]
N = 60
PEOPLE = ("rui", "ruth", "rosa")


def judged_by_people(study: Study, prefer: str) -> None:
    """Three people, each of whom prefers this arm in five of six pairs."""
    links = StudyRun.objects.filter(arm__study=study, repeat=0, test_set__form="")
    runs = dict(links.values_list("arm__role", "run"))
    baseline, candidate = (Run.objects.get(pk=runs[role]) for role in ("baseline", "candidate"))
    other = {"baseline": "candidate", "candidate": "baseline"}[prefer]
    arms = {"reviewers_per_item": 3, "controls": 0, "repeats": 0, "items": N}
    campaign = a_review(baseline_run=baseline, candidate_run=candidate, study=study, **arms)
    favours = (prefer,) * 5 + (other,)
    judge_all(campaign, dict.fromkeys(PEOPLE, lambda position: favours[position % 6]))
    close_campaign(campaign=campaign, by=None)


@pytest.mark.parametrize(
    ("form", "prefer", "verdict"),
    [
        ("plain", "candidate", "ship"),
        ("plain", "baseline", "hold"),
        ("--mirror", "candidate", "ship"),
        ("--ask-both", "candidate", "ship"),
        ("--second-answer", "candidate", "ship"),
    ],
)
def test_people_decide(
    team: Team, tmp_path: Path, capsys: Capture, form: str, prefer: str, verdict: str
) -> None:
    mirrored(team, N)
    with OpenAIServer(misbehave=unlike_answers()) as server:
        draw = ["traffic", "sample", *LAST_WEEK, "--n", str(N), "--where", "model=support"]
        assert run(draw) == 0
        models = ["--url", server.url, "--model", "tuned", "--kind", "lora"]
        baseline = ["--baseline-url", server.url, "--baseline-model", "old"]
        options = {
            "plain": [*models, *baseline],
            "--mirror": ["--mirror", "new", "--kind", "lora"],
        }.get(form, [form, *models, *baseline])
        write = ["study", "init", str(tmp_path), "--from-traffic", *OF, *options]
        assert run(write) == 0
        for kind in ("again", "second"):
            if (tmp_path / f"{kind}.yaml").exists():
                record = ["record", str(tmp_path / f"{kind}.yaml"), "--arm", "production"]
                assert run([*record, "--out", str(tmp_path), "--yes"]) == 0
        assert run(write) == 0
        study = ["study", "run", str(tmp_path / "study.yaml"), "--json"]
        assert run(study) == 2, "people are waited for"
        judged_by_people(Study.objects.get(), prefer)
        capsys.readouterr()
        run(study)
    record = json.loads(capsys.readouterr().out)
    assert record["verdict"] == verdict, record["reasons"]
    critical = [row["name"] for row in record["criteria"] if row["tier"] == "critical"]
    assert critical == ["Reviewers' preference"]
    assert record["shadow"]["exposed"] == 0
    assert record["shadow"]["second_answer"] == (form == "--second-answer")

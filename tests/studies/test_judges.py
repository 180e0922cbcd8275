"""A study whose answers a judge reads: it is asked, shown, and decides nothing."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from evalhub.cli.app import run as evalhub
from evalhub.frames.command.printing import print_record
from evalhub.io.rows import DataError
from evalhub.ledger.decide import decide_study
from evalhub.registry.models import Metric, ModelVersion, Run, RunMetric, Score
from evalhub.studies.file.origin import OperatorFile, UploadedStudy
from evalhub.studies.file.spec import read_study
from runners.launch import launch
from runners.launch_checks import LaunchError
from tests.cast import a_team, a_test_set, a_version
from tests.fakes.openai_server import OpenAIServer, http_error, saying
from tests.studies.desks import Desk, ran

pytestmark = pytest.mark.django_db

RUBRIC = "Right is right."


@pytest.fixture
def desk(tmp_path: Path, server: OpenAIServer) -> Desk:
    """A desk whose sums a judge reads: 5 points to what says right, and 2 to anything else."""
    desk = Desk(tmp_path)
    desk.test_set("sums", 30)
    desk.answers("base", "sums", ["right"] * 30)
    desk.answers("tuned", "sums", ["wrong"] * 30)
    desk.study["judges"] = {"grader": {"backend": {"openai": asked(server)}}}
    desk.study["test_sets"]["sums"] |= {
        "tier": "advisory",
        "margin": 0.5,
        "metric": {"name": "judge", "by": "grader", "rubric": RUBRIC},
    }
    server.misbehave = points
    return desk


def asked(server: OpenAIServer) -> dict[str, Any]:
    return {"url": server.url, "model": "judge", "retries": 0}


def points(prompt: str, attempt: int) -> web.Response:
    score = 5 if '"answer": "right' in prompt else 2
    return saying(json.dumps({"reason": f"It is worth {score}.", "score": score}))


def refusal(desk: Desk) -> str:
    with pytest.raises(DataError) as caught:
        read_study(desk.write(), OperatorFile())
    return str(caught.value).partition("field ")[2]


@pytest.mark.heavy
def test_a_judge_is_asked_at_zero_about_each_answer_once(desk: Desk, server: OpenAIServer) -> None:
    ran(desk)
    assert len(server.requests) == 60
    assert {each["temperature"] for each in server.requests} == {0}
    assert all(RUBRIC in each["messages"][-1]["content"] for each in server.requests)
    assert "Question 7?" in " ".join(server.asked)
    assert Score.objects.filter(metric__name="judge", value=2).count() == 30
    reason = Score.objects.filter(metric__name="judge", value=5).first()
    assert reason is not None
    assert reason.reason == "It is worth 5."
    ran(desk)
    assert len(server.requests) == 60


def test_what_a_judge_says_is_in_the_record_and_decides_nothing(desk: Desk) -> None:
    (decision,) = decide_study(study=ran(desk))
    record = decision.document
    judged = next(each for each in record.criteria if each.name == "sums")
    assert (judged.baseline, judged.candidate, judged.tier) == (5, 2, "advisory")
    assert judged.status == "fail"
    assert judged.unit == "points"
    assert record.verdict == "ship"


@pytest.mark.heavy
def test_verdicts_that_cannot_be_read_are_counted_and_make_nothing_invalid(
    desk: Desk, server: OpenAIServer
) -> None:
    server.misbehave = lambda prompt, attempt: (
        saying("Five!") if re.search(r"Question 1?[0-4]\?", prompt) else points(prompt, attempt)
    )
    (decision,) = decide_study(study=ran(desk))
    record = decision.document
    assert record.verdict == "ship"
    row = next(each for each in record.evidence if each.test_set == "sums")
    assert (row.unscored_baseline, row.unscored_candidate) == (10, 10)
    assert next(each for each in record.criteria if each.name == "sums").n == 20
    why = Score.objects.filter(value=None).first()
    assert why is not None
    assert why.reason.startswith("no verdict: malformed JSON")


@pytest.mark.heavy
def test_where_no_verdict_can_be_read_there_is_no_criterion_and_still_a_verdict(
    desk: Desk, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.misbehave = lambda prompt, attempt: saying("Hm.")
    (decision,) = decide_study(study=ran(desk))
    assert decision.verdict == "ship"
    assert [each.name for each in decision.document.criteria] == ["triage"]
    (lost,) = [each.candidate_run for each in decision.document.evidence if each.unscored]
    print_record(decision.document)
    said = f"Not measured, for want of scores: sums (60 answers; `evalhub run show {lost}`)."
    assert said in " ".join(capsys.readouterr().out.split())
    evalhub(["run", "show", str(lost)])
    assert "judge: 0 scored, mean sealed; 30 unscored" in capsys.readouterr().out


@pytest.mark.heavy
def test_a_judge_that_is_away_stops_its_run_which_goes_on_later(
    desk: Desk, server: OpenAIServer
) -> None:
    server.misbehave = lambda prompt, attempt: http_error(401)
    ran(desk)
    stopped = Run.objects.filter(state="failed")
    assert stopped.count() == 2
    assert all(each.unreachable and "HTTP 401" in each.error for each in stopped)
    server.misbehave = points
    ran(desk)
    assert not Run.objects.exclude(state="done").exists()
    assert Score.objects.filter(metric__name="judge", value=None).count() == 0


@pytest.mark.heavy
def test_a_metric_is_known_by_who_judges_and_not_by_a_name(
    desk: Desk, server: OpenAIServer
) -> None:
    ran(desk)
    judge = ModelVersion.objects.get(model__slug="grader")
    metric = Metric.objects.get(name="judge")
    assert metric.options["by"] == judge.digest
    assert judge.sampling.temperature == 0
    desk.study["judges"] = {"other": desk.study["judges"]["grader"]}
    desk.study["test_sets"]["sums"]["metric"]["by"] = "other"
    ran(desk)
    assert Metric.objects.filter(name="judge").count() == 1
    desk.study["judges"]["other"]["backend"]["openai"]["model"] = "another"
    ran(desk)
    assert Metric.objects.filter(name="judge").count() == 2
    assert len(server.requests) == 120


@pytest.mark.heavy
def test_the_scores_of_a_judge_are_sealed_like_any(desk: Desk) -> None:
    study = ran(desk)
    assert not Score.objects.filter(metric__name="judge").readable().exists()
    decide_study(study=study)
    assert RunMetric.objects.filter(metric__name="judge").exclude(opened=None).count() == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"metric": {"name": "judge", "by": "me", "rubric": "x"}}, "there is no judge 'me' among"),
        ({"metric": {"name": "judge", "by": "grader"}}, "missing"),
        ({"metric": {"name": "judge", "by": "grader", "rubric": ""}}, "is empty"),
        ({"tier": "critical"}, "'test_sets.sums.tier': what a judge says by judge is shown and"),
        ({"role": "primary", "tier": None, "margin": None}, "'test_sets.sums.role': what a judge"),
    ],
)
def test_a_judge_that_would_decide_or_is_not_there_is_refused(
    desk: Desk, change: dict[str, Any], says: str
) -> None:
    asked = desk.study["test_sets"]["sums"] | change
    named = {name: each for name, each in asked.items() if each is not None}
    desk.study["test_sets"]["sums"] = named
    assert says in refusal(desk)


@pytest.mark.parametrize(
    ("judge", "says"),
    [
        ({"sampling": {"temperature": 0.7}}, "temperature': a judge is asked at 0"),
        ({"sampling": {"samples": 3}}, "samples': a judge says what it says once"),
        ({"backend": {"recorded": "a.jsonl"}}, "'judges.grader.backend.recorded': isn't known"),
        ({"backend": {}}, "says who judges: "),
        ({"prompt": {"system": "Be kind."}}, "'judges.grader.prompt': isn't known here"),
    ],
)
def test_a_judge_that_could_not_judge_is_refused(
    desk: Desk, judge: dict[str, Any], says: str
) -> None:
    desk.study["judges"]["grader"] |= judge
    assert says in f"field {refusal(desk)}"


def test_an_arm_does_not_judge_itself(desk: Desk) -> None:
    desk.study["judges"]["tuned"] = desk.study["judges"]["grader"]
    assert "'judges.tuned': is an arm: who is compared doesn't judge" in refusal(desk)


def test_a_gain_beyond_belief_by_a_judge_may_not_hold(desk: Desk) -> None:
    desk.study["policy"] = {"jumps": "hold"}
    assert "'policy.jumps': would let what a judge says of sums hold" in refusal(desk)


def test_a_study_from_the_web_names_a_judge_by_an_alias_alone(desk: Desk) -> None:
    upload = "sha256:" + 64 * "a"
    for arm in desk.study["arms"].values():
        arm["backend"]["recorded"] = {"triage": upload, "sums": upload}
    for test_set in desk.study["test_sets"].values():
        test_set["file"] = upload
    origin = UploadedStudy(files={upload: desk.file}, aliases=["mine"])
    with pytest.raises(DataError, match=r"judges\.grader\.backend\.openai\.url"):
        read_study(desk.write(), origin)
    desk.study["judges"]["grader"]["backend"]["openai"] = {"endpoint": "mine", "model": "judge"}
    assert "grader" in read_study(desk.write(), origin).judges


def test_a_judge_s_key_goes_to_no_host_that_it_is_not_bound_to(desk: Desk) -> None:
    desk.study["judges"]["grader"]["backend"]["openai"]["key_env"] = "GRADER_KEY"
    assert "judges.grader.backend.openai.key_env" in refusal(desk)


def test_a_run_by_a_judge_that_is_not_there_is_refused(tmp_path: Path) -> None:
    team = a_team()
    recorded = a_version(team, "recorded")
    answers = tmp_path / "answers.jsonl"
    answers.write_text('{"id": "q0000", "output": "a"}\n')

    def launched(by: str) -> Run:
        metric = Metric.objects.create(
            name="judge", options={"by": by, "rubric": "x"}, digest=by[::-1]
        )
        return launch(
            version=recorded,
            test_set_version=a_test_set(team, items=1),
            metrics=[metric],
            answers=answers,
        )

    with pytest.raises(LaunchError, match=r"has no version with the digest 'f00', which is to j"):
        launched("f00")
    with pytest.raises(LaunchError, match="is to judge, and its answers are recorded"):
        launched(recorded.digest)


def test_files_are_compared_without_a_judge(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(desk.folder / f"{arm}.sums.jsonl") for arm in ("base", "tuned")]
    asked = ["--test-set", str(desk.folder / "sums.jsonl"), "--metric", "judge"]
    options = ["--option", "by=grader", "--option", "rubric=x"]
    assert evalhub(["compare", *files, *asked, *options]) == 64
    assert "judge asks a model, and none is given" in capsys.readouterr().err

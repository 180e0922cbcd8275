"""A blind sample of an experiment's answers, and the judges' scores that come back."""

import json
import os
import subprocess
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Scope
from evalhub.accounts.permissions import NotAllowedError
from evalhub.accounts.tokens import add_token
from evalhub.cli.app import run
from evalhub.declare.declaration import DeclarationError
from evalhub.features.experiments.ending import stop_experiment
from evalhub.features.experiments.following import follow
from evalhub.features.experiments.judged.declared import JudgedScore
from evalhub.features.experiments.judged.drawing import BlindSample, draw_answers
from evalhub.features.experiments.judged.scores import take_scores
from evalhub.features.experiments.keeping import delete_old_judged_answers
from evalhub.features.experiments.models import Experiment, JudgedAnswer, UserDay
from evalhub.features.experiments.rule import Variant
from evalhub.features.experiments.steps import ExperimentError
from evalhub.features.table import ERASERS
from evalhub.features.traffic.erase import erase_user
from evalhub.features.traffic.keeping import change_settings
from evalhub.features.traffic.models import Request, Signal
from evalhub.features.traffic.rows import RequestRow
from evalhub.frames.rest.models import Answered
from tests.cast import Team
from tests.features.experiments.experiments_of import a_plan, an_experiment, since
from tests.features.traffic.rows_of import a_request, noon, taken
from tests.migrated import EVALHUB

pytestmark = [pytest.mark.django_db, pytest.mark.heavy]
JUDGED = {
    "metric": "signal:judged",
    "per": "signal",
    "higher_is_better": True,
    "planned_gain": 0.1,
}
DAYS = (3, 2, 1)
USERS = 60
"""Of each day; every other one comes on all days."""


def a_call(user: str, days_ago: int, number: int = 0, **fields: Any) -> RequestRow:
    """A question with its answer; the model says what it is."""
    values = {
        "user": user,
        "time": noon(days_ago) + timedelta(minutes=number),
        "messages": (
            {"role": "system", "content": "You are the adapter."},
            {"role": "user", "content": f"Who is {user}? Write to olga@example.org"},
        ),
        "output": f"Answer {days_ago}-{number} to {user}.",
        "model": "support-lora",
        "latency_ms": 7.0,
    }
    return a_request(f"{user}-{days_ago}-{number}", **values | fields)


@pytest.fixture
def experiment(team: Team) -> Experiment:
    """Of three days, with answers whose texts are kept, counted."""
    change_settings(project=team.project, by=None, text_share=1)
    plan = a_plan(primary=JUDGED, feedback_hours=24 * 7)
    row = since(an_experiment(team, plan=plan), noon(4))
    calls = [
        a_call(f"u{n if n % 2 else f'{n}-{day}'}", day, number)
        for day in DAYS
        for n in range(USERS)
        for number in range(2)
    ]
    taken(team.project, calls)
    follow(row)
    return Experiment.objects.get()


def drawn(experiment: Experiment, count: int = 40) -> BlindSample:
    return draw_answers(experiment=experiment, count=count, by=None)


def requests_of(sample: BlindSample) -> list[Request]:
    """The requests that were drawn, in the sample's order."""
    tokens = {row.token: row for row in JudgedAnswer.objects.all()}
    rows = [tokens[answer.id] for answer in sample.answers]
    return [Request.objects.get(day=row.day, key=row.key) for row in rows]


def arms_of(experiment: Experiment, requests: list[Request]) -> list[str]:
    arms = dict(UserDay.objects.filter(experiment=experiment).values_list("unit", "variant"))
    return [arms[request.user_hash] for request in requests]


def test_as_many_answers_of_both_arms_on_each_day(experiment: Experiment) -> None:
    requests = requests_of(drawn(experiment))
    arms = arms_of(experiment, requests)
    by_day = Counter(zip((row.day for row in requests), arms, strict=True))
    assert sum(by_day.values()) == 40
    for days_ago in DAYS:
        day = noon(days_ago).date()
        assert by_day[day, "champion"] == by_day[day, "challenger"] > 0


def test_a_user_has_one_answer_of_a_draw_and_none_is_drawn_twice(experiment: Experiment) -> None:
    first, second = requests_of(drawn(experiment)), requests_of(drawn(experiment))
    for requests in (first, second):
        assert len({row.user_hash for row in requests}) == len(requests)
    assert not {row.key for row in first} & {row.key for row in second}


def test_nothing_tells_of_the_arm(experiment: Experiment) -> None:
    """A version's instructions would; texts are masked as they are stored."""
    sample = drawn(experiment)
    requests = requests_of(sample)
    for answer, request in zip(sample.answers, requests, strict=True):
        assert [row["role"] for row in answer.messages] == ["user"]
        text = json.dumps([answer.id, answer.messages, answer.output])
        assert "[mail-1]" in text
        assert "olga@example.org" not in text
        for secret in (request.key, request.user_hash, "support-lora", request.day.isoformat()):
            assert secret not in text
    arms = arms_of(experiment, requests)
    assert arms != sorted(arms)
    assert arms != sorted(arms, reverse=True)


def test_no_id_of_a_server_tells_of_the_arm(team: Team) -> None:
    """Ids of calls begin as their provider has it: call_, toolu_, chatcmpl-tool-."""
    change_settings(project=team.project, by=None, text_share=1)
    row = since(an_experiment(team, plan=a_plan()), noon(4))
    call = {"id": "toolu_7", "function": {"name": "look_up", "arguments": '{"order": 7}'}}
    part = {"type": "tool_use", "id": "toolu_8", "name": "look_up", "input": {}}
    messages = (
        {"role": "user", "content": "Where is it?"},
        {"role": "assistant", "content": None, "tool_calls": [call], "model": "support-lora-4"},
        {"role": "tool", "content": "Lost.", "tool_call_id": "toolu_7", "name": "look_up"},
        {"role": "assistant", "content": [part], "reasoning_content": "The adapter says so."},
        {"role": "user", "content": "And now?"},
    )
    calls = ({"id": "toolu_9", "name": "look_up", "arguments": {}},)
    taken(
        team.project,
        [a_call(f"u{n}", 1, messages=messages, tool_calls=calls) for n in range(USERS)],
    )
    follow(row)
    sample = drawn(Experiment.objects.get(), 2)
    text = json.dumps([[answer.messages, answer.tool_calls] for answer in sample.answers])
    for secret in ("toolu_", "support-lora-4", "The adapter says so"):
        assert secret not in text
    asked, called, found, *_ = sample.answers[0].messages
    assert asked == messages[0]
    assert called["tool_calls"] == [{"name": "look_up", "arguments": {"order": 7}}]
    assert found == {"role": "tool", "content": "Lost.", "name": "look_up"}


def test_of_a_user_s_many_answers_one_that_is_whole_is_drawn(team: Team) -> None:
    change_settings(project=team.project, by=None, text_share=1)
    row = since(an_experiment(team, plan=a_plan()), noon(4))
    calls = [
        a_call(f"u{n}", 1, number, aborted=number != 7) for n in range(20) for number in range(10)
    ]
    taken(team.project, calls)
    follow(row)
    requests = requests_of(drawn(Experiment.objects.get(), 2000))
    assert len(requests) > 2
    assert {request.key.rpartition("-")[2] for request in requests} == {"7"}


def test_texts_that_are_too_long_together_are_refused(team: Team) -> None:
    change_settings(project=team.project, by=None, text_share=1)
    row = since(an_experiment(team, plan=a_plan()), noon(4))
    taken(team.project, [a_call(f"u{n}", 1, output="x" * 1_000_000) for n in range(USERS)])
    follow(row)
    with pytest.raises(ExperimentError, match="more than 20,000,000 characters: draw fewer"):
        drawn(Experiment.objects.get(), 50)
    assert not JudgedAnswer.objects.exists()
    assert len(drawn(Experiment.objects.get(), 10).answers) == 10


def test_what_is_no_answer_to_a_user_in_the_experiment_is_not_drawn(
    team: Team, experiment: Experiment
) -> None:
    bad = [
        a_call("error", 1, error_type="timeout", output=None),
        a_call("half", 1, aborted=True),
        a_call("copy", 1, mirror_of="u1-1-0"),
        a_call("silent", 1, messages=None, output=None),
        a_call("before", 5),
    ]
    taken(team.project, bad)
    follow(experiment)
    sample = drawn(Experiment.objects.get(), 2000)
    assert not {row.key for row in requests_of(sample)} & {row.id for row in bad}


def test_answers_whose_time_for_feedback_has_ended_are_not_drawn(team: Team) -> None:
    change_settings(project=team.project, by=None, text_share=1)
    row = since(an_experiment(team, plan=a_plan(primary=JUDGED, feedback_hours=48)), noon(4))
    taken(team.project, [a_call(f"u{n}", day) for day in (1, 3) for n in range(USERS)])
    follow(row)
    sample = drawn(Experiment.objects.get(), 2000)
    requests = requests_of(sample)
    assert {request.day for request in requests} == {noon(1).date()}
    assert sample.until == min(request.time for request in requests) + timedelta(hours=48)


def test_where_nothing_is_measured_by_it_any_day_may_be_judged(team: Team) -> None:
    change_settings(project=team.project, by=None, text_share=1)
    row = since(an_experiment(team, plan=a_plan()), noon(4))
    taken(team.project, [a_call(f"u{n}", 3) for n in range(USERS)])
    follow(row)
    assert drawn(Experiment.objects.get()).until is None


def test_fewer_answers_than_days_are_of_the_newest_days(experiment: Experiment) -> None:
    requests = requests_of(drawn(experiment, 4))
    assert {row.day for row in requests} == {noon(1).date(), noon(2).date()}


@pytest.mark.parametrize("count", [-1, 0, 1, 2001])
def test_another_number_is_refused(experiment: Experiment, count: int) -> None:
    with pytest.raises(ExperimentError, match="draw 2 to 2,000 answers"):
        drawn(experiment, count)


def test_a_plan_of_scores_over_all_requests_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"primary\.per.*a sample is judged"):
        a_plan(primary=JUDGED | {"per": "request"})


def test_without_texts_it_says_what_to_do(team: Team) -> None:
    row = since(an_experiment(team, plan=a_plan()), noon(4))
    taken(team.project, [a_call(f"u{n}", 1) for n in range(USERS)])
    follow(row)
    with pytest.raises(ExperimentError, match="are texts kept"):
        drawn(Experiment.objects.get())


def test_reviewers_draw_none_and_score_none(team: Team, experiment: Experiment) -> None:
    with pytest.raises(NotAllowedError):
        draw_answers(experiment=experiment, count=2, by=team.rui)
    score = JudgedScore(id="x", value=1)
    with pytest.raises(NotAllowedError):
        take_scores(experiment=experiment, scores=[score], by=team.rui)


def scores_of(sample: BlindSample, value: float = 1.0) -> list[JudgedScore]:
    return [JudgedScore(id=answer.id, value=value) for answer in sample.answers]


def test_scores_are_signals_that_the_experiment_measures(experiment: Experiment) -> None:
    """Feedback counts once its window has closed: a week later."""
    sample = drawn(experiment)
    arms = arms_of(experiment, requests_of(sample))
    scores = [
        JudgedScore(id=answer.id, value=float(arm == Variant.CHALLENGER), by="model")
        for answer, arm in zip(sample.answers, arms, strict=True)
    ]
    taken_scores = take_scores(experiment=experiment, scores=scores, by=None)
    assert (taken_scores.taken, taken_scores.late, taken_scores.erased) == (40, 0, 0)
    assert {(row.name, row.by) for row in Signal.objects.all()} == {("judged", "model")}
    follow(experiment, now=timezone.now() + timedelta(days=8))
    sums: Counter[tuple[str, str]] = Counter()
    for row in UserDay.objects.filter(experiment=experiment):
        count, total = row.signals.get("signal:judged", (0, 0))
        sums[row.variant, "answers"] += count
        sums[row.variant, "right"] += total
    assert sums["champion", "answers"] == sums["challenger", "answers"] == 20
    assert (sums["champion", "right"], sums["challenger", "right"]) == (0, 20)


def test_the_same_scores_again_change_nothing(experiment: Experiment) -> None:
    scores = scores_of(drawn(experiment))
    take_scores(experiment=experiment, scores=scores, by=None)
    again = take_scores(experiment=experiment, scores=scores, by=None)
    assert (again.taken, again.there_already) == (0, 40)
    assert Signal.objects.count() == 40


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "0" * 32}, "scores.1.id"),
        ({"id": None}, "comes twice"),
        ({"value": 0}, "taken with another value"),
    ],
)
def test_wrong_scores_are_refused_whole(
    experiment: Experiment, change: dict[str, Any], message: str
) -> None:
    first, second, *_ = scores_of(drawn(experiment))
    take_scores(experiment=experiment, scores=[second], by=None)
    wrong = second.model_copy(update={"id": first.id} if change == {"id": None} else change)
    with pytest.raises(DeclarationError, match=message):
        take_scores(experiment=experiment, scores=[first, wrong], by=None)
    assert Signal.objects.count() == 1


def test_scores_that_come_too_late_are_counted(team: Team, experiment: Experiment) -> None:
    sample = drawn(experiment)
    Request.objects.filter(key=requests_of(sample)[0].key).update(time=noon(9))
    assert take_scores(experiment=experiment, scores=scores_of(sample), by=None).late == 1


def test_an_erased_user_leaves_no_drawn_answer(team: Team, experiment: Experiment) -> None:
    """Their random id is all that stays: a file of scores that has it is taken all the same."""
    sample = drawn(experiment)
    request = requests_of(sample)[0]
    counts = erase_user(project=team.project, by=None, user_hash=request.user_hash, erasers=ERASERS)
    assert counts["judged_answers"] == 1
    assert not JudgedAnswer.objects.filter(key=request.key).exists()
    scores = take_scores(experiment=experiment, scores=scores_of(sample), by=None)
    assert (scores.taken, scores.erased) == (39, 1)
    again = take_scores(experiment=experiment, scores=scores_of(sample), by=None)
    assert (again.taken, again.there_already, again.erased) == (0, 39, 1)


def test_which_answers_were_drawn_is_kept_as_long_as_requests(
    team: Team, experiment: Experiment
) -> None:
    drawn(experiment)
    change_settings(project=team.project, by=None, text_days=1, days=1)
    delete_old_judged_answers()
    assert {row.day for row in JudgedAnswer.objects.all()} == {noon(1).date()}


def test_an_ended_experiment_is_judged_too(team: Team, experiment: Experiment) -> None:
    stop_experiment(experiment=experiment, by=team.olga, reason="Enough.")
    assert len(drawn(Experiment.objects.get()).answers) == 40


def test_by_the_command(
    experiment: Experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, scores = tmp_path / "answers.jsonl", tmp_path / "scores.jsonl"
    of = [str(experiment.pk), "--project", "support-desk"]
    assert run(["experiment", "sample", *of, "--n", "10", "--out", str(out)]) == 0
    assert "with 10 answers, equally many of both arms." in capsys.readouterr().out
    answers = [json.loads(line) for line in out.read_text().splitlines()]
    assert {*answers[0]} == {"id", "messages", "output", "tool_calls"}
    scores.write_text("".join(f'{{"id": "{row["id"]}", "value": 1}}\n' for row in answers))
    assert run(["experiment", "judged", str(experiment.pk), str(scores), *of[1:]]) == 0
    assert "Taken in: 10 scores; 0 were there already." in capsys.readouterr().out
    assert run(["experiment", "sample", *of, "--out", str(out)]) == 64
    assert "is there: name a new file" in capsys.readouterr().err
    assert run(["experiment", "sample", "99", *of[1:], "--out", str(tmp_path / "new")]) == 64


def test_the_command_names_a_wrong_score_s_line_before_it_reads_the_database(
    tmp_path: Path,
) -> None:
    scores = tmp_path / "scores.jsonl"
    scores.write_text('{"id": "a", "value": 1}\n{"id": "b", "valu": 1}\n')
    kept = {key: value for key, value in os.environ.items() if not key.startswith("DJANGO_")}
    done = subprocess.run(
        [EVALHUB, "experiment", "judged", "3", str(scores), "--project", "support-desk"],
        env=kept | {"EVALHUB_HOME": str(tmp_path / "home"), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 65, done.stderr
    assert "scores.jsonl, line 2, field 'valu': isn't known here" in done.stderr


def test_by_rest(team: Team, experiment: Experiment) -> None:
    held = {"name": "judge", "scopes": [Scope.INGEST]}
    secret = add_token(project=team.project, user=team.eva, by=team.eva, **held).secret
    client = Client(headers={"authorization": f"Bearer {secret}"})
    address = f"/api/v1/projects/support-desk/experiments/{experiment.pk}"

    def posted(path: str, body: dict[str, Any] | str, key: str) -> Any:
        return client.post(
            f"{address}/{path}",
            body,
            content_type="application/json",
            headers={"idempotency-key": key},
        )

    sample = posted("answers", {"n": 6}, "a")
    assert sample.status_code == 201
    assert len(sample.json()["answers"]) == 6
    assert not Answered.objects.exclude(body=None).exists(), "texts of users aren't kept apart"
    assert posted("answers", {"n": 6}, "a").status_code == 409
    scores = [{"id": row["id"], "value": 0.5, "by": "model"} for row in sample.json()["answers"]]
    assert posted("scores", {"scores": scores}, "b").json()["taken"] == 6
    for number, wrong in enumerate((float("nan"), float("inf"), "1", True, None)):
        body = json.dumps({"scores": [{"id": scores[0]["id"], "value": wrong}]})
        refused = posted("scores", body, f"wrong {number}")
        assert refused.status_code == 400, (wrong, refused.content)
    assert Signal.objects.count() == 6
    unknown = posted("scores", {"scores": [{"id": "x", "value": 1}]}, "c")
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (400, "scores.0.id")
    assert posted("answers", {"n": 1}, "d").status_code == 400

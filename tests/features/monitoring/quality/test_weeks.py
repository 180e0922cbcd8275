"""Today's answers beside a former version's: a judge on all pairs, people on a random part."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from django.utils import timezone

from evalhub.cli.app import run
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.monitor import QualityPlan
from evalhub.features.monitoring.errors import MonitorError
from evalhub.features.monitoring.models import Monitor, QualityWeek, Stream, StreamDay
from evalhub.features.monitoring.quality.judging import judge_streams
from evalhub.features.monitoring.quality.looking import look_at_quality
from evalhub.features.monitoring.quality.streams import PAIRS, open_streams
from evalhub.features.table import ERASERS
from evalhub.features.traffic.erase import erase_user
from evalhub.features.traffic.keeping import change_settings, settings_of, user_hash
from evalhub.judges.models import JudgeRun, JudgeVote
from evalhub.judges.run import work_on
from evalhub.ledger.models import Look, Promotion
from evalhub.registry.models import Item, Output, Run, TrafficSample
from reviews.models import Campaign, Pair
from runners.execute import process_shard
from tests.cast import Team, a_version
from tests.fakes.openai_server import OpenAIServer, saying
from tests.features.monitoring.quality.watched import (
    a_monitor,
    answered,
    promote,
)
from tests.reviews.judged import judge_all

pytestmark = pytest.mark.django_db
RUBRIC = "Says more."
USERS = 80


def monday() -> datetime:
    """Of this week, noon: when the week before has settled."""
    now = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)
    return now - timedelta(days=now.weekday())


def judging(prompt: str, attempt: int) -> web.Response | None:
    """A judge that prefers the longer answer; other prompts are echoed."""
    if RUBRIC not in prompt:
        return None
    first, second = prompt.split('"first_answer": ')[1].split('"second_answer": ')
    better = "first" if len(first) > len(second) else "second"
    return saying(json.dumps({"reason": "It is longer.", "better": better}))


@pytest.fixture
def server() -> Any:
    with OpenAIServer(misbehave=judging) as serving:
        yield serving


def a_paired_monitor(team: Team, server: OpenAIServer, **fields: Any) -> Monitor:
    """Of a champion of 20 days beside the one before it, whose server still answers."""
    change_settings(project=team.project, by=None, text_share=1)
    former = a_version(team, "former", backend=server.backend(retries=0))
    promote(team, former, days_ago=40, served="support-6b")
    champion = a_version(team, "lora")
    promote(team, champion, days_ago=20)
    judge = a_version(team, "judge", backend=server.backend(retries=0, model="judge"))
    pairs = {
        "judge": f"{judge.model.slug}@{judge.number}",
        "rubric": RUBRIC,
        "margin": 0.05,
        "items": 70,
        "review_items": 60,
    }
    return a_monitor(team, measures=[], pairs=pairs | fields)


def last_week(team: Team, *, users: int = USERS, weekday: int = 2, **fields: Any) -> None:
    """Requests of last week's Wednesday."""
    days_ago = (timezone.now().date() - monday().date()).days + 7 - weekday
    answered(team, days_ago, users=users, says=lambda day, user: "Short." * (user % 4), **fields)


def work() -> None:
    """What workers do: answers, and then verdicts."""
    for answering in Run.objects.unfinished():
        while process_shard(answering.pk):
            pass
    for judge_run in JudgeRun.objects.unfinished():
        work_on(judge_run.pk)


def worked(monitor: Monitor, *, times: int = 3, now: datetime | None = None) -> QualityWeek:
    for _ in range(times):
        look_at_quality(monitor, now or monday())
        work()
    return QualityWeek.objects.get()


def lacks(monitor: Monitor) -> dict[str, str]:
    return dict(monitor.notices.filter(ended=None).values_list("kind", "sentence"))


def test_a_week_is_answered_judged_and_reviewed_blind(team: Team, server: OpenAIServer) -> None:
    monitor = a_paired_monitor(team, server)
    last_week(team)
    week = worked(monitor)
    assert week.recorded.test_set_version.item_count == 70
    assert {week.former.state, week.recorded.state} == {"done"}
    assert (
        Output.objects.filter(run=week.former, text__startswith="You said: Question").count() == 70
    )
    assert week.judge_run is not None
    assert week.campaign is not None
    assert JudgeVote.objects.count() == 140
    assert Pair.objects.filter(campaign=week.campaign).count() == 60
    assert "former" not in week.campaign.question
    assert lacks(monitor).keys() == {"too-few"}
    requests = server.asked.total()
    worked(monitor)
    assert server.asked.total() == requests == 70 + 140
    judge_all(week.campaign, {"rui": lambda position: "baseline" if position % 3 else "candidate"})
    look_at_quality(monitor, monday())
    day = StreamDay.objects.get()
    assert day.stream.metric == "win score beside former@1"
    assert (day.x, day.day) == (day.users, monday().date())
    assert 0.2 < day.y / day.x < 0.5
    report = monitor.checks.get(key__startswith="pairs").report
    assert (report["labels"], report["pairs"], report["same"]) == (60, 70, 0)
    mean = day.y / day.x
    assert (day.yy - day.x * mean**2) / day.x**2 == pytest.approx(report["se"] ** 2)
    assert not Look.objects.exists()
    assert JudgeRun.objects.get().opened is None
    before = StreamDay.objects.values().get()
    look_at_quality(monitor, monday())
    assert StreamDay.objects.values().get() == before


def test_fewer_labels_than_needed_are_a_notice(team: Team, server: OpenAIServer) -> None:
    """The next week's review closes this one, whose labels count on."""
    monitor = a_paired_monitor(team, server, review_items=30)
    last_week(team)
    week = worked(monitor)
    judge_all(week.campaign, {"rui": lambda position: "candidate"})  # type: ignore[arg-type]
    look_at_quality(monitor, monday())
    assert "30 of 50 pairs" in lacks(monitor)["no-labels"]
    look_at_quality(monitor, monday() + timedelta(days=7))
    assert QualityWeek.objects.get().ended is not None
    assert not StreamDay.objects.exists()


def test_whoever_died_after_asking_asks_no_pair_again(team: Team, server: OpenAIServer) -> None:
    """The sample and the runs are found again by what they are."""
    monitor = a_paired_monitor(team, server)
    last_week(team)
    look_at_quality(monitor, monday())
    work()
    QualityWeek.objects.all().delete()  # as if killed before it was stored
    week = worked(monitor)
    QualityWeek.objects.update(judge_run=None, campaign=None)  # or before these were
    worked(monitor)
    assert server.asked.total() == 70 + 140
    assert TrafficSample.objects.count() == Campaign.objects.count() == 1
    assert QualityWeek.objects.get().campaign == week.campaign


def test_a_budget_that_is_used_up_stops_asking(team: Team, server: OpenAIServer) -> None:
    monitor = a_paired_monitor(team, server, budget={"tokens": 200})
    last_week(team)
    week = worked(monitor)
    assert "200 tokens spent" in lacks(monitor)["budget"]
    requests = server.asked.total()
    assert requests < 40
    worked(monitor)
    assert server.asked.total() == requests
    assert week.campaign is None


def test_a_server_that_is_away_is_a_notice_and_asked_again(
    team: Team, server: OpenAIServer
) -> None:
    monitor = a_paired_monitor(team, server)
    last_week(team)
    server.stop()
    worked(monitor, times=2)
    assert "no-answers" in lacks(monitor)
    assert not JudgeRun.objects.exists()
    with OpenAIServer(misbehave=judging, port=server.port):
        week = worked(monitor, times=4)
    assert lacks(monitor).keys() == {"too-few"}
    assert week.campaign is not None


def test_a_judge_that_is_away_is_a_notice(team: Team, server: OpenAIServer) -> None:
    monitor = a_paired_monitor(team, server)
    last_week(team)
    look_at_quality(monitor, monday())
    work()
    server.stop()
    worked(monitor, times=2)
    assert "no-judge" in lacks(monitor)


def test_masked_requests_and_those_of_others_make_no_pair(team: Team, server: OpenAIServer) -> None:
    monitor = a_paired_monitor(team, server)
    last_week(team, users=30)
    mail = ({"role": "user", "content": "Write to olga@example.org about 7"},)
    last_week(team, users=10, weekday=3, messages=mail)
    last_week(team, users=20, weekday=4, model="support-6b")
    look_at_quality(monitor, monday())
    assert Item.objects.count() == 30


def test_a_week_without_requests_or_a_former_version_says_so(
    team: Team, server: OpenAIServer
) -> None:
    monitor = a_paired_monitor(team, server)
    look_at_quality(monitor, monday())
    assert "no request" in lacks(monitor)["too-few"]
    assert not QualityWeek.objects.exists()


def test_a_shadow_study_takes_a_monitors_sample_only_by_its_name(
    team: Team, server: OpenAIServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monitor = a_paired_monitor(team, server)
    last_week(team)
    look_at_quality(monitor, monday())
    written = ["study", "init", "--from-traffic", "--project", team.project.slug]
    assert run([*written, str(tmp_path / "newest")]) == 64
    assert "has no sample" in capsys.readouterr().err
    assert not (tmp_path / "newest").exists()
    named = ["--test-set", f"monitor-{monitor.pk}"]
    assert run([*written, str(tmp_path / "named"), *named]) == 0


def test_who_is_erased_is_in_no_pair(team: Team, server: OpenAIServer) -> None:
    monitor = a_paired_monitor(team, server)
    last_week(team)
    worked(monitor)
    look_at_quality(monitor, monday() + timedelta(days=7))  # the review is closed
    row = TrafficSample.objects.get().version.items.order_by("position")[0]
    user = row.input[-1]["content"].split()[1]
    hashed = user_hash(f"user-{user}", settings_of(team.project))
    erase_user(project=team.project, by=None, user_hash=hashed, erasers=ERASERS)
    row.refresh_from_db()
    assert row.redacted is not None
    assert f"Question {user} " not in json.dumps(row.input)
    texts = Output.objects.filter(item=row).values_list("text", flat=True)
    assert not [text for text in texts if "Short." in text or "You said" in text]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"judge": "nobody@1"}, "pairs.judge"),
        ({"judge": "lora@1"}, "pairs.judge"),
        ({"beside": "lora@1"}, "pairs.beside"),
        ({"budget": {"money": 1.0}}, "pairs.budget.money"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    team: Team, server: OpenAIServer, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(MonitorError) as raised:
        a_paired_monitor(team, server, **fields)
    assert raised.value.field == field
    assert not Monitor.objects.exists()


def test_fewer_labels_than_fifty_cannot_be_asked_for() -> None:
    pairs = {"judge": "judge@1", "rubric": RUBRIC, "margin": 0.05, "labels": 49}
    with pytest.raises(DeclarationError, match="50"):
        validate(QualityPlan, {"pairs": pairs})


def windows(monitor: Monitor, *win_scores: float, labels: int = 80) -> None:
    """Windows of two weeks each, up to now, of as many labels as these."""
    promotion = Promotion.objects.current(monitor.project)
    assert promotion is not None
    name = f"{PAIRS}former@1"
    stream = open_streams(monitor, promotion, [name])[name]
    Stream.objects.filter(pk=stream.pk).update(since=monday().date() - timedelta(days=700))
    for number, score in enumerate(reversed(win_scores)):
        total = score * labels
        StreamDay.objects.create(
            stream=stream, day=monday().date() - timedelta(days=14 * number), users=labels,
            y=total, x=labels, yy=score * total + 0.25 * labels, xy=total, xx=labels,
            counted=monday(),
        )  # fmt: skip


def test_a_proven_loss_against_the_former_version_is_one_alarm(
    team: Team, server: OpenAIServer
) -> None:
    monitor = a_paired_monitor(team, server)
    steady = [0.62, 0.55, 0.6, 0.58, 0.63, 0.57, 0.6, 0.61, 0.56, 0.6]
    windows(monitor, *steady, 0.58, 0.61, 0.3, 0.28, 0.31, 0.27)
    for _ in range(2):
        judge_streams(monitor, monday())
    alarm = monitor.alarms.get()
    assert alarm.subject == "win score beside former@1"
    assert alarm.since == monday().date() - timedelta(days=42)
    assert "fell from 0.592 to 0.29" in alarm.sentence


def test_windows_that_vary_as_labels_do_are_no_alarm(team: Team, server: OpenAIServer) -> None:
    monitor = a_paired_monitor(team, server)
    windows(monitor, *[0.55, 0.65] * 10)
    judge_streams(monitor, monday())
    assert not monitor.alarms.exists()

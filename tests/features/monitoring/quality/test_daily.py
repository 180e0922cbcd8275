"""The champion's answers of a day: a random sample, scored by metrics that need no reference."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.monitor import QualityPlan
from evalhub.features.monitoring.ending import end_monitor
from evalhub.features.monitoring.models import Monitor, StreamDay
from evalhub.features.monitoring.quality.looking import look_at_quality
from evalhub.features.monitoring.quality.measures import metrics_of
from evalhub.features.table import ERASERS
from evalhub.features.traffic.erase import erase_user
from evalhub.features.traffic.keeping import change_settings, settings_of, user_hash
from evalhub.ledger.models import Look
from runners.metrics import METRICS
from runners.metrics.json_valid import JsonValid
from tests.cast import Team, a_version
from tests.features.monitoring.quality.watched import (
    JSON,
    a_call,
    a_champion,
    a_monitor,
    answered,
    morning,
    promote,
)
from tests.features.traffic.rows_of import taken

pytestmark = pytest.mark.django_db


def days_of(monitor: Monitor) -> list[tuple[int, int, float]]:
    """How many days ago, of how many users, and the mean."""
    today = morning().date()
    rows = StreamDay.objects.filter(stream__monitor=monitor).order_by("-day")
    return [((today - row.day).days, row.users, row.y / row.x) for row in rows]


def lacks(monitor: Monitor) -> set[str]:
    return set(monitor.notices.filter(ended=None).values_list("kind", flat=True))


def test_each_day_since_the_promotion_is_scored_once(team: Team) -> None:
    a_champion(team, days_ago=4)
    answered(team, 0, 1, 2, 3, 4, 5)
    monitor = a_monitor(team)
    look_at_quality(monitor, morning())
    assert days_of(monitor) == [(day, 60, 0.9) for day in (1, 2, 3)]
    before = list(StreamDay.objects.order_by("pk").values())
    look_at_quality(monitor, morning())
    assert list(StreamDay.objects.order_by("pk").values()) == before
    assert not Look.objects.exists()
    assert lacks(monitor) == {"too-few"}
    assert "reference isn't complete of json_valid" in monitor.notices.get().sentence


def test_the_same_sample_is_drawn_whoever_looks(team: Team) -> None:
    """A metric whose value tells which answers were drawn."""
    a_champion(team, days_ago=3)
    answered(team, 1, 2, says=lambda day, user: "x" * (user + 1))
    plan: dict[str, Any] = {
        "measures": [{"metric": {"name": "length"}, "margin": 5}],
        "sample": 20,
    }
    drawn = []
    for seed in (1, 1, 2):
        monitor = a_monitor(team, **plan, seed=seed)
        look_at_quality(monitor, morning())
        drawn.append(days_of(monitor))
        end_monitor(monitor=monitor, by=None)
    assert drawn[0] == drawn[1] != drawn[2]
    assert [users for _, users, _ in drawn[0]] == [20, 20]


def test_what_the_champion_did_not_answer_is_not_scored(team: Team) -> None:
    a_champion(team, days_ago=2)
    answered(team, 1)
    taken(
        team.project,
        [
            a_call(1, 100, "No.", mirror_of="1-1"),
            a_call(1, 101, "No.", model="another"),
            a_call(1, 102, None, error_type="timeout"),
            a_call(1, 103, "N", aborted=True),
        ],
    )
    monitor = a_monitor(team)
    look_at_quality(monitor, morning())
    assert days_of(monitor) == [(1, 60, 0.9)]


def test_a_clock_that_was_ahead_spoils_no_day(team: Team) -> None:
    """It took today for over, and the next days for days without requests."""
    a_champion(team, days_ago=2)
    answered(team, 0, 1, users=30)
    monitor = a_monitor(team)
    look_at_quality(monitor, morning(-4))
    assert days_of(monitor) == [(0, 30, 0.9), (1, 30, 0.9)]
    answered(team, 0)
    look_at_quality(monitor, morning(-1))
    assert days_of(monitor) == [(0, 60, 0.9), (1, 30, 0.9)]


def test_a_broken_retriever_raises_one_alarm(team: Team) -> None:
    """Its answers are empty, or say that nothing was found, from the third day ago on."""
    a_champion(team, days_ago=25)
    answered(team, *range(4, 25))
    answered(team, 1, 2, 3, says=lambda day, user: "" if user % 2 else "I found nothing.")
    metrics = [JSON, {"name": "empty"}]
    monitor = a_monitor(team, measures=[{"metric": each, "margin": 0.2} for each in metrics])
    for days_ago in (20, 13, 6, 5, 4, 3):
        look_at_quality(monitor, morning(days_ago))
    assert not monitor.alarms.exists()
    for _ in range(2):
        look_at_quality(monitor, morning())
    alarms = {alarm.subject: alarm for alarm in monitor.alarms.all()}
    assert set(alarms) == {"json_valid (root=object)", "empty"}
    alarm = alarms["empty"]
    assert alarm.since == morning(3).date()
    assert "empty rose from 0 to 0.5" in alarm.sentence
    assert lacks(monitor) == set()
    check = monitor.checks.get(key=morning().date().isoformat())
    assert check.is_alarm, "a later look of the day doesn't take it back"
    assert len(check.report["raised"]) == 2


def test_a_new_champion_has_streams_of_its_own(team: Team) -> None:
    first = a_champion(team, days_ago=6)
    answered(team, 5, 4)
    monitor = a_monitor(team)
    look_at_quality(monitor, morning(3))
    promote(team, a_version(team, "later"), days_ago=3)
    answered(team, 2, 1)
    look_at_quality(monitor, morning())
    old, new = monitor.streams.order_by("pk")
    assert (old.version, old.ended is not None, old.days.count()) == (first, True, 2)
    assert (new.ended, new.days.count()) == (None, 2)


@pytest.mark.parametrize(("days_ago", "share", "kind"), [(1, 0, "no-texts"), (2, 1, "no-traffic")])
def test_what_is_absent_is_a_notice_and_no_value(
    team: Team, days_ago: int, share: float, kind: str
) -> None:
    a_champion(team, days_ago=3)
    monitor = a_monitor(team)
    change_settings(project=team.project, by=None, text_share=share)
    answered(team, days_ago)
    look_at_quality(monitor, morning())
    assert lacks(monitor) == {kind, "too-few"}
    assert len(days_of(monitor)) == (kind == "no-traffic")
    change_settings(project=team.project, by=None, text_share=1)
    answered(team, 0)
    look_at_quality(monitor, morning(-1))
    assert lacks(monitor) == {"too-few"}


def test_without_a_champion_it_says_so(team: Team) -> None:
    monitor = a_monitor(team)
    look_at_quality(monitor, morning())
    assert lacks(monitor) == {"no-champion"}


def test_a_metric_that_breaks_down_is_a_notice_and_stops_no_other(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(JsonValid):
        def score(self, answer: Any, reference: Any) -> Any:
            raise RuntimeError("out of order")

    a_champion(team, days_ago=2)
    answered(team, 1)
    measures = [{"metric": {"name": name}, "margin": 0.05} for name in ("json_valid", "empty")]
    monitor = a_monitor(team, measures=measures)
    with monkeypatch.context() as patch:
        patch.setitem(METRICS, "json_valid", Broken)
        look_at_quality(monitor, morning())
    assert lacks(monitor) == {"no-scores", "too-few"}
    assert "out of order" in monitor.notices.get(kind="no-scores").sentence
    assert StreamDay.objects.get().stream.metric == "empty"
    look_at_quality(monitor, morning())
    assert lacks(monitor) == {"too-few"}
    assert StreamDay.objects.count() == 2


def test_nothing_of_one_user_is_stored(team: Team) -> None:
    """Whose request is erased stands in no row; the sums stay."""
    a_champion(team, days_ago=2)
    answered(team, 1)
    monitor = a_monitor(team)
    look_at_quality(monitor, morning())
    hashed = user_hash("user-3", settings_of(team.project))
    erase_user(project=team.project, by=None, user_hash=hashed, erasers=ERASERS)
    stored = json.dumps(
        [list(StreamDay.objects.values()), list(monitor.checks.values())], default=str
    )
    assert hashed not in stored
    assert "3-1" not in stored


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ({"name": "exact_match"}, "needs a reference answer"),
        ({"name": "judge", "by": "x", "rubric": "Right."}, "say `pairs`"),
        ({"name": "latency"}, "monitor of operations"),
        ({"name": "jsn_valid"}, "did you mean json_valid"),
        ({"name": "json_valid", "root": "tree"}, "root"),
        ({"root": "object"}, "says its name"),
    ],
)
def test_a_metric_that_production_cannot_have_is_refused(
    metric: dict[str, Any], message: str
) -> None:
    plan = validate(QualityPlan, {"measures": [{"metric": metric, "margin": 0.1}]})
    with pytest.raises(DeclarationError, match=message) as raised:
        metrics_of(plan)
    assert raised.value.field == "measures.0.metric"


def test_a_plan_measures_something_once() -> None:
    with pytest.raises(DeclarationError, match="at least one metric"):
        validate(QualityPlan, {})
    twice = [{"metric": JSON, "margin": margin} for margin in (0.1, 0.2)]
    with pytest.raises(DeclarationError, match="is measured once"):
        metrics_of(validate(QualityPlan, {"measures": twice}))


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ("of: quality\nmeasures: [{metric: {name: json_valid}, margin: 0.02}]\n", ""),
        ("of: quality\nmeasures: [{metric: {name: bleu}, margin: 0.02}]\n", "needs a reference"),
        ("of: quality\n", "at least one metric"),
    ],
)
def test_a_plan_s_file_makes_a_monitor_or_says_what_is_wrong(
    team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str], plan: str, message: str
) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(plan)
    code = run(["monitor", "add", "--project", team.project.slug, "--plan", str(file)])
    assert (code == 0) == (message == "")
    assert message in capsys.readouterr().err
    assert Monitor.objects.count() == (message == "")


def test_a_version_that_is_promoted_again_on_one_day_is_watched(team: Team) -> None:
    old = a_champion(team, days_ago=20)
    monitor = a_monitor(team)
    look_at_quality(monitor, morning())
    new = a_version(team, "new")
    for version in (new, old, new, old):
        promote(team, version, days_ago=1)
        look_at_quality(monitor, morning())
        assert [stream.version for stream in monitor.streams.filter(ended=None)] == [version]

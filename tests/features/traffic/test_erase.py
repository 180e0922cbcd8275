"""Erasing a user's traffic: requests, texts, signals and mirrored copies, and nothing else."""

from typing import Any

import pytest

from evalhub.accounts.models import Action, LogEntry, Project
from evalhub.accounts.permissions import NotAllowedError
from evalhub.features.traffic.erase import erase_user
from evalhub.features.traffic.keeping import change_settings, settings_of, user_hash
from evalhub.features.traffic.models import Request, RequestText, RollUp, Signal
from tests.cast import Team, a_team
from tests.features.traffic.rows_of import a_request, a_signal, noon, taken

pytestmark = pytest.mark.django_db


def send(project: Project, key: str, *, days_ago: int = 1, **fields: Any) -> None:
    """A request with a text and a signal."""
    request = a_request(key, time=noon(days_ago), output="The answer.", **fields)
    signal = a_signal(f"signal of {key}", time=noon(days_ago), request=key)
    taken(project, [request], [signal])


def remaining() -> dict[str, list[str]]:
    return {
        "requests": sorted(Request.objects.values_list("key", flat=True)),
        "texts": sorted(RequestText.objects.values_list("key", flat=True)),
        "signals": sorted(Signal.objects.values_list("request_key", flat=True)),
    }


def test_all_of_a_users_rows_go_and_everybody_elses_stay(team: Team) -> None:
    others = a_team("Others", "others").project
    for project in (team.project, others):
        change_settings(project=project, by=None, text_share=1)
    for days_ago in (2, 3, 4):
        send(team.project, f"hers-{days_ago}", user="ada", days_ago=days_ago)
    send(team.project, "copy", mirror_of="hers-2")
    send(team.project, "his", user="bob", days_ago=2)
    send(team.project, "nobodys", days_ago=2)
    send(others, "hers-2", user="ada")
    pseudonym = user_hash("ada", settings_of(team.project))
    counts = erase_user(project=team.project, by=team.olga, user_hash=pseudonym)
    assert counts == {"requests": 4, "texts": 4, "signals": 4}
    left = ["hers-2", "his", "nobodys"]
    assert remaining() == {"requests": left, "texts": left, "signals": left}
    assert Request.objects.get(key="hers-2").project == others


def test_a_copy_that_a_mirror_knows_by_its_trace_goes_too(team: Team) -> None:
    """OTLP has no other name for what it copied."""
    change_settings(project=team.project, by=None, text_share=1)
    send(team.project, "hers", user="ada", trace_id="t1")
    send(team.project, "copy", mirror_of="t1", trace_id="t1")
    send(team.project, "nobodys")
    send(team.project, "another copy", mirror_of="nobodys")
    pseudonym = user_hash("ada", settings_of(team.project))
    erase_user(project=team.project, by=team.olga, user_hash=pseudonym)
    assert remaining()["texts"] == ["another copy", "nobodys"]


@pytest.mark.parametrize("about", ["request", "trace_id", "conversation"])
def test_signals_that_came_too_late_to_be_joined_go_too(team: Team, about: str) -> None:
    change_settings(project=team.project, by=None, text_share=1)
    named = {"trace_id": "t", "conversation": "c"}
    taken(team.project, [a_request("hers", time=noon(45), user="ada", **named)])
    target = named.get(about, "hers")
    late = a_signal("late", time=noon(1), text="Her own words.", **{about: target})
    other = a_signal("other", time=noon(1), request="not yet there")
    assert taken(team.project, (), [late, other]).waiting == 2
    pseudonym = user_hash("ada", settings_of(team.project))
    counts = erase_user(project=team.project, by=team.olga, user_hash=pseudonym)
    assert counts["signals"] == 1
    assert [signal.key for signal in Signal.objects.all()] == ["other"]


def test_the_log_says_how_many_and_not_whose(team: Team) -> None:
    send(team.project, "hers", user="ada")
    pseudonym = user_hash("ada", settings_of(team.project))
    erase_user(project=team.project, by=None, user_hash=pseudonym)
    [entry] = LogEntry.objects.filter(action=Action.TRAFFIC_ERASED)
    assert entry.what == "requests: 1, texts: 0, signals: 1"
    assert pseudonym not in str(entry.detail)


def test_roll_ups_stay_because_they_count_and_name_nobody(team: Team) -> None:
    send(team.project, "hers", user="ada")
    pseudonym = user_hash("ada", settings_of(team.project))
    erase_user(project=team.project, by=None, user_hash=pseudonym)
    assert RollUp.objects.get(slice_kind="all").requests == 1


def test_requests_without_a_user_are_nobodys(team: Team) -> None:
    send(team.project, "nobodys")
    with pytest.raises(ValueError, match="32 digits"):
        erase_user(project=team.project, by=None, user_hash="")
    assert remaining()["requests"] == ["nobodys"]


def test_a_dry_run_counts_and_changes_nothing(team: Team) -> None:
    send(team.project, "hers", user="ada")
    pseudonym = user_hash("ada", settings_of(team.project))
    counts = erase_user(project=team.project, by=None, user_hash=pseudonym, dry_run=True)
    assert counts == {"requests": 1, "texts": 0, "signals": 1}
    assert remaining()["requests"] == ["hers"]
    assert not LogEntry.objects.filter(action=Action.TRAFFIC_ERASED).exists()


def test_nobody_but_an_owner_erases(team: Team) -> None:
    for person in (team.eva, team.rui, team.sam):
        with pytest.raises(NotAllowedError):
            erase_user(project=team.project, by=person, user_hash="0" * 32)

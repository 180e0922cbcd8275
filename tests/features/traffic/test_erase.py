"""Erasing a user's traffic: requests, texts, signals and mirrored copies, and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest

from evalhub.accounts.models import Action, LogEntry, Project
from evalhub.accounts.permissions import NotAllowedError
from evalhub.features.traffic.erase import erase_user
from evalhub.features.traffic.keeping import hash_of_user, settings_of
from evalhub.features.traffic.models import Request, RequestText, RollUp, Signal
from tests.cast import Team, a_team

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def a_request(
    project: Project, key: str, *, user: str = "", days: int = 0, mirror_of: str = ""
) -> None:
    """A request with a text and a signal, that many days after the first."""
    time = NOON + timedelta(days=days)
    of_day = {"project": project, "day": time.date(), "key": key}
    user_hash = hash_of_user(user, settings_of(project)) if user else ""
    Request.objects.create(
        **of_day, time=time, model_name="m", user_hash=user_hash, source="rest", mirror_of=mirror_of
    )
    RequestText.objects.create(**of_day, messages=[], output="The answer.")
    Signal.objects.create(
        **(of_day | {"key": f"signal of {key}"}),
        time=time,
        name="thumb",
        by="person",
        target_kind="request",
        target=key,
        request_day=time.date(),
        request_key=key,
        source="rest",
    )


def remaining() -> dict[str, list[str]]:
    return {
        "requests": sorted(Request.objects.values_list("key", flat=True)),
        "texts": sorted(RequestText.objects.values_list("key", flat=True)),
        "signals": sorted(Signal.objects.values_list("request_key", flat=True)),
    }


def test_all_of_a_users_rows_go_and_everybody_elses_stay(team: Team) -> None:
    others = a_team("Others", "others").project
    for number in range(3):
        a_request(team.project, f"hers-{number}", user="ada", days=number)
    a_request(team.project, "copy", days=1, mirror_of="hers-0")
    a_request(team.project, "his", user="bob", days=1)
    a_request(team.project, "nobodys", days=1)
    a_request(others, "hers-0", user="ada")
    pseudonym = hash_of_user("ada", settings_of(team.project))
    counts = erase_user(project=team.project, by=team.olga, user_hash=pseudonym)
    assert counts == {"requests": 4, "texts": 4, "signals": 4}
    left = ["hers-0", "his", "nobodys"]
    assert remaining() == {"requests": left, "texts": left, "signals": left}
    assert Request.objects.get(key="hers-0").project == others


def test_the_log_says_how_many_and_not_whose(team: Team) -> None:
    a_request(team.project, "hers", user="ada")
    pseudonym = hash_of_user("ada", settings_of(team.project))
    erase_user(project=team.project, by=None, user_hash=pseudonym)
    [entry] = LogEntry.objects.filter(action=Action.TRAFFIC_ERASED)
    assert entry.what == "requests: 1, texts: 1, signals: 1"
    assert pseudonym not in str(entry.detail)


def test_roll_ups_stay_because_they_count_and_name_nobody(team: Team) -> None:
    a_request(team.project, "hers", user="ada")
    RollUp.objects.create(project=team.project, hour=NOON, model_name="m", requests=1)
    pseudonym = hash_of_user("ada", settings_of(team.project))
    erase_user(project=team.project, by=None, user_hash=pseudonym)
    assert RollUp.objects.get().requests == 1


def test_requests_without_a_user_are_nobodys(team: Team) -> None:
    a_request(team.project, "nobodys")
    with pytest.raises(ValueError, match="32 digits"):
        erase_user(project=team.project, by=None, user_hash="")
    assert remaining()["requests"] == ["nobodys"]


def test_nobody_but_an_owner_erases(team: Team) -> None:
    for person in (team.eva, team.rui, team.sam):
        with pytest.raises(NotAllowedError):
            erase_user(project=team.project, by=person, user_hash="0" * 32)

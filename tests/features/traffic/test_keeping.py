"""What a project keeps of its traffic: an owner changes it, and the log says so."""

from typing import Any

import pytest

from evalhub.accounts.models import Action, LogEntry
from evalhub.accounts.permissions import NotAllowedError
from evalhub.declare.declaration import DeclarationError
from evalhub.features.traffic.keeping import change_settings, settings_of, user_hash
from tests.cast import Team, a_team

pytestmark = pytest.mark.django_db


def test_at_first_no_text_is_kept_and_the_salt_is_the_projects_own(team: Team) -> None:
    settings = settings_of(team.project)
    assert (settings.text_share, settings.text_days, settings.days) == (0.0, 30, 90)
    assert settings_of(team.project).salt == settings.salt
    assert settings_of(a_team("Others", "others").project).salt != settings.salt


def test_an_owner_changes_what_is_kept_and_the_log_says_what(team: Team) -> None:
    change_settings(project=team.project, by=team.olga, text_share=0.1, languages=["de", "en"])
    settings = settings_of(team.project)
    assert (settings.text_share, settings.languages, settings.days) == (0.1, ["de", "en"], 90)
    [entry] = LogEntry.objects.filter(action=Action.TRAFFIC_CHANGED)
    assert (entry.by, entry.project) == (team.olga, team.project)
    assert entry.detail == {"text_share": 0.1, "languages": ["de", "en"]}


def test_what_is_the_same_is_no_news(team: Team) -> None:
    change_settings(project=team.project, by=team.olga, days=90, text_share=0.0)
    assert not LogEntry.objects.filter(action=Action.TRAFFIC_CHANGED).exists()


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"text_share": 1.5}, "text_share", "at most 1"),
        ({"text_share": float("nan")}, "text_share", "not a number"),
        ({"days": 0}, "days", "above 0"),
        ({"days": 9_999}, "days", "at most 1100"),
        ({"days": 20}, "text_days", "no longer than its request"),
        ({"languages": ["de", "xx"]}, "languages", "can't be detected"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(
    team: Team, change: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(DeclarationError, match=message) as error:
        change_settings(project=team.project, by=team.olga, **change)
    assert error.value.field == field
    assert settings_of(team.project).days == 90


def test_nobody_but_an_owner_changes_it(team: Team) -> None:
    for person in (team.eva, team.rui, team.sam):
        with pytest.raises(NotAllowedError):
            change_settings(project=team.project, by=person, text_share=1)


def test_a_user_has_one_pseudonym_in_a_project_and_another_elsewhere(team: Team) -> None:
    here, there = settings_of(team.project), settings_of(a_team("Others", "others").project)
    pseudonym = user_hash("olga", here)
    assert pseudonym == user_hash("olga", here)
    assert len(pseudonym) == 32
    assert len({pseudonym, user_hash("olga", there), user_hash("eva", here)}) == 3


def test_the_hash_is_hmac_sha_256_cut_to_128_bits(team: Team) -> None:
    """RFC 4231, test case 2: key "Jefe", data "what do ya want for nothing?"."""
    settings = settings_of(team.project)
    settings.salt = "Jefe"
    expected = "5bdcc146bf60754e6a042426089575c7"
    assert user_hash("what do ya want for nothing?", settings) == expected

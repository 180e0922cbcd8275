"""The site takes out what has had its time, without being asked."""

import time
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from evalhub.accounts import sign_in
from evalhub.accounts.sign_in import drop_expired_sessions
from evalhub.features.table import TIDIED
from evalhub.studies.run.tidying import tidy_regularly
from tests.cast import a_team


def three_sessions() -> list[str]:
    """Keys of sessions that expired a second ago, a year ago, and that go on."""
    team, now = a_team(), timezone.now()
    keys = [
        str(team.signed_in(person).session.session_key)
        for person in (team.olga, team.rui, team.eva)
    ]
    for key, ago in zip(keys, (timedelta(seconds=1), timedelta(days=365)), strict=False):
        Session.objects.filter(pk=key).update(expire_date=now - ago)
    return keys


@pytest.mark.django_db(transaction=True)
def test_expired_sessions_go_while_the_site_is_up_and_no_others() -> None:
    *_, goes_on = three_sessions()
    end = time.monotonic() + 30
    with tidy_regularly(TIDIED):  # as `evalhub up` and `evalhub worker` hold it
        while Session.objects.count() > 1 and time.monotonic() < end:
            time.sleep(0.01)
    assert list(Session.objects.values_list("pk", flat=True)) == [goes_on]


@pytest.mark.django_db
def test_many_are_deleted_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "SESSIONS", 1)
    three_sessions()
    assert drop_expired_sessions() == 2
    assert drop_expired_sessions() == 0
    assert Session.objects.count() == 1

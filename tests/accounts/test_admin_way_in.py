"""Who administers the site lets people in by links, and sets nobody's password."""

import re
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import LogEntry, User
from evalhub.accounts.sign_in import sign_in_path
from reviews.audit.check import AuditCheck
from reviews.audit.report import audit
from reviews.models import Campaign
from tests.accounts.test_own_account import mails
from tests.cast import Team
from tests.reviews.conftest import a_campaign
from tests.reviews.joining.test_invite import judged

STOLEN = "Stolen-by-root-2026"
NO_ROLES = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}


def way_in(user: User) -> str:
    return reverse("admin:auth_user_password_change", args=[user.pk])


def change(user: User) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


def typed(user: User) -> dict[str, Any]:
    """The fields of the form on somebody's page, as they are."""
    return {
        "username": user.username,
        "email": user.email,
        "is_active": "on",
        "date_joined_0": f"{user.date_joined:%Y-%m-%d}",
        "date_joined_1": f"{user.date_joined:%H:%M:%S}",
    } | NO_ROLES


def accounts(campaign: Campaign) -> AuditCheck:
    return next(check for check in audit(campaign).checks if check.key == "accounts")


def test_no_form_of_the_admin_sets_anybody_s_password(team: Team, root: Client) -> None:
    before = User.objects.values_list("password", flat=True).get(pk=team.rui.pk)
    passwords = {"password1": STOLEN, "password2": STOLEN, "password": STOLEN}
    asked = passwords | {"usable_password": "true", "set-password": "1"}
    assert 'type="password"' not in root.get(way_in(team.rui)).text
    assert 'name="password' not in root.get(change(team.rui)).text
    root.post(way_in(team.rui), asked)
    assert root.post(change(team.rui), typed(team.rui) | asked).status_code == 302
    assert User.objects.values_list("password", flat=True).get(pk=team.rui.pk) == before
    add = reverse("admin:accounts_user_add")
    assert 'type="password"' not in root.get(add).text
    made = root.post(add, asked | {"username": "new"} | NO_ROLES)
    assert made.status_code == 302, made.text
    assert not User.objects.get(username="new").has_usable_password()
    assert not Client().login(username="new", password=STOLEN)


def test_without_mail_a_link_is_shown_once_and_kept_in_the_log(team: Team, root: Client) -> None:
    assert "Nobody sets anybody’s password" in root.get(way_in(team.rui)).text
    assert not LogEntry.objects.filter(action="link-made").exists(), "looking makes none"
    shown = root.post(way_in(team.rui)).text
    [path] = re.findall(r"http://localhost:8000(/accounts/sign-in/[^<]+)", shown)
    entry = LogEntry.objects.get(action="link-made")
    assert (entry.by and entry.by.username, entry.about) == ("root", team.rui)
    person = Client()
    person.post(path)
    assert person.session["_auth_user_id"] == str(team.rui.pk)
    assert Client().post(path).status_code == 403


def test_with_mail_it_goes_to_its_person_and_is_not_shown(
    team: Team, root: Client, settings: LazySettings
) -> None:
    settings.MAIL_URL = "smtp://localhost"
    shown = root.post(way_in(team.rui)).text
    assert "sign-in/" not in shown
    assert len(mails(1)) == 1  # a thread sends it
    [sent] = mail.outbox
    assert sent.to == [team.rui.email]
    assert "/accounts/password/new/" in str(sent.body)
    assert LogEntry.objects.get(action="link-made").what == "in the admin, by mail"


@pytest.mark.parametrize("person", ["olga", "eva", "rui", "sam"])
def test_nobody_else_makes_a_link(team: Team, person: str) -> None:
    client = team.signed_in(getattr(team, person))
    assert client.post(way_in(team.rui)).status_code == 302
    assert not LogEntry.objects.filter(action="link-made").exists()


def test_the_audit_of_a_review_says_who_made_a_way_into_a_judge_s_account(
    team: Team, root: Client
) -> None:
    campaign = a_campaign(team)
    assert accounts(campaign).status == "not established"
    judged(campaign, team.rui, "left")
    assert accounts(campaign).status == "pass"
    sign_in_path(team.rui)
    assert "The operator made 1 sign-in link for them" in accounts(campaign).found
    assert accounts(campaign).status == "pass"
    root.post(way_in(team.ruth))
    assert accounts(campaign).status == "pass", "Ruth hasn't judged"
    root.post(way_in(team.rui))
    answer = root.post(change(team.rui), typed(team.rui) | {"email": "root@evil.example"})
    assert answer.status_code == 302
    check = accounts(campaign)
    assert check.status == "attention"
    assert "root made a sign-in link in the admin, who saw it (r1, " in check.found
    assert "root changed an account’s mail address (r1, " in check.found
    assert "evil.example" not in check.found

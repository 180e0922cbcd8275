"""A form says what it was read from; of two that were read from the same, one is done."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Membership, User
from evalhub.frames.page.read_from import FIELD, state_digest
from evalhub.registry.models import Study
from tests.cast import Team
from tests.features.lifecycle.test_at_once import at_once
from tests.site.cases import a_measured_study
from tests.site.test_campaign_pages import filled

MEMBERS = "/projects/support-desk/members/"
POLICY = "/studies/{}/policy/"


def member_of(team: Team) -> Membership:
    return team.project.memberships.get(user=team.eva)


def statuses(sent: list[Callable[[], Any]]) -> list[int]:
    answers, refused = at_once(sent)
    assert refused == []
    return sorted(answer.status_code for answer in answers)


@pytest.mark.django_db(transaction=True)
def test_of_two_roles_that_are_set_at_once_one_is(team: Team) -> None:
    member = member_of(team)
    form = {"verb": "role", FIELD: state_digest(member)}

    def sent(role: str) -> Callable[[], Any]:
        client = Client()
        client.force_login(team.olga)
        return lambda: client.post(f"{MEMBERS}{member.pk}/", form | {"role": role})

    assert statuses([sent("owner"), sent("reviewer")]) == [302, 409]
    assert member_of(team).role in ("owner", "reviewer")


@pytest.mark.django_db(transaction=True)
def test_of_two_policies_that_are_saved_at_once_one_is_and_the_other_is_shown_both(
    team: Team,
) -> None:
    study = a_measured_study(team)
    address = POLICY.format(study.pk)

    def sent(by: User, **changed: str) -> Callable[[], Any]:
        client = Client()
        client.force_login(by)
        form = filled(client.get(address)) | changed | {"change": "1", FIELD: state_digest(study)}
        return lambda: client.post(address, form)

    lax, strict = sent(team.olga, alpha="0.05"), sent(team.eva, harm_alpha="0.01")
    assert statuses([lax, strict]) == [302, 409]
    policy = Study.objects.get(pk=study.pk).policy
    assert (policy.alpha, policy.harm_alpha) in [(0.05, 0.025), (0.025, 0.01)]


def stale(client: Client, team: Team, **headers: str) -> Any:
    form = {"verb": "role", "role": "reviewer", "note": "A long reason of mine", FIELD: "0" * 16}
    return client.post(f"{MEMBERS}{member_of(team).pk}/", form, headers=headers)


def test_who_is_late_keeps_what_they_typed_and_a_way_back(olga: Client, team: Team) -> None:
    page = f"http://testserver{MEMBERS}?a=1"
    answer = stale(olga, team, referer=page)
    assert answer.status_code == 409
    assert "Somebody changed this first" in answer.text
    assert "A long reason of mine" in answer.text
    assert "0" * 16 not in answer.text
    assert f'href="{MEMBERS}?a=1"' in answer.text
    assert member_of(team).role == "evaluator"


def test_the_way_back_leads_to_no_other_site(olga: Client, team: Team) -> None:
    answer = stale(olga, team, referer="https://elsewhere.example/x")
    assert "elsewhere" not in answer.text
    assert re.search(r'href="/">See it as it is now', answer.text)


def test_a_row_that_is_gone_is_no_longer_what_was_read(olga: Client, team: Team) -> None:
    withdrawn = reverse("site:withdraw_member", args=["support-desk", 999])
    assert olga.post(withdrawn, {FIELD: "0" * 16}).status_code == 404


def test_a_value_and_a_row_have_a_digest_of_what_is_shown(team: Team) -> None:
    member = member_of(team)
    before = state_digest(member)
    assert re.fullmatch("[0-9a-f]{16}", before)
    member.role = "owner"
    assert state_digest(member) != before
    assert state_digest("") == state_digest(None), "a template's word for what isn't there"
    assert state_digest(1) != state_digest(2)

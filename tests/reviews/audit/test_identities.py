"""The audit says of whom it isn't known who they are."""

import re

from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import User
from reviews.audit.check import AuditCheck
from reviews.audit.report import audit
from reviews.joining.invite import invite
from reviews.models import Campaign
from tests.cast import Team
from tests.reviews.joining.test_invite import judged


def identities(campaign: Campaign) -> AuditCheck:
    return next(check for check in audit(campaign).checks if check.key == "identities")


def test_judgments_of_an_account_that_its_inviter_may_have_opened_call_for_a_look(
    team: Team, campaign: Campaign, olga: Client
) -> None:
    assert identities(campaign).status == "not established"
    judged(campaign, team.rui, "left")
    assert identities(campaign).status == "pass"
    path = reverse("site:invite_people", args=[campaign.pk])
    shown = team.signed_in(team.eva).post(path, {"emails": "nora@example.org"}).text
    link = re.search(r"http://localhost:8000(/reviews/join/[^\"]+)", shown)
    assert link
    Client().post(link[1])
    nora = User.objects.get(email="nora@example.org")
    judged(campaign, nora, "right")
    found = identities(campaign)
    assert found.status == "attention"
    assert "1 of 2 judgments are of 1 such account" in found.found
    member = team.project.memberships.get(user=nora)
    olga.post(reverse("site:change_member", args=["support-desk", member.pk]), {"verb": "confirm"})
    assert identities(campaign).status == "pass"


def test_an_account_of_long_ago_is_known(team: Team, campaign: Campaign) -> None:
    invite(campaign=campaign, email="ruth", by=team.eva)
    judged(campaign, team.ruth, "left")
    assert identities(campaign).status == "pass"

"""Who gets into the admin, and sees what there."""

from typing import Any

import pytest
from django.urls import reverse

from evalhub.accounts.models import Membership, User
from reviews.models import Judgment
from tests.cast import Team
from tests.test_admin import OURS, changelist, page


@pytest.mark.parametrize("person", ["olga", "eva", "rui", "sam"])
def test_people_who_are_not_staff_have_no_way_in(team: Team, person: str) -> None:
    client = team.signed_in(getattr(team, person))
    for url in (reverse("admin:index"), *map(changelist, OURS)):
        answer: Any = client.get(url)
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("admin:login"))


def test_staff_see_only_what_they_were_given(team: Team) -> None:
    client = team.signed_in(User.objects.create(username="clerk", is_staff=True))
    assert client.get(reverse("admin:index")).status_code == 200
    assert client.get(changelist(Judgment)).status_code == 403


def test_roles_are_not_changed_here_but_on_the_page_of_members(team: Team) -> None:
    root = team.signed_in(User.objects.create_superuser("root"))
    member = team.project.memberships.get(user=team.rui)
    for row in (team.project, team.rui, member):
        assert 'name="memberships-0-role"' not in root.get(page(row)).content.decode()
    assert root.post(page(member), {"role": "owner"}).status_code == 403
    assert root.post(page(member, "delete"), {"post": "yes"}).status_code == 403
    assert root.get(changelist(Membership) + "add/").status_code == 403

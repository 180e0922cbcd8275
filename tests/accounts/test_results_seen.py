"""Who has seen the arms' names is known for good, however their role changes."""

import pytest
from django.db import connection
from django.db.models import ProtectedError
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evalhub.accounts.models import Membership, Project, ResultsSeen, Role, User
from evalhub.accounts.results_seen import set_role
from tests.cast import Team, a_team

STUDIES = "site:studies"


def seen(user: User) -> list[tuple[str, str]]:
    return list(ResultsSeen.objects.filter(user=user).values_list("project__slug", "how"))


def test_whoever_is_shown_results_is_recorded_once(eva: Client, team: Team) -> None:
    eva.get(reverse(STUDIES))
    eva.get(reverse("site:runs"))
    assert seen(team.eva) == [("support-desk", "was shown results")]


def test_only_the_first_page_costs_more_for_it(eva: Client, team: Team) -> None:
    asked = []
    for _ in range(3):
        with CaptureQueriesContext(connection) as queries:
            eva.get(reverse(STUDIES))
        asked.append(len(queries))
    assert asked[0] == asked[1] + 1
    assert asked[1] == asked[2]


def test_a_reviewer_who_is_refused_has_seen_nothing(rui: Client, team: Team) -> None:
    assert rui.get(reverse(STUDIES)).status_code == 403
    assert seen(team.rui) == []


def test_a_project_of_which_one_is_no_member_is_not_seen(eva: Client, team: Team) -> None:
    a_team("Others", "others")
    Membership.objects.filter(project__slug="others", user=team.eva).delete()
    eva.get(reverse(STUDIES))
    assert seen(team.eva) == [("support-desk", "was shown results")]


@pytest.mark.parametrize("role", [Role.OWNER, Role.EVALUATOR])
def test_a_role_that_sees_results_counts_from_the_moment_it_is_given(
    team: Team, role: Role
) -> None:
    set_role(project=team.project, user=team.rui, role=role)
    set_role(project=team.project, user=team.rui, role=Role.REVIEWER)
    assert seen(team.rui) == [("support-desk", f"was {role}")]
    assert team.project.memberships.get(user=team.rui).role == Role.REVIEWER


def test_a_reviewer_s_role_is_no_exposure(team: Team) -> None:
    set_role(project=team.project, user=team.sam, role=Role.REVIEWER)
    assert seen(team.sam) == []


def test_the_admin_s_pages_show_every_project(admin: Client, team: Team) -> None:
    admin.get(reverse("admin:index"))
    assert seen(User.objects.get(username="root")) == [("support-desk", "administers the site")]


def test_who_administered_the_site_has_seen_every_project(admin: Client, team: Team) -> None:
    root = User.objects.get(username="root")
    a_team("Others", "others")
    root.is_superuser = root.is_staff = True
    answer = admin.post(
        reverse("admin:accounts_user_change", args=[root.pk]),
        {
            "username": "root",
            "is_active": "on",
            "date_joined_0": "2026-01-01",
            "date_joined_1": "00:00:00",
            "memberships-TOTAL_FORMS": 0,
            "memberships-INITIAL_FORMS": 0,
        },
    )
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    root.refresh_from_db()
    assert not root.is_staff
    assert {project for project, _ in seen(root)} == {"others", "support-desk"}


def test_the_record_keeps_its_project(eva: Client, team: Team) -> None:
    eva.get(reverse(STUDIES))
    with pytest.raises(ProtectedError):
        Project.objects.all().delete()
    assert seen(team.eva)


@pytest.fixture
def admin(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client

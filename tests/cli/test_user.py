"""`evalhub user`: people and their sign-in links, at the command line and then by HTTP."""

import json
import re
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from evalhub.accounts.models import Project, Role, User
from evalhub.accounts.people import first_owner
from evalhub.cli.app import run
from tests.cast import Team

pytestmark = pytest.mark.django_db


def signs_in(printed: str) -> str:
    """Who is signed in by the link that was printed."""
    found = re.search(r"https?://\S+", printed)
    assert found
    answer = Client().post(urlsplit(found[0]).path, follow=True)
    assert answer.status_code == 200
    return str(answer.context["user"].username)


def test_a_newcomer_makes_an_owner_with_a_project_and_signs_in(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["user", "add", "nour", "--project", "support", "--role", "owner"]) == 0
    assert signs_in(capsys.readouterr().out) == "nour"
    user = User.objects.get(username="nour")
    assert not user.has_usable_password()
    assert not user.is_superuser
    membership = user.memberships.get()
    assert (membership.project.slug, membership.role) == ("support", "owner")


def test_a_second_link_and_the_first_both_work(capsys: pytest.CaptureFixture[str]) -> None:
    run(["user", "add", "nour", "--superuser", "--url", "https://evalhub.example.org/"])
    first = capsys.readouterr().out
    assert "  https://evalhub.example.org/accounts/sign-in/" in first
    assert run(["user", "link", "nour"]) == 0
    assert signs_in(capsys.readouterr().out) == "nour"
    assert signs_in(first) == "nour"
    assert User.objects.get(username="nour").is_superuser


def test_a_link_says_which_address_it_assumes(
    capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    run(["user", "add", "nour"])
    printed = capsys.readouterr()
    assert "  http://localhost:8000/accounts/sign-in/" in printed.out
    assert "this assumes http://localhost:8000" in printed.err
    settings.SITE_URL = "https://evalhub.example.org:8443"
    run(["user", "link", "nour"])
    printed = capsys.readouterr()
    assert "  https://evalhub.example.org:8443/accounts/sign-in/" in printed.out
    assert printed.err == ""


@pytest.mark.parametrize("url", ["evalhub.example.org", "https://evalhub.example.org/evals"])
def test_an_address_that_cannot_be_makes_no_user(
    capsys: pytest.CaptureFixture[str], url: str
) -> None:
    assert run(["user", "add", "nour", "--url", url]) == 64
    printed = " ".join(capsys.readouterr().err.split())
    assert "--url: it is a scheme and a host, such as https://evalhub.example.org" in printed
    assert not User.objects.exists()


def test_a_pipeline_reads_the_link_from_json(
    capsys: pytest.CaptureFixture[str], team: Team
) -> None:
    given = ["--project", "support-desk", "--role", "reviewer", "--json"]
    assert run(["user", "add", "nour", *given]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["user"], told["seconds"]) == ("nour", 3600)
    assert signs_in(told["link"]) == "nour"


def test_the_list_says_who_may_do_what(capsys: pytest.CaptureFixture[str], team: Team) -> None:
    User.objects.filter(username="sam").update(is_superuser=True, is_active=False)
    assert run(["user", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "eva: evaluator of support-desk",
        "olga: owner of support-desk",
        "rui: reviewer of support-desk",
        "ruth: reviewer of support-desk",
        "sam: not active, superuser",
    ]
    assert run(["user", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0] == {
        "user": "eva",
        "active": True,
        "superuser": False,
        "roles": {"support-desk": "evaluator"},
        "last_login": None,
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "olga"], "`evalhub user link olga`"),
        (["add", "two words"], "'two words' can't be a user's name"),
        (["add", "nour", "--role", "owner"], "--project and --role go together"),
        (["add", "nour", "--project", "support-desk"], "--project and --role go together"),
        (
            ["add", "nour", "--project", "suport", "--role", "reviewer"],
            "there is no project 'suport' (projects: support-desk)",
        ),
        (["add", "nour", "--project", "A b", "--role", "owner"], "there is no project 'A b'"),
        (["link", "nour"], "`evalhub user add nour`"),
    ],
)
def test_what_can_not_be_is_wrong_usage_and_makes_nobody(
    arguments: list[str], said: str, team: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["user", *arguments]) == 64
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""
    assert User.objects.count() == 5
    assert Project.objects.count() == 1


def test_a_home_without_users_gets_an_owner_of_every_project(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOGNAME", "Nour Haddad")
    Project.objects.create(slug="tutorial", name="Tutorial")
    owner = first_owner()
    assert owner is not None
    assert (owner.username, owner.is_superuser) == ("nour-haddad", True)
    assert not owner.has_usable_password()
    assert [(each.project.slug, each.role) for each in owner.memberships.all()] == [
        ("tutorial", Role.OWNER)
    ]
    assert first_owner() is None


@pytest.mark.parametrize("name", ["root", "名前", ""])
def test_where_the_system_has_no_name_for_them_they_are_the_owner(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, name)
    owner = first_owner()
    assert owner is not None
    if name:
        assert owner.username == "owner"
    client = Client()
    client.force_login(owner)
    assert client.get(reverse("home"), follow=True).status_code == 200
    assert Project.objects.get().slug == "default"


def test_a_home_with_users_gets_no_owner(team: Team) -> None:
    assert first_owner() is None

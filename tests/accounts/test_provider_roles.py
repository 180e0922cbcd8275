"""The identity provider's groups give roles, at each sign-in by it and at no other."""

import logging
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from evalhub.accounts.models import LogEntry, Membership, Project, ResultsSeen, Role, User
from evalhub.accounts.provider_roles import provider_groups
from evalhub.cli.app import run
from evalhub.database.rows import OUR_ROW
from evalhub.database.version import digest
from evalhub.env import identity_provider, provider_roles
from tests.accounts.test_provider import begin, provider, sign_in
from tests.cast import Team
from tests.fakes.oidc_server import OIDCServer

__all__ = ["provider"]
pytestmark = pytest.mark.django_db
ROLES = {"owner": ["owners"], "evaluator": ["engineers"], "reviewer": ["support", "contractors"]}


@pytest.fixture(autouse=True)
def mapped(settings: Settings, team: Team) -> None:
    Project.objects.create(slug="elsewhere", name="Elsewhere")
    settings.OIDC_ROLES = {"support-desk": ROLES}


def role_after(server: OIDCServer, *groups: str) -> str | None:
    """Nora's role in the project once she has signed in with these groups."""
    server.person["groups"] = list(groups)
    person = sign_in(server).context["user"]
    row = Membership.objects.filter(user=person, project__slug="support-desk").first()
    return row.role if row else None


def noted() -> list[tuple[str, str]]:
    rows = LogEntry.objects.filter(action__in=["role-changed", "member-removed"]).order_by("pk")
    return [(entry.action, entry.what) for entry in rows.filter(about__username="nora")]


def test_each_sign_in_gives_the_highest_role_and_takes_away_what_the_groups_do_not_give(
    provider: OIDCServer,
) -> None:
    assert role_after(provider, "cooks") is None
    assert role_after(provider, "support") == "reviewer"
    assert role_after(provider, "contractors", "support") == "reviewer"
    assert role_after(provider, "support", "engineers") == "evaluator"
    assert role_after(provider, "owners", "support") == "owner"
    assert role_after(provider, "engineers") == "evaluator"
    assert role_after(provider) is None
    by = ", by the identity provider’s groups"
    assert noted() == [
        ("role-changed", f"reviewer{by}"),
        ("role-changed", f"reviewer → evaluator{by}"),
        ("role-changed", f"evaluator → owner{by}"),
        ("role-changed", f"owner → evaluator{by}"),
        ("member-removed", f"evaluator{by}"),
    ]
    assert ResultsSeen.objects.filter(user__username="nora", project__slug="support-desk").exists()


def test_other_projects_and_other_people_are_left_alone(provider: OIDCServer, team: Team) -> None:
    before = set(Membership.objects.values_list("user__username", "role"))
    assert role_after(provider, "support") == "reviewer"
    nora = User.objects.get(username="nora")
    elsewhere = Project.objects.get(slug="elsewhere")
    Membership.objects.create(project=elsewhere, user=nora, role=Role.OWNER)
    assert role_after(provider, "cooks") is None
    assert Membership.objects.get(user=nora).project == elsewhere
    assert (
        set(Membership.objects.exclude(user=nora).values_list("user__username", "role")) == before
    )


def test_signing_in_otherwise_changes_no_role(provider: OIDCServer, team: Team) -> None:
    assert role_after(provider, "support") == "reviewer"
    nora = User.objects.get(username="nora")
    nora.set_password("a long passphrase")
    nora.save()
    provider.person["groups"] = []
    team.signed_in(nora).get(reverse("home"))
    client = Client()
    client.post(reverse("accounts:login"), {"login": "nora", "password": "a long passphrase"})
    assert "_auth_user_id" in client.session
    assert Membership.objects.get(user=nora).role == "reviewer"


def test_connecting_an_account_gives_no_role(provider: OIDCServer, team: Team) -> None:
    """Eva's account is connected to an identity in the owners' group; she isn't signing in."""
    provider.person["groups"] = ["owners"]
    sign_in(provider, team.signed_in(team.eva), process="connect")
    assert Membership.objects.get(user=team.eva).role == "evaluator"


def test_the_only_owner_stays_and_the_log_warns(
    provider: OIDCServer, team: Team, caplog: pytest.LogCaptureFixture
) -> None:
    assert role_after(provider, "owners") == "owner"
    Membership.objects.filter(user=team.olga).delete()
    with caplog.at_level(logging.WARNING):
        assert role_after(provider, "support") == "owner"
        assert role_after(provider) == "owner"
    assert "is the only owner of" in caplog.text
    assert [action for action, _ in noted()] == ["role-changed"]


@pytest.mark.parametrize("claims", [{}, {"groups": None}, {"groups": {"owners": True}}])
def test_without_a_usable_claim_a_person_is_in_no_group_and_the_log_warns(
    provider: OIDCServer, claims: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert role_after(provider, "support") == "reviewer"
    del provider.person["groups"]
    provider.person |= claims
    sign_in(provider)
    assert not Membership.objects.filter(user__username="nora").exists()
    assert "it has no claim 'groups'" in caplog.text


def test_a_project_that_is_not_there_is_logged_and_doctor_names_it(
    provider: OIDCServer, settings: Settings, caplog: pytest.LogCaptureFixture, capsys: Any
) -> None:
    settings.OIDC_ROLES = {"suport-desk": ROLES, "support-desk": ROLES}
    assert role_after(provider, "support") == "reviewer"
    assert "names a project 'suport-desk', which isn't there" in caplog.text
    assert not Project.objects.filter(slug="suport-desk").exists()
    recorder = MigrationRecorder(connection)  # the tests' PostgreSQL is migrated without it
    recorder.migration_qs.filter(app=OUR_ROW).delete()
    recorder.record_applied(OUR_ROW, digest())
    assert run(["doctor"]) == 69
    assert "names projects that aren't there: suport-desk" in " ".join(
        capsys.readouterr().out.split()
    )


def test_the_scopes_are_asked_for(provider: OIDCServer, settings: Settings) -> None:
    whole = identity_provider(provider.url, "evalhub", "s", "", "groups offline_access")
    app = provider.app() | {"settings": whole["settings"]}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
    address = begin(Client(), provider)
    scopes = parse_qs(urlsplit(address).query)["scope"][0].split()
    assert set(scopes) == {"openid", "profile", "email", "groups", "offline_access"}


@pytest.mark.parametrize(
    ("claims", "claim", "groups"),
    [
        ({"userinfo": {"groups": ["a"]}, "id_token": {"groups": ["b"]}}, "groups", {"a"}),
        ({"userinfo": {"sub": "7"}, "id_token": {"groups": ["b", 7]}}, "groups", {"b"}),
        ({"id_token": {"groups": "one group"}}, "groups", {"one group"}),
        ({"userinfo": {"realm_access": {"roles": ["a"]}}}, "realm_access.roles", {"a"}),
        ({"userinfo": {"https://x.example/g": ["a"]}}, "https://x.example/g", {"a"}),
        ({"userinfo": {"groups": []}}, "groups", set()),
        ({"userinfo": {"realm_access": "roles"}}, "realm_access.roles", None),
        ({"userinfo": {}}, "groups", None),
    ],
)
def test_groups_are_read_from_the_claim(
    claims: dict[str, Any], claim: str, groups: set[str] | None
) -> None:
    assert provider_groups(claims, claim) == groups


JSON = '{"support": {"owner": ["owners"]}}'
TOML = '[support]\nowner = ["owners"]\n'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", '{"support": {"owner": ["owners"]}}'),
        ("r.toml", TOML),
        ("r.json", '{"support": {"owner": ["owners"]}}'),
    ],
)
def test_the_setting_is_a_document_or_a_file(tmp_path: Path, name: str, text: str) -> None:
    said = text
    if name:
        (tmp_path / name).write_text(text)
        said = str(tmp_path / name)
    assert provider_roles(said) == {"support": {"owner": ["owners"]}}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"support": ', "EVALHUB_OIDC_ROLES: "),
        ("/nowhere/roles.toml", "/nowhere/roles.toml can't be read: No such file"),
        ('{"support": ["owners"]}', "project 'support': has roles with their groups"),
        ('{"support": {}}', "project 'support': has roles with their groups"),
        ('{"support": {"onwer": ["o"]}}', "a role is owner, evaluator, reviewer, not 'onwer'"),
        ('{"support": {"owner": "o"}}', "role 'owner': a list of groups' names"),
        ('{"support": {"owner": [7]}}', "role 'owner': a list of groups' names"),
    ],
)
def test_what_can_not_be_is_refused_at_the_start(text: str, why: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        provider_roles(text)
    assert why in str(refused.value)

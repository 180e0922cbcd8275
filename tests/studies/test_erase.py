"""A person is erased: no file of the home holds their address, and all evidence stands."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.contrib.sessions.models import Session

from evalhub.accounts.members import invite_member
from evalhub.accounts.models import (
    Action,
    LogEntry,
    MemberInvitation,
    Membership,
    Role,
    SignInLink,
    User,
)
from evalhub.accounts.people import UserError, add_user
from evalhub.accounts.sign_in import sign_in_path
from evalhub.features.erasure.erase import erase_user
from evalhub.features.table import PERSON_ERASERS
from evalhub.io.canonical import digest_of
from reviews.chain.verify import verify
from reviews.models import Judgment, ReviewerState
from tests.cast import a_run, a_team, a_test_set, a_version
from tests.database.homes import a_home, decisions, evalhub
from tests.reviews.asking import a_review
from tests.reviews.judged import judge_all

ADDRESS = "ruth.almond@example.org"

pytestmark = pytest.mark.heavy


@pytest.fixture
def home(tmp_path: Path) -> Path:
    a_home(tmp_path)
    with closing(sqlite3.connect(tmp_path / "home" / "evalhub.sqlite3")) as database, database:
        database.execute("UPDATE accounts_user SET email = ? WHERE username = 'ruth'", [ADDRESS])
        database.execute(
            "UPDATE reviews_invitation SET email = ?, account_id = NULL WHERE reviewer_id IN "
            "(SELECT r.id FROM reviews_reviewer r JOIN accounts_user u ON u.id = r.user_id "
            "WHERE u.username = 'ruth')",
            [ADDRESS],
        )
    return tmp_path


def holders(home: Path) -> list[str]:
    files = [path for path in (home / "home").rglob("*") if path.is_file()]
    return [path.name for path in files if ADDRESS.encode() in path.read_bytes()]


def test_no_file_holds_the_address_and_the_evidence_stands(home: Path) -> None:
    before = decisions(home)
    assert holders(home)
    erased = evalhub("user", "erase", "ruth", "--yes", at=home)
    assert erased.returncode == 0, erased.stderr
    assert holders(home) == []
    assert decisions(home) == before
    verified = evalhub("review", "verify", at=home)
    assert (verified.returncode, "✗" in verified.stdout) == (0, False), verified.stdout
    audited = evalhub("review", "audit", "1", at=home)
    assert "The plan is the one that was sealed; so are all texts." in audited.stdout
    assert "ruth:" not in evalhub("user", "list", at=home).stdout


def test_a_sign_off_stands_and_names_nobody(home: Path) -> None:
    """Its digest covers a number of the person, never their name."""
    assert evalhub("user", "add", "root", "--superuser", at=home).returncode == 0
    made = evalhub("user", "add", "nour", "--project", "support-desk", "--role", "owner", at=home)
    assert made.returncode == 0, made.stderr
    [(record, digest)] = before = sign_offs(home)
    erased = evalhub("user", "erase", "olga", "--yes", "--json", at=home)
    assert json.loads(erased.stdout)["named_in"] == []
    assert sign_offs(home) == before
    assert digest_of(json.loads(record)) == digest
    assert "olga" not in record


def sign_offs(home: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(home / "home" / "evalhub.sqlite3")) as database:
        return database.execute("SELECT record, digest FROM ledger_signoff").fetchall()


def test_a_name_that_nobody_has_is_a_usage_error(home: Path) -> None:
    done = evalhub("user", "erase", "nobody", "--yes", at=home)
    assert (done.returncode, "there is no user nobody" in done.stderr) == (64, True)


@pytest.mark.django_db
def test_who_alone_owns_a_project_or_the_site_is_refused() -> None:
    team = a_team()
    with pytest.raises(UserError, match="only owner of support-desk"):
        erase_user(name=team.olga.username, erasers=PERSON_ERASERS)
    add_user(name="root", superuser=True)
    with pytest.raises(UserError, match="alone administers"):
        erase_user(name="root", erasers=PERSON_ERASERS)


@pytest.mark.django_db
def test_what_a_reviewer_said_is_still_followed_without_a_name() -> None:
    team = a_team()
    asked = a_test_set(team, items=6)
    first, second = (a_version(team, slug) for slug in ("heron", "osprey"))
    campaign = a_review(
        baseline_run=a_run(first, asked, scores=[1] * 6),
        candidate_run=a_run(second, asked, scores=[0] * 6),
        items=6,
        by=team.olga,
    )
    judge_all(campaign, {"quentin": lambda position: "candidate"})
    said, person = Judgment.objects.count(), User.objects.get(username="quentin")
    name = erase_user(name="quentin", erasers=PERSON_ERASERS).name
    person.refresh_from_db()
    assert (person.username, person.is_active, person.email) == (name, False, "")
    assert not person.has_usable_password()
    assert not Membership.objects.filter(user=person, role=Role.REVIEWER).exists()
    assert Judgment.objects.count() == said > 0
    assert verify(campaign).faults == []
    reviewer = campaign.reviewers.get(user=person)
    assert (reviewer.state, "quentin" in reviewer.key) == (ReviewerState.REMOVED, False)
    [entry] = LogEntry.objects.filter(action=Action.ERASED)
    assert (entry.about, entry.what, entry.detail) == (person, "", {})
    assert not User.objects.filter(username="quentin").exists()


@pytest.mark.django_db
def test_every_way_in_goes_and_nobody_elses() -> None:
    team = a_team()
    theirs, others = team.signed_in(team.ruth), team.signed_in(team.rui)
    for person in (team.ruth, team.rui):
        EmailAddress.objects.create(user=person, email=person.email)
        SocialAccount.objects.create(user=person, provider="team", uid=person.username)
        sign_in_path(person)
    invite_member(
        project=team.project, whom="ruth@elsewhere.example", role=Role.REVIEWER, by=team.olga
    )
    User.objects.filter(pk=team.ruth.pk).update(email="Ruth@elsewhere.example")
    erase_user(name="ruth", erasers=PERSON_ERASERS)
    for model in (EmailAddress, SocialAccount, SignInLink, Session):
        assert model._default_manager.count() == 1
    assert MemberInvitation.objects.count() == 0
    assert theirs.get("/").status_code == 302
    assert "_auth_user_id" in others.session

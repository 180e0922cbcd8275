"""Whoever only reads changes nothing: each address of the site is read, and every write counted."""

import re
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from evalhub.accounts.models import User
from evalhub.declare.review import Design
from evalhub.ledger.decide import decide_study
from evalhub.registry.models import Run, StudyRun
from reviews.joining.invite import invite
from reviews.models import Assignment, Campaign, Invitation
from reviews.planning.campaign import close_campaign, open_campaign
from tests.cast import Team
from tests.site.cases import a_measured_study

REMEMBERED = "accounts_resultsseen"  # who has been shown results can't review blindly any more
# who opens a review is dealt a comparison, under a lease
DEALT = {"reviews_assignment", "reviews_dealing", "reviews_pair", "reviews_reviewer"}
# who looks at a review's results is in the audit log: once, and with each export, also of a study
NOTED = re.compile(
    r"/campaigns/\d+/(?:results/|audit/|audit.json|export/)$|/studies/\d+/study\.zip$"
)
# readiness tries a write every few seconds and rolls it back
TRIED = "django_migrations"
NOT_READ = (
    "accounts/sign-in/",
    "accounts/login/",
    "accounts/logout/",
    "reviews/join/",
    "accounts/join/",
)
WRITE = re.compile(r'\s*(?:INSERT INTO|INSERT OR IGNORE INTO|UPDATE|DELETE FROM)\s+"(\w+)"')


def routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[str]:
    """The addresses of the site as they are declared, but for the admin's."""
    for each in (resolver or get_resolver()).url_patterns:
        route = f"{before}{each.pattern}"
        if isinstance(each, URLPattern):
            yield route
        elif each.namespace != "admin":
            yield from routes(each, route)


def two_reviews(team: Team) -> tuple[Campaign, Campaign]:
    """One that goes on, in which Rui has a comparison before him, and one that has ended."""
    links = StudyRun.objects.filter(test_set__position=0, repeat=0)
    runs = [Run.objects.get(studies=link) for link in links.order_by("arm__position")[:2]]
    study = links[0].arm.study
    ended, open_ = (
        open_campaign(
            runs=runs, design=Design(items=items, reviewers_per_item=1), study=study, by=None
        )
        for items in (5, 6)
    )
    close_campaign(campaign=ended, by=None)
    Invitation.objects.create(
        campaign=open_, email="new@example.org", by=team.olga, expires=timezone.now()
    )
    team.signed_in(team.rui).get(reverse("reviews:campaign", args=[open_.pk]))
    return open_, ended


@pytest.fixture
def addresses(team: Team) -> list[str]:
    """Every address of the site, filled in."""
    study = a_measured_study(team)
    decision = decide_study(study=study)[0]
    open_, ended = two_reviews(team)
    run = Run.objects.get(studies__arm__study=study, studies=StudyRun.objects.earliest("pk"))
    pks = {
        "studies": [study.pk],
        "decisions": [decision.pk],
        "runs": [run.pk],
        "campaigns": [open_.pk, ended.pk],
        "reviews": [open_.pk],
        "test-sets": [run.test_set_version.test_set_id],
        "versions": [run.version_id],
    }
    others = {
        "number": "1",
        "reviewer": str(open_.reviewers.get().pk),
        "invitation": str(open_.invitations.get().pk),
        "token": str(Assignment.objects.get(reviewer__campaign=open_).token),
    }
    found = []
    for route in routes():
        if route.startswith(NOT_READ):
            continue
        for pk in pks.get(route.partition("/")[0], [0]):
            filled = re.sub(r"<\w+:(\w+)>", lambda m, pk=pk: others.get(m[1], str(pk)), route)
            found.append(f"/{filled}")
    queries = [
        f"?study={study.pk}",
        f"?campaign={open_.pk}",
        f"?runs={'-'.join(str(each.pk) for each in Run.objects.all()[:2])}",
    ]
    join = invite(campaign=open_, email="other@example.org", by=team.olga).path
    return [*found, join, *(f"/campaigns/new/{query}" for query in queries)]


def written(client: Client, address: str) -> set[str]:
    """The tables that a GET writes to."""
    with CaptureQueriesContext(connection) as asked:
        client.get(address)
        if address.startswith("/studies/"):
            client.get(address, headers={"HX-Request": "true"})
    return {match[1] for query in asked if (match := WRITE.match(query["sql"]))}


@pytest.mark.heavy
@pytest.mark.parametrize("person", ["olga", "eva", "rui", "sam"])
def test_reading_any_address_writes_nothing(team: Team, addresses: list[str], person: str) -> None:
    client = team.signed_in(getattr(team, person))
    client.get("/studies/")
    for address in addresses:
        dealt = DEALT if person == "rui" and address.startswith("/reviews/") else set()
        noted = {"accounts_logentry"} if NOTED.match(address) else set()
        noted |= {REMEMBERED} if address.endswith("/study.zip") else set()
        noted |= {TRIED} if address == "/readyz" else set()
        assert written(client, address) - dealt - noted == set(), address


@pytest.mark.heavy
def test_no_page_repeats_the_host_that_a_request_names(
    team: Team, addresses: list[str], settings: Settings
) -> None:
    """Where any host is answered to; what is told of the site is its address."""
    settings.SITE_URL, settings.ALLOWED_HOSTS = "https://evalhub.example.org:8443", ["*"]
    owner, reviewer = team.signed_in(team.olga), team.signed_in(team.rui)
    forged = {"Host": "evil.test", "X-Forwarded-Host": "evil.test"}
    repeating = []
    for address in [*addresses, "/accounts/login/", "/none/", "/studies"]:
        person = reviewer if address.startswith("/reviews/") else owner
        answer = person.get(address, headers=forged)
        content = b"" if answer.streaming else answer.content
        if b"evil.test" in content or "evil.test" in str(answer.headers):
            repeating.append(address)
    assert repeating == []


def test_being_shown_results_is_remembered_once(team: Team, addresses: list[str]) -> None:
    client = team.signed_in(team.olga)
    assert written(client, addresses[-1]) == {REMEMBERED}
    assert written(client, addresses[-1]) == set()


@pytest.mark.heavy
def test_looking_around_the_admin_writes_nothing(team: Team, addresses: list[str]) -> None:
    root = User.objects.create_superuser("root")
    client = Client()
    client.force_login(root)
    client.get(reverse("admin:index"))  # notes that root has seen every project
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert written(client, reverse(f"{name}_changelist")) == set(), name
        row = model._default_manager.first()
        if row is not None:
            assert written(client, reverse(f"{name}_change", args=[row.pk])) == set(), name

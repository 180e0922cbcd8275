"""A link to a decision for somebody without an account: what it shows, until when, to whom."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.models import LogEntry, ResultsSeen, Role
from evalhub.declare.review import Design
from evalhub.features.decision_links.models import DecisionLink
from evalhub.features.decision_links.sharing import share_decision, withdraw_link
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from evalhub.registry.models import Run
from reviews.planning.campaign import close_campaign, open_campaign
from tests.cast import Team
from tests.site.cases import a_measured_study

TEXT = "wrong, says triage-base"


@pytest.fixture
def decision(team: Team) -> Decision:
    return decide_study(study=a_measured_study(team))[0]


def path_of(team: Team, decision: Decision, *, texts: bool = False, days: int = 14) -> str:
    new = share_decision(decision=decision, by=team.olga, texts=texts, days=days)
    return "/shared/" + new.address.partition("/shared/")[2]


def made_on_the_page(client: Client, decision: Decision, **form: str) -> str:
    at = reverse("site:share_decision", args=[decision.pk])
    return client.post(at, {"days": "14", "texts": ""} | form, follow=True).text


def test_an_owner_makes_it_and_a_stranger_reads_the_report(
    team: Team, olga: Client, client: Client, decision: Decision
) -> None:
    page = made_on_the_page(olga, decision)
    address = re.search(r'value="(http[^"]+/shared/[^"]+)"', page)
    assert address is not None
    stranger = client.get("/shared/" + address[1].partition("/shared/")[2])
    assert stranger.status_code == 200
    assert decision.record["headline"] in stranger.text
    assert decision.digest in stranger.text
    assert "Shared by olga" in stranger.text
    assert address[1] not in olga.get(reverse("site:record", args=[decision.pk])).text
    assert DecisionLink.objects.get().digest not in address[1]


def test_it_leads_nowhere_else_and_no_search_engine_lists_it(
    team: Team, client: Client, decision: Decision
) -> None:
    response = client.get(path_of(team, decision))
    links = re.findall(r'<a [^>]*href="([^"]+)"', response.text)
    assert links
    assert all(each.startswith("#") for each in links)
    assert "<form" not in response.text
    assert '<meta name="robots" content="noindex, nofollow">' in response.text
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response.headers["Cache-Control"]
    assert "<style" not in response.text


def test_it_shows_no_item_text_unless_the_owner_chose_so(
    team: Team, olga: Client, client: Client, decision: Decision
) -> None:
    assert TEXT not in client.get(path_of(team, decision)).text
    assert TEXT in client.get(path_of(team, decision, texts=True)).text
    page = made_on_the_page(olga, decision, texts="yes")
    assert "with item texts" in page
    assert not {"olga@example.org", "rui@example.org"} & set(page.split())


@pytest.mark.parametrize("days", ["0", "91", "", "many"])
def test_it_ends_after_1_to_90_days(olga: Client, decision: Decision, days: str) -> None:
    assert "A link lasts 1 to 90 days" in made_on_the_page(olga, decision, days=days)
    assert not DecisionLink.objects.exists()


def test_it_opens_nothing_once_it_has_ended_or_was_withdrawn(
    team: Team, olga: Client, client: Client, decision: Decision
) -> None:
    ended, withdrawn = path_of(team, decision), path_of(team, decision)
    first, second = DecisionLink.objects.order_by("pk")
    DecisionLink.objects.filter(pk=first.pk).update(expires=timezone.now() - timedelta(seconds=1))
    olga.post(reverse("site:withdraw_decision_link", args=[second.pk]))
    for path in (ended, withdrawn, "/shared/wrong/"):
        response = client.get(path)
        assert response.status_code == 404
        assert "This link opens nothing" in response.text
        assert decision.record["headline"] not in response.text


def test_it_ends_with_the_ownership_of_who_made_it(
    team: Team, client: Client, decision: Decision
) -> None:
    path = path_of(team, decision)
    team.project.memberships.filter(user=team.olga).update(role=Role.EVALUATOR)
    assert client.get(path).status_code == 404
    team.project.memberships.filter(user=team.olga).update(role=Role.OWNER)
    assert client.get(path).status_code == 200
    team.olga.is_active = False
    team.olga.save()
    assert client.get(path).status_code == 404


def test_owners_alone_see_make_and_withdraw_links(team: Team, decision: Decision) -> None:
    path_of(team, decision)
    eva, link = team.signed_in(team.eva), DecisionLink.objects.get()
    assert 'id="shared"' not in eva.get(reverse("site:record", args=[decision.pk])).text
    assert eva.post(reverse("site:share_decision", args=[decision.pk])).status_code == 403
    assert eva.post(reverse("site:withdraw_decision_link", args=[link.pk])).status_code == 403
    assert DecisionLink.objects.get().withdrawn is None


def test_making_and_withdrawing_are_logged(team: Team, decision: Decision) -> None:
    link = share_decision(decision=decision, by=team.olga, days=3).link
    withdraw_link(link=link, by=team.olga)
    withdraw_link(link=link, by=team.olga)
    entries = LogEntry.objects.filter(action__in=["decision-shared", "decision-unshared"])
    assert [each.what for each in entries.order_by("pk")] == [
        f"decision {decision.pk} on {decision.study}, without item texts, for 3 days",
        f"decision {decision.pk} on {decision.study}",
    ]


def test_texts_wait_for_the_seal_of_a_review(team: Team, olga: Client, client: Client) -> None:
    study = a_measured_study(team)
    names = ["triage-base", "triage-lora"]
    runs = Run.objects.filter(
        version__model__slug__in=names, test_set_version__test_set__slug="triage-task"
    )
    design = Design(items=5, reviewers_per_item=1)
    ordered = list(runs.order_by("version__model__slug"))
    campaign = open_campaign(runs=ordered, design=design, study=study, by=None)
    decision = decide_study(study=study)[0]
    assert "share without them" in made_on_the_page(olga, decision, texts="yes")
    assert client.get(path_of(team, decision)).status_code == 200
    close_campaign(campaign=campaign, by=team.olga)
    path = path_of(team, decision, texts=True)
    assert TEXT in client.get(path).text
    again = open_campaign(runs=ordered, design=Design(items=6), study=study, by=None)
    assert TEXT not in client.get(path).text
    close_campaign(campaign=again, by=team.olga)
    assert TEXT in client.get(path).text


def test_a_reviewer_who_is_signed_in_is_refused_and_others_have_seen_results(
    team: Team, decision: Decision
) -> None:
    path = path_of(team, decision)
    refused = team.signed_in(team.rui).get(path)
    assert refused.status_code == 403
    assert decision.record["headline"] not in refused.text
    assert not ResultsSeen.objects.filter(user=team.rui).exists()
    assert team.signed_in(team.sam).get(path).status_code == 200
    seen = ResultsSeen.objects.get(user=team.sam, project=team.project)
    assert seen.how == "opened a link to a decision"

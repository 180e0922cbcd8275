"""Lists are narrowed, sorted and searched by their address, which can be shared."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Look
from evalhub.registry.models import Study, StudyRun
from reviews.planning.campaign import close_campaign
from tests.cast import Team, a_run, a_team, a_test_set, a_version
from tests.reviews.asking import a_review
from tests.site.cases import a_measured_study, many_like
from tests.tampering import rewritten

STUDIES = "/studies/"


def names(client: Client, address: str = STUDIES, **asked: str) -> list[str]:
    """What stands first in each row."""
    answer = client.get(address, asked)
    assert answer.status_code == 200
    return re.findall(r'<th scope="row"><a href="[^"]+">([^<]+)</a>', answer.text)


@pytest.fixture
def studies(team: Team) -> list[Study]:
    """One that is decided, and one that isn't."""
    found = [a_measured_study(team, items=4, slug=slug) for slug in ("triage", "answering")]
    decide_study(study=found[0])
    return found


@pytest.mark.usefixtures("studies")
def test_studies_are_narrowed_by_words_verdict_state_and_project(olga: Client, team: Team) -> None:
    verdict = Study.objects.get(slug="triage").decisions.first()
    assert verdict is not None
    assert names(olga) == ["Answering", "Triage"]
    assert names(olga, q="TRIA") == ["Triage"]
    assert names(olga, q="lora tri") == ["Triage"]  # an arm's name and its study's
    assert names(olga, verdict=verdict.verdict) == ["Triage"]
    assert names(olga, state="undecided") == ["Answering"]
    assert names(olga, state="failed") == []
    assert names(olga, project=team.project.slug, state="undecided") == ["Answering"]


@pytest.mark.usefixtures("studies")
def test_studies_are_sorted_by_a_column_either_way_and_what_lacks_it_stands_last(
    olga: Client,
) -> None:
    assert names(olga, sort="name") == ["Answering", "Triage"]
    assert names(olga, sort="-name") == ["Triage", "Answering"]
    assert names(olga, sort="decided") == names(olga, sort="-decided") == ["Triage", "Answering"]
    shown = olga.get(STUDIES, {"sort": "name", "q": "a"}).text
    assert 'aria-sort="ascending"' in shown
    assert 'href="?sort=-name&amp;q=a"' in shown  # the other way, and still searched


@pytest.mark.usefixtures("studies")
def test_what_an_address_asks_for_that_is_not_there_is_left_out_and_said(olga: Client) -> None:
    answer = olga.get(STUDIES, {"verdict": "splendid", "sort": "luck", "page": "many"})
    assert answer.status_code == 200
    assert "Nothing is listed by the verdict “splendid”: that is left out." in answer.text
    assert "Nothing is sorted by “luck”: that is left out." in answer.text
    assert names(olga, verdict="splendid") == ["Answering", "Triage"]


@pytest.mark.usefixtures("studies")
def test_where_nothing_is_as_asked_the_way_back_is_shown(olga: Client) -> None:
    shown = olga.get(STUDIES, {"q": "no such thing"}).text
    assert "Nothing matches. Remove a filter" in shown
    assert '<a href="/studies/">see all studies</a>' in shown


def test_pages_keep_what_was_asked_for(olga: Client, team: Team) -> None:
    Study.objects.bulk_create(
        Study(project=team.project, slug=f"s{n:02}", name=f"Number {n:02}") for n in range(30)
    )
    assert names(olga, q="number", sort="name")[-1] == "Number 24"
    assert names(olga, q="number", sort="name", page="2") == [f"Number {n}" for n in range(25, 30)]
    shown = olga.get(STUDIES, {"q": "number", "sort": "name"}).text
    assert 'rel="next" href="?q=number&amp;sort=name&amp;page=2"' in shown


def test_runs_are_narrowed_by_words_and_state(olga: Client, team: Team) -> None:
    questions = a_test_set(team, "questions", items=2)
    for slug in ("plain", "tuned"):
        a_run(a_version(team, slug), questions, scores=[1, 0])
    failed = a_run(a_version(team, "broken"), questions, scores=[1, None], answers=["a", None])
    assert failed.state == "failed"
    assert names(olga, "/runs/", q="tun QUEST") == ["tuned v1"]
    assert names(olga, "/runs/", state="failed") == ["broken v1"]
    assert names(olga, "/runs/", state="going") == []
    assert names(olga, "/runs/", sort="version") == ["broken v1", "plain v1", "tuned v1"]


@pytest.mark.usefixtures("studies")
def test_versions_say_what_is_known_of_each_and_are_narrowed_by_it(
    olga: Client, team: Team
) -> None:
    """Of 65 versions without scores one could tell nothing before."""
    a_run(a_version(team, "asked"), a_test_set(team, "some", items=2), scores=[1, 0])
    a_version(team, "checkpoint", notes="Epoch 3, lower learning rate")
    assert names(olga, "/versions/", evidence="none") == ["checkpoint v1"]
    assert "none: it has answered nothing" in olga.get("/versions/", {"q": "checkpoint"}).text
    answered = names(olga, "/versions/", evidence="answers")
    assert answered == ["answering-base v1", *answered[1:3], "asked v1", "triage-base v1"]
    assert "1 run, <span" in olga.get("/versions/", {"q": "asked"}).text
    decided = names(olga, "/versions/", evidence="verdict")
    assert decided == ["triage-lora v1", "triage-prompted v1"]
    study = Study.objects.get(slug="triage")
    in_study = f'in <a href="/studies/{study.pk}/?arm=triage-lora">Triage</a>'
    assert in_study in olga.get("/versions/", {"q": "triage-lora"}).text
    assert names(olga, "/versions/", q="epoch") == ["checkpoint v1"]
    assert names(olga, "/versions/", kind="few-shot", q="tria") == ["triage-prompted v1"]
    assert names(olga, "/versions/", stage="champion") == []


@pytest.mark.usefixtures("studies")
def test_test_sets_are_narrowed_by_what_they_have_been_asked(olga: Client) -> None:
    decided = ["triage-reading", "triage-task"]
    assert names(olga, "/test-sets/", state="unread") == ["answering-reading", "answering-task"]
    assert names(olga, "/test-sets/", state="spent") == []
    rewritten(Look.objects.get(test_set_version__test_set__slug="triage-task"), number=9)
    assert names(olga, "/test-sets/", state="spent") == ["triage-task"]
    assert names(olga, "/test-sets/", sort="-looks")[:2] == decided[::-1]
    assert names(olga, "/test-sets/", q="triage", purpose="task") == decided
    assert names(olga, "/test-sets/", purpose="safety") == []


@pytest.mark.usefixtures("studies")
def test_reviews_are_narrowed_by_where_they_are(olga: Client) -> None:
    links = StudyRun.objects.filter(arm__study__slug="triage", test_set__role="primary")
    runs = [links.get(arm__role=role).run for role in ("baseline", "candidate")]
    found = [
        a_review(baseline_run=runs[0], candidate_run=runs[1], items=4, seed=seed, name=name)
        for seed, name in enumerate(("Tone", "Facts"))
    ]
    close_campaign(campaign=found[1], by=None)
    assert names(olga, "/campaigns/") == ["Facts", "Tone"]
    assert names(olga, "/campaigns/", q="fact") == ["Facts"]
    assert names(olga, "/campaigns/", state="open") == names(olga, "/campaigns/", state="quiet")
    assert names(olga, "/campaigns/", state="quiet") == ["Tone"]
    assert names(olga, "/campaigns/", state="over") == ["Facts"]
    assert names(olga, "/campaigns/", state="unread") == ["Facts"]
    assert names(olga, "/campaigns/", state="paused") == []


@pytest.mark.usefixtures("studies")
def test_every_study_can_be_chosen_for_a_review(olga: Client) -> None:
    """Of more than 20 the others couldn't, and nothing said so."""
    study = Study.objects.get(slug="answering")
    many_like(Study.objects.get(slug="triage"), 28)
    offered = olga.get("/campaigns/").text
    assert len(re.findall(r'<option value="\d+">', offered)) == 20
    assert '<a class="button" href="/campaigns/choose/">Choose from all 30 studies</a>' in offered
    shown = [olga.get("/campaigns/choose/", {"page": page}).text for page in ("1", "2")]
    planned = re.findall(r'href="/campaigns/new/\?study=(\d+)"', "".join(shown))
    assert len(set(planned)) == len(planned) == Study.objects.count() == 30
    (found,) = re.findall(
        r'href="(/campaigns/new/\?study=\d+)"',
        olga.get("/campaigns/choose/", {"q": "answering"}).text,
    )
    assert found == f"/campaigns/new/?study={study.pk}"
    assert olga.get(found).status_code == 200


def test_another_teams_project_is_no_choice(team: Team) -> None:
    other = a_team("Others", "others")
    other.project.memberships.create(user=other.sam, role="evaluator")
    Study.objects.create(project=other.project, slug="theirs", name="Theirs")
    shown = other.signed_in(other.sam).get(STUDIES, {"project": team.project.slug})
    assert f"“{team.project.slug}”: that is left out" in shown.text


@pytest.mark.usefixtures("studies")
def test_every_page_below_a_list_leads_back_up(olga: Client) -> None:
    study = Study.objects.get(slug="triage")
    decision = study.decisions.first()
    assert decision is not None
    shown = olga.get(reverse("site:criterion", args=[decision.pk, 1])).text
    trail = re.search(r'<nav class="breadcrumbs" aria-label="Breadcrumbs">(.*?)</nav>', shown)
    assert trail is not None
    assert re.findall(r'<a href="([^"]+)">([^<]+)</a>', trail[1]) == [
        ("/studies/", "Studies"),
        (f"/studies/{study.pk}/?arm={decision.arm}", "Triage"),
        (f"/decisions/{decision.pk}/", f"Decision {decision.pk}"),
    ]
    assert "Breadcrumbs" not in olga.get(STUDIES).text  # nothing is above a list

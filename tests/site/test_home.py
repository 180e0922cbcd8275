"""The home says what needs somebody, each in a sentence with one way to do something about it."""

import datetime
import re
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Role
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Look
from evalhub.registry.models import Run, Study, StudyRun
from evalhub.registry.models.runs import RunState
from evalhub.registry.models.versions import VersionStage
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import read_study
from evalhub.studies.run.policy_change import change_policy
from evalhub.studies.run.register import register_study
from reviews.models import Campaign, Reviewer
from reviews.planning.campaign import close_campaign
from tests.cast import Team, a_run, a_team, a_test_set, a_version
from tests.reviews.asking import a_review
from tests.reviews.judged import a_reviewer
from tests.site.cases import a_measured_study
from tests.studies.desks import Desk, ran
from tests.tampering import rewritten

HOME = "/"
SECTION = re.compile(
    r'<section class="card" aria-labelledby="needs-([\w-]+)">(.*?)</section>', re.DOTALL
)
ROW = re.compile(r'<li><span>(.*?)</span> <a href="([^"]+)">(.*?)</a></li>')


def needs(client: Client) -> dict[str, list[tuple[str, str, str]]]:
    """By kind: each sentence, what may be done about it, and where."""
    text = client.get(HOME).text
    return {
        kind: [(said, action, url.replace("&amp;", "&")) for said, url, action in ROW.findall(of)]
        for kind, of in SECTION.findall(text)
    }


@pytest.fixture
def study(team: Team) -> Study:
    """A study that is decided; nothing of it needs anybody."""
    found = a_measured_study(team, items=8)
    decide_study(study=found)
    return found


def review_of(study: Study) -> Campaign:
    links = StudyRun.objects.filter(arm__study=study, test_set__role="primary")
    base, lora = (links.get(arm__role=role).run for role in ("baseline", "candidate"))
    return a_review(study=study, baseline_run=base, candidate_run=lora, items=5, name="Tone")


def test_where_nothing_needs_anybody_the_newest_verdicts_stand_alone(
    olga: Client, study: Study
) -> None:
    assert needs(olga) == {}
    shown = olga.get(HOME).text
    assert "Nothing waits for you." in shown
    assert f'<a href="/studies/{study.pk}/">Triage</a>' in shown
    assert study.decisions.filter(arm="triage-lora").get().record["headline"] in shown


def test_a_reviewer_starts_with_the_reviews_and_who_sees_no_results_is_told(
    rui: Client, stranger: Client, study: Study
) -> None:
    assert rui.get(HOME).headers["Location"] == "/reviews/"
    answer = stranger.get(HOME)
    assert (answer.status_code, "Ask an owner" in answer.text) == (403, True)


def test_a_failed_run_says_why_and_leads_there_until_it_goes_on(olga: Client, study: Study) -> None:
    run = Run.objects.latest("pk")
    Run.objects.filter(pk=run.pk).update(state=RunState.FAILED, error="the server\n was away")
    said = f"{run}: the server was away"
    assert needs(olga)["failed"] == [(said, "Look at why", f"/runs/{run.pk}/")]
    Run.objects.filter(pk=run.pk).update(state=RunState.DONE)
    assert needs(olga) == {}


def test_a_decision_is_stale_once_its_study_asks_otherwise(
    olga: Client, team: Team, tmp_path: Path
) -> None:
    desk = Desk(tmp_path)
    desk.study |= {"project": team.project.slug}
    study = ran(desk)
    (decision,) = decide_study(study=study)
    assert needs(olga) == {}
    register_study(read_study(desk.write(), OperatorFile()))  # the same again changes nothing
    assert needs(olga) == {}
    desk.study["policy"] = {"alpha": 0.01}
    register_study(read_study(desk.write(), OperatorFile()))
    ((said, action, url),) = needs(olga)["stale"]
    assert said.startswith(f"Shall we? ({decision.get_verdict_display()}, ")
    assert said.endswith("): Significance level: 0.01 (was 0.025).")
    assert (action, url) == ("Look and decide again", f"/studies/{study.pk}/?arm=tuned")
    assert study.name in olga.get("/studies/", {"state": "touched"}).text
    study.refresh_from_db()
    decide_study(study=study)
    assert needs(olga) == {}
    change_policy(study=study, by=team.olga, policy={"alpha": 0.02}, demands={})
    assert list(needs(olga)) == ["stale"]


def test_what_was_touched_and_is_as_it_was_is_not_stale(olga: Client, study: Study) -> None:
    run = StudyRun.objects.filter(arm__study=study, arm__role="candidate").latest("pk").run
    decided = study.decisions.latest("pk").created
    Run.objects.filter(pk=run.pk).update(finished=decided + datetime.timedelta(hours=1))
    assert needs(olga) == {}


def test_a_review_is_finished_until_somebody_has_read_it(olga: Client, study: Study) -> None:
    campaign = review_of(study)
    close_campaign(campaign=campaign, by=None)
    ((said, action, url),) = needs(olga)["ended"]
    assert said == "Tone has ended with 0 of 8 judgments, and nobody has read what they say."
    assert (action, url) == ("Read its results", f"/campaigns/{campaign.pk}/results/")
    assert olga.get(url).status_code == 200
    assert "ended" not in needs(olga)


def test_an_open_review_waits_for_people_until_somebody_answers(olga: Client, study: Study) -> None:
    campaign = review_of(study)
    told = ("Tone has 0 of 8 judgments, and nobody reviews it.", "Invite people")
    assert needs(olga)["quiet"] == [(*told, f"/campaigns/{campaign.pk}/#people")]
    reviewer = a_reviewer(campaign, "rui")
    assert needs(olga) == {}  # it has only just been opened
    since = timezone.now() - datetime.timedelta(days=3)
    Reviewer.objects.filter(pk=reviewer.pk).update(answered=since)
    assert "and nobody has answered since" in needs(olga)["quiet"][0][0]
    Reviewer.objects.filter(pk=reviewer.pk).update(answered=timezone.now())
    assert needs(olga) == {}


def test_a_review_that_its_owner_opens_is_asked_for(olga: Client, study: Study) -> None:
    test_set = study.test_sets.named().earliest("position").name
    review = {"test_set": test_set, "items": 5, "reviewers_per_item": 1, "open": "owner"}
    Study.objects.filter(pk=study.pk).update(review=review)
    ((said, action, url),) = needs(olga)["to-open"]
    assert said == "Triage asks people too, and its review waits for an owner to open it."
    assert (action, url) == ("Plan it", f"/campaigns/new/?study={study.pk}&test_set={test_set}")


def test_a_test_set_is_nearly_spent_at_its_fifth_look(olga: Client, study: Study) -> None:
    look = Look.objects.filter(test_set_version__test_set__slug="triage-task").latest("number")
    rewritten(look, number=4)
    assert needs(olga) == {}
    rewritten(look, number=5)
    ((said, action, url),) = needs(olga)["spent"]
    assert said.startswith("triage-task v1 is nearly spent: 5 looks were taken at its items")
    assert "needs 1.9 times those that the first needed" in said
    page = f"/test-sets/{look.test_set_version.test_set_id}/?version=1#ledger"
    assert (action, url) == ("See its ledger", page)
    rewritten(look, number=6)
    assert needs(olga)["spent"][0][0].startswith("triage-task v1 is spent: 6 looks")


def test_a_version_without_evidence_is_named_unless_it_needs_none(
    olga: Client, team: Team, study: Study
) -> None:
    version = a_version(team, "newest")
    ((said, action, url),) = needs(olga)["untried"]
    assert said.startswith("newest v1 was registered on ")
    assert (action, url) == ("Look at it", f"/versions/{version.pk}/")
    type(version).objects.filter(pk=version.pk).update(stage=VersionStage.RETIRED)
    assert needs(olga) == {}
    parent = a_version(team, "parent")
    child = a_version(team, "child", parent=parent)
    assert [url for *_, url in needs(olga)["untried"]] == [f"/versions/{child.pk}/"]
    a_run(child, a_test_set(team, "few", items=2), scores=[1, 0])
    assert needs(olga) == {}


def test_of_many_five_are_shown_and_the_others_a_click_away(olga: Client, team: Team) -> None:
    versions = [a_version(team, f"v{number}") for number in range(7)]
    found = needs(olga)["untried"]
    assert [url for *_, url in found] == [f"/versions/{each.pk}/" for each in versions[:1:-1]]
    assert '<a href="/versions/?evidence=none">See all of them</a>' in olga.get(HOME).text


def test_another_teams_needs_are_theirs(team: Team, study: Study) -> None:
    Run.objects.update(state=RunState.FAILED)
    a_version(team, "newest")
    close_campaign(campaign=review_of(study), by=None)
    other = a_team("Others", "others")
    other.project.memberships.create(user=other.sam, role=Role.OWNER)
    client = other.signed_in(other.sam)
    assert needs(client) == {}
    assert "Triage" not in client.get(HOME).text

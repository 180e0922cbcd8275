"""Reviews for those who run them: planned, opened, filled with people, followed, ended."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evalhub.registry.models import Run, Study
from evalhub.studies.run.reviewing import arms_to_review
from reviews.models import Campaign, Invitation
from reviews.planning.campaign import close_campaign
from tests.cast import Team, a_team
from tests.reviews.asking import a_review
from tests.reviews.judged import judge_all
from tests.site.cases import a_measured_study

LIST = reverse("site:campaigns")
HTMX = {"HX-Request": "true"}


@pytest.fixture
def study(team: Team) -> Study:
    return a_measured_study(team)


@pytest.fixture
def campaign(study: Study) -> Campaign:
    return a_campaign_of(study)


def a_campaign_of(study: Study, *, items: int = 10, seed: int = 1) -> Campaign:
    first, second = (arm.run for arm in arms_to_review(study, study.test_sets.all()[0].name)[:2])
    return a_review(
        study=study,
        baseline_run=first,
        candidate_run=second,
        items=items,
        reviewers_per_item=2,
        seed=seed,
    )


def plan_of(study: Study, **more: str) -> str:
    return reverse("site:new_campaign", query={"study": study.pk, **more})


def filled(page: Any, **changed: Any) -> dict[str, Any]:
    """The form of a page as it stands, with some fields changed."""
    form = page.context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {n: v for n, v in values.items() if v is not None and v is not False} | changed


def page_of(campaign: Campaign, name: str = "campaign", *more: int) -> str:
    return reverse(f"site:{name}", args=[campaign.pk, *more])


def test_the_list_has_every_review_and_how_far_it_is(
    olga: Client, campaign: Campaign, team: Team
) -> None:
    judge_all(campaign, {"rui": lambda _: "candidate"})
    shown = olga.get(LIST).text
    assert campaign.question in shown
    # judged straight into the tables, where nobody counts: the page shows what reviewers' rows say
    assert "of 20 judgments" in shown
    assert 'data-label="Reviewers">1</td>' in shown


def test_a_list_takes_as_many_queries_for_ten_reviews_as_for_one(
    olga: Client, study: Study
) -> None:
    a_campaign_of(study)
    olga.get(LIST)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            olga.get(LIST)
        return len(asked)

    few = queries()
    for seed in range(2, 11):
        a_campaign_of(study, seed=seed)
    assert queries() == few


def test_following_a_review_takes_as_many_queries_however_large_it_is(
    olga: Client, team: Team
) -> None:
    asked = []
    for items, people in ((4, ["rui"]), (40, ["rui", "ruth", "ann", "ben", "cleo"])):
        study = a_measured_study(team, items=2 * items, slug=f"size-{items}")
        campaign = a_campaign_of(study, items=items)
        judge_all(campaign, {name: lambda _: "tie" for name in people[:2]})
        for email in people:
            invite(olga, campaign, f"{email}@elsewhere.example")
        olga.get(page_of(campaign))
        with CaptureQueriesContext(connection) as queries:
            assert olga.get(page_of(campaign)).status_code == 200
        asked.append(len(queries))
    assert asked[0] == asked[1]


@pytest.mark.parametrize("person", ["rui", "sam"])
def test_nobody_else_sees_a_review(
    team: Team, campaign: Campaign, study: Study, person: str
) -> None:
    client = team.signed_in(getattr(team, person))
    for path in (LIST, plan_of(study), page_of(campaign), reverse("site:upload_pairs")):
        assert client.get(path).status_code == 403


def test_an_owner_of_another_project_finds_nothing(team: Team, campaign: Campaign) -> None:
    other = a_team("Others", "others")
    other.project.memberships.create(user=other.sam, role="owner")
    client = other.signed_in(other.sam)
    assert client.get(page_of(campaign)).status_code == 404
    assert client.get(plan_of(campaign.study or Study())).status_code == 404
    assert client.get(reverse("site:new_campaign") + f"?campaign={campaign.pk}").status_code == 404
    runs = "-".join(str(run.pk) for run in Run.objects.all()[:2])
    assert client.get(reverse("site:new_campaign") + f"?runs={runs}").status_code == 404
    assert client.post(page_of(campaign, "change_campaign"), {"verb": "close"}).status_code == 404
    assert client.post(page_of(campaign, "invite_people")).status_code == 404


def test_another_plan_starts_from_the_first_and_takes_its_place(
    olga: Client, campaign: Campaign
) -> None:
    path = reverse("site:new_campaign") + f"?campaign={campaign.pk}"
    page = olga.get(path)
    assert page.context["form"]["items"].value() == 10
    olga.post(path, filled(page, items=4) | {"open": "1"})
    later = Campaign.objects.get(supersedes=campaign)
    campaign.refresh_from_db()
    assert campaign.state == "closed"
    assert len(later.plan["items"]) == 4
    assert "superseded by" in olga.get(page_of(campaign)).text
    assert "takes the place of" in olga.get(page_of(later)).text


def test_a_study_without_runs_cannot_be_reviewed_yet(olga: Client, team: Team) -> None:
    study = Study.objects.create(project=team.project, slug="bare", name="Bare")
    answer = olga.get(plan_of(study), follow=True)
    assert "has no test set" in answer.text


def test_the_page_tells_who_is_where_and_never_what_they_prefer(
    olga: Client, campaign: Campaign
) -> None:
    before = olga.get(page_of(campaign)).text
    judge_all(campaign, {"rui": lambda _: "candidate"})
    shown = olga.get(page_of(campaign))
    assert "rui" in shown.text
    for word in ("candidate is", "prefer the candidate", "win score", "wins", "10 for"):
        assert word not in shown.text
    strip = re.compile(r'value="[^"]*"|<tr>.*?</tr>|[0-9a-f]{12,}|[0-9]+', re.DOTALL)
    judged_otherwise = a_twin(campaign, "baseline")
    other = olga.get(page_of(judged_otherwise)).text
    assert strip.sub("", other) == strip.sub("", shown.text), "the same page whoever is preferred"
    assert before != shown.text


def a_twin(campaign: Campaign, favour: str) -> Campaign:
    pair = campaign.pairs.latest("pk")
    assert pair.candidate_output is not None
    twin = a_review(
        study=campaign.study,
        baseline_run=pair.baseline_output.run,
        candidate_run=pair.candidate_output.run,
        items=10,
        reviewers_per_item=2,
        seed=7,
    )
    judge_all(twin, {"rui": lambda _: favour})
    return twin


def test_a_review_is_paused_resumed_and_closed(olga: Client, campaign: Campaign) -> None:
    path = page_of(campaign, "change_campaign")
    for verb, state in (("pause", "paused"), ("resume", "open"), ("close", "closed")):
        olga.post(path, {"verb": verb})
        campaign.refresh_from_db()
        assert campaign.state == state
    answer = olga.post(path, {"verb": "resume"}, follow=True)
    assert "This review is closed" in answer.text
    assert olga.post(path, {"verb": "unseal"}).status_code == 404
    done = campaign.events.exclude(kind="opened").values_list("kind", "by__username")
    assert list(done) == [(kind, "olga") for kind in ("paused", "resumed", "closed", "sealed")]


def test_an_evaluator_does_not_close_a_review_and_reads_why(
    eva: Client, campaign: Campaign
) -> None:
    assert "Close…" not in eva.get(page_of(campaign)).text
    answer = eva.post(page_of(campaign, "change_campaign"), {"verb": "close"})
    assert answer.status_code == 403
    assert "Only an owner of support-desk can close a review" in answer.text
    campaign.refresh_from_db()
    assert campaign.state == "open"


def invite(client: Client, campaign: Campaign, emails: str, **more: str) -> Any:
    path = page_of(campaign, "invite_people")
    return client.post(path, {"emails": emails, **more}, follow=True)


def test_several_people_are_invited_at_once_and_each_refusal_is_said(
    olga: Client, team: Team, campaign: Campaign
) -> None:
    emails = f"nora@example.org, max@example.org\n{team.eva.email} nonsense"
    shown = invite(olga, campaign, emails, quota="20", tags="DE law").text
    assert "nora@example.org is invited." in shown
    assert "aren’t shown again" in shown
    assert "judge blindly" in shown
    assert "nonsense: “nonsense” isn" in shown
    found = Invitation.objects.order_by("pk")
    assert [(each.email, each.quota, each.tags) for each in found] == [
        ("nora@example.org", 20, ["de", "law"]),
        ("max@example.org", 20, ["de", "law"]),
    ]
    links = re.findall(r"http://localhost:8000/reviews/join/[^\"]+", shown)
    assert len(set(links)) == 2
    assert "Name the people to invite" in invite(olga, campaign, " ").text


def invite_form(shown: str) -> str:
    """What stands beside the form by which people are invited, and the form."""
    return shown.split("<h3>Invite</h3>")[1].split("</form>")[0]


def test_who_was_refused_stands_in_the_form_again_beside_the_reason(
    olga: Client, team: Team, campaign: Campaign
) -> None:
    typed = {"quota": "20", "tags": "DE law"}
    shown = invite(olga, campaign, f"nora@example.org {team.eva.email} nonsense", **typed).text
    form = invite_form(shown)
    for said in ("nora@example.org is invited.", "judge blindly", "nonsense: “nonsense” isn"):
        assert said in form
    assert f">{team.eva.email}\nnonsense</textarea>" in form
    assert 'value="20"' in form
    assert 'value="DE law"' in form
    shown = invite(olga, campaign, "nonsense", **typed)
    assert shown.redirect_chain == [(page_of(campaign) + "#invited", 302)]
    assert ">nonsense</textarea>" in invite_form(shown.text)
    assert 'id="invited"' not in olga.get(page_of(campaign)).text  # once


@pytest.mark.parametrize("quota", ["0", "-3", "many", "1.5", "123456789"])
def test_a_quota_that_is_none_invites_nobody_and_keeps_what_was_typed(
    olga: Client, campaign: Campaign, quota: str
) -> None:
    form = invite_form(invite(olga, campaign, "nora@example.org", quota=quota).text)
    assert f"Most judgments of each: a whole number, 1 or more, or nothing; not “{quota}”" in form
    assert ">nora@example.org</textarea>" in form
    assert not Invitation.objects.exists()


def test_where_all_are_invited_the_form_is_empty_again(
    olga: Client, team: Team, campaign: Campaign
) -> None:
    form = invite_form(invite(olga, campaign, team.rui.username, quota="5").text)
    assert f"{team.rui.username} is invited." in form
    assert "></textarea>" in form
    assert 'value="5"' not in form


def test_the_links_shown_let_people_in(olga: Client, campaign: Campaign) -> None:
    shown = invite(olga, campaign, "nora@example.org").text
    link = re.search(r"http://localhost:8000(/reviews/join/[^\"]+)", shown)
    assert link
    assert Client().post(link[1]).status_code == 302
    page = olga.get(page_of(campaign)).text
    assert "nora@example.org" in page
    assert link[1] not in page


def test_an_invitation_is_withdrawn(olga: Client, campaign: Campaign) -> None:
    invite(olga, campaign, "nora@example.org")
    made = Invitation.objects.get()
    olga.post(page_of(campaign, "withdraw_invitation", made.pk))
    assert not Invitation.objects.exists()


def test_a_reviewer_is_paused_let_in_removed_and_given_a_quota(
    olga: Client, team: Team, campaign: Campaign
) -> None:
    team.signed_in(team.rui).get(reverse("reviews:campaign", args=[campaign.pk]))
    reviewer = campaign.reviewers.get()
    path = page_of(campaign, "change_reviewer", reviewer.pk)
    for verb, state in (("pause", "paused"), ("let-in", "active"), ("remove", "removed")):
        olga.post(path, {"verb": verb})
        reviewer.refresh_from_db()
        assert reviewer.state == state
    for given, kept in (("7", 7), ("", None), ("many", None)):
        olga.post(path, {"verb": "quota", "quota": given})
        reviewer.refresh_from_db()
        assert reviewer.quota == kept
    assert "1 or more" in olga.post(path, {"verb": "quota", "quota": "0"}, follow=True).text
    assert olga.post(path, {"verb": "promote"}).status_code == 404


def test_a_closed_review_offers_nothing_to_do(olga: Client, campaign: Campaign) -> None:
    close_campaign(campaign=campaign, by=None)
    shown = olga.get(page_of(campaign)).text
    assert 'name="emails"' not in shown
    assert 'value="pause"' not in shown


def test_what_was_done_to_a_review_is_told_with_who_did_it(
    olga: Client, team: Team, campaign: Campaign
) -> None:
    team.signed_in(team.rui).get(reverse("reviews:campaign", args=[campaign.pk]))
    path = page_of(campaign, "change_reviewer", campaign.reviewers.get().pk)
    for given in ({"verb": "remove"}, {"verb": "quota", "quota": "7"}, {"verb": "quota"}):
        olga.post(path, given)
    olga.post(page_of(campaign, "change_campaign"), {"verb": "pause"})
    shown = re.sub(r"<[^>]+>", "", olga.get(page_of(campaign)).text)
    for said in ("rui: removed by olga", "at most 7 judgments by olga", "any number of", "paused"):
        assert said in shown, said

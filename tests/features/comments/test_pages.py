"""Comments on their pages: written with a name and a time, and silent while people judge."""

from dataclasses import replace
from typing import Any

import pytest
from django.urls import reverse

from evalhub.accounts.models import LogEntry, Role
from evalhub.features.comments.commenting import CommentError, write_comment
from evalhub.features.comments.models import Comment, Subject
from evalhub.features.working_sets.items import change_item
from evalhub.features.working_sets.sets import edit_version, publish_working_set
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from evalhub.registry.contents import content_of
from evalhub.registry.models import Item
from reviews.models import Campaign, Pair
from reviews.planning.campaign import close_campaign
from tests.cast import Team
from tests.reviews.conftest import a_campaign
from tests.site.cases import a_measured_study

WAITS = "who sees scores says nothing while people judge"


@pytest.fixture
def decision(team: Team) -> Decision:
    return decide_study(study=a_measured_study(team))[0]


@pytest.fixture
def campaign(team: Team) -> Campaign:
    return a_campaign(team, items=6)


def post(team: Team, person: str, text: str = "Look at the losses.", **about: object) -> Any:
    client = team.signed_in(getattr(team, person))
    return client.post(reverse("site:write_comment"), {"text": text, **about}, follow=True)


def page_of_item(team: Team, item: Item, person: str = "olga") -> str:
    at = reverse("site:test_set_item", args=[item.version.test_set_id, item.key])
    return team.signed_in(getattr(team, person)).get(at).text


def test_a_comment_on_a_decision_has_its_author_and_its_time(
    team: Team, decision: Decision
) -> None:
    at = reverse("site:record", args=[decision.pk])
    page = post(team, "eva", "Look at <b>reading</b>.", decision=decision.pk, back=at).text
    comment = Comment.objects.get()
    assert f'id="comment-{comment.pk}"' in page
    assert "<strong>eva</strong>" in page
    assert comment.created.isoformat()[:16] in page
    assert "Look at &lt;b&gt;reading&lt;/b&gt;." in page


def test_posting_leads_back_to_the_page_and_to_no_other_site(
    team: Team, decision: Decision
) -> None:
    at = reverse("site:record", args=[decision.pk])
    assert post(team, "eva", decision=decision.pk, back=at).redirect_chain[0][0].startswith(at)
    for away in ("https://example.org/", "//example.org/", "javascript:alert(1)"):
        back = post(team, "eva", decision=decision.pk, back=away).redirect_chain[0][0]
        assert back.startswith("/#comment-")


def test_a_decision_shows_what_is_said_of_its_criteria_and_a_criterion_only_its_own(
    team: Team, decision: Decision
) -> None:
    post(team, "eva", "On the first.", decision=decision.pk, criterion=1)
    post(team, "eva", "On the second.", decision=decision.pk, criterion=2)
    olga = team.signed_in(team.olga)
    record = olga.get(reverse("site:record", args=[decision.pk])).text
    first = olga.get(reverse("site:criterion", args=[decision.pk, 1])).text
    assert "On the first." in record
    assert "On the second." in record
    second = decision.document.criteria[1].name
    assert f'on <a href="{reverse("site:criterion", args=[decision.pk, 2])}">{second}</a>' in record
    assert "On the first." in first
    assert "On the second." not in first
    assert "criteria 1 to" in post(team, "eva", decision=decision.pk, criterion=99).text


def test_a_comment_stays_with_an_item_as_long_as_it_asks_the_same(
    team: Team, decision: Decision
) -> None:
    stays, edited = Item.objects.filter(version__test_set__slug="triage-task")[:2]
    for item in (stays, edited):
        post(team, "eva", f"Of {item.key}.", item=item.pk)
    working_set = edit_version(stays.version, by=team.eva)
    row = working_set.items.get(key=edited.key)
    change_item(row, content=replace(content_of(edited), input="Anew?"), revision=1, by=team.eva)
    working_set.refresh_from_db()
    revision = working_set.revision
    version = publish_working_set(working_set, revision=revision, by=team.eva)[0]
    assert f"Of {stays.key}." in page_of_item(team, version.items.get(key=stays.key))
    assert f"Of {edited.key}." not in page_of_item(team, version.items.get(key=edited.key))


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001])
def test_a_comment_has_a_text_and_an_end(team: Team, decision: Decision, text: str) -> None:
    assert (
        "A comment has 1 to 4,000 characters" in post(team, "eva", text, decision=decision.pk).text
    )
    assert not Comment.objects.exists()


def test_nobody_comments_on_an_item_that_a_review_shows_before_its_seal(
    team: Team, campaign: Campaign
) -> None:
    item = Pair.objects.filter(campaign=campaign)[0].item
    assert WAITS in page_of_item(team, item)
    assert "isn’t sealed yet" in post(team, "olga", item=item.pk).text
    assert not Comment.objects.exists()
    close_campaign(campaign=campaign, by=team.olga)
    assert WAITS not in page_of_item(team, item)
    post(team, "olga", item=item.pk)
    assert Comment.objects.count() == 1


def test_the_same_question_elsewhere_waits_too_and_others_do_not(
    team: Team, campaign: Campaign, decision: Decision
) -> None:
    shown = Pair.objects.filter(campaign=campaign)[0].item
    working_set = edit_version(shown.version, by=team.eva)
    working_set.refresh_from_db()
    revision = working_set.revision
    version = publish_working_set(working_set, revision=revision, by=team.eva)[0]
    copy = version.items.get(key=shown.key)
    with pytest.raises(CommentError, match="sealed"):
        write_comment(subject=Subject(team.project, item=copy), by=team.eva, text="Better left.")
    write_comment(subject=Subject(team.project, decision=decision), by=team.eva, text="Fine.")


def test_a_decision_on_the_study_of_a_running_review_waits(team: Team, campaign: Campaign) -> None:
    assert campaign.study is not None
    decision = decide_study(study=campaign.study)[0]
    page = team.signed_in(team.olga).get(reverse("site:record", args=[decision.pk])).text
    assert WAITS in page
    post(team, "olga", decision=decision.pk, criterion=1)
    assert not Comment.objects.exists()


def test_who_reviews_now_reads_no_comment_whatever_their_role_is_meanwhile(
    team: Team, decision: Decision, campaign: Campaign
) -> None:
    post(team, "olga", "The tuned one wins.", decision=decision.pk)
    at = reverse("site:record", args=[decision.pk])
    campaign.reviewers.create(user=team.rui, key="rui", head="")
    assert team.signed_in(team.rui).get(at).status_code == 403
    team.project.memberships.filter(user=team.rui).update(role=Role.EVALUATOR)
    assert "The tuned one wins." not in team.signed_in(team.rui).get(at).text
    close_campaign(campaign=campaign, by=team.olga)
    assert "The tuned one wins." in team.signed_in(team.rui).get(at).text


def test_one_removes_ones_own_and_an_owner_anybodys(team: Team, decision: Decision) -> None:
    for person in ("olga", "eva", "eva"):
        post(team, person, decision=decision.pk)
    of_olga, of_eva, another = Comment.objects.order_by("pk")

    def remove(person: str, comment: Comment) -> int:
        client = team.signed_in(getattr(team, person))
        return client.post(reverse("site:remove_comment", args=[comment.pk])).status_code

    assert remove("eva", of_olga) == 403
    assert remove("eva", of_eva) == 302
    assert remove("olga", another) == 302
    assert list(Comment.objects.all()) == [of_olga]
    entry = LogEntry.objects.filter(action="comment-removed").latest("pk")
    assert (entry.by, entry.about) == (team.olga, team.eva)
    assert entry.what == f"comment {another.pk} on decision {decision.pk}"


def test_another_projects_things_are_not_there(team: Team, decision: Decision) -> None:
    assert post(team, "sam", decision=decision.pk).status_code == 403
    assert post(team, "eva", decision=decision.pk + 99).status_code == 404
    assert post(team, "eva", item=99_999).status_code == 404

"""One evaluator who is all three reviewers decides nothing, by the addresses that a token opens."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.test import Client
from django.urls import reverse

from evalhub.accounts.members import invite_member
from evalhub.accounts.models import LogEntry, Membership, Project, Role, Scope, User
from evalhub.cli.app import run
from evalhub.features.erasure.erase import erase_user
from evalhub.frames.command.exits import USAGE
from evalhub.ledger.models import Decision
from reviews.chain.verify import verify
from reviews.models import Assignment, Campaign
from tests.api.conftest import Program
from tests.api.sums import HALF, ITEMS, RIGHT, study
from tests.api.test_studies import upload, worked_on
from tests.cast import Team
from tests.reviews.pages.test_pages import choose, page

Programs = Callable[..., Program]
pytestmark = [pytest.mark.heavy, pytest.mark.django_db]
ITEMS_ASKED = 8
REVIEW = {"test_set": "sums", "items": ITEMS_ASKED, "reviewers_per_item": 3}
INVENTED = [f"invented-{name}@example.org" for name in ("ada", "bob", "cyd")]
PIPELINE = [each for each in Scope if each is not Scope.ADMIN]


def opened(caller: Program, **policy: Any) -> Campaign:
    """A study whose ship waits for people alone, and its review, opened by the caller's token."""
    upload(caller, ITEMS, RIGHT, HALF)
    document = study() | {"review": REVIEW, "policy": policy}
    assert caller.post("/studies", document).status_code == 202
    worked_on()
    asked = {"study": "sums", "test_set": "sums"}
    plan = {name: REVIEW[name] for name in ("items", "reviewers_per_item")}
    made = caller.post("/campaigns", asked | {"plan": plan})
    assert made.status_code == 201, made.content
    return Campaign.objects.get()


def joined(caller: Program, campaign: Campaign, whom: str) -> Client:
    """Whoever holds the link that the token was shown, signed in by it."""
    made = caller.post(f"/campaigns/{campaign.pk}/invitations", {"whom": whom})
    assert made.status_code == 201, made.content
    person = Client()
    path = re.sub(r"^https?://[^/]+", "", made.json()["link"])
    assert person.post(path).status_code == 302
    return person


def votes(person: Client, campaign: Campaign, favour: str = "candidate") -> None:
    """For the candidate each time: whoever has read the answers knows which is whose."""
    for _ in range(ITEMS_ASKED):
        html = page(person, campaign)
        token = re.findall(r"/reviews/judge/([^/\"]+)/", html)[0]
        on_left = Assignment.objects.get(token=token).candidate_on_left
        side = "left" if on_left == (favour == "candidate") else "right"
        assert choose(person, html, side).status_code < 400


def gate(caller: Program) -> tuple[int, dict[str, Any]]:
    worked_on()
    answer = caller.get("/studies/sums/gate")
    return answer.status_code, answer.json()


def people() -> dict[str, Any]:
    newest = Decision.objects.newest_first()[0]
    found: dict[str, Any] = newest.record["people"]
    return found


def grounds() -> list[tuple[str, int, int]]:
    return [(each["ground"], each["answers"], each["counted"]) for each in people()["identities"]]


def test_whom_an_evaluator_invents_counts_for_nothing(program: Programs, team: Team) -> None:
    caller = program(*PIPELINE)
    campaign = opened(caller)
    for whom in INVENTED:
        votes(joined(caller, campaign, whom), campaign)
    code, said = gate(caller)
    assert (code, said["verdict"]) == (412, "need-more-data")
    few = "0 of at least 3 reviewers have judged (24 judgments of 3 people are left out"
    assert any(few in each for each in said["reasons"]), said["reasons"]
    [caution] = [each for each in said["cautions"] if "don't count" in each]
    assert caution.startswith("24 of 24 judgments don't count: they are of 3 people (r1, r2, r3)")
    assert "vouches for them by name before the review ends" in caution
    assert grounds() == [("unknown", 8, 0)] * 3
    assert [each["mailbox"] for each in people()["identities"]] == INVENTED
    assert people()["score"] is None
    decision = Decision.objects.newest_first()[0]
    study_page = reverse("site:study", args=[decision.study_id])
    shown = team.signed_in(team.olga).get(study_page, {"tab": "people"})
    assert "24 of 24 judgments don" in shown.text
    results = caller.get(f"/campaigns/{campaign.pk}/results").json()
    assert results["preference"] is None
    assert results["cautions"][0] == caution


def test_a_policy_may_count_them_and_then_it_is_said(program: Programs) -> None:
    caller = program(*PIPELINE)
    campaign = opened(caller, unconfirmed_reviewers="count")
    for whom in INVENTED:
        votes(joined(caller, campaign, whom), campaign)
    code, said = gate(caller)
    assert (code, said["verdict"]) == (200, "ship")
    assert any("whom nobody confirmed" in each for each in said["cautions"])
    assert grounds() == [("unknown", 8, 8)] * 3


def test_an_owner_vouches_by_rest_by_the_page_and_by_the_command(
    program: Programs, team: Team
) -> None:
    caller, owner = program(*PIPELINE), program(Scope.READ, Scope.ADMIN, user=team.olga)
    campaign = opened(caller)
    reviewers = [joined(caller, campaign, whom) for whom in INVENTED]
    at = f"/campaigns/{campaign.pk}/vouching"
    assert caller.post(at, {"whom": INVENTED[0]}).status_code == 403
    listed = caller.get(f"/campaigns/{campaign.pk}/reviewers").json()["reviewers"]
    assert [(each["ground"], each["counts"]) for each in listed] == [("unknown", False)] * 3

    made = owner.post(at, {"whom": INVENTED[0]})
    assert [each["ground"] for each in made.json()["reviewers"]] == [
        "vouched",
        "unknown",
        "unknown",
    ]
    olga, eva = (team.signed_in(each) for each in (team.olga, team.eva))
    of_review = reverse("site:campaign", args=[campaign.pk])
    assert "Nobody answers for 2 of these people" in olga.get(of_review).text
    second = campaign.reviewers.get(user__username=INVENTED[1])
    form = reverse("site:change_reviewer", args=[campaign.pk, second.pk])
    assert eva.post(form, {"verb": "vouch"}).status_code == 403
    assert olga.post(form, {"verb": "vouch"}).status_code == 302
    command = ["review", "vouch", str(campaign.pk), INVENTED[2], "--by"]
    assert run([*command, "eva"]) == USAGE
    assert run([*command, "olga"]) == 0

    kept = campaign.events.filter(kind="vouched").values_list("by__username", flat=True)
    assert list(kept) == ["olga"] * 3
    assert LogEntry.objects.filter(action="confirmed", by=team.olga).count() == 3
    for person in reviewers:
        votes(person, campaign)
    code, said = gate(caller)
    assert (code, said["verdict"]) == (200, "ship"), said
    assert grounds() == [("vouched", 8, 8)] * 3
    assert not any("count" in each for each in said["cautions"])
    assert owner.post(at, {"whom": INVENTED[0]}).status_code == 409, "it has ended"


def test_who_vouches_too_late_changes_nothing(program: Programs, team: Team) -> None:
    caller = program(*PIPELINE)
    campaign = opened(caller)
    for whom in INVENTED:
        votes(joined(caller, campaign, whom), campaign)
    gate(caller)
    olga = team.signed_in(team.olga)
    for member in Membership.objects.filter(user__username__in=INVENTED):
        path = reverse("site:change_member", args=[team.project.slug, member.pk])
        assert olga.post(path, {"verb": "confirm"}).status_code == 302
    caller.post("/studies/sums/decisions")
    assert grounds() == [("unknown", 8, 0)] * 3


def test_an_owner_alone_who_names_people_is_said_to_have_made_the_candidate(
    program: Programs, team: Team
) -> None:
    owner = program(*Scope, user=team.olga)
    campaign = opened(owner)
    for whom in INVENTED:
        votes(joined(owner, campaign, whom), campaign)
    code, said = gate(owner)
    assert (code, said["verdict"]) == (200, "ship"), said
    assert grounds() == [("maker", 8, 8)] * 3
    assert any("vouched by who made the candidate" in each for each in said["cautions"])


def test_beside_another_owner_who_opened_the_review_vouches_for_nobody(
    program: Programs, team: Team
) -> None:
    Membership.objects.filter(user=team.eva).update(role=Role.OWNER)
    owner = program(*Scope, user=team.olga)
    campaign = opened(owner)
    for whom in INVENTED:
        votes(joined(owner, campaign, whom), campaign)
    assert gate(owner)[0] == 412
    assert grounds() == [("unknown", 8, 0)] * 3


def test_an_owner_s_named_link_counts_in_a_review_that_somebody_else_opened(
    program: Programs, team: Team
) -> None:
    caller, owner = program(*PIPELINE), program(*Scope, user=team.olga)
    campaign = opened(caller)
    for whom in INVENTED:
        votes(joined(owner, campaign, whom), campaign)
    assert gate(caller)[0] == 200
    assert grounds() == [("owner", 8, 8)] * 3
    assert people()["cautions"] == [c for c in people()["cautions"] if "vouched" not in c]


def test_an_owner_s_pipeline_names_nobody(program: Programs, team: Team) -> None:
    caller, pipeline = program(*PIPELINE), program(*PIPELINE, user=team.olga)
    campaign = opened(caller)
    for whom in INVENTED:
        votes(joined(pipeline, campaign, whom), campaign)
    assert gate(caller)[0] == 412
    assert grounds() == [("unknown", 8, 0)] * 3


def test_a_mailed_link_proves_a_mailbox(
    program: Programs, team: Team, settings: LazySettings
) -> None:
    settings.MAIL_URL = "smtp://localhost"
    caller = program(*PIPELINE)
    campaign = opened(caller)
    eva = team.signed_in(team.eva)
    path = reverse("site:invite_people", args=[campaign.pk])
    eva.post(path, {"emails": "\n".join(INVENTED)})
    for sent in list(mail.outbox):
        [link] = re.findall(r"http://localhost:8000(/reviews/join/\S+)", str(sent.body))
        person = Client()
        person.post(link)
        votes(person, campaign)
    assert gate(caller)[0] == 200
    assert grounds() == [("mail", 8, 8)] * 3


@pytest.mark.parametrize(
    "addresses",
    [
        ["ada@example.org", "ada+2@example.org", "ADA+3@Example.org"],
        ["eva@example.org", "eva+1@example.org", "Eva+2@EXAMPLE.org"],
    ],
    ids=["one-mailbox", "the-evaluator's-own"],
)
def test_one_mailbox_is_one_person(program: Programs, team: Team, addresses: list[str]) -> None:
    """And whoever can read the answers is refused under each of their addresses."""
    caller = program(*PIPELINE)
    campaign = opened(caller)
    first, *others = addresses
    if first != team.eva.email:
        joined(caller, campaign, first)
    for whom in others:
        refused = caller.post(f"/campaigns/{campaign.pk}/invitations", {"whom": whom})
        assert refused.status_code == 409, refused.content
    assert campaign.reviewers.count() == (first != team.eva.email)


def test_links_to_one_mailbox_made_before_either_is_used_let_one_person_in(
    program: Programs,
) -> None:
    caller = program(*PIPELINE)
    campaign = opened(caller)
    at = f"/campaigns/{campaign.pk}/invitations"
    links = [
        re.sub(r"^https?://[^/]+", "", caller.post(at, {"whom": whom}).json()["link"])
        for whom in ("ada@example.org", "ada+2@example.org")
    ]
    codes = [Client().post(each).status_code for each in links]
    assert codes == [403, 302], "the earlier link ended"
    assert campaign.reviewers.count() == 1


def test_accounts_that_came_to_share_a_mailbox_are_heard_once(
    program: Programs, team: Team
) -> None:
    """Three accounts that the operator made, whose person gave them addresses of one mailbox."""
    caller = program(*PIPELINE)
    campaign = opened(caller)
    for number, name in enumerate(("rui", "ruth", "rita")):
        user, _ = User.objects.get_or_create(username=name)
        Membership.objects.get_or_create(
            project=team.project, user=user, defaults={"role": Role.REVIEWER}
        )
        User.objects.filter(pk=user.pk).update(email=f"rui+{number}@example.org")
        votes(team.signed_in(user), campaign)
    code, said = gate(caller)
    assert code == 412
    assert any("1 of at least 3 reviewers" in each for each in said["reasons"])
    assert any("one mailbox is one person" in each for each in said["cautions"])
    assert grounds() == [("operator", 24, 8)]


def test_an_account_of_another_project_brings_nobody_s_word_along(
    program: Programs, team: Team
) -> None:
    """Eva owns a project of her own, and confirms there whom she invented there."""
    caller = program(*PIPELINE)
    campaign = opened(caller)
    own = Project.objects.create(slug="own", name="Own")
    Membership.objects.create(project=own, user=team.eva, role=Role.OWNER)
    eva = team.signed_in(team.eva)
    for whom in INVENTED:
        invited = invite_member(project=own, whom=whom, role=Role.REVIEWER, by=team.eva)
        person = Client()
        person.post(invited.path)
        member = own.memberships.get(user__username=whom)
        path = reverse("site:change_member", args=["own", member.pk])
        eva.post(path, {"verb": "confirm"})
        caller.post(f"/campaigns/{campaign.pk}/invitations", {"whom": whom})
        invitation = campaign.invitations.get(account__username=whom)
        person.post(
            reverse("reviews:answer_invitation", args=[invitation.pk]), {"answer": "accept"}
        )
        votes(person, campaign)
    assert gate(caller)[0] == 412
    assert grounds() == [("unknown", 8, 0)] * 3


def test_erasing_a_person_names_the_decision_that_has_their_address(
    program: Programs, team: Team
) -> None:
    caller = program(*PIPELINE)
    campaign = opened(caller)
    for whom in INVENTED:
        votes(joined(caller, campaign, whom), campaign)
    gate(caller)
    before = Decision.objects.newest_first()[0]
    erased = erase_user(name=INVENTED[0], erasers=())
    assert erased.named_in == (f"decision {before.pk}",)
    assert Decision.objects.get(pk=before.pk).record == before.record
    campaign.refresh_from_db()
    assert verify(campaign).faults == []

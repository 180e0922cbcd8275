"""What has ended is sealed: the last judgment, the closing or the first look does it."""

import logging
import re
import threading

import pytest
from django.core import mail
from django.db import transaction
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import User
from reviews.assignments.judge import undo
from reviews.chain.seal import seal_campaign
from reviews.chain.verify import check_unchanged, verify
from reviews.errors import ReviewError, SealedError, StillBlindError
from reviews.models import Assignment, Campaign, Dealing, Judgment
from reviews.planning.campaign import close_campaign
from reviews.results.campaign_results import campaign_results
from reviews.results.ended import check_ended, end
from tests.cast import Team, a_team
from tests.reviews.assignments.test_assign import answer, deal
from tests.reviews.assignments.test_races import at_once
from tests.reviews.conftest import a_campaign
from tests.reviews.judged import judge_all
from tests.reviews.pages.test_pages import choose, page
from tests.reviews.steps import next_assignment


def all_by(campaign: Campaign, user: User, choice: str = "left") -> None:
    while isinstance(dealt := next_assignment(campaign=campaign, user=user), Assignment):
        answer(dealt, user, choice)


@pytest.mark.django_db
def test_the_last_judgment_seals_and_nobody_takes_one_back(
    rui: Client, ruth: Client, olga: Client, campaign: Campaign, team: Team
) -> None:
    """47:1 became 45:3 after the owner had read it."""
    all_by(campaign, team.ruth)
    html = page(rui, campaign)
    for _ in range(12):
        assert choose(rui, html, "left").status_code in (200, 302)
        html = page(rui, campaign)
    campaign.refresh_from_db()
    assert campaign.state == "complete"
    assert campaign.ended == "Every comparison has its judgments."
    assert "Done. Thank you!" in html
    assert "/undo/" not in html
    shown = olga.get(reverse("site:campaign_results", args=[campaign.pk]))
    assert campaign.seal in shown.content.decode()
    before = list(Judgment.objects.order_by("pk").values_list("pk", "choice"))
    for client in (rui, ruth):
        response = client.post(reverse("reviews:undo", args=[campaign.pk]))
        assert response.status_code == 409
        assert "its judgments are sealed" in response.content.decode()
    assert list(Judgment.objects.order_by("pk").values_list("pk", "choice")) == before
    assert verify(campaign).faults == []


@pytest.mark.django_db
def test_closing_seals_what_there_is(campaign: Campaign, team: Team) -> None:
    answer(deal(campaign, team.rui), team.rui)
    turn = deal(campaign, team.rui)
    close_campaign(campaign=campaign, by=team.olga)
    assert campaign.state == "closed"
    assert len(campaign.seal) == 64
    for act in (
        lambda: answer(turn, team.rui),
        lambda: undo(campaign=campaign, user=team.rui),
    ):
        with pytest.raises(ReviewError, match="closed"):
            act()
    assert Judgment.objects.count() == 1
    check_unchanged(campaign)


@pytest.mark.django_db
def test_the_first_look_seals_what_came_before_there_were_seals(
    campaign: Campaign, team: Team
) -> None:
    judge_all(campaign, dict.fromkeys(["rui", "ruth"], lambda _: "candidate"))
    Dealing.objects.of_campaign(campaign)
    assert not campaign.seal
    first = campaign_results(campaign)
    with pytest.raises(SealedError):
        undo(campaign=Campaign.objects.get(), user=team.rui)
    assert campaign_results(campaign).summary == first.summary
    seal = campaign.seal
    seal_campaign(campaign)
    assert Campaign.objects.get().seal == seal
    assert [each.kind for each in campaign.events.all()] == ["opened", "sealed"]


@pytest.mark.django_db
def test_what_goes_on_is_not_sealed_by_a_look(campaign: Campaign, team: Team) -> None:
    answer(deal(campaign, team.rui), team.rui)
    with pytest.raises(StillBlindError):
        check_ended(campaign)
    undo(campaign=campaign, user=team.rui)
    assert not Campaign.objects.get().seal


@pytest.mark.django_db
def test_an_undo_is_a_row_and_the_chain_goes_on_from_it(campaign: Campaign, team: Team) -> None:
    answer(deal(campaign, team.rui), team.rui)
    undo(campaign=campaign, user=team.rui)
    answer(deal(campaign, team.rui), team.rui, "tie")
    reviewer = campaign.reviewers.get()
    assert reviewer.links == 3
    found = verify(campaign)
    assert found.faults == []
    assert found.heads[reviewer.key][-1] == reviewer.head


@pytest.mark.django_db
def test_a_reviewer_keeps_their_own_head(rui: Client, team: Team) -> None:
    campaign = a_campaign(team, items=1, reviewers_per_item=1)
    choose(rui, page(rui, campaign), "left")
    head = campaign.reviewers.get().head
    html = page(rui, campaign)
    assert head in html
    assert "that your answers are unchanged" in html
    assert verify(campaign).knows(head, campaign)


@pytest.mark.django_db(transaction=True)
def test_owners_are_mailed_the_seal_where_there_is_mail_and_it_is_logged(
    campaign: Campaign,
    team: Team,
    settings: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.MAIL_URL = "smtp://mail.example"  # type: ignore[attr-defined]
    with caplog.at_level(logging.INFO, logger="reviews.chain.seal"):
        close_campaign(campaign=campaign, by=team.olga)
    assert campaign.seal in caplog.text
    [sent] = mail.outbox
    assert sent.to == [team.olga.email]
    assert re.search(rf"--head {campaign.seal}", str(sent.body))


@pytest.mark.django_db(transaction=True)
def test_an_undo_that_races_the_seal_counts_before_it_or_is_refused(team: Team) -> None:
    for number in range(5):
        of = a_team(f"Race {number}", f"race-{number}")
        campaign = a_campaign(of, items=2, reviewers_per_item=1)
        judge_all(campaign, {"rui": lambda _: "candidate"})
        campaign.reviewers.update(judged=2, seated=2)
        Dealing.objects.of_campaign(campaign)
        start = threading.Barrier(2)

        def take_back(campaign: Campaign = campaign, start: threading.Barrier = start) -> str:
            start.wait()
            try:
                undo(campaign=campaign, user=team.rui)
            except SealedError:
                return "refused"
            return "taken back"

        def look(campaign: Campaign = campaign, start: threading.Barrier = start) -> str:
            start.wait()
            try:
                end(campaign)
            except StillBlindError:
                return "still blind"
            return "sealed"

        outcome = tuple(at_once([take_back, look]))
        assert outcome in (("refused", "sealed"), ("taken back", "still blind"))
        found = Campaign.objects.get(pk=campaign.pk)
        assert bool(found.seal) == (outcome[1] == "sealed")
        assert verify(found).faults == []


@pytest.mark.django_db(transaction=True)
def test_nobody_answers_while_the_seal_is_being_made(campaign: Campaign, team: Team) -> None:
    """The closing waits for the answer that is being kept, and the next answer for the closing."""
    turns = {user: deal(campaign, user) for user in (team.rui, team.ruth)}
    closing = threading.Event()

    def close() -> None:
        with transaction.atomic():
            close_campaign(campaign=campaign, by=None)
            closing.set()

    def late() -> str:
        closing.wait(20)
        try:
            answer(turns[team.rui], team.rui)
        except ReviewError as error:
            return type(error).__name__
        return "kept"

    _, said = at_once([close, late])  # type: ignore[list-item]
    assert said in ("SealedError", "CampaignClosedError")
    assert verify(campaign).faults == []

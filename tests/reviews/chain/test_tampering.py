"""Somebody with the database's password changes what was said: every page refuses to show it."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evalhub.accounts.results_seen import expose
from evalhub.cli.app import run
from evalhub.declare.review import Form
from reviews.assignments.judge import undo
from reviews.audit.report import audit
from reviews.chain.verify import check_unchanged, verify
from reviews.errors import TamperedError
from reviews.models import Assignment, Campaign
from reviews.planning.campaign import close_campaign
from reviews.results.adjudicate import adjudicate, next_disagreement
from reviews.results.campaign_results import campaign_results
from reviews.results.ended import check_ended
from reviews.results.guess import pending_guesses, record_guess
from reviews.results.unblind import unblind
from tests.cast import Team
from tests.reviews.assignments.test_assign import answer, deal
from tests.reviews.chain.test_seal import all_by
from tests.reviews.conftest import a_campaign
from tests.reviews.judged import a_reviewer, form_nonce_of, judge
from tests.tampering import administrator

pytestmark = pytest.mark.django_db

FALSE = "0" if connection.vendor == "sqlite" else "false"
INSERTED = f"""
    INSERT INTO reviews_judgment (assignment_id, revision, choice, much, answers, flags, rationale,
        seconds, visible_seconds, "key", place, created)
    SELECT assignment_id, revision + 5, 'tie', {FALSE}, answers, flags, '', 3.0, NULL, '',
        place + 1, created FROM reviews_judgment ORDER BY id LIMIT 1"""
FIRST = "(SELECT MIN(id) FROM reviews_judgment)"
LAST = "(SELECT MAX(id) FROM reviews_judgment)"

ACTS = {
    "a judgment is changed": f"UPDATE reviews_judgment SET choice = 'tie' WHERE id = {FIRST}",
    "a judgment is re-timed": f"UPDATE reviews_judgment SET seconds = 61 WHERE id = {FIRST}",
    "a judgment's day is changed": "UPDATE reviews_judgment SET created = '2026-01-02 03:04:05'"
    f" WHERE id = {FIRST}",
    "a reason is changed": f"UPDATE reviews_judgment SET rationale = 'no' WHERE id = {FIRST}",
    "a judgment is deleted": f"DELETE FROM reviews_judgment WHERE id = {LAST}",
    "a judgment is inserted": INSERTED,
    "an undo is deleted": "DELETE FROM reviews_undo",
    "a guess is deleted": "DELETE FROM reviews_guess",
    "a turn's sides are exchanged": "UPDATE reviews_assignment SET candidate_on_left = "
    "NOT candidate_on_left WHERE turn = 1",
    "a turn is marked as not answered": "UPDATE reviews_assignment SET state = 'expired' "
    "WHERE turn = 1",
    "a pseudonym is changed": "UPDATE reviews_reviewer SET \"key\" = 'r-other'",
    "an event is deleted": "DELETE FROM reviews_event WHERE kind = 'opened'",
    "an event is changed": "UPDATE reviews_event SET by_id = NULL WHERE kind = 'unblinded'",
    "an exposure is deleted": "DELETE FROM accounts_resultsseen",
    "unblinding is reset": "UPDATE reviews_campaign SET unblinded = NULL",
    "the seal is reset": "UPDATE reviews_campaign SET seal = '', sealed = NULL, sealed_as = NULL",
    "the seal is another": f"UPDATE reviews_campaign SET seal = '{'0' * 64}'",
    "a pair is given to another place": "UPDATE reviews_pair SET kind = 'gold' WHERE position = 2",
    "the plan is another": "UPDATE reviews_campaign SET plan = '{}'",
}


@pytest.fixture
def over(team: Team) -> Campaign:
    """Rui and Ruth have judged all, once after an undo; one guess; seen, sealed and unblinded."""
    campaign = a_campaign(team, items=4, form=Form(guess=True))
    expose(projects=[team.project.pk], user=team.eva, how="was shown results")
    answer(deal(campaign, team.rui), team.rui)
    undo(campaign=campaign, user=team.rui)
    all_by(campaign, team.rui, "right")
    all_by(campaign, team.ruth)
    turn = pending_guesses(campaign=campaign, user=team.rui)[0]
    record_guess(token=turn.token, user=team.rui, side="left")
    unblind(campaign=campaign, by=team.olga)
    check_ended(campaign)
    return campaign


@pytest.mark.heavy
@pytest.mark.parametrize("act", ACTS)
def test_no_page_shows_a_record_after(act: str, over: Campaign, olga: Client) -> None:
    campaign_results(over)  # what was kept in memory is not served either
    with administrator() as sql:
        assert sql(ACTS[act]) >= 1
    for name in ("campaign_results", "campaign_export"):
        response = olga.get(reverse(f"site:{name}", args=[over.pk]))
        assert response.status_code == 409, name
        html = response.content.decode()
        assert "The record of this review was changed" in html
        assert "%" not in html.split("<main", 1)[1]
    page = olga.get(reverse("site:campaign_audit", args=[over.pk])).content.decode()
    assert "0 checks passed, 0 not established, 1 calls for a look" in page
    [only] = audit(Campaign.objects.get()).checks
    assert (only.key, only.status) == ("record", "attention")
    assert run(["review", "verify", str(over.pk)]) == 3


def test_it_is_followed_by_queries_that_need_no_statistics(over: Campaign) -> None:
    """A join or an order of all that was said is what PostgreSQL can take the slow way."""
    with CaptureQueriesContext(connection) as queries:
        assert verify(over).faults == []
    said = [
        query["sql"]
        for query in queries
        if re.search(r'FROM "reviews_(assignment|judgment|undo|guess)"', query["sql"])
    ]
    assert len(said) == 4
    assert not [sql for sql in said if " JOIN " in sql or " ORDER BY " in sql]


def test_untouched_it_is_shown_and_its_heads_are_known(over: Campaign, olga: Client) -> None:
    assert olga.get(reverse("site:campaign_results", args=[over.pk])).status_code == 200
    first = verify(over).heads[over.reviewers.order_by("pk")[0].key][1]
    for known in (over.seal, first, *over.reviewers.values_list("head", flat=True)):
        assert run(["review", "verify", "--head", known]) == 0
    assert run(["review", "verify", str(over.pk), "--head", "0" * 64]) == 3


def test_a_record_that_was_changed_with_its_heads_is_found_by_a_head_that_was_kept(
    over: Campaign,
) -> None:
    """Somebody who follows the chain anew to a head of their own has another seal."""
    kept = over.reviewers.order_by("pk")[1]
    with administrator() as sql:
        sql("DELETE FROM reviews_guess")
        sql("UPDATE reviews_judgment SET choice = 'tie'")
        for person in over.reviewers.all():
            heads = verify(over).heads[person.key]
            sql("UPDATE reviews_reviewer SET head = %s WHERE id = %s", heads[-1], person.pk)
    assert run(["review", "verify", "--head", kept.head]) == 3


def test_adjudication_comes_after_the_seal_and_is_chained(team: Team) -> None:
    campaign = a_campaign(team, items=2)
    for user, sides in ((team.rui, ("left", "right")), (team.ruth, ("right", "left"))):
        for _ in range(2):
            turn = deal(campaign, user)
            answer(turn, user, sides[0] if turn.candidate_on_left else sides[1])
    campaign.refresh_from_db()
    seal = campaign.seal
    assert seal
    sam = team.project.memberships.create(user=team.sam, role="reviewer").user
    turn = next_disagreement(campaign=campaign, user=sam)
    assert isinstance(turn, Assignment)
    adjudicate(token=turn.token, user=sam, nonce=form_nonce_of(turn, sam), choice="left")
    campaign.refresh_from_db()
    assert campaign.seal == seal
    check_unchanged(campaign)
    assert sum(campaign_results(campaign).summary.adjudicated.values()) == 1
    with administrator() as sql:
        sql(f"UPDATE reviews_judgment SET choice = 'right' WHERE id = {LAST}")
    with pytest.raises(TamperedError):
        campaign_results(campaign)


def test_a_judgment_from_after_the_seal_is_found(campaign: Campaign, team: Team) -> None:
    close_campaign(campaign=campaign, by=team.olga)
    check_unchanged(campaign)
    judge(a_reviewer(campaign, "late"), campaign.pairs.all()[0], "candidate")
    with pytest.raises(TamperedError, match="from after the seal"):
        check_unchanged(campaign)

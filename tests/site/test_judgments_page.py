"""A review's judgments one by one, with their reasons, once it has ended."""

import html
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evalhub.declare.review import Form
from reviews.models import AssignmentPurpose, Campaign
from reviews.planning.campaign import close_campaign
from reviews.results.unblind import unblind
from tests.cast import Team, a_run, a_test_set, a_version
from tests.reviews.asking import a_review
from tests.reviews.conftest import CANARIES, a_campaign
from tests.reviews.judged import a_reviewer, judge

ITEMS = 24


@pytest.fixture
def judged(team: Team) -> Campaign:
    return a_judged_campaign(team)


def a_judged_campaign(team: Team, *, items: int = ITEMS) -> Campaign:
    """Rui always prefers the candidate's and says why at every third; Ruth changes her mind."""
    form = Form(rationale="optional", flags=("unsafe", "broken-format"), steps=True)
    campaign = a_campaign(team, items=items, form=form)
    rui, ruth = a_reviewer(campaign, "rui"), a_reviewer(campaign, "ruth")
    for pair in campaign.pairs.order_by("position"):
        n = pair.position
        reason = f"The tone fits <b>better</b>, number {n}." if n % 3 == 0 else ""
        judge(rui, pair, "candidate", rationale=reason, much=n % 2 == 0)
        left = {"left": ["unsafe"]} if n == 5 else {}
        judge(ruth, pair, ["baseline", "tie", "candidate", "both-bad"][n % 4], flags=left)
    return campaign


def page(client: Client, campaign: Campaign, **query: str) -> str:
    answer = client.get(reverse("site:campaign_judgments", args=[campaign.pk]), query)
    assert answer.status_code == 200
    return answer.text


def count(client: Client, campaign: Campaign, **query: str) -> str:
    """What the heading says of how many there are."""
    found = re.search(r'role="status">([^<]*)<', page(client, campaign, **query))
    assert found
    return found[1]


def test_each_pair_has_its_item_both_answers_votes_and_reasons(
    olga: Client, judged: Campaign
) -> None:
    text = page(olga, judged)
    assert text.count("<article") == 10
    pair = judged.pairs.select_related("item", "baseline_output", "candidate_output").get(
        position=0
    )
    assert pair.candidate_output
    for shown in (pair.item.key, pair.baseline_output.text, pair.candidate_output.text):
        assert html.escape(str(shown)) in text
    assert "The tone fits &lt;b&gt;better&lt;/b&gt;, number 0." in text
    assert "much better" in text
    assert "Page 1 of 3" in text


def test_before_the_models_are_named_nothing_tells_the_arms_apart(
    olga: Client, judged: Campaign
) -> None:
    text = "".join(page(olga, judged, page=str(n)) for n in (1, 2, 3))
    main = text.partition("<h1>")[2]
    for told in ("candidate", "baseline", *CANARIES[:2]):
        assert told not in main.lower(), told
    firsts = re.findall(r"<h3>Answer A</h3><div class=\"text\">(\w+)", text)
    assert len(firsts) == ITEMS
    assert 7 <= firsts.count("Another") <= 17, "A is the candidate's about as often as not"
    # Rui prefers the candidate's always: which letter that is must not follow from the side.
    votes = re.findall(r"<strong>Answer (\w) is[^<]*</strong> <span[^>]*>Answer (\w) stood", text)
    same = sum(vote == left for vote, left in votes)
    assert 0 < same < len(votes)
    assert 0 < sum(vote == "A" for vote, _ in votes) < len(votes)


def test_no_filter_asks_for_an_arm_before_they_are_named(olga: Client, judged: Campaign) -> None:
    everything = count(olga, judged)
    for vote in ("candidate", "baseline", f"v{judged.candidate_id}"):
        assert count(olga, judged, vote=vote) == everything
    assert f'value="v{judged.candidate_id}"' not in page(olga, judged)


def test_afterwards_they_have_their_names(olga: Client, judged: Campaign, team: Team) -> None:
    unblind(campaign=judged, by=team.olga)
    text = page(olga, judged)
    assert "Answer A" not in text
    assert "<h3>canary-osprey</h3>" in text
    assert "canary-osprey is much better" in text
    assert count(olga, judged, vote=f"v{judged.candidate_id}") == "30 judgments of 24 pairs"
    assert count(olga, judged, vote=f"v{judged.baseline_id}") == "6 judgments of 6 pairs"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "48 judgments of 24 pairs"),
        ({"vote": "one"}, "36 judgments of 24 pairs"),
        ({"vote": "much"}, "12 judgments of 12 pairs"),
        ({"vote": "tie"}, "6 judgments of 6 pairs"),
        ({"vote": "both-bad"}, "6 judgments of 6 pairs"),
        ({"agreement": "opposed"}, "12 judgments of 6 pairs"),
        ({"agreement": "differ"}, "36 judgments of 18 pairs"),
        ({"agreement": "same"}, "12 judgments of 6 pairs"),
        ({"reviewer": "r2"}, "24 judgments of 24 pairs"),
        ({"reviewer": "r2", "vote": "tie"}, "6 judgments of 6 pairs"),
        ({"flag": "unsafe"}, "1 judgment of 1 pair"),
        ({"reason": "yes"}, "8 judgments of 8 pairs"),
        ({"reason": "no"}, "40 judgments of 24 pairs"),
        ({"tag": "dates"}, "24 judgments of 12 pairs"),
        ({"text": "NUMBER 21."}, "1 judgment of 1 pair"),
        ({"text": "Question 7?"}, "2 judgments of 1 pair"),
        ({"text": "another answer to 11."}, "2 judgments of 1 pair"),
        ({"text": "nowhere"}, "0 judgments of 0 pairs"),
        ({"text": "x", "vote": "x", "reviewer": "r9"}, "0 judgments of 0 pairs"),
    ],
)
def test_what_is_asked_for_stands_in_the_address(
    olga: Client, judged: Campaign, query: dict[str, str], found: str
) -> None:
    assert count(olga, judged, **query) == found


def test_what_was_asked_for_is_kept_in_the_form_and_on_the_next_page(
    olga: Client, judged: Campaign
) -> None:
    text = page(olga, judged, reviewer="r1", text="answer")
    assert '<option value="r1" selected>' in text
    assert 'name="text" maxlength="200" value="answer"' in text
    assert "?reviewer=r1&amp;text=answer&amp;page=2" in text


def test_with_htmx_only_the_list_comes(olga: Client, judged: Campaign) -> None:
    address = reverse("site:campaign_judgments", args=[judged.pk])
    text = olga.get(address, {"vote": "tie"}, headers={"HX-Request": "true"}).text
    assert text.lstrip().startswith('<section class="card" id="judgments"')
    assert "<form" not in text


def test_people_are_pseudonyms_here(olga: Client, judged: Campaign) -> None:
    main = page(olga, judged).partition("<h1>")[2]
    assert "ruth" not in main
    assert '<span class="who">r2</span>' in main


def test_an_adjudicated_disagreement_is_said_with_its_pair(olga: Client, judged: Campaign) -> None:
    third = a_reviewer(judged, "third")
    judge(third, judged.pairs.get(position=0), "tie", purpose=AssignmentPurpose.ADJUDICATION)
    assert "decides the disagreement" in page(olga, judged, agreement="opposed")


def test_none_of_it_is_shown_before_the_end_or_to_others(
    team: Team, olga: Client, eva: Client, rui: Client, stranger: Client
) -> None:
    campaign = a_campaign(team)
    judge(a_reviewer(campaign, "rui"), campaign.pairs.get(position=0), "tie", rationale="Hmm.")
    address = reverse("site:campaign_judgments", args=[campaign.pk])
    for person in (olga, eva):
        answer = person.get(address)
        assert (answer.status_code, "Hmm." in answer.text) == (409, False)
    assert rui.get(address).status_code == 403
    assert stranger.get(address).status_code == 403
    close_campaign(campaign=campaign, by=team.olga)
    assert "Hmm." in olga.get(address).text
    assert "Hmm." in eva.get(address).text


def test_it_takes_as_many_queries_for_many_judgments_as_for_few(olga: Client, team: Team) -> None:
    counts = []
    for items in (4, 40):
        campaign = a_review_of(team, items)
        page(olga, campaign)
        with CaptureQueriesContext(connection) as captured:
            page(olga, campaign, text="answer")
        counts.append(len(captured))
    assert counts[0] == counts[1], counts


def a_review_of(team: Team, items: int) -> Campaign:
    over = a_test_set(team, f"set-of-{items}", items=items)
    runs = [
        a_run(
            a_version(team, f"{name}-{items}"),
            over,
            scores=[0] * items,
            answers=[f"{name} {i}" for i in range(items)],
        )
        for name in ("one", "two")
    ]
    campaign = a_review(
        baseline_run=runs[0], candidate_run=runs[1], items=items, reviewers_per_item=1
    )
    rui = a_reviewer(campaign, "rui")
    for pair in campaign.pairs.order_by("position"):
        judge(rui, pair, "tie")
    return campaign

"""A review's results, its audit and its files, for owners, once it has ended."""

import csv
import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from evalhub.accounts.models import Membership, Role, User
from evalhub.declare.review import Dimension, Form
from reviews.models import Campaign
from reviews.planning.campaign import close_campaign
from reviews.results.unblind import unblind
from tests.cast import Team, a_team, given_up
from tests.reviews.conftest import a_campaign
from tests.reviews.judged import a_reviewer, judge, judge_all


@pytest.fixture
def campaign(team: Team) -> Campaign:
    """Twelve pairs, of which nobody has judged any."""
    return a_campaign(team)


@pytest.fixture
def judged(team: Team) -> Campaign:
    """Forty pairs by two reviewers: three quarters for the candidate."""
    return a_judged_campaign(team)


def a_judged_campaign(team: Team, *, items: int = 40, **plan: Any) -> Campaign:
    campaign = a_campaign(team, items=items, clusters=0, **plan)
    judge_all(
        campaign,
        {
            "rui": lambda p: "baseline" if p % 4 == 0 else "candidate",
            "ruth": lambda p: ["both-bad", "candidate", "candidate", "tie"][p % 4],
        },
    )
    return campaign


def address(campaign: Campaign, page: str = "results/") -> str:
    return f"/campaigns/{campaign.pk}/{page}"


def html_of(client: Client, campaign: Campaign, page: str = "results/") -> str:
    answer = client.get(address(campaign, page))
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_results_say_what_people_preferred_and_how_surely(olga: Client, judged: Campaign) -> None:
    html = html_of(olga, judged)
    assert '<p class="big">75%</p>' in html  # 30 + 20 won, 10 lost, 10 ties, 10 both bad of 80
    assert "50 for the candidate, 10 for the baseline, 10 ties, 10 both bad" in html
    assert "The candidate is preferred" in html
    assert "Krippendorff’s α" in html
    assert "dates" in html
    assert "rui" in html


def test_a_preference_that_clusters_account_for_is_not_shown(olga: Client, team: Team) -> None:
    """Three of the four clusters prefer the candidate in all that they say, the fourth the
    baseline: that is four users, and not forty items."""
    campaign = a_campaign(team, items=40)
    cluster_at = dict(campaign.pairs.values_list("position", "item__cluster"))

    def favours(position: int) -> str:
        return "baseline" if cluster_at[position] == "c0" else "candidate"

    judge_all(campaign, {"rui": favours, "ruth": favours})
    assert "No preference is shown" in html_of(olga, campaign)


def test_few_people_and_answers_faster_than_reading_are_said_in_words(
    olga: Client, team: Team
) -> None:
    """Ruth takes a second for two answers of some thousand characters."""
    long = ["word " * 200 + str(i) for i in range(12)]
    campaign = a_campaign(team, answers=(list(long), [f"{each}!" for each in long]))
    rui, ruth = a_reviewer(campaign, "rui"), a_reviewer(campaign, "ruth")
    for pair in campaign.pairs.order_by("position"):
        judge(rui, pair, "candidate", seconds=60)
        judge(ruth, pair, "candidate", seconds=1)
    html = html_of(olga, campaign)
    assert "Only 2 people judged: so few can&#x27;t show how far people differ." in html
    said = "ruth gave 12 of 12 answers (100%) faster than both texts can be read"
    assert html.count(said) > 1, "on the page, and in the release note"
    assert "rui gave" not in html
    rows = olga.get(address(campaign, "export/?format=jsonl")).getvalue().decode().splitlines()
    assert [json.loads(row)["too_fast"] for row in rows] == [False, True] * 12


def test_the_release_block_is_there_without_a_script(olga: Client, judged: Campaign) -> None:
    html = html_of(olga, judged)
    text = html.split("<textarea", 1)[1].split("</textarea>", 1)[0]
    assert "## Blind review: Canary study" in text
    assert "**canary-osprey** beside canary-heron: preferred." in text
    assert "Win score 75% [" in text
    assert f"plan `{judged.plan_hash[:12]}`" in text


def test_nothing_is_shown_while_answers_are_to_come(olga: Client, campaign: Campaign) -> None:
    for page in ("results/", "audit/", "audit.json", "export/?format=csv"):
        answer = olga.get(address(campaign, page))
        assert answer.status_code == 409
        assert "Results are still hidden" in answer.content.decode()


def test_closing_it_shows_what_there_is(olga: Client, campaign: Campaign) -> None:
    close_campaign(campaign=campaign, by=None)
    html = html_of(olga, campaign)
    assert "0 of 24 judgments" in html


def test_an_owner_has_the_models_named_and_it_is_recorded(
    olga: Client, campaign: Campaign, team: Team
) -> None:
    answer = olga.post(address(campaign, "unblind/"), follow=True)
    assert answer.status_code == 200
    assert "The models are named" in answer.content.decode()
    event = campaign.events.get(kind="unblinded")
    assert event.by == team.olga
    again = olga.post(address(campaign, "unblind/"), follow=True)
    assert "have been named already" in again.content.decode()


def test_an_evaluator_sees_results_but_names_nothing(
    olga: Client, eva: Client, judged: Campaign
) -> None:
    html_of(olga, judged)
    assert "Have the models named" not in html_of(eva, judged)
    answer = eva.post(address(judged, "unblind/"))
    assert answer.status_code == 403
    assert "Only an owner of support-desk can have the models named" in answer.text
    assert Campaign.objects.get().unblinded is None


@pytest.mark.parametrize("page", ["results/", "audit/", "audit.json", "export/"])
def test_reviewers_and_strangers_see_none_of_it(
    rui: Client, stranger: Client, judged: Campaign, page: str
) -> None:
    assert rui.get(address(judged, page)).status_code == 403
    assert stranger.get(address(judged, page)).status_code == 403
    assert rui.post(address(judged, "unblind/")).status_code == 403


def test_the_owner_of_another_project_finds_nothing(judged: Campaign, db: None) -> None:
    other = a_team("Other", "other")
    owen = User.objects.create(username="owen")
    Membership.objects.create(project=other.project, user=owen, role=Role.OWNER)
    client = other.signed_in(owen)
    assert client.get(address(judged)).status_code == 404
    assert client.post(address(judged, "unblind/")).status_code == 404


def test_the_audit_is_a_page_and_a_file_with_its_hash(olga: Client, judged: Campaign) -> None:
    answer = olga.get(address(judged, "audit.json"))
    document = json.loads(answer.content)
    assert document["plan_hash"] == judged.plan_hash
    html = html_of(olga, judged, "audit/")
    assert "at most 1% of reviews: in 39 of 10,000 simulated ones" in html
    assert "corrected for all tests" in html
    assert answer.headers["Evalhub-SHA256"] in html
    for check in document["checks"]:
        assert check["title"] in html.replace("&#x27;", "'")


def test_judgments_come_as_files(olga: Client, judged: Campaign) -> None:
    def fetched(query: str) -> bytes:
        answer = olga.get(address(judged, f"export/?{query}"))
        assert answer.status_code == 200
        assert f"review-{judged.pk}-" in answer.headers["Content-Disposition"]
        return b"".join(answer)

    given_up(judged.pairs.all()[0].item.version)
    lines = [json.loads(line) for line in fetched("format=jsonl").decode().splitlines()]
    assert len(lines) == 80
    table = list(csv.DictReader(io.StringIO(fetched("format=csv&pseudonyms=1").decode())))
    assert {row["reviewer"] for row in table} == {"r1", "r2"}
    parquet = pq.read_table(io.BytesIO(fetched("format=parquet")))
    assert parquet.num_rows == 80
    pairs = [json.loads(line) for line in fetched("format=dpo").decode().splitlines()]
    assert {"prompt", "chosen", "rejected"} <= pairs[0].keys()
    kept = fetched("format=dpo&ties=keep").decode().splitlines()
    assert (len(pairs), len(kept)) == (20, 40)
    assert len(fetched("format=inspect").decode().splitlines()) == 40
    assert olga.get(address(judged, "export/?format=exe")).status_code == 404


def test_dimensions_flags_and_strata_have_their_tables(olga: Client, team: Team) -> None:
    form = Form(
        steps=True,
        dimensions=(Dimension(name="tone", question="Which is kinder?", kind="choice"),),
        flags=("unsafe",),
    )
    campaign = a_campaign(team, form=form)
    for name in ("rui", "ruth"):
        reviewer = a_reviewer(campaign, name)
        for pair in campaign.pairs.all():
            judge(
                reviewer,
                pair,
                "candidate",
                much=True,
                on_left=True,
                answers={"tone": "right"},
                flags={"left": ["unsafe"]},
            )
    html = html_of(olga, campaign)
    assert "By dimension" in html
    assert "much better: 24 for the candidate, 0 for the baseline" in html
    flags = html.split('id="flags"', 1)[1]
    assert '<td class="number">24</td><td class="number">0</td>' in flags
    tone = html.split('id="dimensions"', 1)[1].split("</table>", 1)[0]
    assert '<td class="number">0%</td>' in tone  # the baseline won all of it


def test_ratings_have_means_a_dimension(olga: Client, team: Team) -> None:
    form = Form(
        dimensions=(Dimension(name="helpful", question="How helpful is it?", kind="rating"),)
    )
    campaign = a_campaign(team, form=form)
    for name, extra in (("rui", 0), ("ruth", 1)):
        reviewer = a_reviewer(campaign, name)
        for pair in campaign.pairs.select_related("baseline_output__run"):
            tuned = pair.baseline_output.run.version_id == campaign.candidate_id
            points = (3 if tuned else 2) + extra + (pair.item.position % 2 if extra else 0)
            judge(reviewer, pair, "rated", answers={"helpful": min(points, 5)})
    html = html_of(olga, campaign)
    assert "helpful" in html
    assert "Candidate − baseline +1.00" in html
    assert "Agreement, ordinal" in html


def test_queries_dont_grow_with_the_review(olga: Client, team: Team) -> None:
    small = a_judged_campaign(team, items=12)
    large = a_judged_campaign(a_team("Other", "other"), items=60)
    for campaign in (small, large):
        given_up(campaign.pairs.all()[0].item.version)
        olga.get(address(campaign))  # keeps that Olga has seen results
    for page in ("results/", "audit/", "export/?format=csv", "export/?format=dpo"):
        counts = []
        for campaign in (small, large):
            with CaptureQueriesContext(connection) as taken:
                answer = olga.get(address(campaign, page))
                assert answer.status_code == 200
                if answer.streaming:
                    b"".join(answer.streaming_content)  # type: ignore[attr-defined]
            counts.append(len(taken))
        assert counts[0] == counts[1], page


def test_the_review_and_its_study_lead_here(olga: Client, judged: Campaign) -> None:
    link = f'href="{address(judged)}"'
    assert link in html_of(olga, judged, "")
    unblind(campaign=judged, by=judged.project.memberships.get(role="owner").user)
    assert link in html_of(olga, judged)


def test_the_first_look_seals_and_is_an_owner_s(
    olga: Client, eva: Client, judged: Campaign
) -> None:
    """Judged to its end in a home of before there were seals."""
    assert not judged.seal
    for page in ("results/", "judgments/", "audit/", "export/"):
        answer = eva.get(address(judged, page))
        assert answer.status_code == 403
        assert "Only an owner of support-desk can be the first to open" in answer.text
    assert not Campaign.objects.get(pk=judged.pk).seal
    html_of(olga, judged)
    assert Campaign.objects.get(pk=judged.pk).seal
    html_of(eva, judged)

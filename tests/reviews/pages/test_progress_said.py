"""How far one is: a total that stays, whoever else answers, and is said when it changes."""

import re

import pytest
from django.test import Client

from reviews.assignments.reviewers import set_quota
from reviews.models import Campaign, Reviewer
from tests.cast import Team
from tests.reviews.assignments.test_assign import answer, deal, let_leases_end
from tests.reviews.conftest import a_campaign
from tests.reviews.pages.test_page_forms import send
from tests.reviews.pages.test_pages import form, page


def count(html: str) -> str:
    return html.split('class="count">')[1].split("<")[0]


def test_the_total_stays_whatever_others_answer(rui: Client, team: Team) -> None:
    campaign = a_campaign(team, reviewers_per_item=1)
    seen = [count(page(rui, campaign))]
    for _ in range(4):
        answer(deal(campaign, team.ruth), team.ruth)
        html = page(rui, campaign)
        send(rui, html, {"choice": "left"})
        seen.append(count(page(rui, campaign)))
    assert seen == [f"{number} of 12" for number in range(1, 6)]
    Reviewer.objects.update(recent=[])
    assert "about 3 min left" in page(rui, campaign)  # the four that are free, at 40 s
    let_leases_end(campaign)  # Ruth's next
    for _ in range(4):
        send(rui, page(rui, campaign), {"choice": "left"})
    assert "others have answered the rest" in page(rui, campaign)


def test_a_skip_counts_as_passed(rui: Client, campaign: Campaign) -> None:
    html = page(rui, campaign)
    action, fields = form(html)
    rui.post(action.replace("judge", "skip"), fields | {"reason": "It upsets me"})
    assert count(page(rui, campaign)) == "2 of 12"


def test_comparisons_that_are_sent_ahead_say_how_far_one_will_be(
    rui: Client, campaign: Campaign
) -> None:
    address = re.findall(r'data-ahead="([^"]+)"', page(rui, campaign))[0]
    ahead = rui.get(address, {"hold": 5}, headers={"HX-Request": "true"}).text
    assert re.findall(r'<progress max="12" value="(\d+)"', ahead) == ["1", "2", "3", "4", "5"]
    assert re.findall(r'class="count">(\d+) of 12', ahead) == ["2", "3", "4", "5", "6"]
    # 12 comparisons at 40 s each: 11 are left after the first, and so on
    assert re.findall(r"about (\d+) min left", ahead) == ["7", "7", "6", "5", "5"]


def answered(client: Client, campaign: Campaign) -> None:
    """As a browser without a script sends it."""
    html = page(client, campaign)
    total = count(html).split(" of ")[1]
    assert f'name="total" value="{total}"' in html
    send(client, html, {"choice": "left", "total": total})


@pytest.mark.parametrize(("quota", "total"), [(8, 8), (40, 12), (None, 12)])
def test_a_changed_total_is_said_until_a_page_that_says_so_was_answered(
    rui: Client, campaign: Campaign, team: Team, quota: int | None, total: int
) -> None:
    answered(rui, campaign)
    assert "from now on" not in page(rui, campaign)
    set_quota(reviewer=Reviewer.objects.get(), quota=quota, by=team.olga)
    html = page(rui, campaign)
    assert count(html) == f"2 of {total}"
    said = f"The most answers asked of you are now {total}, not 12"
    assert (said in html) == (said in page(rui, campaign)) == (total != 12)
    answered(rui, campaign)
    assert "from now on" not in page(rui, campaign)


@pytest.mark.parametrize("total", ["x", "-1", "", "9" * 40])
def test_a_total_that_is_none_is_not_noted(rui: Client, campaign: Campaign, total: str) -> None:
    send(rui, page(rui, campaign), {"choice": "left", "total": total})
    assert "from now on" not in page(rui, campaign)


def test_the_list_and_the_page_agree_on_the_total(rui: Client, team: Team) -> None:
    campaign = a_campaign(team, reviewers_per_item=1)
    assert "0 of 12 answered" in rui.get("/reviews/").text
    for _ in range(3):
        answer(deal(campaign, team.ruth), team.ruth)
    assert "0 of 12 answered" in rui.get("/reviews/").text
    assert count(page(rui, campaign)) == "1 of 12"
    send(rui, page(rui, campaign), {"choice": "left"})
    assert "1 of 12 answered" in rui.get("/reviews/").text

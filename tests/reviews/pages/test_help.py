"""Help is at hand for reviewers, and leads to nothing that they may not see."""

import re

from django.test import Client

from reviews.models import Campaign
from reviews.planning.campaign import close_campaign
from tests.cast import Team
from tests.reviews.pages.test_pages import page

LINK = re.compile(r'<a class="help" href="(/help/[^"#]*)#([^"]*)">Help</a>')


def section(client: Client, html: str) -> str:
    """The heading of the section that the page's one link leads to."""
    (found,) = LINK.findall(html)
    address, anchor = found
    heading = re.search(rf'<h\d id="{anchor}">([^<]*)', client.get(address).text)
    assert heading is not None
    return heading[1].strip()


def test_every_page_of_a_review_has_its_section(
    rui: Client, team: Team, campaign: Campaign
) -> None:
    assert section(rui, rui.get("/reviews/").text) == "For reviewers"
    assert section(rui, page(rui, campaign)) == "Compare"
    close_campaign(campaign=campaign, by=team.olga)
    assert section(rui, page(rui, campaign)) == "The ends"


def test_from_there_no_page_with_results_is_offered(rui: Client, campaign: Campaign) -> None:
    address, _ = LINK.findall(page(rui, campaign))[0]
    guide = rui.get(address).text
    header = guide.partition("<main")[0]
    assert set(re.findall(r'href="(/(?!static)[^"]*)"', header)) == {
        "/",
        "/reviews/",
        "/help/",
        "/help/markdown/how-to/reviewing.md",
        "/accounts/",
    }
    assert "flag takes no answer away" in " ".join(guide.split())

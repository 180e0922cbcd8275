"""Every page of the site, collected from its addresses: a new one can't be forgotten.

By axe's rules in the light, in the dark and at 200% zoom (a laptop's window of 640 × 400), nothing
wider than a screen of 320 px, and a help link to a document about the page. The admin's pages
are in test_admin_pages.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import resolve
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from evalhub.site.templatetags.help import DOCUMENTS
from tests.cast import Team
from tests.e2e.by_axe import violations
from tests.e2e.conftest import Opens
from tests.e2e.test_access_matrix import Scene, routes, scene

__all__ = ["scene"]

LAPTOP, ZOOMED, NARROW = (1280, 800), (640, 400), (320, 640)
NO_PAGES = re.compile(r"^/(admin|api|healthz|readyz|metrics|accounts/(oidc|provider|join|sign-in))")
REVIEWER_S = re.compile(r"^/reviews/")
REFUSED = "refused"
WITHOUT_HELP = ("reviews:join", "reviews:offline")
"""Nobody is signed in there, or there is no connection."""
COLOURS = ["color-contrast"]


@dataclass(frozen=True)
class Found:
    address: str
    name: str
    what: str

    def __str__(self) -> str:
        return f"{self.address} ({self.name}): {self.what}"


def addresses(scene: Scene) -> Iterator[tuple[str, str]]:
    """(address, its name) of all that may be a page, each once."""
    seen = set()
    for route in routes():
        address = scene.address(route)
        if NO_PAGES.match(address) or address in seen:
            continue
        seen.add(address)
        yield address, resolve(urlsplit(address).path).view_name


def is_a_page(page: Page, address: str) -> bool:
    """Whether it opened as a whole page there: parts, files and what only takes forms don't."""
    response = page.request.get(address, max_redirects=0)
    kind = response.headers.get("content-type", "")
    whole = "text/html" in kind and "<html" in response.text()
    return whole and response.status in (200, 409)


def faults(page: Page, address: str, name: str) -> Iterator[Found]:
    page.set_viewport_size({"width": LAPTOP[0], "height": LAPTOP[1]})
    page.emulate_media(color_scheme="light")
    page.goto(address)
    yield from by_axe(page, name, "light")
    if not REVIEWER_S.match(urlsplit(address).path) and page.locator("header .who").count():
        helped = page.locator("header .who a", has_text="Help")
        own = name in DOCUMENTS or name in ("site:help", "site:document", REFUSED)
        if not helped.count() or not own:
            yield Found(address, name, "no document of its own under Help")
    if name.startswith("reviews:") and name not in WITHOUT_HELP:
        yield from helped_at(page, name)
    page.emulate_media(color_scheme="dark")
    yield from by_axe(page, name, "dark", COLOURS)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
    yield from by_axe(page, name, "200%")
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > NARROW[0]:
        yield Found(address, name, f"{wide} px wide at 320")


def helped_at(page: Page, name: str) -> Iterator[Found]:
    """A reviewer's page leads to a section of their guide, which is there."""
    link = page.get_by_role("link", name="Help", exact=True)
    at = link.get_attribute("href") if link.count() == 1 else None
    path, _, heading = (at or "").partition("#")
    if not heading or f'id="{heading}"' not in page.request.get(urljoin(page.url, path)).text():
        yield Found(page.url, name, "no section of the guide under Help")


def by_axe(page: Page, name: str, how: str, rules: Sequence[str] = ()) -> Iterator[Found]:
    for each in violations(page, rules=rules):
        targets = [node["target"] for node in each["nodes"]][:3]
        yield Found(page.url, name, f"{how}: {each['id']} {targets}")


@pytest.mark.browser
@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_every_page_is_in_order(scene: Scene, opens: Opens, team: Team) -> None:
    owner, reviewer = opens(team.olga, "/help/"), opens(team.rui, "/help/")
    site = owner.url.removesuffix("/help/")
    pages = [
        (reviewer if REVIEWER_S.match(address) else owner, site + address, name)
        for address, name in addresses(scene)
    ]
    pages = [each for each in pages if is_a_page(each[0], each[1])]
    assert len(pages) > 45
    found = [each for page in pages for each in faults(*page)]
    assert not found, "\n".join(map(str, found))


@pytest.mark.browser
@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_a_refusal_is_in_order(
    new_context: Callable[..., BrowserContext], live_server: LiveServer, team: Team
) -> None:
    found = list[Found]()
    for user, path in ((team.olga, "/nothing/"), (team.rui, "/studies/"), (None, "/studies/")):
        context = new_context()
        if user is not None:
            cookie = team.signed_in(user).cookies["sessionid"].value
            context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        found += faults(context.new_page(), f"{live_server.url}{path}", REFUSED)
    assert not found, "\n".join(map(str, found))

"""Whatever an item's id holds, its page has an address that no browser makes another of."""

import html
import re
from random import Random
from urllib.parse import urljoin

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.ledger.decide import decide_study
from tests.cast import Team, a_metric, a_run, a_study, a_test_set, a_version

SITE = "http://testserver"
NASTY = [
    *(
        ".",
        "..",
        "...",
        "-",
        "a/b",
        "a//b",
        "/a",
        "a/",
        "./a",
        "a/..",
        "a/../b",
        "a/./b",
        "/",
        "//",
    ),
    *("a b", " a ", "100%", "%2e%2e", "%2F", "a%20b", "a?b", "?", "#", "a#b", "a&item=b", "a+b"),
    *("a\\b", "\\", "a\nb", "a\tb", "a\u2028b", "é", "e\u0301", "日本語", "🦜", "..\u200b"),
    *("x" * 200, "🦜" * 200, "/." * 100, "<b>", "'\"", "new", "javascript:alert(1)", "..;", "~"),
]


def ids() -> list[str]:
    """Those above, and 25 of such signs by chance (a seed's, the same in each run)."""
    draw = Random(12)
    signs = [*"./%?#&=+-\\ ;:@a", "..", "é", "\n"]
    drawn = ("".join(draw.choices(signs, k=draw.randint(1, 6))) for _ in range(25))
    return list(dict.fromkeys([*NASTY, *(each for each in drawn if each.strip())]))


LISTED = re.compile(r'href="([^"]*)" data-item>')
SHOWN = re.compile(r'<a class="mono" href="([^"]*/items/[^"]*)"')


def walk(client: Client, address: str, links: re.Pattern[str] = LISTED) -> list[str]:
    """The ids in the headings of the items that a list's pages link to, as a browser would go."""
    found = []
    for number in range(1, 9):
        page = client.get(address, {"page": str(number)}).text
        reached = [urljoin(SITE + address, html.unescape(link)) for link in links.findall(page)]
        for each in reached:
            answer = client.get(each.removeprefix(SITE))
            assert answer.status_code == 200, each
            heading = re.search(r'<h1 class="mono">(.*?)</h1>', answer.text, re.DOTALL)
            assert heading is not None
            found.append(html.unescape(heading[1]))
        if f"page={number + 1}" not in page:
            break
    return found


@pytest.mark.django_db
def test_every_item_is_reached_from_its_list_whatever_its_id_holds(
    olga: Client, team: Team
) -> None:
    asked = ids()
    version = a_test_set(team, items=[{"key": each} for each in asked])
    assert len(asked) > 65
    address = reverse("site:test_set_items", args=[version.test_set_id])
    assert walk(olga, address) == asked


@pytest.mark.django_db
def test_so_it_is_from_every_page_that_leads_to_one(olga: Client, team: Team) -> None:
    asked = [".", "..", "a/../b", "100%", "a?b#c", "é🦜", "-", "a\nb"]
    some = [{"key": each} for each in asked]
    version, metric = a_test_set(team, items=some, clusters=4), a_metric()
    base, lora = a_version(team, "base"), a_version(team, "lora")
    runs = [
        a_run(each, version, scores=[score] * len(asked), metric=metric)
        for each, score in ((base, 1.0), (lora, 0.0))
    ]
    study = a_study(team, baseline=base, candidate=lora, primary=version, metric=metric)
    decide_study(study=study)
    for name, pk, links in (
        ("run", runs[0].pk, SHOWN),
        ("run_items", runs[0].pk, LISTED),
        ("test_set", version.test_set_id, SHOWN),
        ("study", study.pk, LISTED),
        ("study_items", study.pk, LISTED),
    ):
        found = walk(olga, reverse(f"site:{name}", args=[pk]), links)
        assert sorted(found) == sorted(asked), name


@pytest.mark.django_db
def test_a_search_leads_to_it(olga: Client, team: Team) -> None:
    version = a_test_set(team, items=[{"key": ".."}, {"key": "q1"}])
    page = olga.get(reverse("site:search"), {"q": "Question 0"}).text
    link = f"/test-sets/{version.test_set_id}/items/-/?item=..&amp;version=1"
    assert f'href="{link}"' in page
    assert '<h1 class="mono">..</h1>' in olga.get(html.unescape(link)).text


@pytest.mark.django_db
def test_addresses_of_before_lead_where_they_led(olga: Client, team: Team) -> None:
    version = a_test_set(team, items=[{"key": each} for each in ("a//b", "100%", "-", "q 1")])
    items = reverse("site:test_set_items", args=[version.test_set_id])
    for path, key in (("a//b", "a//b"), ("100%25", "100%"), ("-", "-"), ("q%201", "q 1")):
        assert f'<h1 class="mono">{key}</h1>' in olga.get(f"{items}{path}/").text
    for path in ("-/?item=q2", "q2/?item=-", "%2E%2E/"):
        assert olga.get(items + path).status_code == 404

"""Methods: an index of one line each, a page a method, and how often the verdict is right."""

from django.test import Client
from django.urls import reverse

from evalhub.report.methods import methods
from tests.cast import Team

SHORTEST_LINE = 62
"""Letters that a line of the index has room for, in the narrower of its columns."""


def page_of(client: Client, method: str) -> str:
    return client.get(reverse("site:method", args=[method])).text


def test_the_index_has_a_line_for_each_that_leads_to_its_page(olga: Client) -> None:
    page = olga.get(reverse("site:methods")).text
    for method in methods().all:
        assert (
            f'<li id="{method.key}"><a href="{reverse("site:method", args=[method.key])}"' in page
        )
        assert len(method.name) + len(method.gloss) <= SHORTEST_LINE, method.key
        if method.formula:
            assert method.formula.splitlines()[0] not in page


def test_a_method_stands_on_its_page_whole_beside_the_others_of_its_chapter(olga: Client) -> None:
    page = page_of(olga, "skew")
    for text in ("Skew-corrected t</h1>", "Hall 1992", "lower end: d̄ + T", "the usual t’s"):
        assert text in page
    for method in methods().chapters[1].methods:
        assert reverse("site:method", args=[method.key]) in page
    assert f'{reverse("site:method", args=["skew"])}" aria-current="page"' in page


def test_each_figure_stands_under_its_method(olga: Client) -> None:
    page = page_of(olga, "ledger")
    assert "<strong>What the k-th claim pays.</strong>" in page
    assert '<svg class="drawn" role="img"' in page
    assert "look 7 needs twice the items" in page
    assert '<svg class="drawn"' not in page_of(olga, "record"), "it computes nothing"


def test_a_chapter_leads_to_its_part_of_the_index(olga: Client) -> None:
    answer = olga.get(reverse("site:method", args=["judge"]))
    assert answer["Location"] == f"{reverse('site:methods')}#judge"
    assert 'id="judge"' in olga.get(reverse("site:methods")).text


def test_there_is_no_other_method(olga: Client) -> None:
    assert olga.get(reverse("site:method", args=["guessing"])).status_code == 404


def test_the_rates_stand_on_a_page_of_their_own(olga: Client) -> None:
    page = olga.get(reverse("site:method_rates")).text
    for line in methods().rates:
        assert line.false in page
    for row in methods().coverages:
        assert row.evalhub in page


def test_reviewers_may_read_them_as_they_may_the_documents(team: Team) -> None:
    client = team.signed_in(team.rui)
    assert client.get(reverse("site:methods")).status_code == 200
    assert reverse("site:methods") in client.get(reverse("site:help")).text

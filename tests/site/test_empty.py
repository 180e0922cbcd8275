"""A list with nothing in it says what to do, and leads there."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.cast import Team, a_version


def shown_empty(client: Client, address: str) -> list[str]:
    """Where the box of an empty list leads to, forms too."""
    page = client.get(address)
    assert page.status_code == 200
    box = page.text.partition('class="card empty"')[2]
    assert "<h2>" in box
    return re.findall(r'(?:href|action)="([^"]*)"', box.partition("</main>")[0])


@pytest.mark.parametrize(
    ("name", "leads"),
    [
        ("studies", "new_comparison"),
        ("runs", "new_run"),
        ("versions", "new_version"),
        ("test_sets", "new_working_set"),
        ("working_sets", "test_sets"),
        ("campaigns", "choose_study"),
        ("choose_study", "new_comparison"),
    ],
)
def test_an_empty_list_leads_to_what_fills_it(olga: Client, name: str, leads: str) -> None:
    assert reverse(f"site:{leads}") in shown_empty(olga, reverse(f"site:{name}"))


def test_a_version_that_answered_nothing_leads_to_a_run(olga: Client, team: Team) -> None:
    version = a_version(team, "idle")
    page = olga.get(reverse("site:version", args=[version.pk])).text
    assert f'answered nothing yet. <a href="{reverse("site:new_run")}"' in page


def test_what_a_filter_leaves_empty_leads_back_to_all(olga: Client, team: Team) -> None:
    a_version(team, "idle")
    versions = reverse("site:versions")
    page = olga.get(versions, {"q": "nothing is called so"}).text
    assert f'<a href="{versions}">see all' in page

"""Six nouns stand at the top of every page, their lists below them, and the rest in one menu."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import User
from evalhub.site.nouns import HELP, NOUNS, noun_of
from evalhub.site.templatetags.help import DOCUMENTS
from tests.cast import Team, a_team

LABELS = ["Home", "Studies", "Reviews", "Production", "Data", "Models"]
OF_A_PERSON = re.compile(
    r"^(account|accounts:|site:"
    r"(projects?|project_log|members|tokens|webhooks?|site_log|overview|search|saved_views)$)"
)
"""Pages that belong to no noun: one's account, projects, and what goes across all of them."""


def nouns(page: str) -> list[str]:
    at = page.index('aria-label="Pages"')
    return re.findall(r'data-label="(\w+)"', page[at : page.index("</nav>", at)])


def current(page: str) -> list[str]:
    at = page.index('aria-label="Pages"')
    return re.findall(
        r'data-label="(\w+)" aria-current="page"', page[at : page.index("</nav>", at)]
    )


def test_who_sees_results_has_the_six_nouns(olga: Client) -> None:
    assert nouns(olga.get("/").text) == LABELS
    assert [noun.label for noun in NOUNS] == LABELS


def test_who_sees_none_has_their_reviews_alone(team: Team) -> None:
    page = team.signed_in(team.rui).get("/help/").text
    assert nouns(page) == ["Reviews"]
    assert "Sign out" in page
    assert "/projects/" not in page
    assert 'type="search" name="q" maxlength="200" aria-label="Search everything"' not in page


@pytest.mark.parametrize(
    ("path", "noun"),
    [
        ("/", "Home"),
        ("/studies/", "Studies"),
        ("/runs/", "Studies"),
        ("/studies/new/", "Studies"),
        ("/campaigns/", "Reviews"),
        ("/production/", "Production"),
        ("/test-sets/", "Data"),
        ("/working-sets/", "Data"),
        ("/examples/", "Data"),
        ("/training-files/", "Data"),
        ("/data/", "Data"),
        ("/versions/", "Models"),
        ("/versions/beside/", "Models"),
        ("/endpoints/", "Models"),
        ("/costs/", "Models"),
        ("/hand-over/", "Models"),
    ],
)
def test_a_page_is_under_its_noun(olga: Client, team: Team, path: str, noun: str) -> None:
    assert current(olga.get(path, follow=True).text) == [noun]


def test_help_holds_documents_and_methods(olga: Client) -> None:
    page = olga.get("/methods/").text
    assert current(page) == []
    assert 'aria-current="true">Help</a>' in page
    assert f'href="{reverse("site:help")}"' in page[page.index('class="lists"') :]


def test_every_page_with_a_document_has_a_place() -> None:
    lost = [name for name in DOCUMENTS if noun_of(name) is None and not OF_A_PERSON.match(name)]
    assert lost == []


def test_a_noun_s_lists_stand_on_each_of_them_and_nowhere_else(olga: Client, team: Team) -> None:
    for noun in (*NOUNS, HELP):
        for link in noun.lists:
            page = olga.get(reverse(link.view)).text
            shown = [each.view for each in noun.lists if reverse(each.view) in lists(page)]
            expected = [each.view for each in noun.lists] if len(noun.lists) > 1 else []
            assert shown == expected, link.view
    assert lists(olga.get("/runs/new/").text) == ""


def lists(page: str) -> str:
    at = page.find('<nav class="lists"')
    return page[at : page.index("</nav>", at)] if at >= 0 else ""


def menu(client: Client) -> str:
    page = client.get("/help/").text
    at = page.index('<nav id="person"')
    return page[at : page.index("</nav>", at)]


def test_the_menu_leads_to_ones_account_and_projects_and_out(team: Team) -> None:
    owner, evaluator = menu(team.signed_in(team.olga)), menu(team.signed_in(team.eva))
    for page in ("account/", "projects/support-desk/tokens/", "projects/"):
        address = "/accounts/" if page == "account/" else f"/{page}"
        assert f'href="{address}"' in owner
        assert f'href="{address}"' in evaluator
    for page in ("members", "webhooks"):
        assert f'href="/projects/support-desk/{page}/"' in owner
        assert f'href="/projects/support-desk/{page}/"' not in evaluator
    assert "Sign out" in owner


def test_the_menu_names_three_projects_and_leads_to_the_others(team: Team) -> None:
    for number in range(3):
        a_team(f"Zebra {number}", f"zebra-{number}")
    shown = menu(team.signed_in(team.eva))
    assert "Zebra 1" in shown
    assert "Zebra 2" not in shown
    assert "All projects" in shown


def test_an_administrator_s_menu_has_no_webhooks_of_others(team: Team) -> None:
    root = Client()
    root.force_login(User.objects.create_superuser("root"))
    assert "/projects/support-desk/members/" in menu(root)
    assert "webhooks" not in menu(root)

"""The documents of this version, served by the site itself."""

import re
from posixpath import normpath

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.documents import documents, files
from evalhub.documents.layout import laid_out
from evalhub.site.templatetags.help import DOCUMENTS

LINK = re.compile(r'<(?:a|img) [^>]*?(?:href|src)="([^"]*)"')


def at(name: str) -> str:
    return reverse("site:document", args=[name])


def test_help_begins_with_the_list_of_documents(olga: Client) -> None:
    page = olga.get(reverse("site:help"))
    assert "Evalhub's documents</h1>" in page.text
    assert 'href="tutorials/first-verdict.md"' in page.text


def test_everybody_who_is_signed_in_may_read_them_and_nobody_else(
    rui: Client, stranger: Client, client: Client
) -> None:
    assert rui.get(at("how-to/reviewing.md")).status_code == 200
    assert stranger.get(at("reference/policy.md")).status_code == 200
    assert client.get(at("reference/policy.md")).status_code == 302


def anchors(html: str) -> set[str]:
    return set(re.findall(r'<h\d id="([^"]*)"', html))


def test_links_between_documents_lead_to_a_page_and_a_heading_of_it(olga: Client) -> None:
    """Of every document: what leads into the site is a file that it serves, and a heading there."""
    pages = {name: olga.get(at(name)).text.partition('<article class="document">')[2]
             for name in documents()}  # fmt: skip
    followed = 0
    for name, html in pages.items():
        for link in LINK.findall(html):
            if re.match(r"https?:|mailto:|/", link):
                continue
            path, _, heading = link.partition("#")
            target = normpath(f"{name}/../{path}") if path else name
            assert target in files(), f"{name}: {link}"
            if heading:
                assert heading in anchors(pages[target]), f"{name}: {link}"
            followed += 1
    assert followed > 300


def test_what_lies_outside_of_the_documents_leads_to_the_source(olga: Client) -> None:
    page = olga.get(at("explanation/decisions/early-stop.md")).text
    assert 'href="https://github.com/evalhub/evalhub/blob/main/evalhub/stats/bets.py"' in page
    assert 'href="CHANGELOG.md"' in olga.get(at("index.md")).text
    assert "<h1" in olga.get(at("CHANGELOG.md")).text


def test_pictures_and_schemas_are_served_as_they_are(olga: Client) -> None:
    picture = olga.get(at("images/study.png"))
    assert picture.headers["Content-Type"] == "image/png"
    assert b"".join(picture).startswith(b"\x89PNG")  # type: ignore[arg-type]
    assert olga.get(at("study.schema.json")).headers["Content-Type"] == "application/json"


def test_a_document_is_served_as_markdown_too(olga: Client) -> None:
    page = olga.get(reverse("site:document_markdown", args=["reference/policy.md"]))
    assert page.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert page.text == documents()["reference/policy.md"].text
    assert olga.get(reverse("site:document_markdown", args=["images/study.png"])).status_code == 404
    alternate = 'type="text/markdown" href="/help/markdown/reference/policy.md"'
    assert alternate in olga.get(at("reference/policy.md")).text


def test_llms_txt_leads_to_every_document_s_markdown(olga: Client, client: Client) -> None:
    """By the front page's chapters, with an address of the site; for who is signed in alone."""
    page = olga.get(reverse("site:llms"))
    assert page.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert page.text.startswith("# Evalhub's documents\n\n> ")
    links = re.findall(r"^- \[[^\]]+\]\(http://[^/]+(/help/markdown/[^)]+)\)", page.text, re.M)
    wanted = {name: reverse("site:document_markdown", args=[name]) for name in documents()}
    assert set(links) == set(wanted.values()) - {wanted["index.md"]}
    chapters = re.findall(r"^## (.*)$", documents()["index.md"].text, re.M)
    assert re.findall(r"^## (.*)$", page.text, re.M) == [*chapters, "Optional"]
    assert all(olga.get(link).status_code == 200 for link in links)
    assert client.get(reverse("site:llms")).status_code == 302


@pytest.mark.parametrize("name", ["nothing.md", "../pyproject.toml", "decisions", "x/../policy.md"])
def test_nothing_else_is_served(olga: Client, name: str) -> None:
    assert olga.get(f"/help/{name}").status_code == 404


def test_no_style_is_inline_in_a_document(olga: Client) -> None:
    """The content policy would refuse it: a column's alignment is a class."""
    page = olga.get(at("explanation/statistics.md")).text
    assert "style=" not in page
    assert '<td class="right">' in page


def test_a_page_leads_to_the_document_about_it(olga: Client) -> None:
    test_sets = olga.get(reverse("site:test_sets")).text
    assert f'href="{at("reference/test-sets.md")}">Help</a>' in test_sets
    assert f'href="{reverse("site:help")}">Help</a>' in olga.get(at("reference/policy.md")).text


def test_every_document_that_pages_lead_to_has_the_heading() -> None:
    for link in DOCUMENTS.values():
        name, _, heading = link.partition("#")
        anchors = {each.heading.anchor for each in laid_out(documents()[name]).sections}
        assert not heading or heading in anchors, link


def found(client: Client, words: str) -> list[str]:
    page = client.get(reverse("site:help"), {"q": words}).text
    return re.findall(r'<h2><a href="/help/([^"]*)"', page)


def test_search_finds_the_section_that_a_word_is_about_first(olga: Client) -> None:
    assert found(olga, "noise floor")[0] == "reference/words.md#noise-floor"
    assert found(olga, "NOISE flo")[0] == "reference/words.md#noise-floor"
    assert found(olga, "backup database")[0] == "how-to/kept-running.md#backups"


def test_search_shows_the_words_where_they_stand(olga: Client) -> None:
    page = olga.get(reverse("site:help"), {"q": "<b>spent</b> spent"}).text
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "<mark>spent</mark>" in olga.get(reverse("site:help"), {"q": "spent"}).text


def test_a_search_that_finds_nothing_says_what_would(olga: Client) -> None:
    page = olga.get(reverse("site:help"), {"q": "xylophone margin"}).text
    assert "No section has these words" in page
    assert "Fewer words find more" in page
    assert found(olga, "?!") == []

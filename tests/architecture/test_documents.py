"""The documents hold together: links lead somewhere, and tables say what the code says."""

import re
from pathlib import Path

import pytest

from evalhub import settings
from evalhub.documents.decisions import as_markdown, decisions

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
DECISIONS = ROOT / "docs" / "explanation" / "decisions"
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]*)(#[^)\s]*)?\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def links(document: Path) -> list[tuple[str, str]]:
    """The relative links of a page, as file ("" is the page itself) and heading ("#…" or "")."""
    return LINK.findall(FENCE.sub("", document.read_text()))


def headings(document: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", FENCE.sub("", document.read_text()), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]
    return {f"#{title}" for title in plain}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    for file, heading in links(document):
        target = document.parent / file if file else document
        assert target.exists(), file
        if heading:
            assert heading in headings(target), f"{file}{heading}"


def linked(page: Path) -> set[Path]:
    return {(page.parent / file).resolve() for file, _ in links(page)}


def test_the_index_names_every_document() -> None:
    """By itself, or by the index of the decisions."""
    index = ROOT / "docs" / "index.md"
    decisions_index = DECISIONS / "index.md"
    assert decisions_index in linked(index)
    named = linked(index) | linked(decisions_index)
    pages = {path for path in DOCUMENTS if path.is_relative_to(ROOT / "docs")} - {index}
    assert {str(page.relative_to(ROOT)) for page in pages - named} == set()


def test_documents_stand_in_four_rooms() -> None:
    """Tutorials, how-to guides, reference, explanation; only the way in stands before them."""
    top = {path.name for path in (ROOT / "docs").iterdir() if path.suffix != ".json"}
    rooms = {"tutorials", "how-to", "reference", "explanation"}
    assert top == rooms | {"index.md", "architecture.md", "images"}


def test_the_front_page_names_five_pages_to_read_first() -> None:
    front = (ROOT / "docs" / "index.md").read_text()
    first = front.partition("## Read first")[2].partition("\n## ")[0]
    assert len(re.findall(r"^- \[", first, re.MULTILINE)) == 5
    for reader in ("evaluator", "owner", "run a site"):
        assert reader in first


@pytest.mark.parametrize(
    "page",
    sorted([*ROOT.glob("docs/how-to/*.md"), *ROOT.glob("docs/tutorials/*.md")]),
    ids=lambda path: path.stem,
)
def test_a_guide_is_read_at_one_sitting(page: Path) -> None:
    """At most 1,200 words, but for the code that is copied."""
    assert len(FENCE.sub("", page.read_text()).split()) <= 1200


MADE = {"cli", "methods", "rest-reference", "words"}  # from declarations
MEASURED = {"verdict-rates"}  # half an hour of simulations, twenty tables
TABLE = re.compile(r"^\|.*$", re.MULTILINE)


@pytest.mark.parametrize(
    "page",
    sorted([*ROOT.glob("docs/reference/*.md"), *ROOT.glob("docs/explanation/*.md")]),
    ids=lambda path: path.stem,
)
def test_a_page_of_reference_has_little_to_read_beside_its_tables(page: Path) -> None:
    prose = TABLE.sub("", FENCE.sub("", page.read_text()))
    assert page.stem in MADE | MEASURED or len(prose.split()) <= 1200


def test_decisions_have_a_status_and_a_date_and_are_listed() -> None:
    page = DECISIONS / "index.md"
    assert page.read_text() == as_markdown(), f"python -m evalhub.documents.decisions > {page}"
    assert len(decisions()) > 50


@pytest.mark.parametrize("page", sorted(DECISIONS.glob("*.md")), ids=lambda path: path.stem)
def test_a_decision_is_short(page: Path) -> None:
    """400 words or fewer, tables included; the list of all isn't one."""
    assert page.stem == "index" or len(page.read_text().split()) <= 400


def test_configuration_lists_what_the_settings_read() -> None:
    row = re.compile(r"^\| `?(EVALHUB_\w+)`? \| (.*?) \| (.*?) \|$", re.MULTILINE)
    written = row.findall((ROOT / "docs" / "reference/configuration.md").read_text())
    source = Path(settings.__file__).read_text()
    assert written == row.findall(settings.__doc__ or "")
    assert {name for name, *_ in written} == set(re.findall(r'"(EVALHUB_\w+)"', source))

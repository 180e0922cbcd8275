"""The documents hold together: links lead somewhere, and tables say what the code says."""

import re
from pathlib import Path

import pytest

from evalhub import settings

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
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


def test_the_index_names_every_document() -> None:
    index = ROOT / "docs" / "index.md"
    named = {(index.parent / file).resolve() for file, _ in links(index)}
    pages = {path for path in DOCUMENTS if "docs" in path.parts} - {index}
    assert {str(page.relative_to(ROOT)) for page in pages - named} == set()


def test_configuration_lists_what_the_settings_read() -> None:
    row = re.compile(r"^\| `?(EVALHUB_\w+)`? \| (.*?) \| (.*?) \|$", re.MULTILINE)
    written = row.findall((ROOT / "docs" / "reference/configuration.md").read_text())
    source = Path(settings.__file__).read_text()
    assert written == row.findall(settings.__doc__ or "")
    assert {name for name, *_ in written} == set(re.findall(r'"(EVALHUB_\w+)"', source))

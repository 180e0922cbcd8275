"""Every word of ours is explained in one place, and stands on a page with its explanation."""

import re
from pathlib import Path
from typing import get_args

import evalhub
from evalhub.decision.criteria.table import OF_ROLE
from evalhub.decision.criterion import Role
from evalhub.declare.policy import Tier
from evalhub.report.words import terms
from evalhub.report.words.markdown import as_markdown

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = Path(evalhub.__file__).resolve().parents[1]
TEMPLATES = [path for top in ("evalhub", "reviews") for path in (PACKAGES / top).rglob("*.html")]
TERM = re.compile(r'{% term (?:"([^"]*)"|([\w.]+))')


def used() -> set[str]:
    """The words that templates name, and those that a criterion's role and tier can be; of a live
    experiment's criteria the templates name them."""
    found = [TERM.findall(path.read_text(encoding="utf-8")) for path in TEMPLATES]
    named = {name for each in found for name, _ in each if name}
    assert {value for each in found for _, value in each if value} == {"each.role", "each.tier"}
    roles = {role for role in get_args(Role) if not OF_ROLE[role].counts_users}
    return named | roles | set(get_args(Tier))


def test_every_word_on_a_page_is_explained_and_every_explanation_is_on_a_page() -> None:
    assert used() == set(terms())


def test_an_explanation_is_one_sentence() -> None:
    for word in terms().values():
        assert word.says.endswith(".")
        assert ". " not in word.says, word.name


def test_the_document_says_the_same() -> None:
    assert (ROOT / "docs" / "reference/words.md").read_text(encoding="utf-8") == as_markdown()

"""The pages on REST say the numbers and words that hold."""

from pathlib import Path

from evalhub.accounts.models import Scope
from evalhub.accounts.tokens import LASTS_DAYS
from evalhub.features.working_sets.shapes import MOST_ROWS
from evalhub.frames.rest import requests
from evalhub.frames.rest.idempotency import KEPT
from evalhub.frames.rest.lists import LARGEST_PAGE
from evalhub.frames.rest.requests import LONGEST_S, SPARED
from evalhub.frames.rest.tokens import REQUESTS
from evalhub.registry import uploads
from evalhub.serving.server import MIB, ServerLimits
from evalhub.studies.web import peeks as peeks_from_web

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
PAGE = "".join((REFERENCE / f"{name}.md").read_text() for name in ("rest", "rest-writing"))
WORDS = " ".join(PAGE.split())


def test_its_numbers_are_those_that_hold() -> None:
    assert f"after {LASTS_DAYS} days" in WORDS
    assert f"{REQUESTS:,} requests a minute" in WORDS
    assert (KEPT.days, "for seven days" in WORDS) == (7, True)
    assert f"`page_size` is up to {LARGEST_PAGE}" in WORDS
    assert f"`wait={LONGEST_S}`" in WORDS
    assert (SPARED, "but three" in WORDS) == (3, True)
    assert f"up to {ServerLimits().upload // MIB} MiB" in WORDS
    assert f"a file up to {uploads.LARGEST // 1024**3} GiB" in WORDS
    assert f"files {uploads.MOST // 1024**3} GiB together" in WORDS
    assert f"up to {MOST_ROWS:,}, or as an upload" in WORDS
    assert f"a JSON body ({requests.LARGEST // MIB} MiB)" in WORDS
    assert f"a JSON array of up to {peeks_from_web.LARGEST // MIB} MiB" in WORDS
    assert (uploads.KEPT_S, "two weeks" in WORDS) == (14 * 24 * 3600, True)


def test_it_has_every_scope() -> None:
    assert [scope for scope in Scope if f"| {scope} | " not in PAGE] == []

"""The command that makes the documents' pictures."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.browser import chromium
from tests.pictures import IMAGES
from tests.pictures.taken import PICTURES

DOCS = IMAGES.parent
MOST_BYTES = 250 * 1024


def test_every_picture_is_made_by_it_and_stands_in_a_document() -> None:
    documents = "".join(
        each.read_text(encoding="utf-8")
        for each in (*DOCS.rglob("*.md"), DOCS.parent / "README.md")
    )
    shown = set(re.findall(r"images/([\w-]+)\.png", documents))
    made = {each.name for each in PICTURES}
    assert len(made) == len(PICTURES)
    assert made == shown
    assert made == {each.stem for each in IMAGES.iterdir()}


def test_none_is_large() -> None:
    sizes = {each.name: each.stat().st_size for each in IMAGES.iterdir()}
    assert {name: size for name, size in sizes.items() if size > MOST_BYTES} == {}


@pytest.mark.heavy
@pytest.mark.browser
@pytest.mark.skipif(chromium() is None, reason="needs Chromium")
def test_it_makes_them(tmp_path: Path) -> None:
    names = ["decision-record", "model-trend", "new-comparison", "campaign-running"]
    names += ["review-diff", "review-phone", "review-pause", "review-results"]
    command = [sys.executable, "-m", "tests.pictures", "--into", str(tmp_path), *names]
    subprocess.run(command, check=True, timeout=180)
    made = {each.stem: each.stat().st_size for each in tmp_path.iterdir()}
    assert set(made) == set(names)
    assert min(made.values()) > 10_000
    assert width(tmp_path / "review-phone.png") < width(tmp_path / "review-diff.png") == 1280


def width(picture: Path) -> int:
    """As a PNG's header says it, in pixels."""
    return int.from_bytes(picture.read_bytes()[16:20])

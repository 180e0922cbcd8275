"""The command that makes the documents' pictures of the study's pages."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.browser import chromium
from tests.pictures import IMAGES, PICTURES

DOCS = IMAGES.parent


def test_each_of_its_pictures_is_kept_and_stands_in_a_document() -> None:
    documents = "".join(
        each.read_text(encoding="utf-8") for each in (*DOCS.glob("*.md"), DOCS.parent / "README.md")
    )
    shown = set(re.findall(r"images/([\w-]+)\.png", documents))
    made = {each.name for each in PICTURES}
    assert made <= shown
    assert made <= {each.stem for each in IMAGES.glob("*.png")}


@pytest.mark.heavy
@pytest.mark.browser
@pytest.mark.skipif(chromium() is None, reason="needs Chromium")
def test_it_makes_them(tmp_path: Path) -> None:
    names = ["study", "decision-record", "model-trend"]
    command = [sys.executable, "-m", "tests.pictures", "--into", str(tmp_path), *names]
    subprocess.run(command, check=True, timeout=120)
    made = {each.stem: each.stat().st_size for each in tmp_path.iterdir()}
    assert set(made) == set(names)
    assert min(made.values()) > 10_000

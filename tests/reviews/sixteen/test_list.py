"""Each of the sixteen has a test that carries its number."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NUMBERED = re.compile(r"^def test_(\d+)_", re.MULTILINE)


@pytest.mark.parametrize("way", range(1, 17))
def test_every_way_in_which_blindness_breaks_has_a_test(way: int) -> None:
    found = {
        int(number)
        for file in HERE.glob("test_*.py")
        for number in NUMBERED.findall(file.read_text(encoding="utf-8"))
    }
    assert way in found

"""Which command lines run the tests on every core: those that select none."""

from argparse import Namespace

import pytest

from tests.plugin import selects


@pytest.mark.parametrize(
    ("given", "serial"),
    [
        ({}, False),
        ({"verbose": -1, "file_or_dir": [], "markexpr": "", "lf": False}, False),
        ({"file_or_dir": ["tests/stats"]}, True),
        ({"keyword": "margin"}, True),
        ({"markexpr": "heavy"}, True),
        ({"lf": True}, True),
        ({"collectonly": True}, True),
        ({"postgresql": True}, True),
        ({"numprocesses": 0}, True),
    ],
)
def test_a_selection_runs_in_one_process(given: dict[str, object], serial: bool) -> None:
    assert selects(Namespace(numprocesses=given.pop("numprocesses", None), **given)) is serial

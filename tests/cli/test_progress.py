"""What a log says of the time left."""

import io

import pytest
from rich.console import Console

from evalhub.frames.command import progress


def test_a_log_says_how_long_the_rest_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    said = io.StringIO()
    with progress.Bars(Console(file=said, width=200)) as bars:
        for seconds, done in ((0, 100), (5, 102), (12, 105), (30, 200), (60, 580), (70, 600)):
            clock[0] = seconds
            bars.show("runs", "answers", done, 600)
    assert said.getvalue().splitlines() == [
        "answers: 105 of 600",
        "answers: 200 of 600, about 2 min left",
        "answers: 580 of 600, less than a minute left",
        "answers: 600 of 600",
    ]

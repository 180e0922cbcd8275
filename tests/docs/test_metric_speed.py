"""docs/reference/metric-speed.md has a row of every metric, and its command still works."""

import re
from pathlib import Path

import pytest

from runners.metrics import METRICS
from tests.benchmarks.metric_speed import FEW, FIRST, timed, untimed
from tests.sandbox import need_sandbox

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "metric-speed.md"
ROWS = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


def test_no_metric_is_missing() -> None:
    """python -m tests.benchmarks.metric_speed prints the table anew."""
    assert list(ROWS) == list(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_what_has_no_time_says_why_and_all_else_has_one(name: str) -> None:
    if reason := untimed(name):
        assert ROWS[name] == reason
    elif METRICS[name].sandboxed:
        assert re.fullmatch(r"0[.]\d+ an answer, in the sandbox", ROWS[name])
    else:
        assert float(ROWS[name].replace(",", "")) > 0


@pytest.mark.heavy
@pytest.mark.parametrize("name", [name for name in METRICS if not untimed(name)])
def test_every_metric_can_be_timed(name: str) -> None:
    if METRICS[name].sandboxed:
        need_sandbox()
    row = timed(name, 0.01)
    assert row.seconds > 0
    assert row.answers >= (FEW if METRICS[name].sandboxed else FIRST)
    assert (row.together is not None) == METRICS[name].scored_together

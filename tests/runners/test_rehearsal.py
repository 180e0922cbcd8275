"""A bad night, shortened: `python -m tests.benchmarks.rehearsal` has the long ones."""

import pytest

from tests.benchmarks.rehearsal import rehearse

pytestmark = [pytest.mark.services, pytest.mark.heavy, pytest.mark.paired]


def test_whatever_befalls_a_run_each_answer_is_there_once_and_stays() -> None:
    found = rehearse(seed=3, blows=7, workers=3, items=400, every_s=1.0)
    assert sum(found.blows.values()) == 7
    assert (found.state, found.said) == ("done", ""), found
    assert found.answers == found.distinct == 800, found
    assert (found.scores, found.errors, found.lost) == (1600, 0, 0), found
    assert 0 <= found.paid_again <= found.paid_again_at_most, found
    assert found.tracebacks == [], found

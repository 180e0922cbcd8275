"""A gain that is the extraction pattern's is told; one that isn't stays what it is."""

from collections.abc import Sequence

import pytest

from evalhub.decision.document import DecisionRecord
from evalhub.decision.verify import verify
from evalhub.ledger.decide import decide_study
from evalhub.registry.models import RunMetric, Score
from tests.cast import Team, a_metric, a_run, a_study, a_test_set, a_version

pytestmark = pytest.mark.django_db


def decided(
    team: Team, *, baseline: Sequence[float], candidate: Sequence[float], missed: int, **policy: str
) -> DecisionRecord:
    """A decision where the pattern found nothing in the baseline's first `missed` answers."""
    metric = a_metric(extract="answer: (.*)")
    items = a_test_set(team, "items", items=len(baseline))
    base, tuned = a_version(team, "base"), a_version(team, "tuned")
    runs = [
        a_run(version, items, scores=scores, metric=metric)
        for version, scores in ((base, baseline), (tuned, candidate))
    ]
    Score.objects.filter(output__run__in=runs).update(extracted=True)
    first = Score.objects.filter(output__run=runs[0]).order_by("output__item__position")[:missed]
    Score.objects.filter(pk__in=list(first.values_list("pk", flat=True))).update(extracted=False)
    RunMetric.objects.filter(run=runs[0]).update(extraction_misses=missed)
    study = a_study(
        team, baseline=base, candidate=tuned, primary=items, metric=metric, policy=policy
    )
    record = decide_study(study=study)[0].document
    assert verify(record.as_json()).differences == []
    return record


BROKEN = [0.0] * 60 + [1.0] * 100 + [0.0] * 40
"""The baseline's first 60 answers are right, and nothing was found in them."""
AS_GOOD = [1.0] * 160 + [0.0] * 40


def test_a_gain_that_is_the_pattern_s_is_told(team: Team) -> None:
    record = decided(team, baseline=BROKEN, candidate=AS_GOOD, missed=60)
    assert record.verdict == "ship"
    assert record.jumps is not None
    (row,) = record.jumps.misses
    assert (row.baseline, row.candidate, row.without and row.without.n) == (60, 0, 140)
    assert record.jumps.status == "open"
    assert record.jumps.sentences[0].startswith(
        "The extraction pattern found nothing in 60 answers of the baseline and in 0 of the "
        "candidate on items: on the other 140 items the gain isn't shown (+0 ["
    )


def test_it_holds_the_ship_where_the_policy_says_so(team: Team) -> None:
    record = decided(team, baseline=BROKEN, candidate=AS_GOOD, missed=60, jumps="hold")
    assert record.verdict == "hold"
    assert record.headline.startswith("Not believed: The extraction pattern found nothing in 60")


def test_where_every_answer_was_missed_nothing_is_left(team: Team) -> None:
    record = decided(team, baseline=[0.0] * 100, candidate=[1.0] * 30 + [0.0] * 70, missed=100)
    assert record.jumps is not None
    assert record.jumps.misses[0].without is None
    assert "no item is left without them" in record.jumps.sentences[0]


def test_a_gain_that_stays_without_them_is_none_of_the_pattern_s(team: Team) -> None:
    gain = [1.0] * 160 + [1.0] * 40
    assert decided(team, baseline=BROKEN, candidate=gain, missed=60).jumps is None


def test_off_looks_for_nothing(team: Team) -> None:
    record = decided(team, baseline=BROKEN, candidate=AS_GOOD, missed=60, jumps="off")
    assert record.jumps is None

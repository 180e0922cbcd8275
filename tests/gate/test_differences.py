"""Item by item: built when somebody first looks, once, and again when a run has finished anew."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from evalhub.gate.decide import decide_study
from evalhub.gate.differences import comparison_of
from evalhub.gate.models import Comparison, ItemDifference
from evalhub.registry.models import Run, Score
from tests.cast import Team, a_metric, a_run, a_test_set, a_version
from tests.dashboard.cases import a_measured_study


def two_runs(team: Team, metric: str, base: list[float | None], tuned: list[float]) -> list[Run]:
    questions = a_test_set(team, items=len(base))
    return [
        a_run(a_version(team, name), questions, scores=scores, metric=a_metric(metric))
        for name, scores in (("base", base), ("tuned", tuned))
    ]


def compared(runs: list[Run], metric: str = "exact_match") -> Comparison:
    return comparison_of(baseline=runs[0], candidate=runs[1], metric=a_metric(metric))


def test_every_item_has_its_difference_with_what_became_of_it(team: Team) -> None:
    runs = two_runs(team, "exact_match", [1, 1, 0, 0, None], [0, 1, 1, 0, 1])
    comparison = compared(runs)
    assert comparison.counts == {
        "lost": 1,
        "both-right": 1,
        "won": 1,
        "both-wrong": 1,
        "unpaired": 1,
    }
    lost = comparison.differences.filter(outcome="lost").get()
    assert (lost.item.key, lost.baseline, lost.candidate, lost.difference) == ("q0000", 1, 0, -1)


def test_less_of_a_cost_counts_as_won(team: Team) -> None:
    assert compared(two_runs(team, "length", [90, 80], [60, 70]), "length").counts == {"won": 2}


def test_deciding_builds_none(team: Team) -> None:
    decide_study(study=a_measured_study(team))
    assert not Comparison.objects.exists()


def test_it_is_built_once_and_again_when_a_run_has_finished_anew(team: Team) -> None:
    runs = two_runs(team, "exact_match", [1, 0], [0, 1])
    first = compared(runs)
    Score.objects.filter(output__run=runs[1]).update(value=1)
    assert compared(runs).counts == {"lost": 1, "won": 1}
    Run.objects.filter(pk=runs[1].pk).update(finished=timezone.now())
    runs[1].refresh_from_db()
    again = compared(runs)
    assert again.counts == {"both-right": 1, "won": 1}
    assert (again.pk, ItemDifference.objects.count()) == (first.pk, 2)


@pytest.mark.django_db(transaction=True)
def test_many_who_open_it_at_once_get_the_same_one(team: Team) -> None:
    runs = two_runs(team, "exact_match", [1, 0] * 50, [0, 1] * 50)

    def opened(_: int) -> tuple[int, dict[str, int]]:
        try:
            comparison = compared(runs)
            return comparison.pk, comparison.counts
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(opened, range(8)))
    assert found == [(found[0][0], {"lost": 50, "won": 50})] * 8
    assert ItemDifference.objects.count() == 100

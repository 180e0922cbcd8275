"""Item by item: read from the scores when somebody looks, anew when a run has finished anew."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evalhub.decision.outcomes import Outcome
from evalhub.ledger.differences import (
    ComparedRuns,
    ItemDifference,
    differences_of,
    items_by_outcome,
)
from evalhub.registry.models import Item, Run, Score
from tests.cast import Team, a_metric, a_run, a_test_set, a_version


def compared(
    team: Team, base: list[float | None], tuned: list[float | None], metric: str = "exact_match"
) -> ComparedRuns:
    questions = a_test_set(team, items=len(base))
    runs = [
        a_run(a_version(team, name), questions, scores=scores, metric=a_metric(metric))
        for name, scores in (("base", base), ("tuned", tuned))
    ]
    return ComparedRuns(*runs, a_metric(metric))


def counts(runs: ComparedRuns) -> dict[str, int]:
    return {each.value: len(items) for each, items in items_by_outcome(runs).items() if len(items)}


def listed(runs: ComparedRuns, outcome: Outcome) -> list[tuple[str, float | None]]:
    keys = dict(Item.objects.values_list("pk", "key"))
    return [(keys[each.item_id], each.difference) for each in differences(runs, outcome)]


def differences(runs: ComparedRuns, outcome: Outcome) -> list[ItemDifference]:
    return differences_of(runs, items_by_outcome(runs)[outcome].tolist())


def test_every_item_has_its_difference_with_what_became_of_it(team: Team) -> None:
    runs = compared(team, [1, 1, 0, 0, 0.5, None], [0, 1, 1, 0, 0.5, 1])
    outcomes = ("lost", "both-right", "won", "both-wrong", "same", "unpaired")
    assert counts(runs) == dict.fromkeys(outcomes, 1)
    for position, outcome in enumerate(outcomes):
        assert [key for key, _ in listed(runs, Outcome(outcome))] == [f"q{position:04}"]
    (lost,) = differences(runs, Outcome.LOST)
    assert (lost.baseline, lost.candidate, lost.difference) == (1, 0, -1)
    (unpaired,) = differences(runs, Outcome.UNPAIRED)
    assert (unpaired.baseline, unpaired.candidate, unpaired.difference) == (None, 1, None)


def test_the_worst_losses_and_the_best_gains_come_first(team: Team) -> None:
    runs = compared(team, [1, 1, 0, 0, 1], [0.5, 0, 0.25, 1, 0.5])
    assert listed(runs, Outcome.LOST) == [("q0001", -1), ("q0000", -0.5), ("q0004", -0.5)]
    assert listed(runs, Outcome.WON) == [("q0003", 1), ("q0002", 0.25)]


def test_where_less_is_better_both_are_right_at_0_and_of_a_length_none_is_right(
    team: Team,
) -> None:
    assert counts(compared(team, [0, 0, 1], [0, 0, 1], "refusal")) == {
        "both-right": 2,
        "both-wrong": 1,
    }
    assert counts(compared(team, [0, 1, 1], [0, 1, 1], "length")) == {"same": 3}


def test_less_of_a_cost_counts_as_won(team: Team) -> None:
    runs = compared(team, [90, 80], [60, 70], "length")
    assert counts(runs) == {"won": 2}
    assert listed(runs, Outcome.WON) == [("q0000", 30), ("q0001", 10)]


def test_a_run_beside_itself_differs_nowhere(team: Team) -> None:
    runs = compared(team, [1, 0], [0, 1])
    itself = ComparedRuns(runs.baseline, runs.baseline, runs.metric)
    assert counts(itself) == {"both-right": 1, "both-wrong": 1}


def test_counts_are_read_anew_when_a_run_has_finished_anew(team: Team) -> None:
    runs = compared(team, [1, 0], [0, 1])
    assert counts(runs) == {"lost": 1, "won": 1}
    Score.objects.filter(output__run=runs.candidate).update(value=1)
    Run.objects.filter(pk=runs.candidate.pk).update(finished=timezone.now())
    runs.candidate.refresh_from_db()
    assert counts(runs) == {"both-right": 1, "won": 1}


def test_looking_writes_nothing(team: Team) -> None:
    runs = compared(team, [1, 0], [0, 1])
    with CaptureQueriesContext(connection) as asked:
        counts(runs)
        listed(runs, Outcome.LOST)
    assert {query["sql"].split()[0] for query in asked} == {"SELECT"}

"""Counts of a run's answers by model, server and how they ended, made in the database."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from django.db.models import Count, F, Func, Max, Min, Q, QuerySet, TextField, Value
from django.db.models.functions import Ord

from evalhub.decision.sections.answers import (
    AnsweredTestSet,
    AnswerTally,
    is_empty,
)
from evalhub.io.finish_reasons import end_of
from evalhub.io.items import UNSEEN
from evalhub.ledger.scores import Pairing
from evalhub.ledger.study_evidence import StudyEvidence
from evalhub.registry.models import Output


@cache
def _invisible_characters() -> str:
    """All invisible characters but NUL, which no database stores."""
    return "".join(char for char in map(chr, range(1, 0x10000)) if UNSEEN.match(char))


def test_sets_with_answers(
    evidence: StudyEvidence, pairings: Mapping[str, Pairing]
) -> list[AnsweredTestSet]:
    """Each pair of runs once, under its first test set's name."""
    answered: dict[tuple[int, int], AnsweredTestSet] = {}
    counted = _tallies(evidence)
    for name, pairing in pairings.items():
        before, after = pairing.baseline.run, pairing.candidate.run
        if before.test_set_version_id != after.test_set_version_id:
            continue  # no evidence, which is said elsewhere
        items = evidence.items(before.test_set_version)
        answered.setdefault(
            (before.pk, after.pk),
            AnsweredTestSet(
                name,
                len(items),
                counted[before.pk],
                counted[after.pk],
                {each.key: each.cluster for each in items if each.cluster},
                same=before.pk == after.pk,
            ),
        )
    return [*answered.values()]


def _tallies(evidence: StudyEvidence) -> Mapping[int, AnswerTally]:
    """Counts by run, made once for all decisions on the study."""
    if not evidence.answers:
        evidence.answers = tallies({run.pk for run in evidence.runs.values()})
    return evidence.answers


def tallies(runs: Collection[int]) -> dict[int, AnswerTally]:
    """Counts of the runs' answers; items are read only for answers that didn't end by
    themselves."""
    outputs: QuerySet[Output] = Output.objects.filter(run__in=runs).order_by()
    by_run = {run: AnswerTally() for run in runs}
    names = "finish_reason", "served_model", "fingerprint"
    seen = Func(
        F("text"), Value(_invisible_characters()), function="LTRIM", output_field=TextField()
    )
    # The first character nearly always tells that there is something to see, at a fraction of the
    # cost of going through all invisible ones.
    unclear = Q(first__lt=ord("!")) | Q(first__gt=ord("~"))
    nothing = Q(text=None) | Q(text="") | (unclear & Q(seen=""))
    outputs = outputs.alias(first=Ord("text"), seen=seen)
    # One pass over the answers, in the order of an index; only where those of a run were reported
    # differently are they sorted. Runs whose answers all ended by themselves, nearly all, are read
    # no further.
    extremes = {f"{each.__name__}_{name}": each(name) for name in names for each in (Min, Max)}
    counts: list[tuple[Any, ...]] = []
    ends, otherwise, mixed = set[str](), set[int](), set[int]()
    for run, count, unseen, *values in outputs.values_list("run").annotate(
        n=Count("pk"), unseen=Count("pk", filter=nothing), **extremes
    ):
        if unseen:
            otherwise.add(run)
        if values[::2] == values[1::2]:
            counts.append((run, *values[::2], count))
        else:
            mixed.add(run)
    counts += outputs.filter(run__in=mixed).values_list("run", *names).annotate(n=Count("pk"))
    for run, reason, model, system, count in counts:
        by_run[run].count(count, finish_reason=reason, model=model, fingerprint=system)
        if end_of(reason):
            ends.add(reason)
            otherwise.add(run)
    odd_outputs = outputs.filter(nothing | Q(finish_reason__in=ends), run__in=otherwise)
    columns = "run", "item__key", "finish_reason", "text", "tool_calls", "item__references"
    for run, key, reason, text, calls, references in odd_outputs.values_list(*columns).iterator():
        by_run[run].add_end(end_of(reason), key)
        if text is None:
            by_run[run].add_end("failed", key)
        elif is_empty(text, calls, references):
            by_run[run].add_end("empty", key)
    return by_run

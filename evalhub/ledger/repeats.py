"""The baseline's second run as the decision reads it: the noise floor, and whether the candidate
is told apart from it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evalhub.decision.align import clusters_of
from evalhub.decision.sections.noise_floor import SecondRun, floor_of
from evalhub.ledger.scores import Pairing, differing
from evalhub.ledger.study_evidence import StudyEvidence
from evalhub.registry.models import Run, StudyArm

Shares = dict[int, float]


@dataclass(slots=True)
class Repeats:
    """Readings of the runs' texts, shared by the decisions on a study's arms."""

    evidence: StudyEvidence
    read: dict[tuple[int, int], Shares]

    def differing(self, first: Run, second: Run) -> Shares:
        key = first.pk, second.pk
        if key not in self.read:
            self.read[key] = differing(first, second)
        return self.read[key]

    def second_run(
        self,
        baseline: StudyArm,
        arm: StudyArm,
        pairings: Mapping[str, Pairing],
        *,
        alpha: float,
    ) -> SecondRun | None:
        """Result of the baseline's second runs; None without any."""
        rows, items = [], _Items()
        for test_set in self.evidence.test_sets:
            repeat = self.evidence.repeats.get((baseline.pk, test_set.pk))
            if repeat is None:
                continue
            run = self.evidence.run(baseline, test_set)
            names = baseline.name, f"{baseline.name}'s second run"
            again = self.evidence.pair_runs(test_set, run, repeat, names)
            if not again.aligned.items:
                continue
            shares = self.differing(run, repeat)
            values = np.array([shares.get(each.id, 1.0) for each in again.aligned.items])
            rows.append(floor_of(again.aligned, values, alpha=alpha, repeat_run=repeat.pk))
            pairing = pairings[test_set.name]
            if not pairing.aligned.same:
                items.add(
                    test_set.name, pairing, shares, self.differing(run, pairing.candidate.run)
                )
        if not rows:
            return None
        return SecondRun(
            rows, np.array(items.repeat), np.array(items.candidate), clusters_of(items.clusters)
        )


def same_answers(baseline: StudyArm, arm: StudyArm, pairings: Mapping[str, Pairing]) -> str | None:
    """Why an arm with exactly the baseline's answers is a no-op; None for any other arm."""
    distinct = [each for each in pairings.values() if not each.aligned.same]
    if not all(each.aligned.items and _alike(each) for each in distinct):
        return None
    return f"{arm} and {baseline} gave the same answers to every item: was it applied?"


def _alike(pairing: Pairing) -> bool:
    return pairing.baseline.run.answers_digest == pairing.candidate.run.answers_digest


class _Items:
    """Items of all test sets with the shares of answers that differ from the baseline's."""

    def __init__(self) -> None:
        self.repeat: list[float] = []
        self.candidate: list[float] = []
        self.clusters: list[str] = []

    def add(self, name: str, pairing: Pairing, repeat: Shares, candidate: Shares) -> None:
        for item in pairing.aligned.items:
            if item.id in repeat and item.id in candidate:
                self.repeat.append(repeat[item.id])
                self.candidate.append(candidate[item.id])
                self.clusters.append(item.cluster and f"{name}: {item.cluster}")

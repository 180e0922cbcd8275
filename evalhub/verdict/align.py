"""Aligned scores in, criteria and their breakdown out. Pure: the same for files and database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evalhub.schemas.criteria import Criterion
from evalhub.schemas.decision import BreakdownRow
from evalhub.schemas.policy import Primaries
from evalhub.verdict.breakdown import by_tag
from evalhub.verdict.criteria import Requirement
from evalhub.verdict.measuring import measure, same_run
from evalhub.verdict.mix import item_weights
from evalhub.verdict.rule import PRIMARIES, alphas_of
from evalhub.verdict.test_set_extension import StageScores, combined


@dataclass(frozen=True, slots=True)
class Aligned:
    """Two arms' scores of one test set by one metric.

    Attributes:
        baseline, candidate: scores of shape (n,) or (n, samples), row i of both for item i.
        clusters: labels of shape (n,), or None where the items are independent.
        tags: each item's tags.
        same: the candidate arm is the baseline on this test set.
        weights: how much each item counts, shape (n,), above 0; None: alike.
        stages: which rows belong to the first look at the items, shape (n,), where the others
            were added for a second; None where all are looked at once.
        mix: each tag's share of production, to which any part of the rows is weighted anew; None
            where `weights` are the items' own.
    """

    requirement: Requirement
    baseline: NDArray[np.float64]
    candidate: NDArray[np.float64]
    clusters: list[str] | None
    tags: list[list[str]]
    same: bool = False
    weights: NDArray[np.float64] | None = None
    stages: NDArray[np.bool_] | None = None
    mix: Mapping[str, float] | None = None

    def where(self, kept: NDArray[np.bool_]) -> "Aligned":
        """The rows that `kept`, shape (n,), says, weighted to the mix by themselves.

        Raises:
            evalhub.stats.errors.StatisticsError: a tag of the mix has none of these rows.
        """
        rows = np.flatnonzero(kept)
        tags = [self.tags[i] for i in rows]
        weights = None if self.weights is None else self.weights[rows]
        if self.mix:
            weights = item_weights(tags, self.mix)
        return replace(
            self,
            baseline=self.baseline[rows],
            candidate=self.candidate[rows],
            clusters=None if self.clusters is None else [self.clusters[i] for i in rows],
            tags=tags,
            weights=weights,
            stages=None if self.stages is None else self.stages[rows],
        )


def criteria_of(
    evidence: Sequence[Aligned],
    *,
    alpha: float,
    planned_gain: float,
    primaries: Primaries = PRIMARIES,
    alphas: Mapping[str, float] | None = None,
) -> list[Criterion]:
    """Measures every criterion at the level that the rule asks for.

    Args:
        alpha: one-sided level of every bound.
        planned_gain: gain beyond `min_gain` to be detected where a requirement names none.
        primaries: with "any-of" each of k primaries is measured at its level divided by k.
        alphas: by a criterion's name, the level that it has instead of `alpha`.
    """
    asked = [each.requirement for each in evidence]
    levels = alphas_of(asked, alpha=alpha, primaries=primaries, alphas=alphas)
    return [
        criterion_of(each, alpha=level, planned_gain=planned_gain)
        for each, level in zip(evidence, levels, strict=True)
    ]


def criterion_of(aligned: Aligned, *, alpha: float, planned_gain: float) -> Criterion:
    """Measures one criterion."""
    if aligned.same:
        return same_run(aligned.requirement, aligned.baseline, alpha=alpha)
    pooled = measure(
        aligned.requirement,
        aligned.baseline,
        aligned.candidate,
        clusters=aligned.clusters,
        weights=aligned.weights,
        alpha=alpha,
        planned_gain=planned_gain,
    )
    if aligned.stages is None or aligned.stages.all() or not aligned.stages.any():
        return pooled
    parts = [aligned.where(aligned.stages), aligned.where(~aligned.stages)]
    return combined(pooled, [_stage(each) for each in parts], alpha=alpha)


def _stage(aligned: Aligned) -> StageScores:
    worse, better = aligned.baseline, aligned.candidate
    if not aligned.requirement.higher_is_better:
        worse, better = better, worse
    return StageScores(worse, better, aligned.clusters, aligned.weights)


def breakdown_of(evidence: Sequence[Aligned], *, alpha: float) -> list[BreakdownRow]:
    """The differences by test set and tag, for reading."""
    return [
        row
        for each in evidence
        if not each.same
        for row in by_tag(
            each.requirement,
            each.baseline,
            each.candidate,
            each.tags,
            clusters=each.clusters,
            weights=each.weights,
            alpha=alpha,
        )
    ]


def clusters_of(labels: Sequence[str]) -> list[str] | None:
    """Cluster labels as the statistics want them: None when each item stands for itself.

    An item without a label is a cluster of its own.
    """
    named = [label for label in labels if label]
    if not named or (len(named) == len(labels) and len(set(named)) == len(named)):
        return None
    return [label or f"item {index}" for index, label in enumerate(labels)]

"""Two arms' scores side by side, and what makes them unfit for a verdict. Pure.

Whatever they were read from, they are one here: the same pairing, the same flaws in the same words,
the same clusters and weights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.arm_scores import ArmScores, Array, ItemLabel, Rows
from evalhub.decision.breakdown import by_tag
from evalhub.decision.contributions import unchanged_items
from evalhub.decision.criterion import Criterion
from evalhub.decision.failures import FAILURES, at_worst, best_where_lost
from evalhub.decision.flaws import beyond_bounds, flaws_of
from evalhub.decision.measuring import measure, same_run
from evalhub.decision.mix import item_weights
from evalhub.decision.requirements import Requirement
from evalhub.decision.rule import PRIMARIES, alphas_of
from evalhub.decision.test_set_extension import StageScores, combine
from evalhub.decision.wording import count_text
from evalhub.declare.decision import BreakdownRow
from evalhub.declare.measured_on import NO_WEIGHTS
from evalhub.declare.policy import FailureUse, Primaries
from evalhub.stats.errors import StatisticsError
from evalhub.stats.levels import HARM_ALPHA


@dataclass(frozen=True, slots=True)
class Aligned:
    """Two arms' scores of one test set by one metric, of the items that both have in full.

    Attributes:
        items: the items that are compared.
        baseline, candidate: scores of shape (n,) or (n, samples), row i of both for item i.
        clusters: labels of shape (n,), or None where the items are independent.
        same: the candidate arm is the baseline on this test set.
        weights: how much each item counts, shape (n,), above 0; None: alike.
        look_stages: the look that each row was added for, shape (n,), from 0 for the first; None
            where all are looked at once.
        mix: each tag's share of production, to which any part of the rows is weighted anew; None
            where `weights` are the items' own.
        failed: for each arm whether an answer to the item failed and scores the worst, shape
            (2, n); None where none did.
        lost: whether an answer to the item was lost on its way here, and scores the worst for the
            candidate, shape (n,); None where none was.
        unchanged: whether an item's answers add the same in both arms to a score of all answers
            together, shape (n,); None where each answer is scored alone.
        flaws: why no verdict can rest on these scores, one sentence each.
    """

    requirement: Requirement
    items: Sequence[ItemLabel]
    baseline: Array
    candidate: Array
    clusters: list[str] | None
    same: bool = False
    weights: Array | None = None
    look_stages: NDArray[np.intp] | None = None
    mix: Mapping[str, float] | None = None
    failed: Rows | None = None
    lost: Rows | None = None
    unchanged: Rows | None = None
    flaws: Sequence[str] = field(default=())

    def where(self, rows: Rows) -> "Aligned":
        """Only the items where the mask `rows`, shape (n,), is true; weights of a mix are computed
        again.

        Raises:
            evalhub.stats.errors.StatisticsError: a tag of the mix has none of these rows.
        """
        items = list(compress(self.items, rows))
        weights = None if self.weights is None else self.weights[rows]
        if self.mix:
            weights = item_weights([each.tags for each in items], self.mix)
        return replace(
            self,
            items=items,
            baseline=self.baseline[rows],
            candidate=self.candidate[rows],
            clusters=None if self.clusters is None else list(compress(self.clusters, rows)),
            weights=weights,
            look_stages=None if self.look_stages is None else self.look_stages[rows],
            failed=None if self.failed is None else self.failed[:, rows],
            lost=None if self.lost is None else self.lost[rows],
            unchanged=None if self.unchanged is None else self.unchanged[rows],
        )

    def without_failures(self) -> "Aligned":
        """Only the items that both arms answered; weights of a mix are computed again.

        Raises:
            evalhub.stats.errors.StatisticsError: a tag of the mix has none of these rows.
        """
        return self if self.failed is None else self.where(~self.failed.any(axis=0))

    def without_lost(self) -> "Aligned":
        """Only the items of which no answer was lost. Raises as `without_failures`."""
        return self if self.lost is None else self.where(~self.lost)


def align(
    requirement: Requirement,
    items: Sequence[ItemLabel],
    baseline: ArmScores,
    candidate: ArmScores,
    *,
    judged: Rows | None = None,
    mix: Mapping[str, float] | None = None,
    same: bool = False,
    failures: FailureUse = FAILURES,
    unexpected: Sequence[str] = (),
) -> Aligned:
    """Align both arms' scores on the items that each of them has answered and that are all scored.

    Args:
        items: the test set's, in order, which the arms' `item_indices` count.
        judged: the items that are judged on; None: all.
        mix: each tag's share of production, to which the items are weighted.
        same: the two arms are one on this test set.
        failures: what answers that failed for good make of the evidence.
        unexpected: what `other_items` says of the items.
    """
    baseline, candidate = (at_worst(requirement, arm, failures) for arm in (baseline, candidate))
    baseline = best_where_lost(requirement, baseline) if failures == "worst" else baseline
    for arm in (baseline, candidate):
        judged = _within(requirement, len(items), arm, judged)
    whole, before, after = pair_scores(len(items), baseline, candidate, judged=judged)
    complete_items = items if whole.all() else list(compress(items, whole))
    of_all = baseline.contributions is not None or candidate.contributions is not None
    joint = of_all and requirement.bounds is None  # pass@k has a value of each item
    weights, misfit = _weights(requirement, complete_items, mix, joint=joint)
    arm_flaws = [*flaws_of(requirement, items, baseline), *flaws_of(requirement, items, candidate)]
    return Aligned(
        requirement,
        complete_items,
        before,
        after,
        clusters=clusters_of([each.cluster for each in complete_items]),
        same=same,
        weights=weights,
        mix=mix if mix and weights is not None else None,
        failed=_failure_rows(baseline, candidate, whole) if failures == "worst" else None,
        lost=_lost_rows(baseline, candidate, whole) if failures == "worst" else None,
        unchanged=unchanged_items(baseline, candidate, whole),
        flaws=[*unexpected, *arm_flaws, *misfit],
    )


def _within(
    requirement: Requirement, items: int, arm: ArmScores, judged: Rows | None
) -> Rows | None:
    """Mask of the judged items without those that have a score outside the metric's bounds."""
    beyond = beyond_bounds(requirement, arm)
    if not beyond.any():
        return judged
    within = np.ones(items, dtype=bool) if judged is None else judged.copy()
    within[arm.item_indices[beyond]] = False
    return within


def pair_scores(
    items: int, baseline: ArmScores, candidate: ArmScores, *, judged: Rows | None = None
) -> tuple[Rows, Array, Array]:
    """Mask of the items that both arms have in full, and each arm's scores of those.

    Scores have the shape (n, samples); (n,) for one sample, or for means of unequally many.
    """
    whole = np.ones(items, dtype=bool) if judged is None else judged.copy()
    for arm in (baseline, candidate):
        whole &= ~np.isnan(arm.means(items))
    return whole, _matrix(baseline, whole), _matrix(candidate, whole)


def _failure_rows(baseline: ArmScores, candidate: ArmScores, whole: Rows) -> Rows | None:
    """Mask (2, n), a row an arm, of the `whole` items with a failed answer; None where none has
    one."""
    failed = np.zeros((2, len(whole)), dtype=bool)
    for row, arm in zip(failed, (baseline, candidate), strict=True):
        if arm.failed is not None:
            row[arm.item_indices[arm.failed]] = True
    return failed[:, whole] if failed.any() else None


def _lost_rows(baseline: ArmScores, candidate: ArmScores, whole: Rows) -> Rows | None:
    """Mask (n,) of the `whole` items with a lost answer; None where none has one."""
    lost = np.zeros(len(whole), dtype=bool)
    for arm in (baseline, candidate):
        if arm.lost is not None:
            lost[arm.item_indices[arm.lost]] = True
    return lost[whole] if lost.any() else None


def _matrix(arm: ArmScores, whole: Rows) -> Array:
    values = arm.values[whole[arm.item_indices]]
    samples = arm.counts(len(whole))[whole]
    if not len(samples) or samples.max() == 1:
        return values
    if samples.min() == samples.max():
        return values.reshape(len(samples), -1)
    sums = np.add.reduceat(values, np.cumsum(samples) - samples)
    return np.asarray(sums / samples, dtype=float)


def _weights(
    requirement: Requirement,
    items: Sequence[ItemLabel],
    mix: Mapping[str, float] | None,
    *,
    joint: bool,
) -> tuple[Array | None, list[str]]:
    """The items' weights (their own or the mix's; None: equal), and why they can't be computed, or
    are none of a score that all answers have together (`joint`)."""
    try:
        weights = weights_of(items, mix)
        if joint and weights is not None:
            return None, [f"{requirement.name}: {NO_WEIGHTS}"]
        return weights, []
    except StatisticsError as error:
        own = any(each.weight is not None for each in items)
        what = ":" if own else " can't be weighted to its mix:"
        return None, [f"{requirement.name}{what} {error}"]


def weights_of(items: Sequence[ItemLabel], mix: Mapping[str, float] | None) -> Array | None:
    """How much each item counts, shape (n,), by the items' own weights or by the mix; None: alike.

    Raises:
        evalhub.stats.errors.StatisticsError: weights of their own and a mix, or of some items
            alone; items that don't fit the mix.
    """
    stated_weights = [each.weight for each in items if each.weight is not None]
    if mix and stated_weights:
        raise StatisticsError("items have weights and the policy a mix: keep one")
    if stated_weights and len(stated_weights) < len(items):
        lacking = len(items) - len(stated_weights)
        of = count_text(len(items), "item")
        has = "has" if lacking == 1 else "have"
        raise StatisticsError(f"{lacking} of {of} {has} no weight")
    if stated_weights:
        return np.array(stated_weights, dtype=float)
    return item_weights([each.tags for each in items], mix) if mix and items else None


def average_one(weights: Array) -> Array:
    """The weights, shape (n,), on the scale on which they average 1, as a mix's do: weights of two
    samples then count by the samples' sizes."""
    return np.asarray(weights * (len(weights) / weights.sum()), dtype=float)


def clusters_of(labels: Sequence[str]) -> list[str] | None:
    """Cluster labels for the statistics; None where each item is a cluster of its own.

    An item without a label is a cluster of its own.
    """
    labelled = [label for label in labels if label]
    if not labelled or (len(labelled) == len(labels) and len(set(labelled)) == len(labelled)):
        return None
    return [label or f"item {index}" for index, label in enumerate(labels)]


def criteria_of(
    evidence: Sequence[Aligned],
    *,
    alpha: float,
    harm_alpha: float = HARM_ALPHA,
    planned_gain: float,
    primaries: Primaries = PRIMARIES,
    alphas: Mapping[str, float] | None = None,
) -> list[Criterion]:
    """Measure every criterion at the level that the rule asks for.

    Args:
        alpha: one-sided level of the end of every interval that must pass.
        harm_alpha: one-sided level of the other end, whole for each.
        planned_gain: gain beyond `min_gain` to be detected where a requirement names none.
        primaries: with "any-of" each of k primaries is measured at its level divided by k.
        alphas: by a criterion's name, the level that it has instead of `alpha`.
    """
    requirements = [each.requirement for each in evidence]
    levels = alphas_of(requirements, alpha=alpha, primaries=primaries, alphas=alphas)
    return [
        criterion_of(aligned, alpha=level, harm_alpha=harm_alpha, planned_gain=planned_gain)
        for aligned, level in zip(evidence, levels, strict=True)
    ]


def criterion_of(
    aligned: Aligned, *, alpha: float, harm_alpha: float = HARM_ALPHA, planned_gain: float
) -> Criterion:
    """Measure one criterion."""
    if aligned.same:
        return same_run(aligned.requirement, aligned.baseline, alpha=alpha, harm_alpha=harm_alpha)
    pooled = measure(
        aligned.requirement,
        aligned.baseline,
        aligned.candidate,
        clusters=aligned.clusters,
        weights=aligned.weights,
        unchanged=aligned.unchanged,
        alpha=alpha,
        harm_alpha=harm_alpha,
        planned_gain=planned_gain,
    )
    if aligned.look_stages is None or len(looks := np.unique(aligned.look_stages)) == 1:
        return pooled
    parts = [aligned.where(aligned.look_stages == each) for each in looks]
    return combine(pooled, [_stage(each) for each in parts])


def _stage(aligned: Aligned) -> StageScores:
    worse, better = aligned.baseline, aligned.candidate
    if not aligned.requirement.higher_is_better:
        worse, better = better, worse
    bounds = aligned.requirement.bounds
    bounded = aligned.requirement.tails is not None
    return StageScores(worse, better, aligned.clusters, aligned.weights, bounds, bounded)


def breakdown_of(evidence: Sequence[Aligned], *, alpha: float) -> list[BreakdownRow]:
    """The differences by test set and tag, for reading; none of a score that all answers have
    together, whose parts by tag are no scores."""
    return [
        row
        for aligned in evidence
        if not aligned.same and (aligned.unchanged is None or aligned.requirement.bounds)
        for row in by_tag(
            aligned.requirement,
            aligned.baseline,
            aligned.candidate,
            [item.tags for item in aligned.items],
            clusters=aligned.clusters,
            weights=aligned.weights,
            alpha=alpha,
        )
    ]

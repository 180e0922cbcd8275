"""A policy applied to evidence from files: no database, no server, no queue."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.schemas.decision import ArmName, Arms, DecisionRecord
from evalhub.schemas.policy import Policy
from evalhub.schemas.sections import EvidenceRow
from evalhub.stats.errors import StatisticsError
from evalhub.studies.evidence import Cell, ItemInfo, Scores
from evalhub.verdict.align import Aligned, breakdown_of, clusters_of, criteria_of
from evalhub.verdict.criteria import Requirement
from evalhub.verdict.mix import item_weights
from evalhub.verdict.policy import COSTS, requirements_of
from evalhub.verdict.preference_evidence import Judgments, preference_evidence
from evalhub.verdict.record import decision_record
from evalhub.verdict.rule import decide


@dataclass(frozen=True, slots=True)
class _Part:
    """What there is for one requirement; `aligned` is None where nothing could be compared."""

    requirement: Requirement
    items: int
    unscored: tuple[int, int]
    flaws: list[str]
    aligned: Aligned | None


def decide_scores(
    policy: Policy,
    scores: Scores,
    judgments: Judgments | None = None,
    *,
    judged: str | None = None,
) -> DecisionRecord:
    """The decision record of the candidate.

    Args:
        judgments: people's choices, if there are any.
        judged: the test set whose items they judged; None: the first primary's.

    Raises:
        evalhub.stats.errors.StatisticsError: what no criterion can be measured on.
    """
    asked = requirements_of(policy)
    parts = [_part(requirement, policy, scores) for requirement in asked]
    invalid = _same_arms(scores, parts) + [flaw for each in parts for flaw in each.flaws]
    aligned = [each.aligned for each in parts if each.aligned is not None]
    first = next((each.test_set for each in asked if each.role == "primary"), asked[0].test_set)
    people = preference_evidence(
        judgments,
        policy.preference,
        test_set=judged or first,
        alpha=policy.alpha,
        planned_gain=policy.planned_gain,
    )
    criteria = criteria_of(
        aligned,
        alpha=policy.alpha,
        planned_gain=policy.planned_gain,
        primaries=policy.primaries,
    )
    ruling = decide(
        scores.arms[1],
        criteria + people.criteria,
        invalid=invalid + people.unfit,
        pending=people.pending,
        harm_alpha=policy.harm_alpha,
        primaries=policy.primaries,
    )
    names = " + ".join(path.name for path in scores.files)
    digest = scores.files_digest()
    return decision_record(
        ruling,
        alpha=policy.alpha,
        policy=policy.as_json(),
        arms=Arms(
            baseline=ArmName(name=scores.arms[0], file=names, digest=scores.digest(0)),
            candidate=ArmName(name=scores.arms[1], file=names, digest=scores.digest(1)),
        ),
        evidence=[
            EvidenceRow(
                test_set=each.requirement.test_set,
                version=names,
                digest=digest,
                items=each.items,
                metric=each.requirement.metric,
                **scores.digests(each.requirement.test_set, each.requirement.metric),
                unscored_baseline=each.unscored[0],
                unscored_candidate=each.unscored[1],
                extraction_misses_baseline=0,
                extraction_misses_candidate=0,
            )
            for each in parts
            if each.items
        ],
        breakdown=breakdown_of(
            [each for each in aligned if each.requirement.role != "budget"], alpha=policy.alpha
        ),
        people=people.record,
    )


def _part(requirement: Requirement, policy: Policy, scores: Scores) -> _Part:
    where = requirement.test_set, requirement.metric
    cells = scores.cells.get(where)
    if cells is None:
        return _Part(requirement, 0, (0, 0), [_absent(requirement, scores)], None)
    keys = list(dict.fromkeys([*cells[0], *cells[1]]))
    flaws = [
        flaw
        for arm, cell in zip(scores.arms, cells, strict=True)
        for flaw in _flaws(arm, cell, keys, requirement)
    ]
    unscored = [
        sum(value is None for each in cell.values() for value in each.values()) for cell in cells
    ]
    whole = [
        key for key in keys if all(key in cell and None not in cell[key].values() for cell in cells)
    ]
    known = [scores.items[requirement.test_set, key] for key in whole]
    weights, misfit = _weights(requirement, policy, known)
    flaws += misfit
    aligned = None
    if whole:
        aligned = Aligned(
            requirement,
            _matrix(cells[0], whole),
            _matrix(cells[1], whole),
            clusters_of([each.cluster or "" for each in known]),
            [each.tags for each in known],
            weights=weights,
        )
    return _Part(requirement, len(keys), (unscored[0], unscored[1]), flaws, aligned)


def _absent(requirement: Requirement, scores: Scores) -> str:
    there = sorted(metric for test_set, metric in scores.cells if test_set == requirement.test_set)
    if there:
        held = f"its rows hold {', '.join(there)}"
    else:
        sets = ", ".join(sorted({test_set for test_set, _ in scores.cells}))
        held = f"the rows' test sets are {sets}"
    return (
        f"criterion {requirement.name!r} asks for {requirement.metric} on "
        f"{requirement.test_set}, and the evidence has none: {held}"
    )


def _flaws(arm: str, cell: Cell, keys: Sequence[str], requirement: Requirement) -> list[str]:
    """What makes one arm's scores unfit for a verdict."""
    metric, test_set = requirement.metric, requirement.test_set
    flaws = []
    if missing := [key for key in keys if key not in cell]:
        flaws.append(
            f"{arm} has no {metric} of {len(missing)} of {len(keys)} items of {test_set}, first "
            f"{missing[0]!r}: both arms must answer the same items"
        )
    if gaps := [key for key, samples in cell.items() if None in samples.values()]:
        flaws.append(
            f"{arm}: {len(gaps)} items of {test_set} have no {metric}, first {gaps[0]!r}: "
            "score them, or say what a failure is worth"
        )
    counts = {len(samples) for samples in cell.values()}
    if len(counts) > 1:
        flaws.append(
            f"{arm} has {min(counts)} scores of some items of {test_set} and {max(counts)} of "
            "others: sample every item equally often"
        )
    return flaws


def _weights(
    requirement: Requirement, policy: Policy, items: Sequence[ItemInfo]
) -> tuple[NDArray[np.float64] | None, list[str]]:
    """What the items weigh, and why they can't be weighed as asked."""
    criterion = policy.criteria.get(requirement.name)
    mix = criterion.mix if criterion else None
    weighed = [each.weight for each in items if each.weight is not None]
    if mix and weighed:
        return None, [f"{requirement.name}: items have weights and the policy a mix: keep one"]
    if weighed and len(weighed) < len(items):
        missing = len(items) - len(weighed)
        return None, [f"{requirement.name}: {missing} of {len(items)} items have no weight"]
    if weighed:
        return np.array(weighed, dtype=float), []
    if not mix or not items:
        return None, []
    try:
        return item_weights([each.tags for each in items], mix), []
    except StatisticsError as error:
        return None, [f"{requirement.name}: {error}"]


def _matrix(cell: Cell, keys: Sequence[str]) -> NDArray[np.float64]:
    """Scores of shape (n, samples), or (n,) of means where items have unequal samples."""
    rows = [[value for _, value in sorted(cell[key].items())] for key in keys]
    if len({len(row) for row in rows}) > 1:
        return np.array([np.mean(np.array(row, dtype=float)) for row in rows])
    return np.array(rows, dtype=float)


def _same_arms(scores: Scores, parts: Sequence[_Part]) -> list[str]:
    """Whether the candidate is the baseline under another name.

    By the answers, where rows have them. Else by the scores, unless they are all alike: arms that
    get everything right may well be two.
    """
    base, tuned = scores.outputs
    said = "gave the same answers to" if base else "have the same scores on"
    if base or tuned:
        same = base == tuned
    else:
        quality = [
            each.aligned
            for each in parts
            if each.aligned is not None and each.requirement.metric not in COSTS.values()
        ]
        same = bool(quality) and all(
            each.baseline.shape == each.candidate.shape
            and bool((each.baseline == each.candidate).all())
            for each in quality
        )
        same = same and any(np.ptp(each.baseline) > 0 for each in quality)
    if not same:
        return []
    return [f"{scores.arms[0]} and {scores.arms[1]} {said} every item: was the adapter applied?"]

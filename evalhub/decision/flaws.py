"""What keeps two arms' scores from being evidence, in sentences. Pure."""

from collections.abc import Sequence

import numpy as np

from evalhub.decision.arm_scores import ArmScores, ItemLabel, Rows
from evalhub.decision.requirements import Requirement
from evalhub.decision.wording import count_text, is_or_are
from evalhub.io.canonical import digest_of


def flaws_of(requirement: Requirement, items: Sequence[ItemLabel], arm: ArmScores) -> list[str]:
    """Why an arm's scores are no valid evidence, a sentence each."""
    if arm.failures:
        return list(arm.failures)
    counts = arm.counts(len(items))
    of = f"of {count_text(len(items), 'item')} of {requirement.test_set}"
    flaws = []
    missing = np.flatnonzero(counts == 0)
    if missing.size:
        what = "answer to" if requirement.kind.by_metric else f"{requirement.metric} of"
        flaws.append(
            f"{arm.name} has no {what} {missing.size} {of}, first {items[missing[0]].key!r}: "
            "both arms must answer the same items"
        )
    due = counts.max(initial=0) if arm.samples is None else arm.samples
    short = np.flatnonzero((counts > 0) & (counts < due))
    if short.size:
        flaws.append(
            f"{arm.name} has fewer than {count_text(int(due), 'answer')} to {short.size} {of}, "
            f"first {items[short[0]].key!r}: sample every item equally often"
        )
    gaps = arm.item_indices[np.isnan(arm.values)]
    if gaps.size:
        why = arm.reason or "score them, or say what a failure is worth"
        flaws.append(
            f"{arm.name}: {count_text(gaps.size, 'answer')} of {requirement.test_set} "
            f"{'has' if gaps.size == 1 else 'have'} no score by {requirement.metric}, "
            f"first that to {items[gaps[0]].key!r}: {why}"
        )
    beyond = arm.item_indices[beyond_bounds(requirement, arm)]
    if beyond.size and requirement.bounds is not None:
        least, most = requirement.bounds
        flaws.append(
            f"{arm.name}: {beyond.size} scores of {requirement.test_set} by {requirement.metric} "
            f"lie beyond {least:g} to {most:g}, first that of {items[beyond[0]].key!r}: say what a "
            "score can be by `bounds`"
        )
    return flaws


def items_digest(items: Sequence[ItemLabel]) -> str:
    """SHA-256 of what is known of items that have no content here, in whatever order they stand."""
    return digest_of(sorted([each.key, each.cluster, [*each.tags], each.weight] for each in items))


def other_items(requirement: Requirement, *, count: int, digest: str) -> list[str]:
    """Sentences on why these items aren't the expected ones; empty where they are."""
    expected = requirement.items
    if expected is None or (expected.count, expected.digest) == (count, digest):
        return []
    lacking = expected.count - count
    misfit = "as many, but not the same" if not lacking else f"{abs(lacking)} missing"
    if lacking < 0:
        misfit = f"{-lacking} too many"
    return [
        f"{requirement.name}: {count_text(expected.count, 'item')} of {requirement.test_set} "
        f"{is_or_are(expected.count)} expected, and these are {count}, {misfit}; their digest is "
        f"{digest}"
    ]


def beyond_bounds(requirement: Requirement, arm: ArmScores) -> Rows:
    """Mask of an arm's scores that lie outside the metric's bounds."""
    if requirement.bounds is None:
        return np.zeros(arm.values.shape, dtype=bool)
    least, most = requirement.bounds
    rounding = 1e-12 * (most - least)
    return np.asarray((arm.values < least - rounding) | (arm.values > most + rounding))

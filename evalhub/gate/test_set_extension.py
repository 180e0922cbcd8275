"""A test set that was added to after a first look: what was seen then beside what is new."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evalhub.gate.ledger import Claim, LedgerPosition
from evalhub.gate.models import Look
from evalhub.gate.scores import Pairing
from evalhub.gate.study_evidence import StudyEvidence
from evalhub.registry.models import StudyTestSet
from evalhub.schemas.sections import ExtensionRow, ExtensionSection
from evalhub.stats.errors import StatisticsError
from evalhub.verdict.align import Aligned
from evalhub.verdict.levels import STAGES


def with_first_stage(
    evidence: StudyEvidence,
    test_set: StudyTestSet,
    pairing: Pairing,
    look_id: int,
    names: tuple[str, str],
) -> Pairing:
    """The rows of the look with `look_id`, as it was judged then, and the items that are new.

    Answers that were given anew to the old items since don't change what was seen. The new items
    are weighted to the mix by themselves, so that both stages estimate the same thing.
    """
    look = Look.objects.select_related(
        "baseline_run__version",
        "candidate_run__version",
        "baseline_run__test_set_version__test_set",
        "candidate_run__test_set_version__test_set",
    ).get(pk=look_id)
    first = evidence.pair_runs(test_set, look.baseline_run, look.candidate_run, names)
    seen = {each.key for each in evidence.items(look.baseline_run.test_set_version)}
    new = np.array([each.key not in seen for each in pairing.aligned.items], dtype=bool)
    unweighed = []
    try:
        added = pairing.aligned.where(new)
    except StatisticsError as error:
        unweighed = [f"The items added to {test_set.name} can't be weighted to its mix: {error}"]
        added = replace(pairing.aligned, weights=None, mix=None).where(new)
    return replace(
        pairing,
        aligned=_joined(first.aligned, added, unweighed),
        earlier=(look.baseline_run, look.candidate_run),
    )


def extension_section(
    claims: Sequence[Claim],
    positions: Sequence[LedgerPosition],
    staged: Mapping[str, Pairing],
    level: float,
) -> ExtensionSection | None:
    """The record's `extension`: the two stages of each test set that was added to."""
    rows = [
        _row(claim, (position.first, position.number), staged[claim.name])
        for claim, position in zip(claims, positions, strict=True)
        if position.first is not None
    ]
    if not rows:
        return None
    return ExtensionSection(level=level, weights=STAGES, test_sets=tuple(rows))


def _row(claim: Claim, looks: tuple[int, int], pairing: Pairing) -> ExtensionRow:
    stages = pairing.aligned.stages
    first = 0 if stages is None else int(stages.sum())
    items = first, len(pairing.aligned.items) - first
    return ExtensionRow(test_set=claim.name, looks=looks, items=items)


def _joined(first: Aligned, added: Aligned, flaws: Sequence[str]) -> Aligned:
    rows = len(first.baseline), len(added.baseline)
    return replace(
        added,
        baseline=_one_below(first.baseline, added.baseline),
        candidate=_one_below(first.candidate, added.candidate),
        clusters=_clusters(first, added),
        items=[*first.items, *added.items],
        weights=None
        if first.weights is None or added.weights is None
        else np.concatenate([first.weights, added.weights]),
        mix=None if first.mix is None else added.mix,
        stages=np.repeat([True, False], rows),
        flaws=[*added.flaws, *first.flaws, *flaws],
    )


def _one_below(first: NDArray[np.float64], added: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores of shape (n + m,) or (n + m, samples); means where the samples are unequally many."""
    if first.shape[1:] == added.shape[1:]:
        return np.concatenate([first, added])
    return np.concatenate(
        [each if each.ndim == 1 else each.mean(axis=1) for each in (first, added)]
    )


def _clusters(first: Aligned, added: Aligned) -> list[str] | None:
    if first.clusters is None and added.clusters is None:
        return None
    alone = [f"item {i}" for i in range(len(first.baseline) + len(added.baseline))]
    old = first.clusters or [f"first {each}" for each in alone[: len(first.baseline)]]
    new = added.clusters or [f"added {each}" for each in alone[len(first.baseline) :]]
    return [*old, *(f"added: {each}" if each.startswith("item ") else each for each in new)]

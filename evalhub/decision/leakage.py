"""A decision with the items that its candidate was trained on, and without them. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evalhub.decision.align import Aligned, Rows
from evalhub.decision.rule import Ruling
from evalhub.decision.sections.base import CleanRow
from evalhub.decision.sections.leakage import LeakageRow, LeakageSection
from evalhub.declare.policy import LeakageUse
from evalhub.stats.errors import StatisticsError


@dataclass(frozen=True, slots=True)
class Leak:
    """What a candidate has seen of one criterion's items.

    Attributes:
        name: the criterion's.
        items: how many items are judged on.
        seen: by item's key, where and how it was found in the training data.
        again: these are the items of another criterion, whose leak says the same.
    """

    name: str
    items: int
    seen: Mapping[str, str]
    again: bool = False

    def clean(self, aligned: Aligned) -> Rows:
        """Mask of the items that the candidate wasn't trained on, shape (n,)."""
        return np.array([each.key not in self.seen for each in aligned.items], dtype=bool)

    def row(self) -> LeakageRow:
        kinds = Counter(_strongest_match(text) for text in self.seen.values())
        return LeakageRow(
            test_set=self.name,
            items=self.items,
            leaked=len(self.seen),
            kinds=dict(sorted(kinds.items())),
        )


def without_leaks(scores: Sequence[Aligned], leaks: Sequence[Leak]) -> list[Aligned] | None:
    """The scores without leaked items, weights of a mix computed again.

    None where a criterion has none, or a tag of its mix has none.
    """
    by_name = {each.name: each for each in leaks}
    clean: list[Aligned] = []
    for aligned in scores:
        leak = by_name.get(aligned.requirement.name)
        rows = None if leak is None else leak.clean(aligned)
        if rows is not None and not rows.any():
            return None
        try:
            clean.append(aligned if rows is None else aligned.where(rows))
        except StatisticsError:
            return None
    return clean


def disagreement(candidate: str, everything: Ruling, clean: Ruling | None) -> str | None:
    """Why leaked items make the verdict invalid; None where it is the same without them."""
    if clean is None:
        return (
            f"{candidate} was trained on every item of a test set, or on every item of a tag of "
            "its mix: nothing clean is left to judge"
        )
    if clean.verdict == everything.verdict:
        return None
    return (
        f"{candidate} was trained on items that it is judged by, and the verdict hangs on them: "
        "judge it on items that it hasn't seen"
    )


def leakage_section(
    leaks: Sequence[Leak], rule: LeakageUse, everything: Ruling, clean: Ruling | None
) -> LeakageSection:
    """The record's `leakage`: what was found, and both verdicts with what they rest on."""
    return LeakageSection(
        rule=rule,
        test_sets=tuple(each.row() for each in leaks if not each.again),
        verdict_all=everything.verdict,
        verdict_clean=None if clean is None else clean.verdict,
        clean=() if clean is None else tuple(CleanRow.of(each) for each in clean.criteria),
    )


def _strongest_match(text: str) -> str:
    """The strongest way in which an item was found, out of "input: 13-gram, line 12; …"."""
    kinds = {each.split(": ")[-1].split(", ")[0] for each in text.split("; ")}
    for strongest in ("exact", "near-duplicate"):
        if strongest in kinds:
            return strongest
    return max(kinds, key=lambda kind: (len(kind), kind))

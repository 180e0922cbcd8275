"""Items that the candidate was trained on, and the verdicts with and without them. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from evalhub.decision.align import Aligned
from evalhub.decision.arm_scores import Rows
from evalhub.decision.rule import Ruling
from evalhub.decision.sections.base import CleanRow, Section
from evalhub.decision.wording import count_text, with_sign
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.policy import LeakageUse
from evalhub.declare.verdicts import Status, Verdict
from evalhub.stats.errors import StatisticsError


class LeakageRow(Declaration):
    """Items of a test set that were found in the candidate's training data, by how."""

    test_set: str
    items: int
    leaked: int
    kinds: dict[str, int]


class LeakageSection(Section):
    """Both verdicts: on all items, and on those that the candidate wasn't trained on.

    Where the evidence is invalid there is neither, and the items are only counted.
    """

    title: ClassVar[str] = "Leakage"
    method: ClassVar[str] = "leakage"
    order: ClassVar[int] = 70

    rule: LeakageUse
    test_sets: tuple[LeakageRow, ...]
    verdict_all: Verdict | None
    verdict_clean: Verdict | None
    clean: tuple[CleanRow, ...]

    def derive_status(self, arms: Arms) -> Status:
        if not any(row.leaked for row in self.test_sets):
            return Status.PASS
        return Status.OPEN if self.verdict_all == self.verdict_clean else Status.FAIL

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        touched = {row.test_set for row in self.test_sets if row.leaked}
        if not touched:
            names = ", ".join(row.test_set for row in self.test_sets)
            yield f"No item of {names} was found in the candidate’s training data."
            return
        for row in self.test_sets:
            kinds = ", ".join(f"{number:,} × {kind}" for kind, number in row.kinds.items())
            yield (
                f"{row.leaked:,} of {count_text(row.items, 'item')} of {row.test_set} "
                f"{'was' if row.leaked == 1 else 'were'} found in the "
                f"candidate’s training data{f': {kinds}' if kinds else ''}."
            )
        everything, clean = self.verdict_all, self.verdict_clean
        if everything is None:
            return
        if clean is None:
            yield "Nothing clean is left to judge."
        elif clean == everything:
            yield f"With them and without them the verdict is the same: {everything.label.lower()}."
        else:
            yield (
                f"With them the verdict would be {everything.label.lower()}, "
                f"without them {clean.label.lower()}."
            )
        for criterion in self.clean:
            if criterion.name in touched:
                yield (
                    f"{criterion.name} on the {count_text(criterion.n, 'clean item')}: "
                    f"{with_sign(criterion.difference)} [{with_sign(criterion.lower)}, "
                    f"{with_sign(criterion.upper)}]."
                )

    def without_results(self) -> Self:
        """How many items were found, and neither verdict."""
        return self.model_copy(update={"verdict_all": None, "verdict_clean": None, "clean": ()})


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

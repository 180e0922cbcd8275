"""Items that the candidate was trained on, and the verdicts with and without them. Pure."""

from collections.abc import Iterator
from typing import ClassVar, Self

from evalhub.decision.sections.base import CleanRow, Section
from evalhub.decision.wording import count_text, with_sign
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.policy import LeakageUse
from evalhub.declare.verdicts import Status, Verdict


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

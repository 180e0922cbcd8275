"""How many slices were looked at, and which differ after correction for that. Pure.

For reading, never for the verdict: by Holm's method over all slices of a decision, so that where
nothing differs anywhere one of them stands out in at most `LEVEL` of decisions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.decision.document import DecisionRecord
from evalhub.declare.decision import BreakdownRow
from evalhub.stats.multiplicity import holm

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Slices:
    """A decision's slices with their corrected p-values, in the record's order."""

    rows: Sequence[BreakdownRow]
    adjusted: Sequence[float]
    alpha: float
    level: float = LEVEL

    @property
    def apart(self) -> int:
        """How many have an interval that leaves out 0, each looked at by itself."""
        return sum(each.lower > 0 or each.upper < 0 for each in self.rows)

    @property
    def standing_out(self) -> Sequence[BreakdownRow]:
        """Slices that differ after correction."""
        return [row for row, p in zip(self.rows, self.adjusted, strict=True) if p <= self.level]

    @property
    def sentence(self) -> str:
        """How many slices were looked at, how many chance alone would show, and which are left
        after correction."""
        count, apart = len(self.rows), self.apart
        chance = 2 * self.alpha * count
        text = (
            f"{count:,} slice{'s were' if count > 1 else ' was'} looked at. Each interval is by "
            f"itself, at {100 * (1 - 2 * self.alpha):.3g}%: were nothing different anywhere, "
            f"about {chance:.2g} of {count:,} would leave out 0 by chance; {apart:,} "
            f"do{'es' if apart == 1 else ''}."
        )
        names = [f"{each.tag} ({each.test_set})" for each in self.standing_out]
        after = f" After Holm’s correction for all {count:,}, at {self.level:.0%}:"
        return f"{text}{after} {', '.join(names) or 'none'}."


def slices_of(record: DecisionRecord) -> Slices:
    """The slices of a record, corrected for one another."""
    rows = record.breakdown
    adjusted = [float(p) for p in holm([row.p_value for row in rows])] if rows else []
    return Slices(rows, adjusted, record.rule.alpha)

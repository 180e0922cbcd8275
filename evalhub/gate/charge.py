"""What a decision pays for its looks: the level of each of its criteria. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evalhub.gate.ledger import Looks, Standing
from evalhub.schemas.criteria import NextLook
from evalhub.schemas.policy import LedgerScope
from evalhub.schemas.sections import LedgerRow, LedgerSection
from evalhub.verdict.align import Aligned
from evalhub.verdict.levels import is_spent, level_of, next_look, staged_level


@dataclass(frozen=True, slots=True)
class Charge:
    """What the ledger leaves.

    Attributes:
        level: of all that has no level of its own.
        alphas: by test set, the levels that differ from it.
        extended: by test set, how it would be judged once items were added to it.
        rows: which look judges each test set.
        section: the record's `ledger`; None where no ledger counts.
    """

    level: float
    alphas: Mapping[str, float] = field(default_factory=dict)
    extended: Mapping[str, NextLook] = field(default_factory=dict)
    rows: Sequence[LedgerRow] = ()
    section: LedgerSection | None = None

    def judging(self, aligned: Sequence[Aligned]) -> dict[str, float]:
        """By a criterion's name, the level of its test set where it differs."""
        asked = [each.requirement for each in aligned]
        return {
            each.name: self.alphas[each.test_set] for each in asked if each.test_set in self.alphas
        }


def charge(standing: Standing, *, counts: LedgerScope, alpha: float, arms: int) -> Charge:
    """The levels that a decision is judged at.

    A counted claim is judged by its own looks, a guard by the look that it comes with, whatever
    has no look of its own by the first look of the counted claim that was looked at last. With
    "off" alpha is divided over the study's arms, and nothing else is counted against it. So it is
    on items that were drawn from a pool for this question: the first looks at them, one an arm,
    are the study's own.
    """
    counting = counts != "off"
    whole = unread_level(counts="off", alpha=alpha, arms=arms)
    paying = [(claim, at) for claim, at in standing.pairs if at.counted]
    all_drawn = bool(paying) and all(claim.drawn for claim, _ in paying)

    def level_at(looks: Looks, drawn: bool) -> float:
        if not counting or (drawn and len(looks) == 1 and looks[0] <= arms):
            return whole
        return staged_level(looks, alpha=alpha)

    level = min(
        (level_at(at.looks[:1], claim.drawn) for claim, at in paying),
        default=level_at((1,), False),
    )
    last = max((at.looks[-1] for at in standing.positions if at.counted), default=1)
    rows, extended = [], {}
    for claim, at in standing.pairs:
        looks = at.judged_by(alpha)
        judged = level_at(looks, claim.drawn if at.counted else all_drawn)
        rows.append(
            LedgerRow(
                test_set=claim.name,
                number=looks[-1],
                looks=looks,
                level=judged,
                counted=counting and at.charged,
                spent=is_spent(looks[-1], alpha=alpha) and judged < whole,
                drawn=claim.drawn,
            )
        )
        # Whoever looks in between takes a number: what is planned is that nobody does.
        following = 1 + (looks[-1] if at.counted else max(last, looks[-1]))
        plan = next_look(looks, following, alpha=alpha)
        if not counting:
            plan = plan.model_copy(update={"alpha": level})
        elif claim.drawn:  # more items are drawn anew, and judged by themselves
            plan = NextLook(alpha=whole)
        extended[claim.name] = plan
    section = LedgerSection(
        home=standing.home,
        counts=counts,
        alpha=alpha,
        level=level,
        test_sets=tuple(rows),
        spent=any(row.spent and row.counted for row in rows),
    )
    alphas = {row.test_set: row.level for row in rows if row.level != level}
    return Charge(level, alphas, extended, rows, section if counting else None)


def unread_level(*, counts: LedgerScope, alpha: float, arms: int) -> float:
    """The level of a decision on items that nobody has been judged by yet."""
    return alpha / arms if counts == "off" else level_of(1, alpha=alpha)

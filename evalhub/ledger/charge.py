"""The levels of a decision, by the positions of its claims in the ledger. Pure."""

from typing import TYPE_CHECKING

from evalhub.decision.charge import Charge
from evalhub.decision.levels import is_spent, level_of, next_look
from evalhub.decision.sections.ledger import LedgerRow, LedgerSection, SharedBy
from evalhub.declare.policy import LedgerScope

if TYPE_CHECKING:
    from evalhub.ledger.positions import Standing


def charge(standing: "Standing", *, counts: LedgerScope, alpha: float, arms: int) -> Charge:
    """Compute the levels that a decision is judged at.

    A counted claim is judged by its own looks, a guard by the look that it comes with, whatever
    has no look of its own by the first look of the counted claim that was looked at last. With
    "off" alpha is divided over the study's arms, and nothing else is counted against it. So it is
    on items that were drawn from a pool for this candidate, the first time.
    """
    counting = counts != "off"
    level = unread_level(counts=counts, alpha=alpha, arms=arms)
    counted = [at.looks for at in standing.positions if at.looks]
    if counting and counted:
        level = min(looks.first.level(alpha) for looks in counted)
    last = max((looks.numbers[-1] for looks in counted), default=1)
    rows, extended = [], {}
    for claim, at in standing.pairs:
        looks = at.strictest_looks(alpha)
        *_, number = numbers = looks.numbers
        rows.append(
            LedgerRow(
                test_set=claim.name,
                number=number,
                looks=numbers,
                arms=looks.arms,
                tries=looks.tries if looks.arms else (),
                together=tuple(each and SharedBy(**each._asdict()) for each in looks.together),
                elsewhere=at.elsewhere,
                claim=claim.digest,
                level=looks.level(alpha) if counting else level,
                counted=counting and at.is_charged,
                spent=looks.arms is None and is_spent(number, alpha=alpha),
            )
        )
        # Whoever looks in between takes a number: what is planned is that nobody does.
        following = 1 + (number if at.pays else max(last, number))
        if looks.arms and at.pays:
            plan = next_look(looks.tries, 1 + looks.tries[-1], alpha=alpha, arms=looks.arms)
        else:
            plan = next_look(numbers, following, alpha=alpha, together=looks.together)
        if not counting or (looks.arms and not at.pays):
            plan = plan.model_copy(update={"alpha": level})
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
    if not counting:
        return Charge(level, alphas, extended, rows)
    refused = [_refusal(claim.name) for claim, at in standing.pairs if at.pays and at.refused]
    return Charge(level, alphas, extended, rows, section, refused)


def _refusal(test_set: str) -> str:
    return (
        f"Items of {test_set} were drawn for another look, which was judged at the whole of alpha: "
        "nothing is left to judge by on them. Draw others, or take a fresh test set"
    )


def unread_level(*, counts: LedgerScope, alpha: float, arms: int) -> float:
    """The level of a decision on items that nobody was judged by yet."""
    return alpha / arms if counts == "off" else level_of(1, alpha=alpha)

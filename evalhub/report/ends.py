"""Levels of the ends of an interval, in words. Pure."""

from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord


def ends(record: DecisionRecord) -> str:
    """The levels of both ends of a record's intervals, in words; "" without criteria.

    In the pictures the lower end is always the one that must pass: there all is turned so that more
    is better.
    """
    if not record.criteria:
        return ""
    lower = _join([each.alpha for each in record.criteria])
    upper = _join([each.harm_alpha for each in record.criteria])
    look = look_of(record)
    paid = "" if look is None else f": look {look}"
    return f"lower end at {lower}, one-sided{paid}; upper end at {upper}: harm"


def ends_of(criterion: Criterion) -> tuple[str, str]:
    """Which end of a criterion must pass, and which shows harm."""
    low = criterion.factor is not None and not criterion.higher_is_better
    return ("upper", "lower") if low else ("lower", "upper")


def look_of(record: DecisionRecord) -> int | None:
    """Number of the look that was paid for; None where no ledger counts."""
    if record.ledger is None:
        return None
    return max((each.number for each in record.ledger.test_sets if each.counted), default=None)


def _join(levels: list[float]) -> str:
    return " or ".join(dict.fromkeys(f"{level:.3g}" for level in levels))

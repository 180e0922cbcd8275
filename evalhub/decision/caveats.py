"""Caveats in a record: they stand in its headline, and one that holds holds a ship. Pure."""

from collections.abc import Sequence

from evalhub.decision.document import DecisionRecord
from evalhub.decision.headline import UNREGISTERED
from evalhub.declare.caveats import Caveat
from evalhub.declare.verdicts import Status, Verdict

HELD = "Held: "
"""What the headline of a ship starts with that a caveat holds."""
NOTE = "Note: "


def with_caveats(record: DecisionRecord, caveats: Sequence[Caveat]) -> DecisionRecord:
    """`record`, which has none yet, with these caveats in its verdict, headline and reasons.

    Invalid evidence has no level, and so no caveat.
    """
    if not caveats or record.verdict is Verdict.INVALID:
        return record
    blocked = record.verdict is Verdict.SHIP and any(each.holds for each in caveats)
    return record.model_copy(
        update={
            "verdict": Verdict.HOLD if blocked else record.verdict,
            "headline": _headline(record.headline, caveats, blocked=blocked),
            "reasons": (*record.reasons, *(_reason(each) for each in caveats)),
            "caveats": tuple(caveats),
        }
    )


def with_more_caveats(record: DecisionRecord, caveats: Sequence[Caveat]) -> DecisionRecord:
    """`record`, which may have some already, with these in front of them."""
    return with_caveats(without_caveats(record), [*caveats, *record.caveats])


def without_caveats(record: DecisionRecord) -> DecisionRecord:
    """`record` as it was before it had caveats: what its criteria come to."""
    if not record.caveats:
        return record
    blocked = record.verdict is Verdict.HOLD and HELD in record.headline
    before, after = _headline("\0", record.caveats, blocked=blocked).split("\0")
    unregistered = UNREGISTERED if record.headline.startswith(UNREGISTERED) else ""
    headline = record.headline.removeprefix(unregistered).removeprefix(before).removesuffix(after)
    return record.model_copy(
        update={
            "verdict": Verdict.SHIP if blocked else record.verdict,
            "headline": unregistered + headline,
            "reasons": record.reasons[: -len(record.caveats)],
            "caveats": (),
        }
    )


def _headline(base: str, caveats: Sequence[Caveat], *, blocked: bool) -> str:
    """What holds a ship comes first, since the rest reads like a ship's; any other caveat last."""
    first = [each.sentence for each in caveats if blocked and each.holds]
    last = [each.sentence for each in caveats if not (blocked and each.holds)]
    unregistered = UNREGISTERED if base.startswith(UNREGISTERED) else ""
    parts = [base.removeprefix(unregistered)]
    if first:
        parts.insert(0, f"{HELD}{'; '.join(first)}.")
    if last:
        parts.append(f"{NOTE}{'; '.join(last)}.")
    return unregistered + " ".join(parts)


def _reason(caveat: Caveat) -> str:
    mark = Status.FAIL.mark if caveat.holds else Status.OPEN.mark
    return f"{mark} {caveat.sentence[:1].upper()}{caveat.sentence[1:]}"

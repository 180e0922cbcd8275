"""Caveats of a record: part of its headline; one that holds turns a ship into a hold. Pure."""

from collections.abc import Sequence

from evalhub.decision.document import DecisionRecord
from evalhub.decision.headline import UNREGISTERED
from evalhub.declare.caveats import Caveat
from evalhub.declare.verdicts import Status, Verdict

HELD = "Held: "
"""What the headline of a ship starts with that a caveat holds."""
NOTE = "Note: "


def with_caveats(record: DecisionRecord, caveats: Sequence[Caveat]) -> DecisionRecord:
    """Add these caveats to the verdict, headline and reasons of a record that has none yet.

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
    """Put these caveats before those that the record may have already."""
    return with_caveats(without_caveats(record), [*caveats, *record.caveats])


def without_caveats(record: DecisionRecord) -> DecisionRecord:
    """The record as it was before its caveats were added: what follows from its criteria alone."""
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
    """Headline with its caveats: those that hold a ship come first, all others last."""
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

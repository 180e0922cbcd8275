"""Criteria that a reader may skip at first: the verdict doesn't depend on them. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from evalhub.decision.criteria.guard import GuardKind
from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.decision.wording import shows_nothing
from evalhub.declare.verdicts import Status, Verdict

FEWEST = 4
"""Fewer than these are shown with the others."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A decision's criteria and reasons, those that decide the verdict apart from the rest.

    Attributes:
        names: of the criteria that are folded; none where they are few.
        sentence: how many they are and how they came out, such as "8 supporting criteria
            don’t fail: 7 hold, 1 open"; "" where none is folded.
    """

    reasons: Sequence[str]
    folded_reasons: Sequence[str]
    names: Collection[str]
    sentence: str


def fold(record: DecisionRecord) -> Folded:
    """What isn't critical and doesn't fail: it holds nobody, and keeps no ship back. Where there is
    no ship, guards that hold are no reason for that either; nor, of a hold, those that can't show a
    loss."""
    quiet = [each for each in record.criteria if _is_quiet(each, record.verdict)]
    if len(quiet) < FEWEST:
        return Folded(record.reasons, (), (), "")
    names = {each.name for each in quiet}
    every = [each.name for each in record.criteria]
    apart = [criterion_of(reason, every) in names for reason in record.reasons]
    return Folded(
        reasons=[reason for reason, away in zip(record.reasons, apart, strict=True) if not away],
        folded_reasons=[reason for reason, away in zip(record.reasons, apart, strict=True) if away],
        names=names,
        sentence=_sentence(quiet),
    )


def _is_quiet(criterion: Criterion, verdict: Verdict) -> bool:
    if criterion.status is Status.FAIL:
        return False
    idle = verdict is Verdict.HOLD and shows_nothing(criterion)
    holds = isinstance(criterion.kind, GuardKind) and (criterion.status is Status.PASS or idle)
    return criterion.tier != "critical" or (holds and verdict is not Verdict.SHIP)


def criterion_of(reason: str, names: Sequence[str]) -> str:
    """The criterion that a reason is about; "" where it is about none, or about several."""
    text = next((reason[2:] for each in Status if reason.startswith(f"{each.mark} ")), "")
    of = [name for name in names if text.startswith((f"{name} ", f"{name}: "))]
    return max(of, key=len, default="")


def _sentence(quiet: Sequence[Criterion]) -> str:
    tiers = sorted({each.tier for each in quiet}, reverse=True)
    which = "other" if "critical" in tiers else " or ".join(tiers)
    is_open = sum(each.status is Status.OPEN for each in quiet)
    hold = len(quiet) - is_open
    clause = "hold" if not is_open else f"don’t fail: {hold} hold, {is_open} open"
    return f"{len(quiet)} {which} criteria {clause}"

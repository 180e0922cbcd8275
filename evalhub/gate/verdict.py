"""From measured criteria to one verdict with its reasons. Pure.

Ship needs every criterion: an intersection-union test (Berger 1982), so no correction is due and
more guards cost only power. Hold needs proof: harm by Holm's method at `harm_alpha` over the
guards (loss beyond the margin) and the primary (any loss), several primaries being one hypothesis
there; or futility (the interval of a primary lies wholly below the gain that is asked). Everything
between is "need more data". Evidence that can't be compared gives no verdict at all: "invalid".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from evalhub.gate.criteria import SAME_RUN, Criterion, Status, needed_items
from evalhub.stats.multiplicity import holm

MARKS = {"pass": "✓", "fail": "✗", "undecided": "?"}
HARM_ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict ("ship", "hold", "need-more-data", "invalid") and why.

    `invalid` and `pending` are what the verdict was told beside the criteria.
    """

    verdict: str
    headline: str
    reasons: list[str]
    criteria: list[Criterion]
    needed_n: int | None
    invalid: list[str]
    pending: list[str]


def decide(
    candidate: str,
    criteria: Sequence[Criterion],
    *,
    invalid: Sequence[str] = (),
    pending: Sequence[str] = (),
    harm_alpha: float = HARM_ALPHA,
) -> Judgement:
    """The verdict on `candidate`.

    Args:
        candidate: name of the arm, for the sentences.
        criteria: every criterion that could be measured.
        invalid: what makes the evidence unfit for a verdict, one sentence each.
        pending: what is still to be measured (a review without judgments), one sentence each:
            it keeps a ship back, never a hold.
        harm_alpha: family-wise level at which harm is called.
    """
    judged = _with_status(criteria, harm_alpha)
    told = list(invalid), list(pending)
    if invalid or not judged:
        why = list(invalid) or ["nothing was measured"]
        headline = f"No verdict on {candidate}: {why[0]}"
        return Judgement("invalid", headline, why, judged, None, *told)
    failed = [each for each in judged if each.status == "fail"]
    undecided = [each for each in judged if each.status == "undecided"]
    reasons = _sentences(_by_weight(judged)) + [f"? {text}" for text in pending]
    needed = max((each.needed_n or 0 for each in undecided), default=0) or None
    if failed:
        verdict, needed = "hold", None
    elif undecided or pending:
        verdict = "need-more-data"
    else:
        verdict = "ship"
    headline = _headline(candidate, judged, verdict)
    return Judgement(verdict, headline, reasons, judged, needed, *told)


def _with_status(criteria: Sequence[Criterion], harm_alpha: float) -> list[Criterion]:
    if not criteria:
        return []
    judged = [
        replace(each, status=_status(each, p <= harm_alpha))
        for each, p in zip(criteria, harm_p_values(criteria), strict=True)
    ]
    undecided = sum(each.status == "undecided" for each in judged)
    return [
        replace(each, needed_n=needed_items(each, undecided))
        if each.status == "undecided"
        else each
        for each in judged
    ]


def harm_p_values(criteria: Sequence[Criterion]) -> list[float]:
    """Each criterion's p-value of harm, adjusted for all that are looked at.

    What must gain (primaries and people's preference) is one family, harmed if any member is: its
    p-value is the smallest of its members' after Holm within the family, so k times the smallest.
    Holm over the guards and this family controls the chance that anything is called harmed
    wrongly, and adding a primary that gains doesn't make a guard's harm harder to show. A member is
    called harmed if the family is and its own adjusted p-value says so.
    """
    gains = [i for i, each in enumerate(criteria) if each.requirement.role != "guard"]
    guards = [i for i, each in enumerate(criteria) if each.requirement.role == "guard"]
    adjusted = [1.0] * len(criteria)
    within = [float(p) for p in holm([criteria[i].p_harm for i in gains])] if gains else []
    family = [min(within)] if gains else []
    across = [float(p) for p in holm(family + [criteria[i].p_harm for i in guards])]
    for i, p in zip(guards, across[len(family) :], strict=True):
        adjusted[i] = p
    for i, p in zip(gains, within, strict=True):
        adjusted[i] = max(p, across[0])
    return adjusted


def _status(criterion: Criterion, harmed: bool) -> Status:
    asked = criterion.requirement
    if criterion.lower > asked.bound:
        return "pass"
    if criterion.method == SAME_RUN:
        return "pass" if asked.role == "guard" else "fail"
    futile = asked.role != "guard" and criterion.upper < max(asked.min_gain, 0.0)
    return "fail" if harmed or futile else "undecided"


def _by_weight(criteria: Sequence[Criterion]) -> list[Criterion]:
    """Failures first, then what is open, then what holds; primaries first within each."""
    order = {"fail": 0, "undecided": 1, "pass": 2}
    roles = {"primary": 0, "preference": 1, "guard": 2}
    return sorted(criteria, key=lambda c: (order[c.status], roles[c.requirement.role]))


def _sentences(criteria: Sequence[Criterion]) -> list[str]:
    """A sentence a criterion, but one for all guards that hold because the arms share a run."""
    shared = [c for c in criteria if c.method == SAME_RUN and c.status == "pass"]
    found = [f"{MARKS[c.status]} {sentence(c)}" for c in criteria if c not in shared]
    if shared:
        names = ", ".join(c.requirement.name for c in shared)
        found.append(f"{MARKS['pass']} {names}: the arm is the baseline here, nothing can differ")
    return found


def sentence(criterion: Criterion) -> str:
    """One criterion in words: what was seen, and what follows."""
    asked = criterion.requirement
    seen = (
        f"{asked.name} {signed(criterion.difference)} "
        f"[{signed(criterion.lower)}, {signed(criterion.upper)}]"
    )
    if criterion.status == "pass":
        if criterion.method == SAME_RUN:
            return f"{asked.name}: the arm is the baseline here, nothing can differ"
        if asked.role == "guard":
            return f"{seen}: loses less than the margin of {asked.margin:g}"
        return f"{seen}: gains more than the {asked.min_gain:g} that is asked"
    if criterion.status == "fail":
        if asked.role == "guard":
            return f"{seen}: harm shown, beyond the margin of {asked.margin:g}"
        if criterion.upper < 0:
            return f"{seen}: a loss, not a gain"
        return f"{seen}: falls short of the {asked.min_gain:g} that is asked"
    return f"{seen}: undecided, {settling(criterion)}"


def settling(criterion: Criterion) -> str:
    """How many more items would settle an undecided criterion."""
    if criterion.needed_n is None:
        return "and no number of items would settle a margin of 0"
    unit = "judged pairs" if criterion.requirement.role == "preference" else "items"
    more = criterion.needed_n - criterion.n
    if more > 0:
        return f"{more:,} more {unit} would settle it"
    if criterion.requirement.role == "guard":
        return (
            f"and {criterion.n:,} {unit} would have settled it for a candidate that loses nothing"
        )
    return f"and {criterion.n:,} {unit} would have settled it for the gain that was planned"


def signed(value: float) -> str:
    """A difference with its sign: +0.43, −0.12; more digits where two would say nothing."""
    if abs(value) >= 100:
        text = f"{value:+,.0f}"
    elif abs(value) >= 0.1 or value == 0:
        text = f"{value:+.2f}"
    else:
        text = f"{value:+.3f}"
    return text.replace("-", "−")


def _headline(candidate: str, criteria: Sequence[Criterion], verdict: str) -> str:
    primaries = [c for c in criteria if c.requirement.role == "primary"]
    gains = [c for c in primaries if c.status == "pass"]
    losses = [c for c in criteria if c.status == "fail"]
    undecided = [c for c in criteria if c.status == "undecided"]
    parts = []
    if gains:
        best = max(gains, key=lambda c: c.difference)
        rest = f" and {len(gains) - 1} more" if len(gains) > 1 else ""
        parts.append(f"gains {abs(best.difference):.2f} on {best.requirement.name}{rest}")
    if losses:
        worst = min(losses, key=lambda c: c.difference)
        if worst.requirement.role == "guard":
            limit = f", beyond the margin of {worst.requirement.margin:g}"
        else:
            limit = ""
        verb = "loses" if worst.difference < 0 else "gains only"
        rest = f", and fails {len(losses) - 1} more" if len(losses) > 1 else ""
        parts.append(f"{verb} {abs(worst.difference):.2f} on {worst.requirement.name}{limit}{rest}")
    if verdict == "ship":
        guards = sum(c.requirement.role == "guard" for c in criteria)
        if guards:
            parts.append("passes its guard" if guards == 1 else f"passes all {guards} guards")
    elif verdict == "need-more-data":
        if undecided:
            parts.append(
                f"{len(undecided)} of {len(criteria)} "
                f"{'criterion is' if len(criteria) == 1 else 'criteria are'} undecided"
            )
            return f"{candidate}: " + "; ".join(parts) + "."
        parts.append("waits for people's judgments")
    return f"{candidate} " + " and ".join(parts) + "."

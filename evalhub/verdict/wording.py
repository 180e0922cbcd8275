"""A verdict in words: its headline, a sentence a criterion, and how many more items it needs.

Pages, command line and REST show these sentences as the record has them. Pure.
"""

from collections.abc import Sequence

from evalhub.schemas.criteria import Criterion
from evalhub.schemas.verdicts import Status, Verdict
from evalhub.verdict.criteria import SAME_RUN, Requirement


def reasons(
    criteria: Sequence[Criterion],
    against: Sequence[bool],
    blocking: Sequence[bool],
    primaries: str,
) -> list[str]:
    """A sentence a criterion, but one for all guards that hold because the arms share a run.

    What decides stands first: failures, then what is open, then what holds; primaries first
    within each. What decides nothing says so.
    """
    decisive = [
        a or b or c.status is Status.PASS
        for c, a, b in zip(criteria, against, blocking, strict=True)
    ]
    order = [Status.FAIL, Status.UNDECIDED, Status.PASS]
    roles = {"primary": 0, "preference": 1, "guard": 2, "budget": 3}
    ranked = sorted(
        zip(criteria, decisive, strict=True),
        key=lambda pair: (
            not pair[1],
            order.index(pair[0].status),
            roles[pair[0].role],
        ),
    )
    shared = [c for c in criteria if c.method == SAME_RUN and c.status is Status.PASS]
    found = [
        f"{c.status.mark} {sentence(c)}{'' if decides else _aside(c, primaries)}"
        for c, decides in ranked
        if c not in shared
    ]
    if shared:
        names = ", ".join(c.name for c in shared)
        found.append(
            f"{Status.PASS.mark} {names}: the arm is the baseline here, nothing can differ"
        )
    return found


def _aside(criterion: Criterion, primaries: str) -> str:
    """Why a criterion that isn't met decides nothing."""
    if criterion.tier == "advisory":
        return " (advisory: decides nothing)"
    if criterion.tier == "supporting":
        return " (supporting: doubt keeps no ship back)"
    if primaries == "any-of" and criterion.role == "primary":
        return " (one primary is enough)"
    return ""


def sentence(criterion: Criterion) -> str:
    """One criterion in words: what was seen, and what follows."""
    if criterion.status is Status.PASS and criterion.method == SAME_RUN:
        return f"{criterion.name}: the arm is the baseline here, nothing can differ"
    seen = _seen(criterion)
    if criterion.must_gain:
        if criterion.status is Status.PASS:
            return f"{seen}: gains more than the {criterion.min_gain:g} that is asked"
        if criterion.status is Status.FAIL and criterion.upper < 0:
            return f"{seen}: a loss, not a gain"
        if criterion.status is Status.FAIL:
            return f"{seen}: falls short of the {criterion.min_gain:g} that is asked"
    elif criterion.status is Status.PASS:
        kept = "stays within" if criterion.role == "budget" else "loses less than"
        return f"{seen}: {kept} {_limit(criterion)}"
    elif criterion.status is Status.FAIL:
        shown = "over budget, beyond" if criterion.role == "budget" else "harm shown, beyond"
        return f"{seen}: {shown} {_limit(criterion)}"
    return f"{seen}: undecided, {criterion.needed_why}"


def _seen(criterion: Criterion) -> str:
    """What was measured: a difference, or a ratio where a ratio is asked."""
    c = criterion
    if criterion.factor is None:
        return f"{criterion.name} {signed(c.difference)} [{signed(c.lower)}, {signed(c.upper)}]"
    if c.ratio is None:
        return f"{criterion.name} {figure(c.candidate)} beside the baseline's {figure(c.baseline)}"
    if c.ratio_lower is None and c.ratio_upper is None:
        return f"{criterion.name} {percent(c.ratio)} of the baseline's {figure(c.baseline)}"
    ends = f"[{percent(c.ratio_lower)}, {percent(c.ratio_upper)}]"
    return f"{criterion.name} {percent(c.ratio)} {ends} of the baseline's {figure(c.baseline)}"


def _limit(criterion: Criterion) -> str:
    if criterion.role == "budget":
        return f"the budget of {percent(criterion.max_ratio)}"
    if criterion.relative_margin is not None:
        return f"the {percent(criterion.relative_margin)} of it that may be lost"
    return f"the margin of {criterion.margin:g}"


def headline(
    candidate: str,
    criteria: Sequence[Criterion],
    verdict: Verdict,
    against: Sequence[bool],
    blocking: Sequence[bool],
    pending: Sequence[str] = (),
) -> str:
    """The verdict in a sentence."""
    gains = [c for c in criteria if c.role == "primary" and c.status is Status.PASS]
    losses = [c for c, holds in zip(criteria, against, strict=True) if holds]
    parts = []
    if gains:
        best = max(gains, key=lambda c: c.difference)
        rest = f" and {len(gains) - 1} more" if len(gains) > 1 else ""
        parts.append(f"gains {size(best.difference)} on {best.name}{rest}")
    if losses:
        rest = f", and fails {len(losses) - 1} more" if len(losses) > 1 else ""
        parts.append(_worst(losses) + rest)
    if verdict is Verdict.SHIP:
        parts += _kept(criteria)
    elif verdict is Verdict.MORE:
        if waiting := sum(blocking):
            parts.append(
                f"{waiting} of {len(criteria)} "
                f"{'criterion is' if len(criteria) == 1 else 'criteria are'} undecided"
            )
            return f"{candidate}: " + "; ".join(parts) + "."
        parts.append(_waits(pending))
    *first, last = parts or ["passes all that is asked"]
    return f"{candidate} {', '.join(first)}{' and ' if first else ''}{last}."


def _waits(pending: Sequence[str]) -> str:
    """What a verdict waits for whose criteria are all decided."""
    if all(text.startswith("Reviewers ") for text in pending):
        return "waits for people's judgments"
    return f"waits: {pending[0]}"


def _worst(losses: Sequence[Criterion]) -> str:
    """The worst of what holds the candidate back; a quality before a cost."""
    quality = [c for c in losses if c.role != "budget"]
    if not quality:
        worst = max(losses, key=lambda c: c.ratio or 0.0)
        spent = percent(worst.ratio)
        return f"takes {spent} of the baseline's {worst.name}, over {_limit(worst)}"
    worst = min(quality, key=lambda c: c.difference)
    verb = "loses" if worst.difference < 0 else "gains only"
    limit = "" if worst.must_gain else f", beyond {_limit(worst)}"
    return f"{verb} {size(worst.difference)} on {worst.name}{limit}"


def _kept(criteria: Sequence[Criterion]) -> list[str]:
    """What a ship keeps beside what it gains."""
    guards = [c for c in criteria if c.role == "guard"]
    passed = sum(c.status is Status.PASS for c in guards)
    found = []
    if guards and passed == len(guards):
        found.append("passes its guard" if passed == 1 else f"passes all {passed} guards")
    elif guards:
        found.append(f"passes {passed} of {len(guards)} guards, harming none that decides")
    budgets = [c for c in criteria if c.role == "budget"]
    if budgets and all(c.status is Status.PASS for c in budgets):
        found.append("stays within its budget" if len(budgets) == 1 else "stays within its budgets")
    return found


def requires(asked: Requirement) -> str:
    """What is asked, in a few words."""
    if asked.role == "budget":
        return f"below {percent(asked.max_ratio)}"
    if asked.role == "guard":
        share = asked.relative_margin
        return f"may lose {asked.margin:g}" if share is None else f"may lose {percent(share)}"
    if asked.role == "preference":
        return f"over {0.5 + asked.min_gain:.2f} of people"
    return f"must gain over {asked.min_gain:g}" if asked.min_gain else "must gain"


def measured(criterion: Criterion) -> str:
    """What was measured: a difference, or a ratio where a ratio is asked."""
    if criterion.factor is None:
        return signed(criterion.difference)
    return "–" if criterion.ratio is None else percent(criterion.ratio)


def interval(criterion: Criterion) -> str:
    """Its interval, in the same unit."""
    if criterion.factor is None:
        return f"{signed(criterion.lower)} to {signed(criterion.upper)}"
    if criterion.ratio is None:
        return "none"
    return f"{percent(criterion.ratio_lower or 0.0)} to {percent(criterion.ratio_upper)}"


def signed(value: float) -> str:
    """A difference with its sign: +0.43, −0.12; more digits where two would say nothing."""
    if abs(value) >= 100:
        text = f"{value:+,.0f}"
    elif abs(value) >= 0.1 or value == 0:
        text = f"{value:+.2f}"
    else:
        text = f"{value:+.3f}"
    return text.replace("-", "−")


def size(value: float) -> str:
    """A difference without its sign, to two digits."""
    return f"{abs(value):.2f}"


def figure(value: float) -> str:
    """A mean: 0.20, 412, 1,240."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


def percent(ratio: float | None) -> str:
    """A ratio in percent, ∞ where it is unbounded: 108%, 0.5%."""
    if ratio is None:
        return "∞"
    return f"{100 * ratio:,.3g}%" if ratio < 10 else f"{100 * ratio:,.0f}%"

"""The verdict in one sentence, for a reader who reads nothing else. Pure."""

from collections.abc import Sequence

from evalhub.decision.criteria import SAME_RUN
from evalhub.decision.wording import (
    NOTHING,
    better,
    count_text,
    gain_shown,
    is_or_are,
    limit,
    loss_shown,
    money,
    percent,
    plain,
    resource_of_budget,
    shows_nothing,
    size,
    worse,
)
from evalhub.declare.criteria import Criterion
from evalhub.declare.verdicts import Status, Verdict

UNREGISTERED = "Unregistered: "
"""What a headline starts with where no ledger counts the look."""


def headline(
    candidate: str,
    criteria: Sequence[Criterion],
    verdict: Verdict,
    against: Sequence[bool],
    blocking: Sequence[bool],
    *,
    pending: Sequence[str] = (),
    as_good: Sequence[str] = (),
    unbelieved: Sequence[str] = (),
    registered: bool = True,
) -> str:
    """The verdict in a sentence.

    Args:
        against, blocking: by criterion, whether it holds the candidate back, and whether a ship
            waits for it.
        pending, as_good, unbelieved, registered: as evalhub.decision.rule.decide takes them.
    """
    losses = [c for c, holds in zip(criteria, against, strict=True) if holds]
    if as_good:
        text = f"Don't fine-tune: {as_good[0]}."
        if losses:
            text += f" {candidate} {_worst(losses)}."
    elif unbelieved and not losses:
        text = f"Not believed: {unbelieved[0]}."
    elif verdict is Verdict.SHIP:
        text = _ships(candidate, criteria)
    else:
        text = _waits_or_holds(candidate, criteria, losses, sum(blocking), pending)
    return text if registered else f"{UNREGISTERED}{text}"


def _ships(candidate: str, criteria: Sequence[Criterion]) -> str:
    primaries = [c for c in criteria if c.role == "primary"]
    saved = [
        f"{percent(c.ratio)} of the {resource_of_budget(c)}"
        for c in criteria
        if c.role == "budget" and c.status is Status.PASS
    ]
    as_good = primaries and all(c.may_lose and not gain_shown(c) for c in primaries)
    if as_good and saved:
        text = f"as good {_within(primaries)}, at {_join(saved)}"
        return f"{candidate}: {'; '.join([text, *_guards(criteria)])}{_blind_clause(criteria)}."
    parts = [*_gain_clauses(criteria), *_guards(criteria), *_budgets(criteria)]
    text = _join(parts or ["passes all that is asked"])
    return f"{candidate} {text}{_blind_clause(criteria)}."


def _blind_clause(criteria: Sequence[Criterion]) -> str:
    """Criteria without the power to show a loss, or a loss beyond the margin, as the end of a
    sentence; "" where there are none."""
    unable = [c for c in criteria if c.tier != "advisory" and shows_nothing(c)]
    without = [c.name for c in unable if not loss_shown(c)]
    lost = [c.name for c in unable if loss_shown(c)]
    text = f"; no loss could be shown on {_join(without)}" if without else ""
    if lost:
        text += f"; a loss is shown on {_join(lost)}, which couldn't be more than may be"
    return text


def _waits_or_holds(
    candidate: str,
    criteria: Sequence[Criterion],
    losses: Sequence[Criterion],
    waiting: int,
    pending: Sequence[str],
) -> str:
    parts = _gain_clauses(criteria)
    if losses:
        rest = f", and fails {len(losses) - 1} more" if len(losses) > 1 else ""
        return f"{candidate} {_join([*parts, f'{_worst(losses)}{rest}'])}."
    if waiting:
        return f"{candidate}: {'; '.join([*parts, *_still_open(criteria, waiting)])}."
    return f"{candidate} {_join([*parts, _waits(pending)])}."


def _still_open(criteria: Sequence[Criterion], waiting: int) -> list[str]:
    """How many criteria are open, and which of them show a loss already."""
    rest = [c for c in criteria if c.status is Status.OPEN]
    if len(rest) == waiting and all(shows_nothing(c) and not loss_shown(c) for c in rest):
        return [f"nothing is shown{_blind_clause(criteria)}"]
    every = count_text(len(criteria), "criterion", "criteria")
    clauses = [f"{len(rest)} of {every} {is_or_are(len(rest))} open"]
    if len(rest) > waiting:
        clauses[0] += f", of which a ship waits for {waiting}"
    lost = [c.name for c in rest if c.may_lose and c.tier != "advisory" and loss_shown(c)]
    if lost:
        clauses.append(f"a loss is shown on {_join(lost)}, but not whether it is more than may be")
    return clauses


def _gain_clauses(criteria: Sequence[Criterion]) -> list[str]:
    """What the passing primaries do: the largest gain, and the largest loss within a margin."""
    passed = [c for c in criteria if c.role == "primary" and c.status is Status.PASS]
    gains = [c for c in passed if gain_shown(c) or not c.may_lose]
    equals = [c for c in passed if c not in gains]
    clauses = []
    if gains:
        best = max(gains, key=lambda c: c.difference)
        clauses.append(f"{_gains(best)} on {best.name}{_more(gains)}")
    if equals:
        worst = min(equals, key=lambda c: c.difference)
        if worst.difference < -NOTHING:
            clauses.append(
                f"{_loses(worst)} on {worst.name}{_more(equals)}, less than {limit(worst)}"
            )
        else:
            clauses.append(f"is as good {_within([worst])} on {worst.name}{_more(equals)}")
    return clauses


def _more(criteria: Sequence[Criterion]) -> str:
    return f" and {len(criteria) - 1} more" if len(criteria) > 1 else ""


def _gains(c: Criterion, only: str = "") -> str:
    if c.higher_is_better:
        return f"gains {only}{size(c.difference)}"
    return f"has {only}{size(c.difference)} {better(c)}"


def _loses(c: Criterion) -> str:
    if c.higher_is_better:
        return f"loses {size(c.difference)}"
    return f"has {size(c.difference)} {worse(c)}"


def _within(primaries: Sequence[Criterion]) -> str:
    """The margins by which they may be worse, as "within …"; one number where it is the same for
    all."""
    margins = {c.name: plain(-(c.min_gain or 0.0)) for c in primaries}
    if len(set(margins.values())) == 1:
        return f"within {next(iter(margins.values()))}"
    return "within " + _join([f"{margin} on {name}" for name, margin in margins.items()])


def _worst(losses: Sequence[Criterion]) -> str:
    """The worst failure: quality before cost, a shown loss before a gain that is too small."""
    quality = [c for c in losses if c.role not in ("budget", "ownership")]
    if not quality:
        worst = max(losses, key=lambda c: c.ratio or 0.0)
        if worst.role == "ownership":
            return f"saves {money(worst.difference)} {worst.unit} a month, less than {limit(worst)}"
        share = percent(worst.ratio)
        return f"takes {share} of the baseline's {resource_of_budget(worst)}, over {limit(worst)}"
    worst = min(quality, key=lambda c: (not c.shown_to_lose, c.difference))
    if worst.role in ("preference", "judge"):
        whose = "people's choices" if worst.role == "preference" else "a calibrated judge's choices"
        won = f"wins only {percent(worst.candidate)} of {whose}"
        required = percent(0.5 + (worst.min_gain or 0.0))
        return won if worst.shown_to_lose else f"{won}, less than the {required} that is asked"
    if worst.method == SAME_RUN:
        return f"is the baseline on {worst.name}, where nothing can be gained"
    if not worst.shown_to_lose and worst.difference <= 0:
        return f"falls short of the {plain(worst.min_gain)} that is asked on {worst.name}"
    if not worst.shown_to_lose:
        gained = _gains(worst, "only ")
        return f"{gained} on {worst.name}, less than the {plain(worst.min_gain)} that is asked"
    lost = f"{_loses(worst)} on {worst.name}"
    if not worst.may_lose:
        return lost
    return f"{lost}, {'beyond' if worst.role == 'guard' else 'more than'} {limit(worst)}"


def _guards(criteria: Sequence[Criterion]) -> list[str]:
    """What a ship says of its guards: how many pass, and how many supporting ones are open."""
    guards = [c for c in criteria if c.role == "guard" and c.tier != "advisory"]
    passed = sum(c.status is Status.PASS for c in guards)
    doubt = sum(c.status is Status.OPEN and not shows_nothing(c) for c in guards)
    clauses = []
    if passed:
        every = "all " if passed == len(guards) > 1 else ""
        clauses.append(
            "passes its guard"
            if len(guards) == 1
            else f"passes {every}{count_text(passed, 'guard')}"
        )
    if doubt:
        clauses.append(f"leaves {count_text(doubt, 'supporting guard')} open")
    return clauses


def _budgets(criteria: Sequence[Criterion]) -> list[str]:
    budgets = [c for c in criteria if c.role == "budget"]
    saved = [
        f"saves {money(c.difference)} {c.unit} a month"
        for c in criteria
        if c.role == "ownership" and c.status is Status.PASS
    ]
    if not budgets or any(c.status is not Status.PASS for c in budgets):
        return saved
    return [
        "stays within its budget" if len(budgets) == 1 else "stays within its budgets",
        *saved,
    ]


def _waits(pending: Sequence[str]) -> str:
    """What a verdict still waits for although all criteria are settled."""
    if all(text.startswith("Reviewers ") for text in pending):
        return "waits for people's judgments"
    return f"waits: {pending[0]}"


def _join(parts: Sequence[str]) -> str:
    *first, last = parts
    joint = ", and " if any("," in each for each in first) else " and "
    return f"{', '.join(first)}{joint if first else ''}{last}"

"""The verdict in one sentence, for a reader who reads nothing else. Pure."""

from collections.abc import Sequence

from evalhub.decision.criteria.base import CriterionKind
from evalhub.decision.criteria.guard import GuardKind
from evalhub.decision.criteria.primary import PrimaryKind, within
from evalhub.decision.criteria.table import OF_ROLE
from evalhub.decision.criterion import Criterion
from evalhub.decision.wording import (
    count_text,
    gain_shown,
    is_or_are,
    join,
    loss_shown,
    shows_nothing,
)
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
    primaries = [c for c in criteria if isinstance(c.kind, PrimaryKind)]
    saved = [c.kind.at_cost(c) for c in criteria if c.status is Status.PASS and c.kind.at_cost(c)]
    as_good = primaries and all(c.may_lose and not gain_shown(c) for c in primaries)
    if as_good and saved:
        text = f"as good {within(primaries)}, at {join(saved)}"
        guards = _headline_passes(criteria, *_roles(GuardKind))
        return f"{candidate}: {'; '.join([text, *guards])}{_blind_clause(criteria)}."
    parts = _headline_passes(criteria, *_roles(CriterionKind))
    text = join(parts or ["passes all that is asked"])
    return f"{candidate} {text}{_blind_clause(criteria)}."


def _blind_clause(criteria: Sequence[Criterion]) -> str:
    """Criteria without the power to show a loss, or a loss beyond the margin, as the end of a
    sentence; "" where there are none."""
    unable = [c for c in criteria if c.tier != "advisory" and shows_nothing(c)]
    without = [c.name for c in unable if not loss_shown(c)]
    lost = [c.name for c in unable if loss_shown(c)]
    text = f"; no loss could be shown on {join(without)}" if without else ""
    if lost:
        text += f"; a loss is shown on {join(lost)}, which couldn't be more than may be"
    return text


def _waits_or_holds(
    candidate: str,
    criteria: Sequence[Criterion],
    losses: Sequence[Criterion],
    waiting: int,
    pending: Sequence[str],
) -> str:
    parts = _headline_passes(criteria, *_roles(PrimaryKind))
    if losses:
        rest = f", and fails {len(losses) - 1} more" if len(losses) > 1 else ""
        return f"{candidate} {join([*parts, f'{_worst(losses)}{rest}'])}."
    if waiting:
        return f"{candidate}: {'; '.join([*parts, *_still_open(criteria, waiting)])}."
    return f"{candidate} {join([*parts, _waits(pending)])}."


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
        clauses.append(f"a loss is shown on {join(lost)}, but not whether it is more than may be")
    return clauses


def _roles(kind: type[CriterionKind]) -> list[str]:
    """The roles of a kind of criteria and of those made of it, in the readers' order."""
    roles = [role for role, each in OF_ROLE.items() if isinstance(each, kind)]
    return sorted(roles, key=lambda role: OF_ROLE[role].order)


def _headline_passes(criteria: Sequence[Criterion], *roles: str) -> list[str]:
    """What criteria that pass are said to show, role by role."""
    return [
        clause
        for role in roles
        if (of_role := [c for c in criteria if c.role == role])
        for clause in OF_ROLE[role].headline_passes(of_role)
    ]


def _worst(losses: Sequence[Criterion]) -> str:
    """The worst failure: quality before cost, a shown loss before a gain that is too small."""
    quality = [c for c in losses if c.kind.of_quality]
    if quality:
        worst = min(quality, key=lambda c: (not c.shown_to_lose, c.difference))
    else:
        worst = max(losses, key=lambda c: c.ratio or 0.0)
    return worst.kind.headline_fails(worst)


def _waits(pending: Sequence[str]) -> str:
    """What a verdict still waits for although all criteria are settled."""
    if all(text.startswith("Reviewers ") for text in pending):
        return "waits for people's judgments"
    return f"waits: {pending[0]}"

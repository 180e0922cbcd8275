"""Were sides dealt fairly, and could anything but the texts tell them? Parts of the audit."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from evalhub.accounts.models import User
from evalhub.stats.distributions import chi_square_tail
from evalhub.stats.errors import StatisticsError
from evalhub.stats.multiplicity import holm
from reviews.assignments.judge import form_nonce
from reviews.audit.check import LEVEL, Check, status_of
from reviews.audit.tokens import tokens_test
from reviews.blinding import BLOCK, candidate_on_left
from reviews.models import Assignment, Campaign, PairKind
from reviews.results.judgment_data import JudgmentData


@dataclass(frozen=True, slots=True)
class Dealt:
    """A turn as it was dealt, whether answered or not."""

    reviewer: int
    user: int
    turn: int
    on_left: bool
    pair: int
    token: str


def dealt_turns(campaign: Campaign) -> list[Dealt]:
    rows = (
        Assignment.objects.filter(reviewer__campaign=campaign)
        .order_by("reviewer", "turn")
        .values_list(
            "reviewer_id", "reviewer__user_id", "turn", "candidate_on_left", "pair_id", "token"
        )
    )
    return [Dealt(*row[:5], str(row[5])) for row in rows]


def sides_of_seed(campaign: Campaign, dealt: list[Dealt]) -> Check:
    wrong = sum(
        each.on_left != candidate_on_left(campaign.seed, each.user, each.turn) for each in dealt
    )
    return Check(
        "sides-of-seed",
        "Sides follow from the seed",
        "The side of every turn is computed again from the plan, the reviewer and the turn: "
        "none could be chosen for an answer's sake.",
        f"{len(dealt) - wrong} of {len(dealt)} turns have the side that the seed gives them.",
        status_of(bool(dealt), wrong == 0),
        {"turns": len(dealt), "other": wrong},
    )


def balance(dealt: list[Dealt], found: JudgmentData) -> Check:
    blocks: dict[tuple[int, int], list[bool]] = defaultdict(list)
    sides: dict[int, list[bool]] = defaultdict(list)
    for each in dealt:
        blocks[each.reviewer, each.turn // BLOCK].append(each.on_left)
        sides[each.reviewer].append(each.on_left)
    whole = [block for block in blocks.values() if len(block) == BLOCK]
    uneven = sum(2 * sum(block) != BLOCK for block in whole)
    furthest = max((abs(2 * sum(own) - len(own)) for own in sides.values()), default=0)
    return Check(
        "balance",
        "Sides are balanced for each reviewer",
        f"In each whole block of {BLOCK} turns of a reviewer the candidate should stand on the "
        "left in half.",
        f"{len(whole) - uneven} of {len(whole)} whole blocks are even; no reviewer had one side "
        f"more than {furthest} time{'' if furthest == 1 else 's'} oftener than the other.",
        status_of(bool(whole), uneven == 0),
        {
            "blocks": len(whole),
            "uneven": uneven,
            "reviewers": {
                found.reviewers[pk]: {"left": sum(own), "turns": len(own)}
                for pk, own in sides.items()
            },
        },
    )


def independence(dealt: list[Dealt], found: JudgmentData) -> Check:
    rows = [(each.on_left, found.pairs[each.pair]) for each in dealt if each.pair in found.pairs]
    features: dict[str, Callable[[Any], Any]] = {
        "parity of the pair's number": lambda pair: pair.position % 2,
        "tags": lambda pair: pair.tags,
        "stratum": lambda pair: pair.stratum,
        "longer answer": lambda pair: pair.candidate_length > pair.baseline_length,
    }
    p_values = {
        name: p
        for name, of in features.items()
        if (p := _independent([(side, of(pair)) for side, pair in rows])) is not None
    }
    corrected = dict(zip(p_values, holm(list(p_values.values())), strict=True)) if p_values else {}
    least = min(corrected.values(), default=1.0)
    return Check(
        "independence",
        "Sides don't go with what is on them",
        "Whether the candidate's side goes with the pair's number, its tags, its stratum or which "
        "answer is longer (χ², Holm's correction).",
        f"The smallest of {len(corrected)} corrected p-values is {least:.2g}."
        if corrected
        else "There are too few turns to test it.",
        status_of(bool(corrected), least >= LEVEL),
        {"turns": len(rows), "p_values": p_values, "least_corrected": float(least)},
    )


def sides_of_items(dealt: list[Dealt], found: JudgmentData) -> Check:
    sides: dict[str, list[bool]] = defaultdict(list)
    for each in dealt:
        if each.pair in found.pairs and found.pairs[each.pair].kind == PairKind.MAIN:
            sides[found.pairs[each.pair].item].append(each.on_left)
    several = [own for own in sides.values() if len(own) > 1]
    both = sum(len(set(own)) == 2 for own in several)
    expected = sum(1 - 0.5 ** (len(own) - 1) for own in several)
    spread = sum(0.5 ** (len(own) - 1) * (1 - 0.5 ** (len(own) - 1)) for own in several) ** 0.5
    far = abs(both - expected) > max(3 * spread, 1)
    return Check(
        "items",
        "Sides vary from reviewer to reviewer",
        "Among items dealt more than once, how many stood on both sides, against what coins would "
        "give.",
        f"{both} of {len(several)} items; coins would give {expected:.0f}."
        if several
        else "No item was dealt more than once.",
        status_of(bool(several), not far),
        {"items": len(several), "both_sides": both, "expected": expected},
    )


def tokens(campaign: Campaign, dealt: list[Dealt]) -> Check:
    rows = [
        [
            each.token,
            form_nonce(token=uuid.UUID(each.token), user=User(pk=each.user)),
            str(each.turn),
        ]
        for each in dealt
    ]
    tested = (
        "A linear classifier is given every bit of all that a page exposes beside the texts (the "
        "turn's token, the form's signature, the turn's number) and tries to tell the candidate's "
        "side on turns that it hasn't seen (5 folds, 199 shuffles)."
    )
    try:
        result = tokens_test(rows, [each.on_left for each in dealt], seed=campaign.seed)
    except StatisticsError as error:
        return Check("tokens", "Tokens tell nothing", tested, f"{error}.", "nothing", {})
    return Check(
        "tokens",
        "Tokens tell nothing",
        tested,
        f"It is right in {result.accuracy:.1%} of {result.turns} turns; with sides dealt anew, in "
        f"{result.chance:.1%} (p = {result.p_value:.2g}).",
        status_of(True, result.p_value >= LEVEL),
        asdict(result),
    )


def _independent(rows: list[tuple[bool, Any]]) -> float | None:
    """Pearson's χ² test of side against a feature's values, rare values taken together.

    None where there is nothing to compare.
    """
    totals = Counter(value for _, value in rows)
    table: dict[Any, list[int]] = defaultdict(lambda: [0, 0])
    for side, value in rows:
        table[value if totals[value] >= 20 else None][side] += 1
    cells = [counts for counts in table.values() if sum(counts) >= 10]
    left = [sum(counts[side] for counts in cells) for side in (0, 1)]
    if len(cells) < 2 or 0 in left:
        return None
    n = sum(left)
    statistic = sum(
        (counts[side] - sum(counts) * left[side] / n) ** 2 / (sum(counts) * left[side] / n)
        for counts in cells
        for side in (0, 1)
    )
    return chi_square_tail(statistic, len(cells) - 1)

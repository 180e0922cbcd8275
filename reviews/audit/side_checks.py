"""Were sides dealt fairly, and could anything but the texts tell them? Parts of the audit."""

import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from evalhub.stats.allocation import AllocationTest, allocation_test
from reviews.audit.check import DEALING, AuditCheck, a_test, status_of, times
from reviews.audit.tokens import BITS, tokens_test
from reviews.blinding import BLOCK, candidate_on_left
from reviews.models import Assignment, AssignmentPurpose, Campaign
from reviews.results.judgment_data import JudgedPair, JudgmentData

FEWEST = 40
"""Turns below which no bit of a token could be told from chance."""
RARE = 20
"""A tag or stratum of fewer turns is not tested by itself."""


@dataclass(frozen=True, slots=True)
class Dealt:
    """A turn as it was dealt, whether answered or not."""

    reviewer: int
    key: str
    turn: int
    on_left: bool
    pair: int
    token: uuid.UUID
    purpose: str

    @property
    def block(self) -> tuple[int, int]:
        return self.reviewer, self.turn // BLOCK


def turns_dealt(campaign: Campaign) -> list[Dealt]:
    rows = (
        Assignment.objects.filter(reviewer__campaign=campaign)
        .order_by("reviewer", "turn")
        .values_list(
            "reviewer_id",
            "reviewer__key",
            "turn",
            "candidate_on_left",
            "pair_id",
            "token",
            "purpose",
        )
    )
    return [Dealt(*row) for row in rows]


def sides_of_seed(seed: int, dealt: list[Dealt]) -> AuditCheck:
    wrong = sum(each.on_left != candidate_on_left(seed, each.key, each.turn) for each in dealt)
    return AuditCheck(
        "sides-of-seed",
        "Sides follow from the seed",
        "The side of every turn is computed again from the plan, the reviewer and the turn: "
        "none could be chosen for an answer's sake.",
        f"{len(dealt) - wrong} of {len(dealt)} turns have the side that the seed gives them.",
        status_of(bool(dealt), wrong == 0),
        {"turns": len(dealt), "other": wrong},
    )


def balance(dealt: list[Dealt], data: JudgmentData) -> AuditCheck:
    blocks: dict[tuple[int, int], list[bool]] = defaultdict(list)
    sides: dict[int, list[bool]] = defaultdict(list)
    for turn in dealt:
        blocks[turn.block].append(turn.on_left)
        sides[turn.reviewer].append(turn.on_left)
    whole = [block for block in blocks.values() if len(block) == BLOCK]
    uneven = sum(2 * sum(block) != BLOCK for block in whole)
    furthest = max((abs(2 * sum(own) - len(own)) for own in sides.values()), default=0)
    return AuditCheck(
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
                data.reviewers[pk]: {"left": sum(own), "turns": len(own)}
                for pk, own in sides.items()
            },
        },
    )


def independence(dealt: list[Dealt], data: JudgmentData) -> AuditCheck:
    """Check that sides and marks are independent; repeats, chosen by their side, are left out."""
    rows = _main(dealt, data)
    tests = {
        name: test.p_value
        for name, marks in _marks(rows)
        if (test := _allocation(rows, marks)) is not None
    }
    p = times(tests.values())
    return a_test(
        "independence",
        "Sides don't go with what is on them",
        "Whether the candidate's side goes with the number of the turn or of the pair, with a tag, "
        "a stratum or the longer answer (exact test of each within the reviewers' blocks).",
        f"The smallest of {len(tests)} p-values is {min(tests.values()):.2g} "
        f"({min(tests, key=tests.__getitem__)})."
        if tests
        else "There are too few turns to test it.",
        p,
        DEALING,
        {"turns": len(rows), "p_values": tests},
    )


def sides_of_items(dealt: list[Dealt], data: JudgmentData) -> AuditCheck:
    before: dict[int, bool] = {}
    again: list[Row] = []
    marks: list[bool] = []
    for turn, pair in _main(dealt, data):
        if pair.pk in before:
            again.append((turn, pair))
            marks.append(before[pair.pk])
        before[pair.pk] = turn.on_left
    test = _allocation(again, marks)
    same = sum(mark == turn.on_left for mark, (turn, _) in zip(marks, again, strict=True))
    return a_test(
        "items",
        "Sides vary from reviewer to reviewer",
        "Whether a pair's side goes with its side for the reviewer before (exact test within the "
        "reviewers' blocks).",
        f"In {same} of {len(again)} turns the candidate stood where the reviewer before had it; "
        f"coins would give {len(again) / 2:.0f}."
        if again
        else "No pair was dealt more than once.",
        test.p_value if test else None,
        DEALING,
        {"turns": len(again), "same_side": same},
    )


def tokens(dealt: list[Dealt]) -> AuditCheck:
    tested = (
        f"A turn's token is random, and the form's signature is made of it and of the person "
        f"alone. Each of its {BITS} random bits is compared with the candidate's side (exact "
        "binomial test of the furthest)."
    )
    if len(dealt) < FEWEST:
        few = f"{len(dealt)} turns are too few to test it: {FEWEST} or more."
        return a_test("tokens", "Tokens tell nothing", tested, few, None, DEALING, {})
    result = tokens_test([each.token for each in dealt], [each.on_left for each in dealt])
    return a_test(
        "tokens",
        "Tokens tell nothing",
        tested,
        f"The furthest bit agrees with the side in {result.agreeing} of {result.turns} turns "
        f"(p = {result.p_value:.2g}).",
        result.p_value,
        DEALING,
        {"turns": result.turns, "agreeing": result.agreeing, "p": result.p_value},
    )


type Row = tuple[Dealt, JudgedPair]


def _main(dealt: list[Dealt], data: JudgmentData) -> list[Row]:
    return [
        (turn, data.pairs[turn.pair]) for turn in dealt if turn.purpose == AssignmentPurpose.MAIN
    ]


def _marks(rows: list[Row]) -> Iterator[tuple[str, list[bool]]]:
    """Marks of turns that a side might depend on, without duplicates: (name, mark by turn)."""
    marks = {
        "turn's number is even": [turn.turn % 2 == 0 for turn, _ in rows],
        "pair's number is even": [pair.position % 2 == 0 for _, pair in rows],
        "candidate's answer is longer": [
            pair.candidate_length > pair.baseline_length for _, pair in rows
        ],
    }
    for tag in sorted({tag for _, pair in rows for tag in pair.tags}):
        marks[f"tag {tag}"] = [tag in pair.tags for _, pair in rows]
    for stratum in sorted({pair.stratum for _, pair in rows}):
        marks[f"stratum {stratum}"] = [pair.stratum == stratum for _, pair in rows]
    seen = set()
    for name, mark_values in marks.items():
        split = tuple(
            mark == mark_values[0] for mark in mark_values
        )  # a mark and its absence are one
        common = min(sum(mark_values), len(mark_values) - sum(mark_values)) >= RARE
        if split not in seen and (common or not name.startswith(("tag ", "stratum "))):
            seen.add(split)
            yield name, mark_values


def _allocation(rows: list[Row], marks: list[bool]) -> AllocationTest | None:
    return allocation_test(
        marks, [turn.on_left for turn, _ in rows], [turn.block for turn, _ in rows]
    )

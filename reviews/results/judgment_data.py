"""All judgments of a campaign, read once, with sides mapped to arms.

The one loader of judgments: the early stop, results, audit, export and the gate's evidence are
made from it. Three queries whatever the size.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Literal, NamedTuple

from django.db.models.functions import Length

from reviews.blinding import canonical
from reviews.models import RATED, AssignmentPurpose, Campaign, Judgment, Pair, PairKind

Side = Literal["left", "right"]


class JudgedPair(NamedTuple):
    """A pair; lengths are of the answers in characters, 0 where there is none.

    `cluster` is what its item belongs to with others, else the item itself; `weight` how much the
    item counts, above 0, where items have weights.
    """

    pk: int
    kind: str
    item: str
    cluster: str
    tags: tuple[str, ...]
    stratum: str
    position: int
    expected: str
    seats: int
    baseline_version: int
    candidate_version: int | None
    baseline_length: int
    candidate_length: int
    weight: float | None = None


class JudgmentRow(NamedTuple):
    """The present judgment of one turn.

    `favours` is "candidate", "baseline", "tie", "both-bad" or "rated"; `choice` is as presented.
    `answers` and `flags` name arms, not sides: {"helpful": "candidate"}, {"baseline": ["unsafe"]}.
    Where one answer is rated, `answers` has numbers and flags stand under "answer".
    """

    pk: int
    assignment: int
    token: str
    pair: JudgedPair
    reviewer: int
    purpose: str
    repeats: int | None
    turn: int
    candidate_side: Side
    choice: str
    favours: str
    much: bool
    answers: dict[str, Any]
    flags: dict[str, list[str]]
    rationale: str
    seconds: float
    visible_seconds: float | None
    revision: int
    created: str


@dataclass(frozen=True, slots=True)
class JudgmentData:
    """A campaign's pairs and judgments in the order in which they came; reviewers' names by id."""

    pairs: dict[int, JudgedPair]
    judgments: list[JudgmentRow]
    reviewers: dict[int, str]

    @property
    def planned(self) -> int:
        """Judgments that the plan asks for on main pairs."""
        return sum(pair.seats for pair in self.pairs.values() if pair.kind == PairKind.MAIN)

    def of(
        self, *, kind: str = PairKind.MAIN, purpose: str = AssignmentPurpose.MAIN
    ) -> list[JudgmentRow]:
        return [
            judgment
            for judgment in self.judgments
            if (judgment.pair.kind, judgment.purpose) == (kind, purpose)
        ]

    def main(self) -> "JudgmentData":
        """Only first judgments of main pairs; `pairs` stays as it is."""
        return JudgmentData(self.pairs, self.of(), self.reviewers)

    def between(self, baseline: int, candidate: int) -> "JudgmentData":
        """Only pairs of these two versions, in this order."""
        versions = (baseline, candidate)
        return self._only(lambda pair: (pair.baseline_version, pair.candidate_version) == versions)

    def on(self, items: Collection[str] | None) -> "JudgmentData":
        """Only pairs of these items (their keys); None: all."""
        return self if items is None else self._only(lambda pair: pair.item in items)

    def _only(self, wanted: Callable[[JudgedPair], bool]) -> "JudgmentData":
        pairs = {pk: pair for pk, pair in self.pairs.items() if wanted(pair)}
        judgments = [each for each in self.judgments if each.pair.pk in pairs]
        return JudgmentData(pairs, judgments, self.reviewers)


def judgment_data(campaign: Campaign, *, rationales: bool = False) -> JudgmentData:
    """What reviewers say now. Rationales, which are long, only where asked for."""
    pairs = {row[0]: _pair(row) for row in _pair_rows(campaign)}
    rows = (
        Judgment.objects.current()
        .filter(assignment__reviewer__campaign=campaign)
        .order_by()  # here below: PostgreSQL without statistics would join in this order
        .values_list(
            "pk",
            "assignment_id",
            "assignment__token",
            "assignment__pair_id",
            "assignment__reviewer_id",
            "assignment__purpose",
            "assignment__repeats_id",
            "assignment__turn",
            "assignment__candidate_on_left",
            "choice",
            "much",
            "answers",
            "flags",
            "seconds",
            "visible_seconds",
            "revision",
            "created",
            *(["rationale"] if rationales else []),
        )
    )
    in_order = sorted(rows, key=itemgetter(0))
    judgments = [_judgment(row, pairs) for row in in_order]
    reviewers = dict(campaign.reviewers.order_by("pk").values_list("pk", "user__username"))
    return JudgmentData(pairs, judgments, reviewers)


def _pair_rows(campaign: Campaign) -> Any:
    return (
        Pair.objects.filter(campaign=campaign)
        .order_by("position")
        .values_list(
            "pk",
            "kind",
            "item__key",
            "item__cluster",
            "item__tags",
            "stratum",
            "position",
            "expected",
            "seats",
            "baseline_output__run__version_id",
            "candidate_output__run__version_id",
            Length("baseline_output__text"),
            Length("candidate_output__text"),
            "item__weight",
        )
    )


def _pair(row: tuple[Any, ...]) -> JudgedPair:
    return JudgedPair(
        pk=row[0],
        kind=row[1],
        item=row[2],
        cluster=row[3] or row[2],
        tags=tuple(map(str, row[4] or ())),
        stratum=row[5],
        position=row[6],
        expected=row[7],
        seats=row[8],
        baseline_version=row[9],
        candidate_version=row[10],
        baseline_length=row[11] or 0,
        candidate_length=row[12] or 0,
        weight=row[13],
    )


def _judgment(row: tuple[Any, ...], pairs: dict[int, JudgedPair]) -> JudgmentRow:
    on_left, choice, answers, flags = row[8], row[9], row[11], row[12]
    arms = ("candidate", "baseline") if on_left else ("baseline", "candidate")
    arm_of = {"left": arms[0], "right": arms[1]}
    return JudgmentRow(
        pk=row[0],
        assignment=row[1],
        token=str(row[2]),
        pair=pairs[row[3]],
        reviewer=row[4],
        purpose=row[5],
        repeats=row[6],
        turn=row[7],
        candidate_side="left" if on_left else "right",
        choice=choice,
        favours=RATED if choice == RATED else canonical(choice, candidate_on_left=on_left),
        much=row[10],
        answers={
            name: arm_of.get(value, value) if isinstance(value, str) else value
            for name, value in answers.items()
        },
        flags={arm_of.get(side, side): flagged for side, flagged in flags.items()},
        rationale=row[17] if len(row) > 17 else "",
        seconds=row[13],
        visible_seconds=row[14],
        revision=row[15],
        created=row[16].isoformat(),
    )

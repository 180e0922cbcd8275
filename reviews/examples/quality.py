"""How people agree on examples, how fast they are, and whether they look. Pure.

Agreement is on what was done (accept, edit, reject), and, where the queue has labels, on the
label that is left, with "rejected" beside the labels.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from evalhub.decision.people_cautions import CHARACTERS_A_SECOND, Pace
from evalhub.stats.agreement import Agreement, PairKappa, agreement, pair_kappas
from evalhub.stats.intervals import Estimate, clopper_pearson
from evalhub.stats.ratings import Ratings, read_ratings
from reviews.examples.answers import caught
from reviews.models import AnnotationAction, AnnotationPurpose

ACTIONS = tuple(AnnotationAction.values)
REJECTED = "(rejected)"
"""Stands for a rejection among labels."""


@dataclass(frozen=True, slots=True)
class AnnotationRow:
    """A standing answer. `length` is how many characters of input, context and proposal there are
    to read; `expected` is of a gold example."""

    example: int
    annotator: int
    purpose: str
    action: str
    answer: str
    seconds: float
    visible_seconds: float | None
    length: int
    expected: str = ""

    @property
    def too_fast(self) -> bool:
        """Whether it came before the example could have been read: by the time the page was in
        view where the browser told it, else by the server's clock."""
        visible = self.seconds if self.visible_seconds is None else self.visible_seconds
        return min(self.seconds, visible) < self.length / CHARACTERS_A_SECOND

    @property
    def is_right(self) -> bool:
        """Of a gold example: whether the answer is right."""
        return caught(action=self.action, answer=self.answer, expected=self.expected)


@dataclass(frozen=True, slots=True)
class AnnotatorQuality:
    """One person: `seconds` is the median; a proportion without anything to count is None."""

    annotator: int
    answers: int
    seconds: float
    pace: Pace
    edited: Estimate
    rejected: Estimate
    gold: int
    gold_right: Estimate


@dataclass(frozen=True, slots=True)
class AnnotatorAgreement:
    """Agreement of two annotators an example: of all together, and Cohen's kappa of every two.

    `same` is the share of examples on which both did the same, with Clopper and Pearson's 95%
    interval; `agreement` has Krippendorff's alpha with its own.
    """

    same: Estimate
    examples: int
    agreement: Agreement
    kappas: Sequence[PairKappa]


def action_agreement(rows: Sequence[AnnotationRow]) -> AnnotatorAgreement | None:
    """On what was done; None where no example has two answers."""
    return _agreement(rows, {row: row.action for row in rows}, ACTIONS)


def label_agreement(
    rows: Sequence[AnnotationRow], labels: Sequence[str]
) -> AnnotatorAgreement | None:
    """On the label that is left; None where no example has two answers."""
    rejects = AnnotationAction.REJECT
    left = {row: REJECTED if row.action == rejects else row.answer for row in rows}
    return _agreement(rows, left, (*labels, REJECTED))


def _agreement(
    rows: Sequence[AnnotationRow], values: Mapping[AnnotationRow, str], scale: Sequence[str]
) -> AnnotatorAgreement | None:
    table: dict[object, dict[object, str | int | float | bool | None]] = defaultdict(dict)
    for row in rows:
        if row.purpose == AnnotationPurpose.MAIN:
            table[row.example][row.annotator] = values[row]
    pairs = [list(values_of.values()) for values_of in table.values() if len(values_of) == 2]
    if not pairs:
        return None
    same = sum(first == second for first, second in pairs)
    ratings: Ratings = read_ratings(table, scale=scale)
    kappas = [kappa for kappa in pair_kappas(ratings) if kappa.units]
    return AnnotatorAgreement(
        same=share_of(same, len(pairs)),
        examples=len(pairs),
        agreement=agreement(ratings),
        kappas=kappas,
    )


def annotator_quality(rows: Sequence[AnnotationRow]) -> list[AnnotatorQuality]:
    """Of each person with an answer, in the order of their first one."""
    own: dict[int, list[AnnotationRow]] = defaultdict(list)
    for row in rows:
        own[row.annotator].append(row)
    return [_quality(annotator, answers) for annotator, answers in own.items()]


def _quality(annotator: int, rows: Sequence[AnnotationRow]) -> AnnotatorQuality:
    main = [row for row in rows if row.purpose == AnnotationPurpose.MAIN]
    gold = [row for row in rows if row.purpose == AnnotationPurpose.GOLD]
    actions = [row.action for row in main]
    return AnnotatorQuality(
        annotator=annotator,
        answers=len(rows),
        seconds=median(row.seconds for row in rows),
        pace=Pace(len(rows), sum(row.too_fast for row in rows)),
        edited=share_of(actions.count(AnnotationAction.EDIT), len(main)),
        rejected=share_of(actions.count(AnnotationAction.REJECT), len(main)),
        gold=len(gold),
        gold_right=share_of(sum(row.is_right for row in gold), len(gold)),
    )


def share_of(count: int, total: int) -> Estimate:
    """Proportion with Clopper and Pearson's 95% interval; a value of None where `total` is 0."""
    if not total:
        return Estimate(None)
    return Estimate(count / total, *clopper_pearson(count, total))

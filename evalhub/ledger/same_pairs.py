"""Pairs of answers identified by content: earlier reviews and judges of the same pairs.

A pair is an item's question and both texts, whichever of the two came first. Ids, tags, metadata,
the order of items and the names of versions don't make a pair new.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256
from itertools import batched, chain, product
from typing import NamedTuple

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from evalhub.judges.models import JudgeRun, JudgeVote
from evalhub.ledger.same_items import SameItems
from evalhub.registry.models import Item, Output, Run
from reviews.models import (
    Assignment,
    AssignmentPurpose,
    AssignmentState,
    Campaign,
    Pair,
    PairKind,
)

READ_AT_A_TIME = 5000

type PairKey = tuple[int, frozenset[str]]
"""An item's fingerprint, and the SHA-256 of both texts."""


type Vote = tuple[int, bool, str]
"""An item's fingerprint, whether the candidate's answer stood first, and the choice."""


class PlanNumber(NamedTuple):
    """Number of a campaign among those that review the same pairs.

    Attributes:
        number: 1 and the earlier ones in which somebody judged one of the pairs.
        opened: how many ask about one of the pairs, judged or not, later ones included.
    """

    number: int
    opened: int


def plan_number(campaign: Campaign, baseline: Run, candidate: Run) -> PlanNumber:
    """The campaign's number among the reviews of these two runs' answers; one common pair is
    enough."""
    review_pairs = _review_pairs_on(SameItems().of(baseline.test_set_version))
    pairs = _TwoRuns(baseline, candidate).among(
        (each.fingerprint, each.outputs) for each in review_pairs
    )
    same = [each for each in review_pairs if each.outputs in pairs]
    opened = {each.campaign for each in same} | {campaign.pk}
    judged = {each.campaign for each in same if each.judged}
    plans = list(Campaign.objects.filter(pk__in=opened).values_list("pk", flat=True))
    earlier = plans[plans.index(campaign.pk) + 1 :]
    return PlanNumber(1 + len(judged.intersection(earlier)), len(plans))


def judge_number(judge_run: JudgeRun | None, baseline: Run, candidate: Run) -> int:
    """Which judge of these two runs' answers it is whose preference is read; it keeps its number.

    One pair in common is enough. The same judge that is asked the same again and votes alike on
    all pairs has told nothing new.
    """
    sharing = SameItems().of(baseline.test_set_version)
    read = JudgeRun.objects.filter(opened__isnull=False, baseline__test_set_version__in=sharing)
    ours = _TwoRuns(baseline, candidate)
    judges: list[tuple[str, frozenset[Vote]]] = []
    for other_run in read.select_related("baseline", "candidate").order_by("opened", "pk"):
        judge = other_run.digest, _votes(other_run)
        if judge not in judges and ours.shares_a_pair_with(other_run):
            judges.append(judge)
    this = None if judge_run is None else (judge_run.digest, _votes(judge_run))
    return 1 + (judges.index(this) if this in judges else len(judges))


def _votes(judge_run: JudgeRun) -> frozenset[Vote]:
    rows = JudgeVote.objects.filter(judge_run=judge_run).order_by()
    return frozenset(rows.values_list("item__fingerprint", "candidate_first", "choice"))


@dataclass(frozen=True, slots=True)
class _ReviewPair:
    campaign: int
    fingerprint: int
    outputs: tuple[int, int]
    judged: bool


def _review_pairs_on(versions: Collection[int]) -> list[_ReviewPair]:
    """The pairs of all reviews on these versions of test sets."""
    mains = Pair.objects.filter(kind=PairKind.MAIN, candidate_output__isnull=False)
    first = mains.filter(campaign=OuterRef("pk")).order_by("position").values("item__version")
    campaigns = Campaign.objects.alias(asks=Subquery(first[:1])).filter(asks__in=versions)
    judged = Assignment.objects.filter(
        pair=OuterRef("pk"), purpose=AssignmentPurpose.MAIN, state=AssignmentState.DONE
    )
    review_pairs = []
    for campaign in campaigns.order_by().values_list("pk", flat=True):
        rows = mains.filter(campaign=campaign).order_by().annotate(judged=Exists(judged))
        fields = "item__fingerprint", "baseline_output", "candidate_output", "judged"
        review_pairs += [
            _ReviewPair(campaign, fingerprint, (one, other), has_judgment)
            for fingerprint, one, other, has_judgment in rows.values_list(*fields)
        ]
    return review_pairs


class _TwoRuns:
    """The pairs of two runs' answers; texts are read on demand."""

    def __init__(self, baseline: Run, candidate: Run) -> None:
        self.runs = baseline, candidate
        rows = Item.objects.filter(version=baseline.test_set_version_id).order_by()
        self.items: dict[int, list[int]] = {}
        for item, fingerprint in rows.values_list("pk", "fingerprint"):
            self.items.setdefault(fingerprint, []).append(item)

    def among(self, pairs: Iterable[tuple[int, tuple[int, int]]]) -> set[tuple[int, int]]:
        """Those of `pairs`, (fingerprint, ids of two answers), that say what these runs do."""
        on_items = [each for each in pairs if each[0] in self.items]
        texts = _texts(Output.objects.all(), {pk for _, two in on_items for pk in two}, "pk")
        keys = self._keys({fingerprint for fingerprint, _ in on_items})
        return {
            two
            for fingerprint, two in on_items
            for one, other in product(*(texts[pk] for pk in two))
            if (fingerprint, frozenset((one, other))) in keys
        }

    def shares_a_pair_with(self, judge_run: JudgeRun) -> bool:
        """Whether the judge was asked about one of these pairs. Of answers that were replaced
        since it was asked nobody can tell: there the item is enough."""
        voted = JudgeVote.objects.filter(judge_run=judge_run).order_by()
        items = dict(voted.values_list("item", "item__fingerprint"))
        shared = {pk: mark for pk, mark in items.items() if mark in self.items}
        judged = judge_run.baseline, judge_run.candidate
        digests = judge_run.baseline_answers, judge_run.candidate_answers
        if tuple(run.answers_digest for run in judged) != digests:
            return bool(shared)
        theirs = [_texts(run.outputs.all(), shared.keys(), "item") for run in judged]
        keys = self._keys(set(shared.values()))
        return any(
            (fingerprint, frozenset((one, other))) in keys
            for item, fingerprint in shared.items()
            for one, other in product(*(texts.get(item, ()) for texts in theirs))
        )

    def _keys(self, fingerprints: Collection[int]) -> set[PairKey]:
        items = {each for mark in fingerprints for each in self.items[mark]}
        ours = [_texts(run.outputs.all(), items, "item") for run in self.runs]
        return {
            (mark, frozenset((one, other)))
            for mark in fingerprints
            for one, other in product(
                *(
                    set(chain.from_iterable(texts.get(each, ()) for each in self.items[mark]))
                    for texts in ours
                )
            )
        }


def _texts(outputs: QuerySet[Output], keys: Collection[int], by: str) -> dict[int, set[str]]:
    """SHA-256 of the answers' texts, by `pk` or by `item`; for a redacted answer the recorded
    one."""
    texts: dict[int, set[str]] = {}
    for some in batched(keys, READ_AT_A_TIME):
        rows = outputs.filter(**{f"{by}__in": some}, text__isnull=False).order_by()
        for output in rows.only("item", "text", "text_sha256", "tool_calls").iterator():
            digest = output.text_sha256 or sha256(output.as_read.encode()).hexdigest()
            texts.setdefault(output.pk if by == "pk" else output.item_id, set()).add(digest)
    return texts

"""Which pair a reviewer is dealt next, and on which sides.

A reviewer walks through an order of the pairs that is theirs alone (`order_of`), from a cursor
before which every pair was dealt to them or full: a claim looks at a few places ahead of it, never
at what the reviewer has done. Only who has come to the end looks for seats that others gave back.
"""

import datetime
import math
from functools import lru_cache
from operator import itemgetter

import numpy as np
from django.db.models import Exists, OuterRef
from numpy.typing import NDArray

from evalhub.declare.review import Form
from reviews.assignments.seats import LEASE, OpenPair, free_pairs_for, open_at, take_seat_at_once
from reviews.blinding import candidate_on_left, draw, fraction
from reviews.models import Assignment, AssignmentPurpose, AssignmentState, Pair, PairKind, Reviewer


@lru_cache(maxsize=64)
def order_of(seed: int, reviewer: str, size: int) -> NDArray[np.uint32]:
    """0 … size-1, each once; another seed or reviewer gives another order.

    `RandomState` rather than a Generator, for its stream never changes (NEP 19): an order has to
    outlive an upgrade in the middle of a campaign. The last 64 orders are kept.
    """
    key = np.frombuffer(draw(seed, "order", reviewer).to_bytes(32), "<u4")
    return np.random.RandomState(key).permutation(size).astype(np.uint32)


AHEAD = 8  # places looked at first; four times as many each time that all are taken
GIVEN_BACK = 200  # seats given back that are looked at, at most
REPEATS_FROM = 60  # turns back from which a repeat is drawn, at most


def deal(reviewer: Reviewer, form: Form, now: datetime.datetime) -> Assignment | bool:
    """The reviewer's next turn, under a lease.

    Without one: whether another transaction was just taking a free seat, so that asking again in
    another transaction helps; this one waits for nobody, since it may hold what others wait for.
    The caller has locked the reviewer's row, and saves it afterwards.
    """
    if (repeat := _repeat(reviewer, form, now)) is not None:
        return repeat
    claim = _Claim(reviewer, form)
    open_pair = claim.ahead() or claim.given_back() or claim.too_near()
    if open_pair is None:
        return claim.contested
    if claim.at_end and (earlier := _own_earlier_turn(reviewer, form, open_pair, now)) is not None:
        return earlier
    return _new_turn(reviewer, form, now, pair=open_pair.pair, item=open_pair.item)


def deal_practice(reviewer: Reviewer, form: Form, now: datetime.datetime) -> Assignment | None:
    """The next practice pair in the plan's order: the same for all, and without seats."""
    had = Assignment.objects.filter(pair=OuterRef("pk"), reviewer=reviewer)
    pair = (
        Pair.objects.filter(~Exists(had), campaign=reviewer.campaign, kind=PairKind.PRACTICE)
        .order_by("position")
        .first()
    )
    if pair is None:
        return None
    return _new_turn(reviewer, form, now, pair=pair.pk, item=pair.item_id)


class _Claim:
    """One search for a seat.

    `contested`: another transaction was just taking a free one. `at_end`: the reviewer
    has come to the end of their order.
    """

    def __init__(self, reviewer: Reviewer, form: Form) -> None:
        self.reviewer = reviewer
        self.campaign = reviewer.campaign
        self.spaced = _recent_items(reviewer, form)
        self.near: list[OpenPair] = []
        self.contested = self.at_end = False

    def ahead(self) -> OpenPair | None:
        """From the cursor on, the first pair that is far enough from its item's last."""
        reviewer, size, width = self.reviewer, self.campaign.dealing.places, AHEAD
        start, passed = reviewer.cursor, True
        while start < size * reviewer.laps:
            stop = min(start + width, (start // size + 1) * size)
            for index, open_pair in self._free(start, stop):
                if index < size and self._passes_over(open_pair):
                    reviewer.laps = 2
                    continue
                if passed:
                    reviewer.cursor = index
                if self._takes(open_pair):
                    reviewer.cursor += passed
                    return open_pair
                passed = False
            if passed:
                reviewer.cursor = stop
            start, width = stop, width * 4
        return None

    def given_back(self) -> OpenPair | None:
        """A pair that was full when the cursor passed it, and of which a seat is free again."""
        self.at_end = True
        open_pairs = free_pairs_for(self.reviewer, GIVEN_BACK)
        seed, person = self.campaign.seed, self.reviewer.key
        open_pairs.sort(key=lambda pair: draw(seed, "back", person, pair.position))
        return next((each for each in open_pairs if self._takes(each)), None)

    def too_near(self) -> OpenPair | None:
        """Where nothing else remains, the pair whose item was seen the longest ago."""
        seen = {item: turn for turn, item in enumerate(self.spaced)}
        self.spaced = []
        by_distance = sorted(self.near, key=lambda pair: seen[pair.item])
        return next((each for each in by_distance if self._takes(each)), None)

    def _takes(self, open_pair: OpenPair) -> bool:
        if open_pair.item in self.spaced:
            self.near.append(open_pair)
            return False
        has_seat = take_seat_at_once(open_pair.pair)
        self.contested |= not has_seat
        return has_seat

    def _free(self, start: int, stop: int) -> list[tuple[int, OpenPair]]:
        """Pairs open to the reviewer at places start … stop-1, all of one lap, in their order."""
        size = self.campaign.dealing.places
        lap = start // size * size
        order = order_of(self.campaign.seed, self.reviewer.key, size)
        ahead = order[start - lap : stop - lap].tolist()
        indices = {position: start + i for i, position in enumerate(ahead)}
        open_pairs = open_at(reviewer=self.reviewer, positions=list(indices))
        return sorted(((indices[each.position], each) for each in open_pairs), key=itemgetter(0))

    def _passes_over(self, open_pair: OpenPair) -> bool:
        """Whether a seeded coin leaves this pair to the second lap, in favour of other strata."""
        chance: float = self.campaign.dealing.chances.get(open_pair.stratum, 1.0)
        coin = fraction(self.campaign.seed, "lap", self.reviewer.key, open_pair.position)
        return coin >= chance


def _repeat(reviewer: Reviewer, form: Form, now: datetime.datetime) -> Assignment | None:
    """An earlier turn again with its sides swapped, where one is due and there is one to swap.

    Repeats are dealt at the form's share of the turns. The side is that of this turn's block,
    like any other's, so what is drawn from are turns that had the other side.
    """
    seed, person, turn = reviewer.campaign.seed, reviewer.key, reviewer.turns
    due = math.floor(form.repeats * (turn + 1) + fraction(seed, "repeats", person))
    if reviewer.repeated >= due:
        return None
    latest = turn - max(form.spacing, 1)
    earlier = (
        reviewer.assignments.filter(
            purpose=AssignmentPurpose.MAIN,
            state=AssignmentState.DONE,
            pair__kind=PairKind.MAIN,
            candidate_on_left=not candidate_on_left(seed, person, turn),
            turn__range=(max(latest - REPEATS_FROM, 0), latest),
            repeated__isnull=True,
        )
        .exclude(pair__item__in=_recent_items(reviewer, form))
        .order_by("turn")
        .values_list("turn", "pk", "pair_id", "pair__item_id")
    )
    drawn = min(earlier, key=lambda row: draw(seed, "repeat", person, turn, row[0]), default=None)
    if drawn is None:
        return None
    reviewer.repeated += 1
    _, again, pair, item = drawn
    return _new_turn(reviewer, form, now, pair=pair, item=item, repeats=again)


def _own_earlier_turn(
    reviewer: Reviewer, form: Form, open_pair: OpenPair, now: datetime.datetime
) -> Assignment | None:
    """The reviewer's own turn whose lease had ended, with its token and its sides."""
    earlier = reviewer.assignments.filter(
        pair=open_pair.pair, purpose=AssignmentPurpose.MAIN
    ).first()
    if earlier is not None:
        earlier.state = AssignmentState.LEASED
        earlier.dealt, earlier.lease_until = now, now + LEASE
        earlier.save(update_fields=["state", "dealt", "lease_until"])
        _remember(reviewer, form, open_pair.item)
    return earlier


def _new_turn(
    reviewer: Reviewer,
    form: Form,
    now: datetime.datetime,
    *,
    pair: int,
    item: int,
    repeats: int | None = None,
) -> Assignment:
    turn = reviewer.turns
    reviewer.turns = turn + 1
    _remember(reviewer, form, item)
    return Assignment.objects.create(
        pair_id=pair,
        reviewer=reviewer,
        purpose=AssignmentPurpose.MAIN if repeats is None else AssignmentPurpose.REPEAT,
        repeats_id=repeats,
        turn=turn,
        candidate_on_left=candidate_on_left(reviewer.campaign.seed, reviewer.key, turn),
        dealt=now,
        lease_until=now + LEASE,
    )


def _recent_items(reviewer: Reviewer, form: Form) -> list[int]:
    """The items of the last turns, the oldest first; none of them is dealt again so soon."""
    spaced: list[int] = reviewer.spaced
    return spaced[-form.spacing :] if form.spacing else []


def _remember(reviewer: Reviewer, form: Form, item: int) -> None:
    reviewer.spaced = [*reviewer.spaced, item][-form.spacing :] if form.spacing else []

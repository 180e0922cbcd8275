"""Turns that are dealt again with their sides swapped: self-consistency and position bias."""

from collections import Counter

import pytest

from evalhub.declare.review import Form
from reviews.assignments.assign import End
from reviews.blinding import BLOCK
from reviews.models import Assignment, AssignmentPurpose, Campaign, Reviewer
from reviews.results.judgment_data import judgment_data
from tests.cast import Team
from tests.reviews.assignments.test_assign import answer
from tests.reviews.conftest import a_campaign
from tests.reviews.steps import next_assignment


@pytest.fixture
def reviewed(team: Team) -> Campaign:
    """Sixty items that Rui judged all, a fifth of the turns dealt again."""
    campaign = a_campaign(team, items=60, form=Form(repeats=0.2, spacing=10))
    while isinstance(dealt := next_assignment(campaign=campaign, user=team.rui), Assignment):
        answer(dealt, team.rui)
    assert dealt == End("done")
    return campaign


def repeats(campaign: Campaign) -> list[Assignment]:
    found = Assignment.objects.filter(reviewer__campaign=campaign, purpose=AssignmentPurpose.REPEAT)
    return list(found.select_related("repeats", "pair").order_by("turn"))


def test_they_are_dealt_at_their_share_of_the_turns(reviewed: Campaign) -> None:
    turns = Assignment.objects.count()
    assert len(repeats(reviewed)) == pytest.approx(0.2 * turns, abs=1)
    assert turns - len(repeats(reviewed)) == 60


def test_each_repeats_another_earlier_turn_with_its_sides_swapped(reviewed: Campaign) -> None:
    found = repeats(reviewed)
    assert len({each.repeats_id for each in found}) == len(found)
    for each in found:
        assert each.repeats is not None
        assert each.pair_id == each.repeats.pair_id
        assert each.candidate_on_left != each.repeats.candidate_on_left
        assert each.turn - each.repeats.turn >= 10


def test_with_them_the_sides_of_every_block_are_balanced(reviewed: Campaign) -> None:
    sides = list(Assignment.objects.order_by("turn").values_list("candidate_on_left", flat=True))
    for start in range(0, len(sides) // BLOCK * BLOCK, BLOCK):
        assert sum(sides[start : start + BLOCK]) == BLOCK / 2


def test_they_swap_either_way(reviewed: Campaign) -> None:
    on_left = Counter(each.candidate_on_left for each in repeats(reviewed))
    assert min(on_left.values()) >= 3


def test_they_take_no_seat_and_count_as_no_judgment_of_the_plan(reviewed: Campaign) -> None:
    assert set(reviewed.pairs.values_list("taken", flat=True)) == {1}
    assert len(judgment_data(reviewed).of()) == 60
    reviewer = Reviewer.objects.get()
    assert (reviewer.seated, reviewer.judged) == (60, 60 + len(repeats(reviewed)))


def test_without_a_share_there_are_none(team: Team, campaign: Campaign) -> None:
    while isinstance(dealt := next_assignment(campaign=campaign, user=team.rui), Assignment):
        answer(dealt, team.rui)
    assert not repeats(campaign)

"""What was said in a campaign, with the sides led back to the arms."""

from collections import Counter

from pytest_django import DjangoAssertNumQueries

from evalhub.stats.preference import win_score
from reviews.models import Assignment, Campaign
from reviews.results.judgment_data import judgment_data
from tests.cast import Team
from tests.reviews.assignments.test_assign import answer
from tests.reviews.steps import next_assignment
from tests.tampering import administrator


def review(campaign: Campaign, team: Team) -> None:
    """Rui always prefers the candidate, Ruth always the left side."""
    while isinstance(dealt := next_assignment(campaign=campaign, user=team.rui), Assignment):
        answer(dealt, team.rui, "left" if dealt.candidate_on_left else "right")
    while isinstance(dealt := next_assignment(campaign=campaign, user=team.ruth), Assignment):
        answer(dealt, team.ruth, "left")


def test_choices_are_led_back_to_the_arms(campaign: Campaign, team: Team) -> None:
    review(campaign, team)
    found = judgment_data(campaign)
    of = {"rui": Counter[str](), "ruth": Counter[str]()}
    for each in found.of():
        of[found.reviewers[each.reviewer]][each.favours] += 1
    assert of["rui"] == {"candidate": 12}
    assert of["ruth"] == {"candidate": 6, "baseline": 6}  # two balanced blocks
    assert (found.planned, len(found.pairs)) == (24, 12)
    assert Counter(each.choice for each in found.of()) == {"left": 6 + 12, "right": 6}
    assert {pair.cluster for pair in found.pairs.values()} == {"c0", "c1", "c2", "c3"}


SWAPPED = """
    UPDATE reviews_judgment SET choice = CASE choice WHEN 'left' THEN 'right' ELSE 'left' END
    WHERE choice IN ('left', 'right')"""


def test_flipping_every_side_changes_no_count(campaign: Campaign, team: Team) -> None:
    review(campaign, team)
    before = judgment_data(campaign).of()
    with administrator() as sql:
        sql("UPDATE reviews_assignment SET candidate_on_left = NOT candidate_on_left")
        sql(SWAPPED)
    after = judgment_data(campaign).of()
    assert [each.favours for each in after] == [each.favours for each in before]
    assert Counter(each.choice for each in after) == {"right": 6 + 12, "left": 6}


def test_what_has_been_said_so_far_is_there_and_the_plan_beside_it(
    campaign: Campaign, team: Team
) -> None:
    dealt = next_assignment(campaign=campaign, user=team.rui)
    assert isinstance(dealt, Assignment)
    answer(dealt, team.rui, "tie")
    found = judgment_data(campaign)
    assert [each.favours for each in found.of()] == ["tie"]
    assert found.planned == 24


def test_it_is_narrowed_to_items_and_to_two_versions(campaign: Campaign, team: Team) -> None:
    review(campaign, team)
    found = judgment_data(campaign)
    one = next(iter(found.pairs.values()))
    on_one = found.on({one.item})
    assert (list(on_one.pairs), on_one.planned, len(on_one.of())) == ([one.pk], 2, 2)
    assert found.on(None) == found.between(campaign.baseline_id, campaign.candidate_id) == found
    assert not found.between(campaign.candidate_id, campaign.baseline_id).pairs


def test_the_statistics_take_them_as_they_are(campaign: Campaign, team: Team) -> None:
    review(campaign, team)
    said = judgment_data(campaign).of()
    score = win_score(
        [each.favours for each in said],
        items=[each.pair.item for each in said],
        raters=[each.reviewer for each in said],
    )
    assert (score.wins, score.losses, score.ties) == (18, 6, 0)
    assert score.score == 0.75


def test_three_queries_whatever_the_size(
    campaign: Campaign, team: Team, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    review(campaign, team)
    with django_assert_num_queries(3):
        judgment_data(campaign)

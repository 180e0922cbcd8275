"""What a campaign has found, with the sides resolved."""

from collections import Counter

from django.db.models import Q
from pytest_django import DjangoAssertNumQueries

from evalhub.stats.preference import win_score
from reviews.assignments.assign import next_assignment
from reviews.models import Assignment, Campaign, Judgment
from reviews.results.preference import judgments
from tests.cast import Team
from tests.reviews.assignments.test_assign import answer


def review(campaign: Campaign, team: Team) -> None:
    """Rui always prefers the candidate, Ruth always the left side."""
    while isinstance(dealt := next_assignment(campaign=campaign, user=team.rui), Assignment):
        answer(dealt, team.rui, "left" if dealt.candidate_on_left else "right")
    while isinstance(dealt := next_assignment(campaign=campaign, user=team.ruth), Assignment):
        answer(dealt, team.ruth, "left")


def test_choices_are_led_back_to_the_arms(campaign: Campaign, team: Team) -> None:
    review(campaign, team)
    found = judgments(campaign)
    of = {team.rui.pk: Counter[str](), team.ruth.pk: Counter[str]()}
    for choice, rater in zip(found.choices, found.raters, strict=True):
        of[rater][choice] += 1
    assert of[team.rui.pk] == {"candidate": 12}
    assert of[team.ruth.pk] == {"candidate": 6, "baseline": 6}  # two balanced blocks
    assert found.state == "complete"
    assert (found.planned, found.pairs, found.pairs_complete) == (24, 12, 12)
    assert found.picked_left == 6 + 12
    assert found.picked_right == 6
    assert set(found.clusters) == {"c0", "c1", "c2", "c3"}


def test_flipping_every_side_changes_no_count(campaign: Campaign, team: Team) -> None:
    review(campaign, team)
    before = judgments(campaign)
    for assignment in Assignment.objects.all():
        assignment.candidate_on_left = not assignment.candidate_on_left
        assignment.save()
    left = Q(choice="left")
    lefts = list(Judgment.objects.filter(left).values_list("pk", flat=True))
    Judgment.objects.filter(choice="right").update(choice="left")
    Judgment.objects.filter(pk__in=lefts).update(choice="right")
    after = judgments(campaign)
    assert after.choices == before.choices
    assert after.picked_left == before.picked_right


def test_a_campaign_waits_then_is_partial(campaign: Campaign, team: Team) -> None:
    assert judgments(campaign).state == "waiting"
    dealt = next_assignment(campaign=campaign, user=team.rui)
    assert isinstance(dealt, Assignment)
    answer(dealt, team.rui, "tie")
    found = judgments(campaign)
    assert found.state == "partial"
    assert found.choices == ["tie"]
    assert (found.planned, found.pairs_complete) == (24, 0)


def test_the_statistics_take_them_as_they_are(campaign: Campaign, team: Team) -> None:
    review(campaign, team)
    found = judgments(campaign)
    score = win_score(found.choices, items=found.items, raters=found.raters)
    assert (score.wins, score.losses, score.ties) == (18, 6, 0)
    assert score.score == 0.75


def test_two_queries_whatever_the_size(
    campaign: Campaign, team: Team, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    review(campaign, team)
    with django_assert_num_queries(2):
        judgments(campaign)

"""What is made of a campaign's judgments: reviewers, tags, several arms, ratings, labels."""

import math

import pytest

from evalhub.declare.review import Design, Dimension, Form, Known
from reviews.models import AssignmentPurpose, Campaign, PairKind
from reviews.results.judgment_data import judgment_data
from reviews.results.summary import Summary, summarise
from tests.cast import Team, a_run, a_test_set, a_version
from tests.reviews.asking import a_review
from tests.reviews.conftest import a_campaign
from tests.reviews.judged import a_reviewer, judge, judge_all


def summary(campaign: Campaign) -> Summary:
    return summarise(
        judgment_data(campaign),
        baseline=campaign.baseline_id,
        candidate=campaign.candidate_id,
        dimensions=campaign.page_form.dimensions,
    )


def test_each_reviewer_has_their_habits(team: Team) -> None:
    """Rui favours the candidate in a reader's time; Ruth takes the left in a second each."""
    long = "a word or two " * 20
    texts: tuple[list[str | None], list[str | None]] = (
        [f"{long}{i}" for i in range(12)],
        [f"{long}{i}!" for i in range(12)],
    )
    campaign = a_campaign(team, answers=texts)
    rui, ruth = a_reviewer(campaign, "rui"), a_reviewer(campaign, "ruth")
    for pair in campaign.pairs.order_by("position"):
        judge(rui, pair, "candidate", seconds=30)
        judge(ruth, pair, "left", seconds=1)
    found = {each.name: each for each in summary(campaign).reviewers}
    assert found["rui"].seconds == 30
    assert (found["rui"].fast, found["ruth"].fast) == (0, 12)
    assert found["ruth"].share_fast == 1
    assert found["ruth"].sides is not None
    assert found["ruth"].sides.share_left == 1
    assert found["rui"].sides is not None
    assert found["rui"].sides.share_left == 0.5
    assert found["rui"].agreement == found["ruth"].agreement == 0.5
    few, fast = summary(campaign).cautions
    assert few.startswith("Only 2 people judged")
    assert fast.startswith("ruth gave 12 of 12 answers (100%) faster than both texts can be read")


def test_gold_and_repeats_tell_who_pays_attention(team: Team) -> None:
    known = {"q0000": Known(expected="candidate"), "q0001": Known(expected="baseline")}
    campaign = a_campaign(team, design=Design(gold=0.2, known=known))
    rui = a_reviewer(campaign, "rui")
    gold = campaign.pairs.filter(kind=PairKind.GOLD)
    assert gold.count() == 2
    for pair in gold:
        judge(rui, pair, "candidate")
    for pair in campaign.pairs.filter(kind=PairKind.MAIN):
        first = judge(rui, pair, "candidate", on_left=True)
        if pair.position % 2:
            judge(
                rui, pair, "candidate", on_left=False, purpose=AssignmentPurpose.REPEAT,
                repeats=first.assignment,
            )  # fmt: skip
    habits = summary(campaign).reviewers[0]
    assert (habits.gold, habits.gold_passed) == (2, 1)
    assert habits.repeats is not None
    assert habits.repeats.consistent == habits.repeats.pairs > 0
    assert habits.judgments == 10


def test_tags_and_strata_have_win_scores_of_their_own(team: Team) -> None:
    campaign = a_campaign(team)
    dates = set(campaign.pairs.filter(item__tags=["dates"]).values_list("position", flat=True))
    judge_all(campaign, {"rui": lambda p: "candidate" if p in dates else "baseline"})
    found = summary(campaign)
    assert {group.name: group.score.score for group in found.tags} == {"dates": 1.0, "sums": 0.0}
    assert [group.name for group in found.strata] == ["dates", "sums"]


def test_ties_and_both_bad_stay_apart(campaign: Campaign) -> None:
    judge_all(campaign, {"rui": lambda p: ["tie", "both-bad", "candidate"][p % 3]})
    score = summary(campaign).preference
    assert score is not None
    assert (score.ties, score.both_bad, score.wins, score.losses) == (4, 4, 4, 0)
    assert score.score == pytest.approx(2 / 3)


def test_length_is_controlled_where_it_decides(team: Team) -> None:
    """Whoever is longer wins, and the candidate is longer on three quarters of the items: 75% as
    judged, and about half at equal lengths."""
    short, long = "Short answer", "A longer answer, which goes on for a while"
    longer = [i % 4 != 0 for i in range(80)]
    texts: tuple[list[str | None], list[str | None]] = (
        [f"{short if each else long} {i}" for i, each in enumerate(longer)],
        [f"{long if each else short} {i}." for i, each in enumerate(longer)],
    )
    campaign = a_campaign(team, items=80, answers=texts)
    wins = {
        pair.position: pair.candidate_output.text.startswith("A longer")  # type: ignore[union-attr]
        for pair in campaign.pairs.select_related("candidate_output")
    }
    judge_all(
        campaign,
        {
            "rui": lambda p: "candidate" if wins[p] != (p % 10 == 0) else "baseline",
            "ruth": lambda p: "candidate" if wins[p] else "baseline",
        },
    )
    length = summary(campaign).length
    assert length is not None
    assert length.controlled is not None
    assert length.raw == pytest.approx(0.75, abs=0.06)
    assert length.controlled == pytest.approx(0.5, abs=0.1)


def test_likely_labels_need_two_reviewers(campaign: Campaign) -> None:
    judge_all(campaign, {"rui": lambda p: "candidate" if p % 2 else "tie"})
    alone = summary(campaign)
    assert alone.labels is None
    assert "two raters" in alone.missing["labels"]
    judge_all(campaign, {"ruth": lambda p: "candidate" if p % 2 else "tie"})
    both = summary(campaign).labels
    assert both is not None
    assert both.counts == {"candidate": 6, "tie": 6}
    assert both.skill == pytest.approx({"rui": 1.0, "ruth": 1.0})


def test_several_arms_have_strengths(team: Team) -> None:
    """One item's judgments in a Davidson model by hand would be a table; here the order of three
    arms, of which each beats the one before three times in four, and the baseline at 0."""
    questions = a_test_set(team, "several", items=24)
    runs = [
        a_run(a_version(team, name), questions, scores=[1] * 24,
              answers=[f"{name} says {i}." for i in range(24)])
        for name in ("base", "prompted", "tuned")
    ]  # fmt: skip
    campaign = a_review(
        baseline_run=runs[0],
        candidate_run=runs[2],
        other_runs=[runs[1]],
        items=24,
        reviewers_per_item=1,
        seed=3,
    )
    rank = {runs[0].version_id: 0, runs[1].version_id: 1, runs[2].version_id: 2}
    rui = a_reviewer(campaign, "rui")
    pairs = campaign.pairs.select_related("baseline_output__run", "candidate_output__run")
    assert pairs.count() == 72
    for n, pair in enumerate(pairs.order_by("position")):
        assert pair.candidate_output is not None
        first, second = pair.baseline_output.run.version_id, pair.candidate_output.run.version_id
        better = "candidate" if rank[second] > rank[first] else "baseline"
        worse = "baseline" if better == "candidate" else "candidate"
        judge(rui, pair, worse if n % 4 == 0 else better)
    found = summary(campaign)
    assert found.arms is not None
    assert found.arms.state == "ok"
    base, prompted, tuned = (found.arms.strengths[run.version_id].value for run in runs)
    assert base == 0 < prompted < tuned
    assert found.preference is not None
    assert found.preference.judgments == 24  # of the two arms in question alone
    assert prompted < math.log(9)


def test_ratings_have_means_differences_and_ordinal_agreement(team: Team) -> None:
    form = Form(dimensions=(Dimension(name="helpful", question="How helpful?", kind="rating"),))
    campaign = a_campaign(team, form=form)
    for name, extra in (("rui", 0), ("ruth", 1)):
        reviewer = a_reviewer(campaign, name)
        for pair in campaign.pairs.select_related("baseline_output__run", "item"):
            tuned = pair.baseline_output.run.version_id == campaign.candidate_id
            points = 2 + tuned + extra * (pair.item.position % 2)
            judge(reviewer, pair, "rated", answers={"helpful": points})
    rating = summary(campaign).ratings[0]
    assert [arm.mean for arm in rating.arms] == [2.25, 3.25]
    assert [arm.version for arm in rating.arms] == [campaign.baseline_id, campaign.candidate_id]
    assert rating.difference is not None
    assert rating.difference.difference == 1
    assert rating.agreement.level == "ordinal"
    assert rating.agreement.raw_agreement == 0.5
    assert summary(campaign).preference is None

"""People's preference as a criterion, and what the record says of them."""

from dataclasses import replace

import pytest

from evalhub.decision.judgments import Judgments
from evalhub.decision.preference_evidence import people_of, preference_criterion
from evalhub.decision.rule import decide
from evalhub.declare.decision import EarlyStopLimits


def judged(choices: str, raters: int = 2) -> Judgments:
    """c, b, t and x are candidate, baseline, tie and both bad; raters take turns at an item."""
    words = {"c": "candidate", "b": "baseline", "t": "tie", "x": "both-bad"}
    return Judgments(
        [words[letter] for letter in choices],
        [f"q{i // raters:03}" for i in range(len(choices))],
        [f"rater {i % raters}" for i in range(len(choices))],
        planned=len(choices),
    )


def verdict_of(judgments: Judgments, min_gain: float = 0.0) -> str:
    criterion = preference_criterion(
        judgments, test_set="triage", min_gain=min_gain, alpha=0.025, planned_gain=0.05
    )
    return decide("tuned", [criterion]).verdict


def test_a_clear_preference_is_a_gain_and_its_opposite_a_harm() -> None:
    assert verdict_of(judged("cc" * 40 + "bb" * 10)) == "ship"
    assert verdict_of(judged("bb" * 40 + "cc" * 10)) == "hold"
    assert verdict_of(judged("cb" * 20 + "bc" * 20)) == "need-more-data"


def test_ties_and_both_bad_are_half_and_counted_apart_in_the_record() -> None:
    judgments = judged("cctxcbtx")
    criterion = preference_criterion(
        judgments, test_set="triage", min_gain=0.0, alpha=0.025, planned_gain=0.05
    )
    assert criterion.candidate == pytest.approx((3 + 0.5 * 4) / 8)
    assert (criterion.wins, criterion.losses, criterion.ties) == (3, 1, 4)
    assert (criterion.n, criterion.clusters) == (8, 4)
    assert criterion.role == "preference"
    record = people_of(judgments, alpha=0.025)
    assert (record.ties, record.both_bad) == (2, 2)
    assert record.score == criterion.candidate


def test_people_may_be_asked_only_not_to_mind() -> None:
    """A min_gain of −.1 is non-inferiority: as good as .4 will do."""
    even = judged("cbbc" * 100)
    assert verdict_of(even) == "need-more-data"
    assert verdict_of(even, min_gain=-0.1) == "ship"


def test_no_judgments_are_a_record_without_numbers() -> None:
    record = people_of(Judgments([], [], [], planned=40), alpha=0.025)
    assert (record.state, record.planned, record.judgments) == ("waiting", 40, 0)
    assert record.score is None
    assert record.gwet_ac1 is None


def test_one_reviewer_alone_has_no_agreement() -> None:
    record = people_of(judged("ccb", raters=1), alpha=0.025)
    assert (record.state, record.reviewers) == ("complete", 1)
    assert record.krippendorff_alpha is None
    assert record.raw_agreement is None


def test_two_reviewers_agreement_is_counted_by_hand() -> None:
    """Four items: alike on three of them."""
    record = people_of(judged("ccbbttcb"), alpha=0.025)
    assert record.raw_agreement == pytest.approx(0.75)
    assert record.reviewers == 2
    assert record.items == 4


def test_the_p_value_of_harm_agrees_with_the_interval() -> None:
    for choices in ("bb" * 12 + "cc" * 8, "bb" * 30 + "cc" * 10, "b" * 40, "c" * 40, "cb" * 10):
        judgments = judged(choices)
        criterion = preference_criterion(
            judgments, test_set="triage", min_gain=0.0, alpha=0.025, planned_gain=0.05
        )
        assert (criterion.p_harm <= 0.025) == (criterion.upper < 0), choices
        assert (criterion.p_value <= 0.05) == (criterion.upper < 0 or criterion.lower > 0), choices


def stopped_early(judgments: Judgments) -> Judgments:
    limits = EarlyStopLimits(
        lower=0.55, upper=0.9, level=0.95, p_better=0.004, p_worse=1.0, method="at every look"
    )
    return replace(judgments, planned=300, early_stop=limits)


def test_a_campaign_that_ended_early_is_complete_with_the_limits_that_held_at_every_look() -> None:
    judgments = stopped_early(judged("cc" * 20 + "bb" * 5))
    assert judgments.complete
    criterion = preference_criterion(
        judgments, test_set="triage", min_gain=0.0, alpha=0.025, planned_gain=0.05
    )
    assert (criterion.lower, criterion.upper) == pytest.approx((0.05, 0.4))
    assert criterion.method == "at every look"
    assert criterion.p_value == pytest.approx(0.008)
    assert criterion.p_harm == 1.0
    assert decide("tuned", [criterion]).verdict == "ship"
    record = people_of(judgments, alpha=0.025)
    assert record.state == "complete"
    assert (record.lower, record.upper) == (0.55, 0.9)
    assert record.early_stop.p_better == 0.004


def test_a_campaign_that_could_have_stopped_is_judged_with_what_is_left_of_alpha() -> None:
    plain = judged("cc" * 60 + "bb" * 40)
    looked = replace(plain, spent=0.2)
    wide, narrow = (people_of(each, alpha=0.025) for each in (looked, plain))
    assert wide.lower < narrow.lower < narrow.upper < wide.upper
    fifth_less = people_of(plain, alpha=0.02)
    assert (wide.lower, wide.upper) == (fifth_less.lower, fifth_less.upper)

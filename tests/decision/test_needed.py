"""How many items would settle what is open, and how that is said."""

from math import ceil
from typing import Any

import pytest
from scipy.stats import binom

from evalhub.decision.criterion import Criterion, NextLook
from evalhub.decision.measuring import measure
from evalhub.decision.needed import Needed, items_needed
from evalhub.decision.requirements import Requirement
from evalhub.decision.rule import decide
from evalhub.decision.wording import count_text
from tests.decision.made_up import a_budget, a_criterion, a_guard, a_share

MARGIN = Requirement("sorting", "guard", "sorting", "exact_match", margin=0.02)


def in_all(criterion: Criterion, questions: int = 1) -> int | None:
    """Items of a fresh test set at the criterion's own level."""
    plan = NextLook(alpha=criterion.alpha)
    return items_needed(criterion, questions=questions, plan=plan).n


def test_needed_items_is_the_reference_value() -> None:
    """.30²·(1.959964 + .841621)²/.02² = 1765.998: σ_d .30, margin .02, power .8, alpha .025."""
    assert in_all(a_guard(-0.03, 0.01, sd=0.3)) == 1766


def test_several_open_criteria_need_more_power_each() -> None:
    """Two open: power .9 each, .30²·(1.959964 + 1.281552)²/.02² = 2364.17."""
    assert in_all(a_guard(-0.03, 0.01, sd=0.3), 2) == 2365


def test_clustered_items_count_for_less() -> None:
    """A design effect of 2 doubles 1765.998."""
    assert in_all(a_guard(-0.03, 0.01, sd=0.3, design_effect=2.0)) == 3532


def test_a_primary_is_planned_for_the_planned_gain_and_never_the_observed_one() -> None:
    """.35²·7.848880/.05² = 384.6, whether it seems to gain .02 or .1."""
    small, large = a_criterion(-0.02, 0.06, sd=0.35), a_criterion(-0.02, 0.22, sd=0.35)
    assert in_all(small) == in_all(large) == 385


def test_a_stricter_level_needs_more() -> None:
    """alpha .0125: .30²·(2.241403 + .841621)²/.02² = 2138.6."""
    assert in_all(a_guard(-0.03, 0.01, sd=0.3, alpha=0.0125)) == 2139


def test_arms_that_never_disagreed_are_planned_with_one_pair_that_did() -> None:
    """One of 150: sd² = 1/150. Were the truth −.02, with half a win and half a loss of 150
    (Tango): b = −300·.02 − 1 = −7, q = (√(49 − 1200·.5·.0204) + 7)/600 = .021772,
    sd² = 2q − .02 − .0004 = .023144. (1.959964·.152132 + .841621·.081650)²/.02² = 336.5."""
    silent = measure(MARGIN, [1.0] * 150, [1.0] * 150, alpha=0.025, planned_gain=0.05)
    assert silent.sd == 0
    found = decide("tuned", [silent])
    assert (found.verdict, found.needed_n) == ("need-more-data", 337)


def test_silence_of_items_that_belong_together_counts_for_less() -> None:
    def silent(size: int) -> Criterion:
        ones, clusters = [1.0] * 50, [f"c{i // size}" for i in range(50)]
        return measure(MARGIN, ones, ones, clusters=clusters, alpha=0.025, planned_gain=0.05)

    few, many = (decide("tuned", [silent(size)]).needed_n for size in (5, 2))
    assert (few or 0) > 1.5 * (many or 0) > 0


def extended(criterion: Criterion, *, alpha: float = 0.01, **fields: Any) -> Needed:
    """With the items that are added tested beside those there are, by equal weights."""
    plan = NextLook(alpha=alpha, weights=(1.0, 1.0))
    return items_needed(criterion.model_copy(update=fields), questions=1, plan=plan)


def test_an_extension_is_planned_with_what_stage_one_has_shown() -> None:
    """z₁ = 1 (p .158655), level .01: due 2.326348·√2 − 1 = 2.289953,
    .3²·(2.289953 + .841621)²/.02² = 2206.5."""
    found = extended(a_guard(-0.03, 0.01, sd=0.3), p_bound=0.158655)
    assert found == Needed(
        3207, "2,207 more items would settle it with 80% power, if nothing is really lost"
    )


def test_what_is_nearly_shown_needs_little_more() -> None:
    """z₁ = 2.2 (p .013903): due 1.089952, .3²·(1.931573)²/.02² = 839.5."""
    found = extended(a_guard(-0.0201, 0.03, sd=0.3), p_bound=0.013903)
    assert found.n == 1840


def test_items_added_to_those_that_showed_nothing_at_all_settle_nothing() -> None:
    """150 ties have a p-value of 1 for a gain: those added would have to show a z of 12."""
    primary = Requirement("dates", "primary", "dates", "score", tails="bounded")
    tied = [0.3] * 150
    found = measure(primary, tied, tied, alpha=0.0038, planned_gain=0.05)
    plan = NextLook(alpha=0.0019, weights=(1.0, 1.0))
    needed = items_needed(found, questions=1, plan=plan)
    assert needed == Needed(
        None,
        "no number of items added to these can settle this, since what they showed counts with the "
        "new ones: a fresh test set can",
    )
    assert (items_needed(found, questions=1, plan=NextLook(alpha=0.0038)).n or 0) > 150


def test_unequal_weights_count_as_they_are() -> None:
    """Two stages seen and one as large as each: (2.326348·√3 − √2)/1 = 2.615139."""
    plan = NextLook(alpha=0.01, weights=(2.0, 1.0))
    guard = a_guard(-0.03, 0.01, sd=0.3, p_bound=0.158655)
    assert items_needed(guard, questions=1, plan=plan).n == 1000 + ceil(
        0.09 * (2.615139 + 0.841621) ** 2 / 0.0004
    )


def test_new_items_of_clusters_come_in_new_clusters() -> None:
    found = extended(a_guard(-0.03, 0.01, sd=0.3, clusters=100, design_effect=2.0), p_bound=0.2)
    assert "more items in" in found.why
    assert "new clusters would settle it" in found.why


def test_too_few_clusters_are_said_with_how_many_would_do() -> None:
    """20 clusters of 10: an end lies 2.49 errors of .3·√4/√200 off, .106, and the margin is .05."""
    few = a_guard(-0.1, 0.1, margin=0.05, sd=0.3, n=200, clusters=20, design_effect=4.0)
    (criterion,) = decide("tuned", [few]).criteria
    assert criterion.needed_n is not None
    clusters = -(-criterion.needed_n // 10)
    assert criterion.needed_why == (
        f"can't be decided with 20 clusters, {clusters} would do: a fresh test set of "
        f"{criterion.needed_n:,} items in {clusters} new clusters would settle it with 80% power, "
        "if nothing is really lost"
    )
    many = a_guard(-0.1, 0.1, margin=0.2, sd=0.3, n=200, clusters=20, design_effect=4.0)
    assert "can't be decided" not in decide("tuned", [many]).criteria[0].needed_why


def test_several_open_questions_share_the_misses() -> None:
    needs = decide("tuned", [a_guard(-0.03, 0.01), a_guard(-0.03, 0.01, name="b")]).criteria
    assert needs[0].needed_why == (
        "a fresh test set of 2,365 items would settle it with 90% power (80% for all 2 that are "
        "open), if nothing is really lost"
    )


@pytest.mark.parametrize(
    ("criterion", "why"),
    [
        (a_guard(-0.03, 0.01, clusters=1), "of one cluster, since they count as one observation"),
        (a_guard(-0.03, 0.01, sd=0.0), "every item came out alike"),
        (a_share(None, None, ratio=None, baseline=0.0), "the baseline's mean isn't above 0"),
        (a_guard(-0.01, 0.01, margin=1e-9), "lies too near to what is assumed; plan a wider"),
    ],
)
def test_where_no_number_can_settle_it_that_is_said(criterion: Criterion, why: str) -> None:
    found = decide("tuned", [criterion])
    assert (found.verdict, found.needed_n) == ("need-more-data", None)
    (judged,) = found.criteria
    assert (judged.needed_n, judged.needed_as_seen) == (None, None)
    assert judged.needed_why.startswith("no number of items can settle this")
    assert why in judged.needed_why


def test_one_criterion_that_no_number_settles_leaves_the_verdict_without_one() -> None:
    found = decide("tuned", [a_guard(-0.03, 0.01), a_guard(-0.03, 0.01, name="x", clusters=1)])
    assert (found.criteria[0].needed_n, found.needed_n) == (2365, None)


def lost(count: int, n: int, margin: float, alpha: float = 0.0152) -> Criterion:
    """A yes/no guard that lost so many of n items and won none, at the ledger's first level."""
    after = [0.0] * count + [1.0] * (n - count)
    asked = Requirement("sorting", "guard", "sorting", "exact_match", margin=margin)
    return measure(asked, [1.0] * n, after, alpha=alpha, planned_gain=0.05)


def test_a_loss_that_is_shown_is_settled_by_two_numbers() -> None:
    """8 lost of 100 with a margin of .1: −.08 [−.16, −.03]. About 2,000 items show less than the
    margin if .08 are really lost, and about 330 if .05 are."""
    found = decide("tuned", [lost(8, 100, 0.1)])
    (guard,) = found.criteria
    assert guard.needed_as_seen == pytest.approx(2000, rel=0.1)
    assert found.needed_n == guard.needed_as_seen, "what the interval leaves out isn't counted on"
    assert guard.needed_why == (
        "a loss is shown, but not whether it is beyond the margin of 0.1: a fresh test set of "
        f"{guard.needed_n} items would show that less than 0.1 is lost, if nothing is really lost; "
        f"a fresh test set of {guard.needed_as_seen:,} items would show that less than 0.1 is "
        "lost, if it is the 0.080 seen here; with 80% power each"
    )
    assert found.headline == (
        "tuned: 1 of 1 criterion is open; a loss is shown on sorting, but not whether it is more "
        "than may be."
    )
    of_less = guard.model_copy(update={"difference": -0.05})
    plan = NextLook(alpha=0.0152)
    assert items_needed(of_less, questions=1, plan=plan).as_seen == pytest.approx(330, rel=0.1)


def test_thirty_of_six_hundred_pass_what_eight_of_a_hundred_leave_open() -> None:
    assert decide("tuned", [lost(30, 600, 0.1)]).verdict == "ship"
    assert decide("tuned", [lost(8, 100, 0.1)]).verdict == "need-more-data"


def test_a_loss_beyond_the_margin_says_what_would_show_it() -> None:
    """.096 lost of 73 items, or 7, with a margin of .02: open at this level."""
    found = decide("tuned", [a_guard(-0.2, 0.008, margin=0.02, sd=0.45, n=150)])
    (guard,) = found.criteria
    assert guard.needed_why == (
        f"a fresh test set of {guard.needed_n:,} items would show that less than 0.02 is lost, if "
        f"nothing is really lost; a fresh test set of {guard.needed_as_seen} items would show a "
        "loss beyond 0.02, if it is the 0.096 seen here; with 80% power each"
    )
    assert found.needed_n == guard.needed_n, "the interval doesn't leave out that nothing is lost"
    # .45²·(1.959964 + .841621)²/.076² = 275.2
    assert guard.needed_as_seen == 276


def test_more_items_of_a_loss_that_is_seen_are_tested_beside_those_there_are() -> None:
    """z₁ against the margin of a loss beyond it is that of p_harm: .05 is 1.644854, so that at
    harm's .025 new items have to reach 1.959964·√2 − 1.644854 = 1.126954;
    .3²·(1.126954 + .841621)²/.01² = 3487.8."""
    found = extended(a_guard(-0.07, 0.01, sd=0.3, p_harm=0.05))
    assert found.as_seen == 1000 + 3488
    assert "3,488 more items would show a loss beyond 0.02, if it is the 0.030 seen" in found.why


def test_the_number_for_what_was_seen_has_the_power_it_promises() -> None:
    """By every count that a fresh set may show of a true loss of .08: 80%, and up to 5% more for
    the step between two counts and the pair that is added to those seen."""
    (guard,) = decide("tuned", [lost(8, 100, 0.1)]).criteria
    n = guard.needed_as_seen or 0
    counts = range(round(0.06 * n), round(0.1 * n))
    passing = [k for k in counts if lost(k, n, 0.1).lower > -0.1]
    power = float(binom.cdf(max(passing), n, 0.08))
    assert 0.79 < power < 0.86


@pytest.mark.parametrize(
    ("criterion", "shown", "first", "second"),
    [
        (
            a_criterion(-0.01, 0.02),
            "the interval leaves out that it really gains 0.05, so plan a smaller gain: ",
            "would show a gain of more than 0, if it really gains 0.05",
            "would show a gain of more than 0, if it is the gain of 0.005 seen here",
        ),
        (
            a_share(0.85, 0.98),
            "a loss is shown, but not whether it is beyond the 10% of it that may be lost: ",
            "would show that less than 10% of it is lost, if nothing is really lost",
            "would show that less than 10% of it is lost, if it is the 91.5% seen here",
        ),
        (
            a_budget(1.05, 1.25),
            "a higher cost is shown, but not whether it is over the budget of 120%: ",
            "would show that it stays within the budget of 120%, if it really costs no more",
            "would show that it stays within the budget of 120%, if it is the 115% seen here",
        ),
        (
            a_guard(-3.0, -0.5, margin=2, higher_is_better=False, unit="words", sd=9.0),
            "that it has more words is shown, but not whether it is beyond the margin of 2: ",
            "would show more words, by less than 2, if nothing is really lost",
            "would show more words, by less than 2, if it is the 1.75 more words seen here",
        ),
    ],
)
def test_what_the_interval_leaves_out_is_said_with_both_numbers(
    criterion: Criterion, shown: str, first: str, second: str
) -> None:
    (judged,) = decide("tuned", [criterion]).criteria
    assert judged.needed_why.startswith(shown)
    one, two, power = judged.needed_why.removeprefix(shown).split("; ")
    assert one == f"a fresh test set of {count_text(judged.needed_n or 0, 'item')} {first}"
    assert two == f"a fresh test set of {count_text(judged.needed_as_seen or 0, 'item')} {second}"
    assert power == "with 80% power each"


def test_a_saving_that_was_not_planned_has_the_number_for_what_was_seen() -> None:
    (judged,) = decide("tuned", [a_budget(0.7, 1.0, max_ratio=0.9, gap=0.0)]).criteria
    assert judged.needed_n is None
    assert judged.needed_why == (
        "no saving was planned from which a number of items would follow: a fresh test set of "
        f"{judged.needed_as_seen} items would show that it stays within the budget of 90%, if it "
        "is the 85% seen here; with 80% power"
    )

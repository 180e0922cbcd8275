"""How many items would settle what is open, and how that is said."""

from evalhub.schemas.criteria import Criterion, NextLook
from evalhub.verdict.criteria import Requirement
from evalhub.verdict.measuring import measure
from evalhub.verdict.needed import needed_items
from evalhub.verdict.rule import decide
from tests.verdict.made_up import a_criterion, a_guard

GUARD = Requirement("sorting", "guard", "sorting", "exact_match", margin=0.02)


def in_all(criterion: Criterion, questions: int = 1) -> int | None:
    """Items of a fresh test set at the criterion's own level."""
    plan = NextLook(alpha=criterion.alpha)
    return needed_items(criterion, questions=questions, plan=plan).n


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
    """.35²·7.848880/.05² = 384.6, whether it seems to gain .001 or .1."""
    small, large = a_criterion(-0.02, 0.022, sd=0.35), a_criterion(-0.02, 0.22, sd=0.35)
    assert in_all(small) == in_all(large) == 385


def test_a_stricter_level_needs_more() -> None:
    """alpha .0125: .30²·(2.241403 + .841621)²/.02² = 2138.6."""
    assert in_all(a_guard(-0.03, 0.01, sd=0.3, level=0.975)) == 2139


def test_arms_that_never_disagreed_still_need_the_items_at_which_silence_tells() -> None:
    """No discordant pair among n: the lower bound is −z²/(n+z²), above −.02 from n = 188.2 on."""
    measured = measure(GUARD, [1.0] * 10, [1.0] * 10, alpha=0.025, planned_gain=0.05)
    assert measured.sd == 0
    found = decide("tuned", [measured])
    assert (found.verdict, found.needed_n) == ("need-more-data", 189)
    enough = measure(GUARD, [1.0] * 189, [1.0] * 189, alpha=0.025, planned_gain=0.05)
    assert decide("tuned", [enough]).verdict == "ship"
    short = measure(GUARD, [1.0] * 188, [1.0] * 188, alpha=0.025, planned_gain=0.05)
    assert decide("tuned", [short]).verdict == "need-more-data"


def test_silence_of_items_that_belong_together_counts_for_less() -> None:
    """In clusters of 5 with an assumed correlation of .3 an item is worth 1/2.2: 188.23·2.2."""

    def silent(items: int) -> Criterion:
        ones, clusters = [1.0] * items, [f"c{i // 5}" for i in range(items)]
        return measure(GUARD, ones, ones, clusters=clusters, alpha=0.025, planned_gain=0.05)

    assert decide("tuned", [silent(50)]).needed_n == 415
    assert decide("tuned", [silent(410)]).verdict == "need-more-data"
    assert decide("tuned", [silent(415)]).verdict == "ship"


def test_no_gap_means_no_number() -> None:
    assert in_all(a_guard(-0.01, 0.01, margin=0.0)) is None

"""The policy's rule: ship needs every criterion, hold needs proof, the rest is more data."""

import pytest

from evalhub.gate.verdict import decide, harm_p_values, signed
from tests.gate.made_up import a_criterion, a_guard


def test_a_gain_and_a_kept_guard_ship() -> None:
    found = decide("tuned", [a_criterion(0.02, 0.06), a_guard(-0.01, 0.01)])
    assert (found.verdict, found.needed_n) == ("ship", None)
    assert [each.status for each in found.criteria] == ["pass", "pass"]
    assert found.reasons == [
        "✓ triage +0.040 [+0.020, +0.060]: gains more than the 0 that is asked",
        "✓ sorting +0.00 [−0.010, +0.010]: loses less than the margin of 0.02",
    ]
    assert found.headline == "tuned gains 0.04 on triage and passes its guard."


def test_a_bound_that_is_only_reached_does_not_pass() -> None:
    assert decide("tuned", [a_criterion(0.0, 0.06)]).verdict == "need-more-data"
    assert decide("tuned", [a_guard(-0.02, 0.06)]).verdict == "need-more-data"


def test_a_primary_must_pass_the_gain_that_is_asked() -> None:
    assert decide("tuned", [a_criterion(0.02, 0.06, min_gain=0.01)]).verdict == "ship"
    found = decide("tuned", [a_criterion(0.02, 0.06, min_gain=0.03)])
    assert found.verdict == "need-more-data"


def test_one_harmed_guard_holds_whatever_the_primary_gains() -> None:
    found = decide(
        "tuned",
        [
            a_criterion(0.30, 0.40, p_harm=1.0),
            a_guard(-0.01, 0.01, name="arithmetic", p_harm=0.9),
            a_guard(-0.17, -0.03, name="sorting", p_harm=0.006),
        ],
    )
    assert (found.verdict, found.needed_n) == ("hold", None)
    assert found.reasons[0] == (
        "✗ sorting −0.10 [−0.17, −0.030]: harm shown, beyond the margin of 0.02"
    )
    assert found.headline == (
        "tuned gains 0.35 on triage and loses 0.10 on sorting, beyond the margin of 0.02."
    )


def test_a_loss_on_the_primary_holds() -> None:
    found = decide("tuned", [a_criterion(-0.06, -0.02, p_harm=0.001)])
    assert found.verdict == "hold"
    assert found.reasons == ["✗ triage −0.040 [−0.060, −0.020]: a loss, not a gain"]


def test_a_gain_that_cannot_reach_what_is_asked_holds_by_futility() -> None:
    found = decide("tuned", [a_criterion(-0.005, 0.015, min_gain=0.02, p_harm=0.7)])
    assert found.verdict == "hold"
    assert found.reasons == [
        "✗ triage +0.005 [−0.005, +0.015]: falls short of the 0.02 that is asked"
    ]


def test_a_guard_is_never_futile() -> None:
    """Below zero, but it may still lose less than its margin: only proof of harm holds it."""
    assert decide("tuned", [a_guard(-0.03, -0.001, p_harm=0.3)]).verdict == "need-more-data"


def test_what_is_undecided_says_how_many_more_items_would_settle_it() -> None:
    found = decide("tuned", [a_criterion(0.02, 0.06), a_guard(-0.03, 0.02)])
    assert found.verdict == "need-more-data"
    assert found.needed_n == 1766
    assert found.reasons[0] == (
        "? sorting −0.005 [−0.030, +0.020]: undecided, 766 more items would settle it"
    )
    assert found.headline == "tuned: gains 0.04 on triage; 1 of 2 criteria are undecided."


def test_with_enough_items_already_it_says_so_instead_of_asking_for_fewer() -> None:
    found = decide("tuned", [a_guard(-0.021, 0.004, n=3000)])
    assert (
        "3,000 items would have settled it for a candidate that loses nothing" in (found.reasons[0])
    )
    found = decide("tuned", [a_criterion(-0.001, 0.02, n=3000)])
    assert "3,000 items would have settled it for the gain that was planned" in found.reasons[0]


def test_a_margin_of_nothing_is_settled_by_no_number_of_items() -> None:
    found = decide("tuned", [a_guard(-0.01, 0.01, margin=0.0)])
    assert (found.verdict, found.needed_n) == ("need-more-data", None)
    assert "no number of items would settle a margin of 0" in found.reasons[0]


def test_judgments_that_are_awaited_keep_a_ship_back_but_never_a_hold() -> None:
    waiting = ["Reviewers have given 3 of 40 judgments"]
    ready = [a_criterion(0.02, 0.06)]
    assert decide("tuned", ready, pending=waiting).verdict == "need-more-data"
    assert decide("tuned", ready, pending=waiting).reasons[-1] == f"? {waiting[0]}"
    harmed = [*ready, a_guard(-0.17, -0.03, p_harm=0.001)]
    assert decide("tuned", harmed, pending=waiting).verdict == "hold"


def test_unfit_evidence_gives_no_verdict_even_where_all_numbers_pass() -> None:
    found = decide("tuned", [a_criterion(0.02, 0.06)], invalid=["tuned has no answer to 3 items"])
    assert (found.verdict, found.needed_n) == ("invalid", None)
    assert found.reasons == ["tuned has no answer to 3 items"]
    assert found.headline == "No verdict on tuned: tuned has no answer to 3 items"
    assert len(found.criteria) == 1


def test_nothing_measured_is_invalid() -> None:
    found = decide("tuned", [])
    assert (found.verdict, found.reasons) == ("invalid", ["nothing was measured"])


def test_holm_over_guards_and_primary_is_computed_by_hand() -> None:
    """Guards .01, .02 and the primary .03: 3·.01, max(.03, 2·.02), max(.04, .03)."""
    criteria = [
        a_criterion(0, 0, p_harm=0.03),
        a_guard(0, 0, p_harm=0.01),
        a_guard(0, 0, p_harm=0.02),
    ]
    assert harm_p_values(criteria) == pytest.approx([0.04, 0.03, 0.04])


def test_several_primaries_are_one_hypothesis_of_harm() -> None:
    """Nine that gain count once: the guard's .006 is doubled, not multiplied by ten."""
    gains = [a_criterion(0.1, 0.2, p_harm=1.0) for _ in range(9)]
    guard = a_guard(-0.17, -0.03, p_harm=0.006)
    assert harm_p_values([*gains, guard])[-1] == pytest.approx(0.012)
    assert decide("cot", [*gains, guard]).verdict == "hold"


def test_one_harmed_primary_among_several_pays_for_its_family_first() -> None:
    """Within the family 3·.01 = .03; across family and guard 2·.03 = .06."""
    criteria = [
        a_criterion(-0.1, 0.01, p_harm=0.01),
        a_criterion(0.1, 0.2, p_harm=1.0),
        a_criterion(0.1, 0.2, p_harm=1.0),
        a_guard(-0.01, 0.01, p_harm=0.9),
    ]
    assert harm_p_values(criteria) == pytest.approx([0.06, 1.0, 1.0, 0.9])
    assert decide("tuned", criteria).verdict == "need-more-data"


def test_people_who_prefer_the_baseline_hold() -> None:
    people = a_criterion(
        -0.2, -0.05, role="preference", name="Reviewers' preference", p_harm=0.002, gap=0.05
    )
    found = decide("tuned", [a_criterion(0.02, 0.06, p_harm=1.0), people])
    assert found.verdict == "hold"
    assert found.reasons[0].startswith("✗ Reviewers' preference −0.12")


def test_a_criterion_of_judgments_asks_for_judged_pairs() -> None:
    people = a_criterion(-0.05, 0.06, role="preference", name="Reviewers' preference", n=40, sd=0.4)
    assert "more judged pairs would settle it" in decide("tuned", [people]).reasons[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.126, "+0.13"),
        (-0.1, "−0.10"),
        (0.0123, "+0.012"),
        (0.0, "+0.00"),
        (-1234.4, "−1,234"),
    ],
)
def test_differences_are_written_with_their_sign(value: float, text: str) -> None:
    assert signed(value) == text

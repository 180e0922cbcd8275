"""The policy's rule: ship needs every criterion, hold needs proof, the rest is more data."""

import pytest

from evalhub.decision.requirements import Requirement
from evalhub.decision.rule import alphas_of, decide, harm_p_values
from evalhub.decision.wording import percent, with_sign
from evalhub.declare.policy import Primaries, Tier
from tests.decision.made_up import a_budget, a_criterion, a_guard, a_share


def test_a_gain_and_a_kept_guard_ship() -> None:
    found = decide("tuned", [a_criterion(0.02, 0.06), a_guard(-0.01, 0.01)])
    assert (found.verdict, found.needed_n) == ("ship", None)
    assert [each.status for each in found.criteria] == ["pass", "pass"]
    assert found.reasons == [
        "✓ triage +0.040 [+0.020, +0.060]: gains more than the 0 that is asked",
        "✓ sorting +0.00 [−0.010, +0.010]: if anything is lost, then less than the margin of 0.02",
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
        "✗ sorting −0.10 [−0.17, −0.030]: loses more than the margin of 0.02; "
        "harm shown after correction for 3 criteria"
    )
    assert found.headline == (
        "tuned gains 0.35 on triage and loses 0.10 on sorting, beyond the margin of 0.02."
    )


def test_a_loss_on_the_primary_holds() -> None:
    found = decide("tuned", [a_criterion(-0.06, -0.02, p_harm=0.001)])
    assert found.verdict == "hold"
    assert found.reasons == ["✗ triage −0.040 [−0.060, −0.020]: a loss, not a gain; harm shown"]


def test_a_gain_that_cannot_reach_what_is_asked_holds_by_futility() -> None:
    found = decide("tuned", [a_criterion(-0.005, 0.015, min_gain=0.02, p_harm=0.7)])
    assert found.verdict == "hold"
    assert found.reasons == [
        "✗ triage +0.005 [−0.005, +0.015]: falls short of the 0.02 that is asked"
    ]


def test_a_guard_is_never_futile() -> None:
    """Below zero, but it may still lose less than its margin."""
    assert decide("tuned", [a_guard(-0.03, -0.001, p_harm=0.3)]).verdict == "need-more-data"


def test_what_is_open_says_how_many_more_items_would_settle_it() -> None:
    found = decide("tuned", [a_criterion(0.02, 0.06), a_guard(-0.03, 0.02)])
    assert found.verdict == "need-more-data"
    assert found.needed_n == 1766
    assert found.reasons[0] == (
        "? sorting −0.005 [−0.030, +0.020]: open, a fresh test set of 1,766 items "
        "would settle it with 80% power, if nothing is really lost"
    )
    assert found.headline == "tuned: gains 0.04 on triage; 1 of 2 criteria is open."


def test_a_margin_of_nothing_is_settled_by_no_number_of_items() -> None:
    found = decide("tuned", [a_guard(-0.01, 0.01, margin=0.0)])
    assert (found.verdict, found.needed_n) == ("need-more-data", None)
    assert "the margin is 0, and nothing shows that no loss is less than that" in found.reasons[0]


def test_judgments_that_are_awaited_keep_a_ship_back_but_never_a_hold() -> None:
    waiting = ["Reviewers have given 3 of 40 judgments"]
    ready = [a_criterion(0.02, 0.06)]
    assert decide("tuned", ready, pending=waiting).verdict == "need-more-data"
    assert decide("tuned", ready, pending=waiting).reasons[-1] == f"? {waiting[0]}"
    harmed = [*ready, a_guard(-0.17, -0.03, p_harm=0.001)]
    assert decide("tuned", harmed, pending=waiting).verdict == "hold"


def test_the_headline_says_what_is_waited_for() -> None:
    for waiting, said in (
        ("Reviewers have given 3 of 40 judgments", "waits for people's judgments"),
        ("2 of at least 3 reviewers have judged", "waits: 2 of at least 3 reviewers have judged"),
    ):
        found = decide("tuned", [a_criterion(0.02, 0.06)], pending=[waiting])
        assert found.headline == f"tuned gains 0.04 on triage and {said}."


def test_unfit_evidence_gives_no_verdict_even_where_all_numbers_pass() -> None:
    found = decide("tuned", [a_criterion(0.02, 0.06)], invalid=["tuned has no answer to 3 items"])
    assert (found.verdict, found.needed_n) == ("invalid", None)
    assert found.reasons == ["tuned has no answer to 3 items"]
    assert found.headline == "No verdict on tuned: tuned has no answer to 3 items"
    assert found.criteria == []


def test_nothing_measured_is_invalid() -> None:
    found = decide("tuned", [])
    assert (found.verdict, found.reasons) == ("invalid", ["nothing was measured"])


def test_a_review_alone_that_waits_is_invalid_as_it_always_was() -> None:
    """Records of such studies are kept, and verify by today's rule."""
    waiting = ["Reviewers have given 3 of 40 judgments"]
    assert decide("tuned", [], pending=waiting).verdict == "invalid"
    assert decide("tuned", [], pending=waiting, users_come=True).verdict == "need-more-data"


def test_holm_over_guards_and_primary_is_computed_by_hand() -> None:
    """Guards .01, .02 and the primary .03: 3·.01, max(.03, 2·.02), max(.04, .03)."""
    criteria = [
        a_criterion(0, 0, p_harm=0.03),
        a_guard(0, 0, p_harm=0.01),
        a_guard(0, 0, p_harm=0.02),
    ]
    assert harm_p_values(criteria) == pytest.approx([0.04, 0.03, 0.04])


def test_the_status_is_where_the_interval_lies_whatever_holm_says() -> None:
    """The two guards of the issue, whose p-values were corrected for eight others."""
    passing = [a_guard(-0.05, 0.02, margin=0.1, name=f"g{i}", p_harm=1.0) for i in range(8)]
    reading = a_guard(-0.37, -0.11, margin=0.1, name="reading", p_harm=0.024)
    facts = a_guard(-0.35, -0.11, margin=0.1, name="facts", p_harm=0.02)
    for found in (decide("tuned", [reading, facts]), decide("tuned", [reading, facts, *passing])):
        assert [each.status for each in found.criteria[:2]] == ["fail", "fail"]
        assert found.verdict == "hold"
    assert found.reasons[0].endswith(
        "reading −0.24 [−0.37, −0.11]: loses more than the margin of 0.1"
    )


def test_harm_after_correction_is_words_alone() -> None:
    harmed = a_guard(-0.37, -0.11, margin=0.1, p_harm=0.002)
    others = [a_guard(-0.05, 0.02, margin=0.1, p_harm=1.0) for _ in range(9)]
    alone, ten = decide("tuned", [harmed]), decide("tuned", [harmed, *others])
    assert alone.reasons[0].endswith("the margin of 0.1; harm shown")
    assert ten.reasons[0].endswith("; harm shown after correction for 10 criteria")
    more = decide("tuned", [harmed, *others, *others])
    assert more.reasons[0].endswith("the margin of 0.1")
    assert alone.verdict == ten.verdict == more.verdict == "hold"


@pytest.mark.parametrize("primaries", ["all-of", "any-of"])
def test_criteria_that_pass_never_weaken_a_hold(primaries: Primaries) -> None:
    """Holds by a guard, a budget, a loss and, where all must gain, by too little of a gain."""
    passing = [a_guard(-0.01, 0.01, name=f"g{i}", p_harm=1.0) for i in range(4)]
    passing.append(a_budget(1.0, 1.1, p_harm=1.0))
    passing.append(a_criterion(0.02, 0.06, name="routing", p_harm=1.0))
    held = [
        a_guard(-0.09, -0.03, p_harm=0.02),
        a_budget(1.3, 1.4, p_harm=0.02),
        a_criterion(-0.06, -0.01, p_harm=0.02),
        a_criterion(0.001, 0.01, min_gain=0.02),
    ]
    for each in held[: 3 if primaries == "any-of" else 4]:
        assert decide("tuned", [each], primaries=primaries).verdict == "hold"
        for more in range(len(passing)):
            found = decide("tuned", [each, *passing[: more + 1]], primaries=primaries)
            assert found.verdict == "hold"
            assert found.criteria[0].status == "fail"


def test_people_who_prefer_the_baseline_hold() -> None:
    people = a_criterion(
        -0.2, -0.05, role="preference", name="Reviewers' preference", p_harm=0.002, gap=0.05
    )
    found = decide("tuned", [a_criterion(0.02, 0.06, p_harm=1.0), people])
    assert found.verdict == "hold"
    assert found.reasons[0].startswith("✗ Reviewers' preference −0.12")
    assert found.headline.endswith("and wins only 37.5% of people's choices.")


def test_a_criterion_of_judgments_asks_for_judged_pairs() -> None:
    people = a_criterion(-0.05, 0.06, role="preference", name="Reviewers' preference", n=40, sd=0.4)
    assert "a fresh review of 503 judged pairs by" in decide("tuned", [people]).reasons[0]


GAIN = a_criterion(0.02, 0.06, p_harm=1.0)


def test_doubt_about_a_supporting_guard_is_said_and_keeps_no_ship_back() -> None:
    doubt = a_guard(-0.03, 0.02, tier="supporting")
    found = decide("tuned", [GAIN, doubt])
    assert (found.verdict, found.needed_n) == ("ship", None)
    assert found.criteria[1].needed_n == 1766
    assert found.reasons[-1] == (
        "? sorting −0.005 [−0.030, +0.020]: open, a fresh test set of 1,766 items "
        "would settle it with 80% power, if nothing is really lost "
        "(supporting: doubt keeps no ship back)"
    )
    assert found.headline == ("tuned gains 0.04 on triage and leaves 1 supporting guard open.")


def test_harm_to_a_supporting_guard_holds() -> None:
    harmed = a_guard(-0.17, -0.03, p_harm=0.001, tier="supporting")
    assert decide("tuned", [GAIN, harmed]).verdict == "hold"


@pytest.mark.parametrize(("tier", "verdict"), [("supporting", "hold"), ("advisory", "ship")])
def test_harm_to_an_advisory_guard_is_reported_and_decides_nothing(
    tier: Tier, verdict: str
) -> None:
    found = decide("tuned", [GAIN, a_guard(-0.17, -0.03, p_harm=0.001, tier=tier)])
    assert (found.verdict, found.criteria[1].status) == (verdict, "fail")


def test_what_decides_stands_before_what_does_not() -> None:
    found = decide(
        "tuned",
        [
            a_guard(-0.17, -0.03, p_harm=0.001, tier="advisory", name="length"),
            a_guard(-0.03, 0.02, tier="supporting", name="rare"),
            GAIN,
        ],
    )
    assert [reason[:8] for reason in found.reasons] == ["✓ triage", "✗ length", "? rare −"]
    assert found.reasons[1].endswith("(advisory: decides nothing)")


def test_an_advisory_guard_is_not_in_the_family_of_harm() -> None:
    """Guards .01 and .03, the primary 1: Holm over those three; the advisory .02 stands alone."""
    criteria = [
        a_criterion(0, 0, p_harm=1.0),
        a_guard(0, 0, p_harm=0.01),
        a_guard(0, 0, p_harm=0.03),
        a_guard(0, 0, p_harm=0.02, tier="advisory"),
    ]
    assert harm_p_values(criteria) == pytest.approx([1.0, 0.03, 0.06, 0.02])


def test_with_any_of_one_gain_is_enough() -> None:
    doubt = a_criterion(-0.02, 0.05, name="routing")
    assert decide("tuned", [GAIN, doubt]).verdict == "need-more-data"
    found = decide("tuned", [GAIN, doubt], primaries="any-of")
    assert (found.verdict, found.primaries) == ("ship", "any-of")
    assert found.reasons[-1].endswith("(one primary is enough)")


def test_with_any_of_no_primary_may_be_shown_to_lose() -> None:
    for harmed in (
        a_criterion(-0.06, -0.001, name="routing"),
        a_criterion(-0.06, -0.031, name="routing", min_gain=-0.03),
    ):
        found = decide("tuned", [GAIN, harmed], primaries="any-of")
        assert (found.verdict, found.criteria[1].status) == ("hold", "fail")
        assert "on routing" in found.headline
    spared = a_criterion(-0.06, -0.001, name="routing", min_gain=-0.03)
    found = decide("tuned", [GAIN, spared], primaries="any-of")
    assert (found.verdict, found.criteria[1].status) == ("ship", "open")


def test_with_any_of_too_little_gain_holds_only_where_no_primary_can_gain_more() -> None:
    short = a_criterion(-0.01, 0.015, name="routing", min_gain=0.02, p_harm=0.6)
    found = decide("tuned", [GAIN, short], primaries="any-of")
    assert (found.verdict, found.criteria[1].status) == ("ship", "fail")
    doubt = a_criterion(-0.02, 0.05)
    assert decide("tuned", [doubt, short], primaries="any-of").verdict == "need-more-data"
    assert decide("tuned", [short, short], primaries="any-of").verdict == "hold"
    assert decide("tuned", [GAIN, short]).verdict == "hold"


def test_with_any_of_the_open_primaries_are_one_question_and_the_cheapest_answers_it() -> None:
    """.3²·7.84888/.05² = 282.6 and .5²·7.84888/.05² = 784.9, each with power .8."""
    cheap, dear = a_criterion(-0.02, 0.05, sd=0.3), a_criterion(-0.02, 0.05, sd=0.5)
    found = decide("tuned", [dear, cheap], primaries="any-of")
    assert [each.needed_n for each in found.criteria] == [785, 283]
    assert found.needed_n == 283
    assert decide("tuned", [dear, cheap]).needed_n == 1051
    guard = a_guard(-0.03, 0.02)
    assert decide("tuned", [dear, cheap, guard], primaries="any-of").needed_n == 2365


def test_with_any_of_each_of_k_primaries_has_its_share_of_the_level() -> None:
    asked = [Requirement(name, "primary", name, "score") for name in "abc"]
    asked.append(Requirement("d", "guard", "d", "score"))
    assert alphas_of(asked, alpha=0.03) == [0.03] * 4
    assert alphas_of(asked, alpha=0.03, primaries="any-of") == pytest.approx([0.01] * 3 + [0.03])
    paid = {"b": 0.006, "d": 0.001}
    assert alphas_of(asked, alpha=0.03, primaries="any-of", alphas=paid) == pytest.approx(
        [0.01, 0.002, 0.01, 0.001]
    )


def test_a_budget_is_kept_exceeded_or_open() -> None:
    kept = decide("tuned", [GAIN, a_budget(1.05, 1.15)])
    assert kept.verdict == "ship"
    assert kept.headline == "tuned gains 0.04 on triage and stays within its budget."
    assert kept.reasons[-1] == (
        "✓ latency 110% [105%, 115%] of the baseline's 400: stays within the budget of 120%"
    )
    over = decide("tuned", [GAIN, a_budget(1.3, 1.5, p_harm=0.001)])
    assert over.verdict == "hold"
    assert over.headline == (
        "tuned gains 0.04 on triage and takes 140% of the baseline's latency, "
        "over the budget of 120%."
    )
    open_ = decide("tuned", [GAIN, a_budget(1.1, 1.3)])
    assert open_.verdict == "need-more-data"
    assert open_.reasons[0] == (
        "? latency 120% [110%, 130%] of the baseline's 400: open, "
        "a higher cost is shown, but not whether it is over the budget of 120%: a fresh test set "
        "of 13 items would show that it stays within the budget of 120%, if it really costs no "
        "more; no number would if it is the 120% seen here, which lies on the bound itself; with "
        "80% power"
    )


def test_what_only_loses_no_more_than_it_may_is_not_counted_among_the_gains() -> None:
    kept = a_criterion(-0.02, 0.01, name="routing", min_gain=-0.03)
    assert decide("tuned", [GAIN, kept]).headline == (
        "tuned gains 0.04 on triage and loses 0.005 on routing, less than the 0.03 it may."
    )
    assert decide("tuned", [kept, kept]).headline == (
        "tuned loses 0.005 on routing and 1 more, less than the 0.03 it may."
    )
    even = a_criterion(-0.02, 0.04, name="routing", min_gain=-0.03)
    assert decide("tuned", [even]).headline == "tuned is as good within 0.03 on routing."


def test_a_budget_that_is_only_reached_does_not_pass() -> None:
    assert decide("tuned", [GAIN, a_budget(1.1, 1.2)]).verdict == "need-more-data"


def test_a_budget_without_an_interval_says_why() -> None:
    few = a_budget(None, None, method="no interval of a ratio from fewer than 8 items")
    assert (
        decide("tuned", [few])
        .reasons[0]
        .endswith(
            "110% of the baseline's 400: open, "
            "there is no interval of a ratio from fewer than 8 items"
        )
    )
    vague = a_budget(None, None, method="Fieller, t(39)")
    assert "the baseline's mean can't be told from 0" in decide("tuned", [vague]).reasons[0]


def test_a_saving_that_is_asked_has_no_planned_number_of_items() -> None:
    found = decide("tuned", [a_budget(0.7, 0.9, max_ratio=0.8, gap=0.0)])
    assert (found.verdict, found.needed_n) == ("need-more-data", None)
    assert "no saving was planned" in found.reasons[0]


def test_a_share_of_the_baseline_is_kept_lost_or_open() -> None:
    kept, lost, open_ = (
        decide("tuned", [GAIN, a_share(low, high, p_harm=p)])
        for low, high, p in ((0.92, 1.02, 0.9), (0.6, 0.8, 0.001), (0.85, 1.05, 0.4))
    )
    assert (kept.verdict, lost.verdict, open_.verdict) == ("ship", "hold", "need-more-data")
    assert kept.reasons[-1] == (
        "✓ rare 97% [92%, 102%] of the baseline's 0.20: "
        "loses less than the 10% of it that may be lost"
    )
    assert lost.headline.endswith("loses 0.06 on rare, beyond the 10% of it that may be lost.")


def test_a_share_of_nothing_is_open_and_says_so() -> None:
    nothing = a_share(None, None, ratio=None, baseline=0.0, gap=0.0)
    found = decide("tuned", [GAIN, nothing])
    assert (found.verdict, found.needed_n) == ("need-more-data", None)
    assert "the baseline's mean isn't above 0" in found.reasons[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.974, "97.4%"),
        (1.0, "100%"),
        (1.0833, "108%"),
        (None, "∞"),
        (0.005, "0.5%"),
        (12, "1,200%"),
    ],
)
def test_ratios_are_written_in_percent(value: float | None, text: str) -> None:
    assert percent(value) == text


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
    assert with_sign(value) == text

"""Who gave the answers and how they ended: counted, compared by an exact test, and verified."""

from typing import Any

import pytest
from scipy.stats import binom, binomtest

from evalhub.decision.sections.answers import (
    ALPHA,
    MOST_NAMES,
    AnsweredTestSet,
    AnswersSection,
    AnswerTally,
    answer_cautions,
    answer_flaws,
    answers_section,
    is_empty,
)
from evalhub.decision.verify import verify
from evalhub.declare.decision import ArmName, Arms
from evalhub.stats.sign_test import two_sided_sign_test
from tests.decision.made_up import a_criterion
from tests.decision.recorded import a_record, fields

ARMS = Arms(
    baseline=ArmName(name="base", digest="0" * 64), candidate=ArmName(name="tuned", digest="1" * 64)
)
GAIN = a_criterion(0.02, 0.06, p_value=0.001)


def a_tally(answers: int = 200, **ends: int) -> AnswerTally:
    """Answers to as many items, of which the first so many ended in each of these ways."""
    found = AnswerTally()
    found.count(answers)
    for end, count in ends.items():
        for at in range(count):
            found.add_end(end, f"q{at}")
    return found


def a_section(base: AnswerTally, tuned: AnswerTally, **rule: Any) -> AnswersSection:
    clusters = rule.pop("clusters", {})
    found = answers_section(
        [AnsweredTestSet("triage", 200, base, tuned, clusters)],
        **{"model_changes": "report", "most_unanswered": 0.5, "failures": "worst"} | rule,
    )
    assert found is not None
    return found


def test_answers_that_are_withheld_in_one_arm_alone_are_named() -> None:
    section = a_section(a_tally(), a_tally(withheld=20))
    (row,) = section.differences
    assert (row.baseline, row.candidate, row.more_baseline, row.more_candidate) == (0, 20, 0, 20)
    assert row.p_value == pytest.approx(2 * 0.5**20)
    assert answer_cautions(section, ARMS) == [
        "The arms’ answers to triage ended differently: 20 of 200 of tuned and 0 of 200 of base "
        "were withheld or cut by a filter of contents (exact sign test, p = 1.9e-06)"
    ]
    assert answer_flaws(section, ARMS) == []


def test_what_both_arms_have_alike_is_counted_and_not_named() -> None:
    section = a_section(a_tally(cut=150), a_tally(cut=150))
    (row,) = section.differences
    assert (row.baseline, row.candidate, row.p_value) == (150, 150, 1.0)
    assert answer_cautions(section, ARMS) == []


def test_arms_that_are_one_differ_in_nothing() -> None:
    tally = a_tally(cut=150)
    same = AnsweredTestSet("triage", 200, tally, tally, same=True)
    found = answers_section([same], model_changes="report", most_unanswered=0.5, failures="invalid")
    assert found is not None
    assert found.differences == ()


@pytest.mark.parametrize(("fewer", "more"), [(0, 0), (0, 5), (3, 9), (20, 20), (7, 6), (40, 12)])
def test_the_p_value_is_the_sign_test_s(fewer: int, more: int) -> None:
    due = binomtest(more, fewer + more).pvalue if fewer + more else 1.0
    assert two_sided_sign_test(fewer, more) == pytest.approx(due)


@pytest.mark.parametrize("n", range(1, 60))
@pytest.mark.parametrize("tests", [1, 3])
def test_arms_that_are_alike_are_named_no_more_often_than_is_said(n: int, tests: int) -> None:
    """Exactly: the chance of all outcomes whose p-value is at most a test's share of ALPHA."""
    share = ALPHA / tests
    named = sum(
        binom.pmf(k, n, 0.5) for k in range(n + 1) if two_sided_sign_test(k, n - k) <= share
    )
    assert named <= share


def test_items_of_one_cluster_count_once() -> None:
    clusters = {f"q{at}": "conversation" for at in range(20)}
    section = a_section(a_tally(), a_tally(cut=20), clusters=clusters)
    (row,) = section.differences
    assert (row.candidate, row.more_candidate, row.p_value) == (20, 1, 1.0)
    assert answer_cautions(section, ARMS) == []


def test_several_differences_share_the_level() -> None:
    """Six items against none: p = 1/32, enough alone and too little as one of two."""
    assert len(answer_cautions(a_section(a_tally(), a_tally(cut=6)), ARMS)) == 1
    assert answer_cautions(a_section(a_tally(), a_tally(cut=6, withheld=1)), ARMS) == []


@pytest.mark.parametrize(
    ("tally", "failures", "told"),
    [
        (a_tally(60, empty=60), "invalid", ["of 60 answers 60 are empty, more than 50%"]),
        (a_tally(60, empty=20, failed=11), "worst", ["20 are empty and 11 failed, more than 50%"]),
        (a_tally(60, empty=20, failed=11), "invalid", []),  # what failed is invalid by itself
        (a_tally(60, failed=60), "worst", []),  # so is an arm of which all failed
        (a_tally(60, empty=30), "invalid", []),
    ],
)
@pytest.mark.parametrize("side", ["base", "tuned"])
def test_an_arm_that_says_nothing_is_no_evidence(
    tally: AnswerTally, failures: Any, told: list[str], side: str
) -> None:
    arms = (tally, a_tally(60)) if side == "base" else (a_tally(60), tally)
    found = answer_flaws(a_section(*arms, failures=failures), ARMS)
    assert len(found) == len(told)
    for said, due in zip(found, told, strict=True):
        assert said.startswith(f"{side} says nothing to most of triage: ")
        assert due in said
        assert "say `most_unanswered: 1` in the policy" in said
    assert answer_flaws(a_section(*arms, failures=failures, most_unanswered=1.0), ARMS) == []


@pytest.mark.parametrize(
    ("text", "calls", "references", "empty"),
    [
        ("", None, ["yes"], True),
        (" \n\u200b\ufeff", None, ["yes"], True),
        ("", [{"name": "look"}], ["yes"], False),
        ("", None, [""], False),
        (".", None, ["yes"], False),
    ],
)
def test_an_answer_is_empty_where_nothing_can_be_seen_and_something_was_due(
    text: str, calls: Any, references: list[str], empty: bool
) -> None:
    assert is_empty(text, calls, references) == empty


def answered_by(**models: int) -> AnswerTally:
    found = AnswerTally()
    for name, count in models.items():
        found.count(count, model=name, fingerprint=f"fp_{name}")
    return found


def test_a_model_that_changes_is_a_caution_or_invalid_by_the_policy() -> None:
    arms = answered_by(old=180, new=20), answered_by(mine=200)
    said = (
        "base was answered by 2 models, as their server names them: old (180), new (20): what "
        "stands behind its address changed while it was asked, so that it isn't one arm"
    )
    reported, refused = (a_section(*arms, model_changes=each) for each in ("report", "invalid"))
    assert (answer_cautions(reported, ARMS), answer_flaws(reported, ARMS)) == ([said], [])
    assert (answer_cautions(refused, ARMS), answer_flaws(refused, ARMS)) == ([], [said])


def test_a_fingerprint_that_changes_is_counted_and_no_flaw() -> None:
    base = AnswerTally()
    base.count(150, model="m", fingerprint="fp_1")
    base.count(50, model="m", fingerprint="fp_2")
    section = a_section(base, answered_by(mine=200), model_changes="invalid")
    assert section.test_sets[0].baseline.fingerprints == {"fp_1": 150, "fp_2": 50}
    assert (answer_cautions(section, ARMS), answer_flaws(section, ARMS)) == ([], [])


def test_a_model_is_one_over_all_of_an_arm_s_test_sets() -> None:
    two = [
        AnsweredTestSet("triage", 200, answered_by(old=200), answered_by(mine=200)),
        AnsweredTestSet("sums", 300, answered_by(new=300), answered_by(mine=300)),
    ]
    section = answers_section(two, model_changes="report", most_unanswered=0.5, failures="invalid")
    (said,) = answer_cautions(section, ARMS)
    assert said.startswith("base was answered by 2 models, as their server names them: new (300)")


def test_a_server_that_names_each_answer_anew_fills_no_record() -> None:
    base = answered_by(**{f"m{at:04}": 1 for at in range(5_000)})
    row = a_section(base, answered_by(mine=200)).test_sets[0].baseline
    assert (len(row.models), sum(row.models.values())) == (MOST_NAMES + 1, 5_000)
    assert row.models["(others)"] == 5_000 - MOST_NAMES


def a_recorded(section: AnswersSection, **beside: Any) -> dict[str, Any]:
    return a_record([GAIN], answers=section, **beside)


CUT = a_section(a_tally(), a_tally(cut=20), failures="invalid")


def test_a_caution_is_among_the_reasons_and_decides_nothing() -> None:
    record = a_recorded(CUT)
    assert record["verdict"] == "ship"
    assert record["reasons"][-1].startswith("? The arms’ answers to triage ended differently: 20 ")
    assert record["answers"]["status"] == "open"
    assert verify(record).differences == []


def test_a_record_of_invalid_evidence_keeps_what_is_counted() -> None:
    section = a_section(a_tally(60, empty=60), a_tally(60), failures="invalid")
    record = a_recorded(section, invalid=answer_flaws(section, ARMS))
    assert record["verdict"] == "invalid"
    assert record["answers"]["status"] == "fail"
    assert record["answers"]["test_sets"][0]["baseline"]["empty"] == 60
    assert verify(record).differences == []


def test_a_record_from_before_answers_were_counted_verifies() -> None:
    record = a_recorded(a_section(a_tally(), a_tally(), failures="invalid"))
    del record["answers"]
    for name in ("model_changes", "most_unanswered"):
        del record["policy"][name]
    assert verify(record).differences == []


def test_what_was_changed_in_what_is_counted_is_found() -> None:
    record = a_recorded(CUT)
    hidden = record | {"reasons": record["reasons"][:-1]}
    assert "reasons" in fields(hidden)
    (row,) = record["answers"]["differences"]
    softened = record["answers"] | {"differences": [row | {"p_value": 0.5}]}
    assert "answers.differences[0].p_value" in fields(record | {"answers": softened})
    side = record["answers"]["test_sets"][0]
    more = side | {"baseline": side["baseline"] | {"models": {"m": 201}}}
    swollen = record["answers"] | {"test_sets": [more]}
    assert "answers.test_sets[0].baseline.models" in fields(record | {"answers": swollen})
    loosened = record["answers"] | {"most_unanswered": 1.0}
    assert "answers.most_unanswered" in fields(record | {"answers": loosened})
    empty = side | {"baseline": side["baseline"] | {"empty": 150}}
    silent = record["answers"] | {"test_sets": [empty]}
    assert "invalid" in fields(record | {"answers": silent})

"""A record of invalid evidence: counts, errors and reasons, and no result anywhere."""

from typing import Any

from evalhub.decision.document import DecisionRecord
from evalhub.decision.record import decision_record
from evalhub.decision.rule import decide
from evalhub.decision.sections.base import CleanRow
from evalhub.decision.sections.baseline_choice import ChoiceArm, ChoiceSection, DevelopmentSplit
from evalhub.decision.sections.extension import ExtensionRow, ExtensionSection
from evalhub.decision.sections.leakage import LeakageRow, LeakageSection
from evalhub.decision.sections.ledger import LedgerRow, LedgerSection
from evalhub.decision.sections.noise_floor import NoiseRow, NoiseSection
from evalhub.decision.verify import verify
from evalhub.declare.decision import BreakdownRow, People
from evalhub.declare.verdicts import Status, Verdict
from tests.decision.made_up import a_criterion, a_guard
from tests.decision.recorded import ARMS

ENDS = {"difference": 0.111, "lower": 0.1101, "upper": 0.1102}
BESIDE: dict[str, Any] = {
    "breakdown": [
        BreakdownRow(
            test_set="t",
            tag="x",
            metric="m",
            n=9,
            baseline=0.113,
            candidate=0.224,
            wins=7,
            losses=1,
            ties=1,
            p_value=0.04,
            **ENDS,
        )
    ],
    "people": People(
        state="complete",
        planned=40,
        judgments=40,
        identical=0,
        items=20,
        reviewers=2,
        score=0.777,
        lower=0.6,
        upper=0.9,
        wins=31,
        losses=5,
        ties=3,
        both_bad=1,
        raw_agreement=0.05,
    ),
    "sections": [
        LedgerSection(
            home="a" * 32,
            counts="primaries",
            alpha=0.025,
            level=0.0152,
            test_sets=(
                LedgerRow(
                    test_set="t", number=1, looks=(1,), level=0.0152, counted=True, spent=False
                ),
            ),
            spent=False,
        ),
        NoiseSection(
            test_sets=(
                NoiseRow(
                    test_set="t",
                    metric="m",
                    n=9,
                    wins=1,
                    losses=0,
                    differing=0.1,
                    repeat_run=1,
                    **ENDS,
                ),
            ),
            sameness=None,
        ),
        LeakageSection(
            rule="judge",
            test_sets=(LeakageRow(test_set="t", items=9, leaked=3, kinds={"exact": 3}),),
            verdict_all=Verdict.SHIP,
            verdict_clean=Verdict.HOLD,
            clean=(CleanRow(name="t", n=6, status=Status.FAIL, **ENDS),),
        ),
        ChoiceSection(
            chosen="few-shot",
            share=0.3,
            seed=1,
            test_sets=(DevelopmentSplit(test_set="t", metric="m", development=3, judged=6),),
            arms=(ChoiceArm(name="few-shot", kind="few-shot", scores=(0.777,)),),
            answer="fine-tune",
        ),
        ExtensionSection(
            test_sets=(
                ExtensionRow(
                    test_set="t", level=0.01, looks=(1, 2), items=(200, 100), weights=(1.0, 1.0)
                ),
            ),
        ),
    ],
}


def a_record(*invalid: str) -> DecisionRecord:
    ruling = decide("tuned", [a_criterion(0.02, 0.06), a_guard(-0.01, 0.01)], invalid=invalid)
    return decision_record(
        ruling, alpha=0.0152, policy={"alpha": 0.025}, arms=ARMS, evidence=[], **BESIDE
    )


def test_invalid_evidence_is_recorded_without_any_result() -> None:
    record = a_record("tuned answered 3 of 9 items")
    assert record.criteria == record.breakdown == record.alternatives == record.as_good == ()
    assert record.needed_n is record.ledger is record.noise_floor is record.extension is None
    people, leakage, choice = record.people, record.leakage, record.baseline_choice
    assert people is not None
    assert (people.judgments, people.reviewers, people.raw_agreement) == (40, 2, 0.05)
    assert {people.score, people.lower, people.upper, people.wins, people.ties} == {None}
    assert leakage is not None
    assert (leakage.verdict_all, leakage.verdict_clean, leakage.clean) == (None, None, ())
    assert leakage.test_sets[0].leaked == 3
    assert choice is not None
    assert (choice.chosen, choice.answer, choice.arms[0].scores) == ("few-shot", None, ())
    said = str(record.as_json())
    assert not any(number in said for number in ("0.11", "0.22", "0.777", "0.0152]"))


def test_it_verifies_and_no_longer_once_a_result_is_put_in() -> None:
    document = a_record("tuned answered 3 of 9 items").as_json()
    assert verify(document).differences == []
    for name in ("criteria", "breakdown", "people", "leakage", "baseline_choice", "noise_floor"):
        put_in = document | {name: a_record().as_json()[name]}
        fields = {each.field.split("[")[0].split(".")[0] for each in verify(put_in).differences}
        assert fields == {name}, name

"""A decision's record put together from its verdict and from what else it rests on. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from evalhub import __version__
from evalhub.decision.code import code_digest
from evalhub.decision.notes import noted
from evalhub.decision.rule import Ruling
from evalhub.declare.alarms import JumpsSection
from evalhub.declare.answers_section import AnswersSection
from evalhub.declare.consistency import ConsistencySection
from evalhub.declare.costs import PricesSection
from evalhub.declare.decision import (
    SCHEMA,
    Alternative,
    Arms,
    BreakdownRow,
    Code,
    DecisionRecord,
    RecordedRule,
    StudyName,
)
from evalhub.declare.judging import JudgeSection
from evalhub.declare.ledger_section import LedgerSection
from evalhub.declare.ownership_section import OwnershipSection
from evalhub.declare.sections import (
    AppliedSection,
    ChoiceSection,
    EvidenceRow,
    ExtensionSection,
    FailuresSection,
    ImportedSection,
    LeakageSection,
    NoiseSection,
    People,
    RepeatedSection,
)
from evalhub.declare.steps_section import StepsSection
from evalhub.declare.verdicts import Verdict
from evalhub.stats.levels import HARM_ALPHA

# What people's judgments say of the two arms.
SAID = ("score", "lower", "upper", "wins", "losses", "ties", "both_bad", "early_stop")


def decision_record(
    ruling: Ruling,
    *,
    alpha: float,
    policy: Mapping[str, Any],
    arms: Arms,
    evidence: Sequence[EvidenceRow],
    study: StudyName | None = None,
    breakdown: Sequence[BreakdownRow] = (),
    alternatives: Sequence[Alternative] = (),
    people: People | None = None,
    alphas: Mapping[str, float] | None = None,
    ledger: LedgerSection | None = None,
    noise_floor: NoiseSection | None = None,
    failures: FailuresSection | None = None,
    leakage: LeakageSection | None = None,
    baseline_choice: ChoiceSection | None = None,
    extension: ExtensionSection | None = None,
    imported: ImportedSection | None = None,
    jumps: JumpsSection | None = None,
    applied: AppliedSection | None = None,
    consistency: ConsistencySection | None = None,
    judge: JudgeSection | None = None,
    prices: PricesSection | None = None,
    ownership: OwnershipSection | None = None,
    steps: StepsSection | None = None,
    answers: AnswersSection | None = None,
    repeated: RepeatedSection | None = None,
) -> DecisionRecord:
    """The record that is printed, stored and shown; of invalid evidence without any result.

    Args:
        alpha: one-sided level of the end of every interval that must pass.
        policy: as it was asked; its `alpha` is what the ledger took from.
        alphas: by a criterion's name, the level that it has instead (the ledger lets the k-th
            candidate on a test set pay); of a primary, before "any-of" divides it.
        ledger, noise_floor, failures, leakage, baseline_choice, extension, imported, jumps,
            applied, consistency, judge, prices, ownership, steps, answers, repeated: what else
            the decision rests on, without sentences; None where there is no such thing.
    """
    record = DecisionRecord(
        schema_=SCHEMA,
        **ruled(ruling),
        alpha=alpha,
        rule=RecordedRule(
            primaries=ruling.primaries,
            alpha=policy.get("alpha", alpha),
            harm_alpha=policy.get("harm_alpha", HARM_ALPHA),
            alphas=dict(alphas or {}),
        ),
        breakdown=tuple(breakdown),
        alternatives=tuple(alternatives),
        people=people,
        ledger=ledger,
        noise_floor=noise_floor,
        failures=failures,
        leakage=leakage,
        baseline_choice=baseline_choice,
        extension=extension,
        imported=imported,
        jumps=jumps,
        applied=applied,
        consistency=consistency,
        judge=judge,
        prices=prices,
        ownership=ownership,
        steps=steps,
        answers=answers,
        repeated=repeated,
        arms=arms,
        evidence=tuple(evidence),
        policy=dict(policy),
        study=study,
        code=Code(version=__version__, digest=code_digest()),
    )
    return with_sentences(without_results(record))


def ruled(ruling: Ruling) -> dict[str, Any]:
    """The fields of a record that follow from its criteria and from what else the rule is told."""
    return {
        "verdict": ruling.verdict,
        "registered": ruling.registered,
        "headline": ruling.headline,
        "reasons": tuple(ruling.reasons),
        "invalid": tuple(ruling.invalid),
        "pending": tuple(ruling.pending),
        "as_good": tuple(ruling.as_good),
        "criteria": tuple(ruling.criteria),
        "needed_n": ruling.needed_n,
    }


def without_results(record: DecisionRecord) -> DecisionRecord:
    """The record as it is; of invalid evidence with counts, errors and reasons alone.

    What can't be compared may not be read either: who saw the difference could mend the evidence
    until it pleases, and no look would have been paid for.
    """
    if record.verdict is not Verdict.INVALID:
        return record
    people, leakage, choice = record.people, record.leakage, record.baseline_choice
    imported = record.imported
    arms = (
        [] if choice is None else [each.model_copy(update={"scores": ()}) for each in choice.arms]
    )
    return record.model_copy(
        update={
            "caveats": (),
            "criteria": (),
            "as_good": (),
            "needed_n": None,
            "breakdown": (),
            "alternatives": (),
            "ledger": None,
            "noise_floor": None,
            "failures": None,
            "extension": None,
            "imported": imported and imported.model_copy(update={"figures": ()}),
            "jumps": None,
            "consistency": None,
            "applied": None,
            "policy_since": None,
            "judge": None,
            "prices": None,
            "ownership": None,
            "steps": None,
            "repeated": None,
            "copies": None,
            "people": people and people.model_copy(update=dict.fromkeys(SAID)),
            "leakage": leakage
            and leakage.model_copy(
                update={"verdict_all": None, "verdict_clean": None, "clean": ()}
            ),
            "baseline_choice": choice
            and choice.model_copy(update={"answer": None, "arms": tuple(arms)}),
        }
    )


def with_sentences(record: DecisionRecord) -> DecisionRecord:
    """The record with every section's status and sentences."""
    said = {name: noted(each, record.arms) for name, each in record.sections.items()}
    return record.model_copy(update=said)

"""A decision's record put together from its verdict and from what else it rests on. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from evalhub import __version__
from evalhub.schemas.decision import (
    SCHEMA,
    Alternative,
    Arms,
    BreakdownRow,
    Code,
    DecisionRecord,
    RecordedRule,
    StudyName,
)
from evalhub.schemas.sections import (
    ChoiceSection,
    EvidenceRow,
    ExtensionSection,
    LeakageSection,
    LedgerSection,
    NoiseSection,
    People,
    Section,
)
from evalhub.verdict.code import code_digest
from evalhub.verdict.notes import noted
from evalhub.verdict.rule import Ruling


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
    leakage: LeakageSection | None = None,
    baseline_choice: ChoiceSection | None = None,
    extension: ExtensionSection | None = None,
) -> DecisionRecord:
    """The record that is printed, stored and shown.

    Args:
        alpha: one-sided level of every bound.
        policy: as it was asked; its `alpha` is what the ledger took from.
        alphas: by a criterion's name, the level that it has instead (the ledger lets the k-th
            candidate on a test set pay); of a primary, before "any-of" divides it.
        ledger, noise_floor, leakage, baseline_choice, extension: what else the decision rests on,
            without sentences; None where there is no such thing.
    """
    return DecisionRecord(
        schema_=SCHEMA,
        **ruled(ruling),
        alpha=alpha,
        rule=RecordedRule(
            primaries=ruling.primaries,
            alpha=policy.get("alpha", alpha),
            harm_alpha=ruling.harm_alpha,
            alphas=dict(alphas or {}),
        ),
        breakdown=tuple(breakdown),
        alternatives=tuple(alternatives),
        people=people,
        ledger=_noted(ledger, arms),
        noise_floor=_noted(noise_floor, arms),
        leakage=_noted(leakage, arms),
        baseline_choice=_noted(baseline_choice, arms),
        extension=_noted(extension, arms),
        arms=arms,
        evidence=tuple(evidence),
        policy=dict(policy),
        study=study,
        code=Code(version=__version__, digest=code_digest()),
    )


def ruled(ruling: Ruling) -> dict[str, Any]:
    """The fields of a record that follow from its criteria and from what is invalid or pending."""
    return {
        "verdict": ruling.verdict,
        "headline": ruling.headline,
        "reasons": tuple(ruling.reasons),
        "invalid": tuple(ruling.invalid),
        "pending": tuple(ruling.pending),
        "criteria": tuple(ruling.criteria),
        "needed_n": ruling.needed_n,
    }


def _noted[S: Section](section: S | None, arms: Arms) -> S | None:
    return None if section is None else noted(section, arms)

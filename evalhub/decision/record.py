"""Build a decision's record from its verdict and the rest of its evidence. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evalhub import __version__
from evalhub.decision.align import Aligned
from evalhub.decision.code import code_digest
from evalhub.decision.document import SCHEMA, SECTIONS, DecisionRecord, by_field
from evalhub.decision.rule import Ruling
from evalhub.decision.sections.base import Section
from evalhub.decision.sections.forgetting import forgetting_section
from evalhub.declare.decision import (
    Alternative,
    Arms,
    BreakdownRow,
    Code,
    EvidenceRow,
    People,
    RecordedRule,
    StudyName,
)
from evalhub.declare.verdicts import Verdict
from evalhub.stats.levels import HARM_ALPHA

PREFERENCE = ("score", "lower", "upper", "wins", "losses", "ties", "both_bad", "early_stop")
"""Fields of `people` that say which arm they prefer."""


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
    aligned: Sequence[Aligned] = (),
    sections: Iterable[Section | None] = (),
) -> DecisionRecord:
    """The record that is printed, stored and shown; invalid evidence shows no results.

    Args:
        alpha: one-sided level of the end of every interval that must pass.
        policy: as it was asked; its `alpha` is what the ledger took from.
        alphas: by a criterion's name, the level that it has instead (the ledger lets the k-th
            candidate on a test set pay); of a primary, before "any-of" divides it.
        aligned: the scores that were judged, of which sections are made here.
        sections: the other sections, at most one of a kind, in any order; None where there is no
            such thing. The status and sentences of all are set here.
    """
    from_scores = [kind.from_aligned(aligned) for kind in SECTIONS.values()]
    forgetting = forgetting_section(ruling.verdict, ruling.criteria, arms)
    record = DecisionRecord(
        schema_=SCHEMA,
        **ruling_fields(ruling),
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
        **by_field([*from_scores, forgetting, *sections]),
        arms=arms,
        evidence=tuple(evidence),
        policy=dict(policy),
        study=study,
        code=Code(version=__version__, digest=code_digest()),
    )
    return with_sentences(without_results(record))


def ruling_fields(ruling: Ruling) -> dict[str, Any]:
    """The fields of a record that the rule computes."""
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
    """The record; where the evidence is invalid, with counts, errors and reasons alone.

    What can't be compared may not be read either: who saw the difference could mend the evidence
    until it pleases, and no look would have been paid for.
    """
    if record.verdict is not Verdict.INVALID:
        return record
    people = record.people
    sections = {name: section.without_results() for name, section in record.sections.items()}
    return record.model_copy(
        update={
            "caveats": (),
            "criteria": (),
            "as_good": (),
            "needed_n": None,
            "breakdown": (),
            "alternatives": (),
            "people": people and people.model_copy(update=dict.fromkeys(PREFERENCE)),
            **sections,
        }
    )


def with_sentences(record: DecisionRecord) -> DecisionRecord:
    """The record with every section's status and sentences."""
    sections = {name: row.with_sentences(record.arms) for name, row in record.sections.items()}
    return record.model_copy(update=sections)

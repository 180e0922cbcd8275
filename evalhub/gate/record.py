"""A decision as one JSON document, the same from every door. Pure.

docs/verdict-json.md documents it; `schema` names its version.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from evalhub import __version__
from evalhub.gate.criteria import Criterion
from evalhub.gate.verdict import Judgement, sentence

SCHEMA = "evalhub.decision/1"
EXIT_CODES = {"ship": 0, "hold": 1, "need-more-data": 2, "invalid": 3}


def decision_record(
    judgement: Judgement,
    *,
    alpha: float,
    policy: Mapping[str, Any],
    arms: Mapping[str, Any],
    evidence: Sequence[Mapping[str, Any]],
    study: Mapping[str, Any] | None = None,
    breakdown: Sequence[Mapping[str, Any]] = (),
    alternatives: Sequence[Mapping[str, Any]] = (),
    people: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The document that is printed, stored and shown."""
    return {
        "schema": SCHEMA,
        **judged(judgement),
        "alpha": alpha,
        "breakdown": [dict(each) for each in breakdown],
        "alternatives": [dict(each) for each in alternatives],
        "people": dict(people) if people is not None else None,
        "arms": dict(arms),
        "evidence": [dict(each) for each in evidence],
        "policy": dict(policy),
        "study": dict(study) if study is not None else None,
        "code_version": __version__,
    }


def judged(judgement: Judgement) -> dict[str, Any]:
    """The part of a record that follows from the criteria and from what is invalid or pending."""
    return {
        "verdict": judgement.verdict,
        "headline": judgement.headline,
        "reasons": list(judgement.reasons),
        "invalid": list(judgement.invalid),
        "pending": list(judgement.pending),
        "criteria": [_criterion(each) for each in judgement.criteria],
        "needed_n": judgement.needed_n,
    }


def _criterion(criterion: Criterion) -> dict[str, Any]:
    return {**criterion.as_json(), "sentence": sentence(criterion)}

"""A decision as one JSON document, the same from every door. Pure.

docs/verdict-json.md documents it; `schema` names its version.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from evalhub import __version__
from evalhub.verdict.criteria import Criterion
from evalhub.verdict.rule import Ruling
from evalhub.verdict.wording import sentence

SCHEMA = "evalhub.decision/1"


def decision_record(
    ruling: Ruling,
    *,
    alpha: float,
    policy: Mapping[str, Any],
    arms: Mapping[str, Any],
    evidence: Sequence[Mapping[str, Any]],
    study: Mapping[str, Any] | None = None,
    breakdown: Sequence[Mapping[str, Any]] = (),
    alternatives: Sequence[Mapping[str, Any]] = (),
    people: Mapping[str, Any] | None = None,
    alphas: Mapping[str, float] | None = None,
    ledger: Mapping[str, Any] | None = None,
    noise_floor: Mapping[str, Any] | None = None,
    leakage: Mapping[str, Any] | None = None,
    baseline_choice: Mapping[str, Any] | None = None,
    extension: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The document that is printed, stored and shown.

    Args:
        alpha: one-sided level of every bound.
        alphas: by a criterion's name, the level that it has instead (the ledger lets the k-th
            candidate on a test set pay); of a primary, before "any-of" divides it.
        ledger, noise_floor, leakage, baseline_choice, extension: what else the decision rests on,
            written as they are; None where there is no such thing.
    """
    return {
        "schema": SCHEMA,
        **judged(ruling),
        "alpha": alpha,
        "rule": {
            "primaries": ruling.primaries,
            "harm_alpha": ruling.harm_alpha,
            "alphas": dict(alphas or {}),
        },
        "breakdown": [dict(each) for each in breakdown],
        "alternatives": [dict(each) for each in alternatives],
        "people": _section(people),
        "ledger": _section(ledger),
        "noise_floor": _section(noise_floor),
        "leakage": _section(leakage),
        "baseline_choice": _section(baseline_choice),
        "extension": _section(extension),
        "arms": dict(arms),
        "evidence": [dict(each) for each in evidence],
        "policy": dict(policy),
        "study": _section(study),
        "code_version": __version__,
    }


def judged(ruling: Ruling) -> dict[str, Any]:
    """The part of a record that follows from the criteria and from what is invalid or pending."""
    return {
        "verdict": ruling.verdict,
        "headline": ruling.headline,
        "reasons": list(ruling.reasons),
        "invalid": list(ruling.invalid),
        "pending": list(ruling.pending),
        "criteria": [_criterion(each) for each in ruling.criteria],
        "needed_n": ruling.needed_n,
    }


def _section(section: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if section is None else dict(section)


def _criterion(criterion: Criterion) -> dict[str, Any]:
    return {**criterion.as_json(), "sentence": sentence(criterion)}

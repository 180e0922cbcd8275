"""Criteria by hand: what was measured is written down, so that only the verdict is tried."""

from typing import Any

from evalhub.gate.criteria import Criterion, Requirement, Role


def a_criterion(
    lower: float,
    upper: float,
    *,
    name: str = "triage",
    role: Role = "primary",
    margin: float = 0.02,
    min_gain: float = 0.0,
    p_harm: float = 0.5,
    **measured: Any,
) -> Criterion:
    """A criterion whose interval is [lower, upper], of 1,000 items unless told otherwise."""
    fields: dict[str, Any] = {
        "n": 1000,
        "clusters": None,
        "baseline": 0.5,
        "candidate": 0.5 + (lower + upper) / 2,
        "difference": (lower + upper) / 2,
        "level": 0.95,
        "p_value": 0.5,
        "wins": 100,
        "losses": 100,
        "ties": 800,
        "method": "paired t",
        "test": "paired t",
        "sd": 0.3,
        "design_effect": 1.0,
        "gap": margin if role == "guard" else 0.05,
    }
    return Criterion(
        requirement=Requirement(name, role, name, "exact_match", margin, min_gain),
        lower=lower,
        upper=upper,
        p_harm=p_harm,
        **fields | measured,
    )


def a_guard(lower: float, upper: float, **fields: Any) -> Criterion:
    """The same as a guard, with a margin of .02 unless told otherwise."""
    return a_criterion(lower, upper, role="guard", **{"name": "sorting"} | fields)

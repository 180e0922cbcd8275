"""Criteria by hand: what was measured is written down, so that only the verdict is tried."""

from typing import Any

from evalhub.decision.criterion import Criterion, Role
from evalhub.decision.measuring import requirement_at
from evalhub.decision.requirements import Requirement
from evalhub.declare.policy import Tier


def a_criterion(
    lower: float,
    upper: float,
    *,
    name: str = "triage",
    role: Role = "primary",
    margin: float = 0.02,
    min_gain: float = 0.0,
    p_harm: float = 0.5,
    tier: Tier = "critical",
    higher_is_better: bool = True,
    **measured: Any,
) -> Criterion:
    """A criterion whose interval is [lower, upper], of 1,000 items unless told otherwise."""
    fields: dict[str, Any] = {
        "n": 1000,
        "clusters": None,
        "baseline": 0.5,
        "candidate": 0.5 + (lower + upper) / 2,
        "difference": (lower + upper) / 2,
        "alpha": 0.025,
        "harm_alpha": 0.025,
        "p_value": 0.5,
        "wins": 100,
        "losses": 100,
        "ties": 800,
        "method": "skew-corrected t",
        "test": "skew-corrected t",
        "sd": 0.3,
        "design_effect": 1.0,
        "gap": margin if role == "guard" else 0.05,
    }
    required = requirement_at(
        Requirement(
            name,
            role,
            name,
            "exact_match",
            margin,
            min_gain,
            tier=tier,
            higher_is_better=higher_is_better,
        ),
        fields["baseline"],
    )
    nothing = dict.fromkeys(("ratio", "ratio_lower", "ratio_upper"))
    given = {"lower": lower, "upper": upper, "p_harm": p_harm}
    return Criterion(**dict(required) | nothing | fields | given | measured)


def a_guard(lower: float, upper: float, **fields: Any) -> Criterion:
    """The same as a guard, with a margin of .02 unless told otherwise."""
    return a_criterion(lower, upper, role="guard", **{"name": "sorting"} | fields)


def a_ratio(
    requirement: Requirement, low: float | None, high: float | None, baseline: float, **fields: Any
) -> Criterion:
    """A criterion that is judged by its ratio to the baseline, within [low, high]."""
    ratio = fields.pop("ratio", 1.1 if low is None or high is None else (low + high) / 2)
    mean = baseline * (ratio or 0.0)
    gain = mean - baseline if requirement.higher_is_better else baseline - mean
    made = a_criterion(gain - 0.01, gain + 0.01, **fields)
    return made.model_copy(
        update=dict(requirement_at(requirement, baseline))
        | {
            "baseline": baseline,
            "candidate": mean,
            "ratio": ratio,
            "ratio_lower": low,
            "ratio_upper": high,
        }
    )


def a_budget(
    low: float | None, high: float | None, *, max_ratio: float = 1.2, **fields: Any
) -> Criterion:
    """A latency within [low, high] times the baseline's 400, of at most 1.2 times."""
    requirement = Requirement(
        "latency", "budget", "triage", "latency_ms", max_ratio=max_ratio, higher_is_better=False
    )
    return a_ratio(requirement, low, high, 400.0, **{"gap": 80.0, "sd": 100.0} | fields)


def a_share(low: float | None, high: float | None, **fields: Any) -> Criterion:
    """A guard that may lose a tenth of the baseline's .2."""
    requirement = Requirement("rare", "guard", "rare", "exact_match", relative_margin=0.1)
    return a_ratio(requirement, low, high, **{"baseline": 0.2, "gap": 0.02} | fields)

"""Decision records as a reader finds them, made up or drawn."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from evalhub.decision.criterion import Criterion
from evalhub.decision.measuring import measure, same_run
from evalhub.decision.policy import Rule
from evalhub.decision.preference_evidence import Judgments, preference_criterion
from evalhub.decision.record import decision_record
from evalhub.decision.requirements import Requirement
from evalhub.decision.rule import alphas_of, decide
from evalhub.decision.sections.answers import AnswersSection, answer_cautions
from evalhub.decision.sections.jumps import implausible_gains, jumps_section
from evalhub.decision.verify import verify
from evalhub.declare.decision import ArmName, Arms
from evalhub.declare.policy import JumpUse, Primaries
from tests.decision.made_up import a_criterion, a_guard

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "verdict.schema.json"
VALID = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
ARMS = Arms(
    baseline=ArmName(name="base", digest="0" * 64),
    candidate=ArmName(name="tuned", digest="1" * 64),
)


def a_record(
    criteria: Sequence[Criterion],
    *,
    invalid: Sequence[str] = (),
    pending: Sequence[str] = (),
    alpha: float = 0.025,
    primaries: Primaries = "all-of",
    harm_alpha: float = 0.025,
    alphas: dict[str, float] | None = None,
    jumps: JumpUse = "report",
    largest_gain: dict[str, float] | None = None,
    answers: AnswersSection | None = None,
) -> dict[str, Any]:
    """A record as a reader finds it: written as JSON and read again, valid by the schema."""
    found = jumps_section(criteria, rule=jumps, largest_gain=largest_gain or {})
    ruling = decide(
        "tuned",
        criteria,
        invalid=invalid,
        pending=pending,
        unbelieved=implausible_gains(found),
        cautions=answer_cautions(answers, ARMS),
        primaries=primaries,
        registered=False,
    )
    policy = Rule(
        primaries=primaries,
        alpha=alpha,
        harm_alpha=harm_alpha,
        jumps=jumps,
        largest_gain=largest_gain or {},
    ).as_json()
    record = decision_record(
        ruling,
        alpha=alpha,
        policy=policy,
        arms=ARMS,
        evidence=[],
        alphas=alphas,
        sections=[found, answers],
    )
    read: dict[str, Any] = json.loads(json.dumps(record.as_json(), allow_nan=False))
    VALID.validate(read)
    return read


def fields(record: dict[str, Any], **options: Any) -> list[str]:
    return [each.field for each in verify(record, **options).differences]


SHIPPED = a_record([a_criterion(0.02, 0.06, p_value=0.001), a_guard(-0.01, 0.01)])
HELD = a_record(
    [a_criterion(0.02, 0.06, p_value=0.001), a_guard(-0.09, -0.04, p_harm=0.001, p_value=0.001)]
)
OPEN = a_record([a_criterion(-0.01, 0.05), a_guard(-0.03, 0.02)])
SPOILT = a_record([a_criterion(-0.01, 0.05)], invalid=["tuned answered 3 of 1,000 items"])
WAITING = a_record(
    [a_criterion(0.02, 0.06, p_value=0.001)], pending=["Reviewers have given 3 of 40 judgments"]
)
EMPTY = a_record([])

# A ratio's interval takes a dozen comparisons, which a busy machine may need a while for.
slowly = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def asked(draw: st.DrawFn) -> Requirement:
    """Any requirement that is measured on scores."""
    role = draw(st.sampled_from(["primary", "guard", "budget"]))
    tiers = ["critical"] if role == "primary" else ["critical", "supporting", "advisory"]
    relative = role == "guard" and draw(st.booleans())
    return Requirement(
        draw(st.sampled_from(["triage", "sums", "latency"])),
        role,
        "triage",
        "score",
        margin=draw(st.sampled_from([0.0, 0.02, 0.3, 40.0])),
        min_gain=draw(st.sampled_from([-0.1, 0.0, 0.05, 20.0])),
        higher_is_better=role != "budget" and draw(st.booleans()),
        tier=draw(st.sampled_from(tiers)),
        relative_margin=draw(st.sampled_from([0.05, 0.3])) if relative else None,
        max_ratio=draw(st.sampled_from([0.8, 1.1, 2.0])) if role == "budget" else None,
    )


def measured(
    draw: st.DrawFn, requirement: Requirement, alpha: float, harm_alpha: float
) -> Criterion:
    """A criterion measured on scores that are drawn: few or many, binary or not, clustered."""
    n = draw(st.integers(1, 40))
    binary = draw(st.booleans())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (n,) if draw(st.booleans()) else (n, draw(st.integers(1, 3)))
    rate = draw(st.sampled_from([0.0, 0.3, 0.9, 1.0]))
    base, tuned = (
        (rng.random(shape) < p).astype(float) if binary else p + 300 * rng.random(shape)
        for p in (0.4, rate)
    )
    if draw(st.integers(0, 5)) == 0:
        return same_run(requirement, base, alpha=alpha, harm_alpha=harm_alpha)
    clusters = [f"c{i // 3}" for i in range(n)] if draw(st.booleans()) else None
    weights = rng.uniform(0.5, 2, n) if draw(st.booleans()) else None
    gain = draw(st.sampled_from([0.0, 0.05]))
    return measure(
        requirement,
        base,
        tuned,
        clusters=clusters,
        weights=weights,
        alpha=alpha,
        harm_alpha=harm_alpha,
        planned_gain=gain,
    )


@st.composite
def preferred(draw: st.DrawFn, alpha: float, harm_alpha: float) -> Criterion:
    """People's preference, of up to three reviewers an item."""
    choices = draw(
        st.lists(
            st.sampled_from(["candidate", "baseline", "tie", "both-bad"]), min_size=2, max_size=30
        )
    )
    raters = draw(st.integers(1, 3))
    return preference_criterion(
        Judgments(
            choices,
            [f"q{i // raters}" for i in range(len(choices))],
            [f"rater {i % raters}" for i in range(len(choices))],
            planned=len(choices),
        ),
        test_set="triage",
        min_gain=draw(st.sampled_from([-0.1, 0.0])),
        alpha=alpha,
        harm_alpha=harm_alpha,
        planned_gain=0.05,
    )


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    alpha = draw(st.sampled_from([0.025, 0.05, 0.025 / 3]))
    rule: Primaries = draw(st.sampled_from(["all-of", "any-of"]))
    alphas = draw(st.sampled_from([None, {"sums": 0.01}]))
    harm_alpha = draw(st.sampled_from([0.025, 0.1]))
    requirements = draw(st.lists(asked(), min_size=1, max_size=4))
    levels = alphas_of(requirements, alpha=alpha, primaries=rule, alphas=alphas)
    criteria = [
        measured(draw, each, level, harm_alpha)
        for each, level in zip(requirements, levels, strict=True)
    ]
    criteria += draw(st.lists(preferred(alpha, harm_alpha), max_size=1))
    waiting = st.lists(st.just("Reviewers have given 3 of 40 judgments"), max_size=1)
    return a_record(
        criteria,
        pending=draw(waiting),
        alpha=alpha,
        primaries=rule,
        harm_alpha=harm_alpha,
        alphas=alphas,
    )

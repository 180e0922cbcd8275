"""What a policy asks otherwise: easier, stricter or neither, and the verdict agrees."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evalhub.decision.measuring import measure
from evalhub.decision.policy import Policy
from evalhub.decision.policy_changes import Effect, demands_of_policy, policy_changes
from evalhub.decision.requirements import requirements_of
from evalhub.decision.rule import alphas_of, decide
from evalhub.declare.declaration import validate
from evalhub.declare.verdicts import Verdict

EASIER, OTHER, STRICTER, NONE = Effect.EASIER, Effect.OTHER, Effect.STRICTER, Effect.NONE
TRIAGE = {"role": "primary", "min_gain": 0.02}
SUMS = {"role": "guard", "margin": 0.03}
RARE = {"role": "guard", "relative_margin": 0.1, "tier": "supporting"}
WORDS = {"role": "guard", "margin": 40.0, "tier": "advisory"}


def policy(**fields: Any) -> dict[str, Any]:
    return {
        "schema": "evalhub.policy/1",
        "criteria": {"triage": TRIAGE, "sums": SUMS, "rare": RARE, "words": WORDS},
        **fields,
    }


def criteria(**changed: dict[str, Any] | None) -> dict[str, Any]:
    """The policy with these criteria changed, or left out."""
    known = policy()["criteria"] | changed
    return policy(criteria={name: each for name, each in known.items() if each})


def effects(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Effect]:
    asked = [demands_of_policy(validate(Policy, each)) for each in (old, new)]
    return {each.field: each.effect for each in policy_changes(*asked)}


@pytest.mark.parametrize(
    ("new", "field", "effect"),
    [
        (policy(alpha=0.05), "alpha", EASIER),
        (policy(alpha=0.01), "alpha", STRICTER),
        (policy(harm_alpha=0.01), "harm_alpha", EASIER),
        (policy(planned_gain=0.01), "planned_gain", EASIER),
        (policy(ledger="off"), "ledger", EASIER),
        (policy(ledger="all"), "ledger", STRICTER),
        (policy(ledger_at="server"), "ledger_at", STRICTER),
        (policy(leakage="report"), "leakage", EASIER),
        (policy(noise_floor=True), "noise_floor", STRICTER),
        (policy(primaries="any-of"), "primaries", NONE),
        (policy(preference={}), "people", STRICTER),
        (policy(preference={"required": False}), "people", OTHER),
        (policy(budgets={"cost": {"max_ratio": 1.2}}), "budgets.cost", STRICTER),
        (criteria(sums=SUMS | {"margin": 0.05}), "criteria.sums.margin", EASIER),
        (criteria(sums=SUMS | {"margin": 0.01}), "criteria.sums.margin", STRICTER),
        (criteria(sums=None), "criteria.sums", EASIER),
        (criteria(words=None), "criteria.words", NONE),
        (criteria(more=SUMS | {"test_set": "more"}), "criteria.more", STRICTER),
        (criteria(sums={"role": "guard", "relative_margin": 0.03}), "criteria.sums", OTHER),
        (criteria(sums=SUMS | {"tier": "supporting"}), "criteria.sums.tier", EASIER),
        (criteria(rare=RARE | {"tier": "critical"}), "criteria.rare.tier", STRICTER),
        (criteria(rare=RARE | {"relative_margin": 0.2}), "criteria.rare.relative_margin", EASIER),
        (criteria(words=WORDS | {"margin": 90.0}), "criteria.words.margin", NONE),
        (criteria(triage=TRIAGE | {"min_gain": 0.0}), "criteria.triage.min_gain", EASIER),
        (criteria(triage={"role": "guard", "margin": 0.01}), "criteria.triage", EASIER),
        (criteria(sums={"role": "primary", "min_gain": -0.03}), "criteria.sums", OTHER),
        (criteria(sums=SUMS | {"metric": "f1"}), "criteria.sums.metric", OTHER),
        (criteria(sums=SUMS | {"mix": {"de": 1.0}}), "criteria.sums.mix", OTHER),
        (
            criteria(sums=SUMS | {"items": {"count": 9, "digest": "0" * 64}}),
            "criteria.sums.items",
            STRICTER,
        ),
    ],
)
def test_one_change(new: dict[str, Any], field: str, effect: Effect) -> None:
    assert effects(policy(), new) == {field: effect}


def test_with_two_primaries_one_that_is_enough_is_neither() -> None:
    """It has to pass at half of alpha, which the two together hadn't to."""
    two = criteria(sums={"role": "primary"})
    assert effects(two, two | {"primaries": "any-of"}) == {"primaries": OTHER}
    either = two | {"primaries": "any-of"}
    assert effects(either, policy(primaries="any-of")) == {"criteria.sums": OTHER}
    assert effects(two, policy()) == {"criteria.sums": EASIER}


def test_the_same_is_no_change_and_the_easier_stands_first() -> None:
    assert effects(policy(), policy()) == {}
    found = effects(policy(), policy(alpha=0.05, ledger="all", primaries="any-of"))
    assert list(found.values()) == [EASIER, STRICTER, NONE]


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    tiers = st.sampled_from(["critical", "supporting", "advisory"])
    margins = st.sampled_from([0.01, 0.05, 0.2])
    asked = {"a": {"role": "primary", "min_gain": draw(st.sampled_from([-0.1, 0.0, 0.1]))}}
    if draw(st.booleans()):
        asked["b"] = {"role": "guard", "margin": draw(margins), "tier": draw(tiers)}
    if draw(st.booleans()):
        asked["c"] = {"role": "guard", "relative_margin": draw(margins), "tier": draw(tiers)}
    return policy(
        criteria=asked,
        alpha=draw(st.sampled_from([0.01, 0.025, 0.1])),
        harm_alpha=draw(st.sampled_from([0.01, 0.1])),
    )


def verdict(asked: dict[str, Any], seed: int) -> Verdict:
    """The verdict on the same made-up scores, whatever is asked of them."""
    rule = validate(Policy, asked)
    requirements = requirements_of(rule)
    levels = alphas_of(requirements, alpha=rule.alpha)
    found = []
    for each, level in zip(requirements, levels, strict=True):
        rng = np.random.default_rng([seed, ord(each.name)])
        base, tuned = (rng.random((2, 30)) < rng.uniform(0.3, 0.9, (2, 1))).astype(float)
        found.append(
            measure(
                each,
                base,
                tuned,
                clusters=None,
                weights=None,
                alpha=level,
                harm_alpha=rule.harm_alpha,
                planned_gain=rule.planned_gain,
            )
        )
    return decide("tuned", found).verdict


@settings(max_examples=20)
@given(policies(), policies(), st.integers(0, 10_000))
def test_what_is_only_stricter_never_ships_more_nor_holds_less(
    old: dict[str, Any], new: dict[str, Any], seed: int
) -> None:
    found = set(effects(old, new).values())
    assume(found <= {STRICTER, NONE} or found <= {EASIER, NONE})
    lax, strict = (old, new) if found <= {STRICTER, NONE} else (new, old)
    lenient, severe = verdict(lax, seed), verdict(strict, seed)
    order = [Verdict.HOLD, Verdict.MORE, Verdict.SHIP]
    assert order.index(severe) <= order.index(lenient)


def test_to_count_people_whom_nobody_confirmed_is_easier() -> None:
    usual, lax = ({"unconfirmed_reviewers": use} for use in ("exclude", "count"))
    old, new = policy(preference={}), policy(preference=lax)
    assert effects(old, policy(preference=usual)) == {}
    assert effects(old, new) == {"people.unconfirmed_reviewers": EASIER}
    assert effects(new, old) == {"people.unconfirmed_reviewers": STRICTER}

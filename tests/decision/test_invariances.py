"""What must change nothing changes nothing, and what is degenerate has a name."""

from dataclasses import replace
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from evalhub.decision.align import Aligned, criteria_of
from evalhub.decision.arm_scores import ItemLabel
from evalhub.decision.criterion import Criterion
from evalhub.decision.measuring import measure
from evalhub.decision.requirements import Requirement
from evalhub.decision.rule import decide

slowly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

NUMBERS = ("difference", "lower", "upper", "p_value", "p_harm", "sd", "design_effect", "baseline")
COUNTS = ("n", "clusters", "wins", "losses", "ties", "method", "test")


@st.composite
def cases(draw: st.DrawFn, role: str | None = None) -> dict[str, Any]:
    """Two arms, and what is asked of them: few items or many, yes/no or graded, in clusters or
    not, weighted or not, sampled once or more."""
    n = draw(st.integers(1, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["yes/no", "graded", "ordinal"]))
    samples = draw(st.sampled_from([None, 2]))
    shape = n if samples is None else (n, samples)
    base, tuned = (
        {
            "yes/no": (rng.random(shape) < 0.5).astype(float),
            "graded": rng.random(shape),
            "ordinal": rng.integers(0, 4, shape) / 3,
        }[kind]
        for _ in range(2)
    )
    role = role or draw(st.sampled_from(["primary", "guard", "share", "budget"]))
    fields: dict[str, Any] = {
        "primary": {"min_gain": draw(st.sampled_from([0.0, 0.05]))},
        "guard": {"margin": draw(st.sampled_from([0.0, 0.1]))},
        "share": {"relative_margin": 0.2},
        "budget": {"max_ratio": 1.5, "higher_is_better": False},
    }[role]
    clusters = [f"c{i // 3}" for i in range(n)] if draw(st.booleans()) else None
    return {
        "requirement": Requirement(
            "x", "guard" if role == "share" else role, "x", "score", **fields
        ),
        "baseline": base,
        "candidate": tuned,
        "clusters": clusters,
        "weights": rng.uniform(0.5, 2.0, n) if draw(st.booleans()) else None,
    }


def measured(case: dict[str, Any]) -> Criterion:
    rest = {name: value for name, value in case.items() if name != "requirement"}
    arms = rest.pop("baseline"), rest.pop("candidate")
    return measure(case["requirement"], *arms, alpha=0.025, planned_gain=0.05, **rest)


def same(one: Criterion, other: Criterion) -> None:
    for name in COUNTS:
        assert getattr(one, name) == getattr(other, name), name
    for name in (*NUMBERS, "ratio", "ratio_lower", "ratio_upper"):
        a, b = getattr(one, name), getattr(other, name)
        # The ends of a guard's ratio are searched for, to a thousandth of them.
        exact = 5e-3 if name in ("ratio_lower", "ratio_upper") else 1e-6
        assert (a is None) == (b is None), name
        if a is not None:
            assert a == pytest.approx(b, rel=exact, abs=1e-9), name
    assert one.holds == other.holds


@slowly
@given(cases(), st.integers(0, 2**32 - 1))
def test_the_order_of_items_does_not_matter(case: dict[str, Any], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(case["baseline"]))
    moved = case | {name: case[name][order] for name in ("baseline", "candidate")}
    if case["clusters"] is not None:
        moved["clusters"] = [case["clusters"][i] for i in order]
    if case["weights"] is not None:
        moved["weights"] = case["weights"][order]
    same(measured(case), measured(moved))


@slowly
@given(cases())
def test_the_names_of_clusters_do_not_matter(case: dict[str, Any]) -> None:
    if case["clusters"] is None:
        case["clusters"] = [f"alone {i}" for i in range(len(case["baseline"]))]
    names = {label: f"zz{crc32(label.encode()) % 1000}-{label}" for label in case["clusters"]}
    same(measured(case), measured(case | {"clusters": [names[c] for c in case["clusters"]]}))


@slowly
@given(cases("primary"))
def test_swapping_the_arms_turns_every_sign(case: dict[str, Any]) -> None:
    one = measured(case)
    other = measured(case | {"baseline": case["candidate"], "candidate": case["baseline"]})
    assert (other.baseline, other.candidate) == pytest.approx((one.candidate, one.baseline))
    assert other.difference == pytest.approx(-one.difference, abs=1e-12)
    assert (other.lower, other.upper) == pytest.approx((-one.upper, -one.lower), abs=1e-9)
    assert (other.wins, other.losses, other.ties) == (one.losses, one.wins, one.ties)
    assert (other.p_value, other.sd) == pytest.approx((one.p_value, one.sd))
    assert (other.method, other.test) == (one.method, one.test)


@slowly
@given(cases())
def test_less_is_better_where_the_arms_are_swapped(case: dict[str, Any]) -> None:
    """A metric of which less is better, and its negative of which more is."""
    asked = case["requirement"]
    if asked.factor is not None:
        return
    turned = case | {"requirement": replace(asked, higher_is_better=False)}
    one = measured(turned)
    other = measured(case | {"baseline": case["candidate"], "candidate": case["baseline"]})
    assert one.difference == pytest.approx(other.difference)
    assert (one.lower, one.upper, one.p_harm) == pytest.approx(
        (other.lower, other.upper, other.p_harm)
    )


@pytest.mark.heavy
@slowly
@given(st.lists(cases(), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_criteria_does_not_matter(listed: list[dict[str, Any]], random: Any) -> None:
    criteria = [measured(each) for each in listed]
    one = decide("tuned", criteria)
    order = list(range(len(criteria)))
    random.shuffle(order)
    other = decide("tuned", [criteria[i] for i in order])
    assert (one.verdict, one.needed_n) == (other.verdict, other.needed_n)
    assert [one.criteria[i].status for i in order] == [each.status for each in other.criteria]


@pytest.mark.heavy
@slowly
@given(st.lists(cases(), min_size=1, max_size=3), cases())
def test_what_is_advisory_changes_no_verdict(
    listed: list[dict[str, Any]], aside: dict[str, Any]
) -> None:
    criteria = [measured(each) for each in listed]
    asked = Requirement("aside", "guard", "aside", "score", margin=0.01, tier="advisory")
    extra = measured(aside | {"requirement": asked})
    one, other = decide("tuned", criteria), decide("tuned", [*criteria, extra])
    assert (one.verdict, one.needed_n) == (other.verdict, other.needed_n)
    assert one.criteria == other.criteria[:-1]


@slowly
@given(st.lists(cases("primary"), min_size=1, max_size=4))
def test_any_of_never_ships_a_lone_primary_that_all_of_would_not(
    listed: list[dict[str, Any]],
) -> None:
    """With one primary the two rules are one."""
    aligned = [
        Aligned(
            replace(case["requirement"], name=str(i)),
            [ItemLabel(f"q{j}") for j in range(len(case["baseline"]))],
            case["baseline"],
            case["candidate"],
            case["clusters"],
            weights=case["weights"],
        )
        for i, case in enumerate(listed)
    ]
    for lone in aligned:
        every, some = (
            decide(
                "tuned",
                criteria_of([lone], alpha=0.025, planned_gain=0.05, primaries=rule),
                primaries=rule,
            )
            for rule in ("all-of", "any-of")
        )
        assert (every.verdict, every.reasons) == (some.verdict, some.reasons)


def arms(n: int, kind: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(n)
    return {
        "all right": (np.ones(n), np.ones(n)),
        "all wrong": (np.zeros(n), np.zeros(n)),
        "all won": (np.zeros(n), np.ones(n)),
        "all lost": (np.ones(n), np.zeros(n)),
        "constant": (np.full(n, 0.4), np.full(n, 0.6)),
        "ties": (np.arange(n) / n, np.arange(n) / n),
        "graded": (rng.random(n), rng.random(n)),
    }[kind]


KINDS = ["all right", "all wrong", "all won", "all lost", "constant", "ties", "graded"]
ASKED = [
    Requirement("x", "primary", "x", "score"),
    Requirement("x", "guard", "x", "score", margin=0.02),
    Requirement("x", "guard", "x", "score", relative_margin=0.1),
    Requirement("x", "budget", "x", "score", max_ratio=1.2, higher_is_better=False),
]


@pytest.mark.parametrize("requirement", ASKED, ids=["primary", "guard", "share", "budget"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("clusters", ["none", "one", "alone"])
def test_one_to_three_items_never_settle_anything(
    requirement: Requirement, kind: str, n: int, clusters: str
) -> None:
    labels = {"none": None, "one": ["c"] * n, "alone": [f"c{i}" for i in range(n)]}[clusters]
    base, tuned = arms(n, kind)
    found = measure(requirement, base, tuned, clusters=labels, alpha=0.025, planned_gain=0.05)
    judged = decide("tuned", [found])
    assert judged.verdict == "need-more-data"
    numbers = (found.difference, found.lower, found.upper, found.p_value, found.p_harm, found.sd)
    assert np.isfinite(numbers).all()
    assert found.lower <= 0 <= found.upper
    assert ": open, " in judged.reasons[0]


@pytest.mark.parametrize("requirement", ASKED[:2], ids=["primary", "guard"])
def test_clusters_of_one_are_no_clusters(requirement: Requirement) -> None:
    base, tuned = arms(40, "graded")
    alone = measure(
        requirement,
        base,
        tuned,
        clusters=[f"c{i}" for i in range(40)],
        alpha=0.025,
        planned_gain=0.05,
    )
    plain = measure(requirement, base, tuned, alpha=0.025, planned_gain=0.05)
    assert alone.clusters == 40
    same(alone.model_copy(update={"clusters": None}), plain)


@pytest.mark.parametrize("kind", ["all right", "all wrong", "ties"])
def test_ties_alone_keep_a_margin_once_there_are_enough_and_gain_nothing(kind: str) -> None:
    base, tuned = arms(400, kind)
    primary, guard = (
        decide("tuned", [measure(each, base, tuned, alpha=0.025, planned_gain=0.05)])
        for each in ASKED[:2]
    )
    kept = "need-more-data" if kind == "all wrong" else "ship"
    assert (primary.verdict, guard.verdict) == ("need-more-data", kept)
    assert ("can't show a loss" in guard.reasons[0]) == (kind == "all wrong")

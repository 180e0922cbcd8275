"""The rule that routes users: its vectors, its ranges, and what a ramp moves."""

import hashlib
import hmac
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from evalhub.features.experiments.rule import RoutingRule, Variant, place
from evalhub.features.experiments.starting import WEIGHT
from evalhub.features.traffic.keeping import pseudonym

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "vectors.json").read_text(encoding="utf-8")
)
SHARES = (0.01, 0.05, 0.25, 0.5)
UNITS = [hashlib.md5(b"%d" % number).hexdigest() for number in range(100_000)]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["user"][:20])
def test_the_vectors_hold(vector: dict[str, Any]) -> None:
    unit = pseudonym(vector["user"], vector["user_key"])
    assert unit == vector["unit"]
    assert place(vector["salt"], unit) == vector["place"]
    rule = RoutingRule(vector["salt"], vector["weight"], vector["coverage"])
    assert (rule.variant(unit) or "") == vector["arm"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["user"][:20])
def test_a_place_is_exact_in_every_language(vector: dict[str, Any]) -> None:
    """As fractions: a place has 52 bits, which a double holds."""
    key, user = vector["user_key"].encode(), vector["user"].encode()
    unit = hmac.new(key, user, hashlib.sha256).hexdigest()[:32]
    digits = hashlib.sha256(f"{vector['salt']}:{unit}".encode()).hexdigest()[:13]
    assert Fraction(vector["place"]) == Fraction(int(digits, 16), 16**13)


@pytest.mark.parametrize(
    ("weight", "coverage", "champion", "challenger"),
    [
        (0.5, 0.5, (0, 0.25), (0.5, 0.75)),  # GrowthBook's cases.json 0.7.1, two arms
        (0.5, 0.2, (0, 0.1), (0.5, 0.6)),  # of three arms its last; both others as one
        (0.8, 0.2, (0, 0.04), (0.2, 0.36)),  # of three arms its first; both others as one
        (0.5, 1.0, (0, 0.5), (0.5, 1)),
        (0.5, 0.0, (0, 0), (0.5, 0.5)),
    ],
)
def test_the_ranges_are_growthbooks(
    weight: float, coverage: float, champion: tuple[float, float], challenger: tuple[float, float]
) -> None:
    ranges = RoutingRule("any", weight, coverage).ranges
    assert ranges[Variant.CHAMPION] == pytest.approx(champion)
    assert ranges[Variant.CHALLENGER] == pytest.approx(challenger)


def arms(variant: Callable[[str], Variant | None]) -> list[Variant | None]:
    return [variant(unit) for unit in UNITS]


def test_a_ramp_moves_nobody_to_another_arm() -> None:
    before = arms(RoutingRule("salt", WEIGHT, SHARES[0] / WEIGHT).variant)
    for share in SHARES[1:]:
        after = arms(RoutingRule("salt", WEIGHT, share / WEIGHT).variant)
        pairs = list(zip(before, after, strict=True))
        assert sum(was is not None and was != now for was, now in pairs) == 0
        assert after.count(Variant.CHALLENGER) / len(UNITS) == pytest.approx(share, abs=0.005)
        assert after.count(Variant.CHAMPION) / len(UNITS) == pytest.approx(share, abs=0.005)
        before = after


def test_a_threshold_that_is_raised_moves_four_in_ten() -> None:
    """From 10% to 50%, as weights do it: the champion's users become the challenger's."""
    places = [place("salt", unit) for unit in UNITS]
    moved = sum(0.1 <= at < 0.5 for at in places)
    assert moved / len(UNITS) == pytest.approx(0.401, abs=0.005)


def test_another_salt_deals_users_anew() -> None:
    first, second = (arms(RoutingRule(salt, 0.5, 1.0).variant) for salt in ("one", "two"))
    same = sum(was == now for was, now in zip(first, second, strict=True))
    assert same / len(UNITS) == pytest.approx(0.5, abs=0.01)

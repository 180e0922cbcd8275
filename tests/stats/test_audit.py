"""Sizes of a random audit and its exact limits, against published values and enumeration."""

from fractions import Fraction
from math import comb

import pytest

from evalhub.stats.audit import audit_interval, audit_size
from evalhub.stats.errors import StatisticsError

SURE = 0.95


@pytest.mark.parametrize(
    ("rate", "allowed", "size"),
    [
        # (1 - r)^n < .05: the "rule of three" tables of acceptance and discovery sampling.
        (0.10, 0, 29),
        (0.05, 0, 59),
        (0.02, 0, 149),
        (0.01, 0, 299),
        (0.001, 0, 2995),
        # With one and two errors allowed at 5%: 93 and 124 (Wilks 1941's sizes for 95%/95%
        # tolerance limits; the same equation).
        (0.05, 1, 93),
        (0.05, 2, 124),
    ],
)
def test_as_many_rows_as_published_tables_have(rate, allowed, size):
    assert audit_size(rate, allowed=allowed, confidence=SURE) == size
    tail = sum(
        comb(size, i) * Fraction(str(rate)) ** i * (1 - Fraction(str(rate))) ** (size - i)
        for i in range(allowed + 1)
    )
    assert tail <= Fraction(1, 20)


def exact_chance(none_in: int, wrong: int, population: int) -> Fraction:
    return Fraction(comb(population - wrong, none_in), comb(population, none_in))


@pytest.mark.parametrize(("population", "rate"), [(100, 0.05), (1000, 0.01), (1000, 0.05)])
def test_a_finite_file_needs_the_fewest_rows_that_rule_its_rate_out(population, rate):
    size = audit_size(rate, confidence=SURE, population=population)
    wrong = round(rate * population)
    assert size < audit_size(rate, confidence=SURE)
    assert exact_chance(size, wrong, population) <= Fraction(1, 20)
    assert exact_chance(size - 1, wrong, population) > Fraction(1, 20)


def test_of_a_file_of_which_one_row_is_the_rate_nearly_all_are_read():
    """One wrong row of 100 is missed by n with chance 1 − n/100: 95 rows."""
    assert audit_size(0.01, confidence=SURE, population=100) == 95


def test_more_errors_allowed_than_the_rate_has_rows_can_show_nothing():
    assert audit_size(0.01, allowed=1, confidence=SURE, population=100) is None


def test_limits_without_a_population_are_clopper_and_pearsons():
    """Published for 10 of 100: .0490 to .1762 (Newcombe 1998, and any table); 0 of n has the
    closed form 1 − (α/2)^(1/n)."""
    ten = audit_interval(10, 100)
    assert (ten.lower, ten.upper) == pytest.approx((0.0490, 0.1762), abs=1e-4)
    none = audit_interval(0, 299)
    assert (none.lower, none.upper) == (0.0, pytest.approx(1 - 0.025 ** (1 / 299)))
    assert audit_interval(0, 59, alpha=0.05).upper < 0.05 < audit_interval(0, 58, alpha=0.05).upper


@pytest.mark.parametrize(("wrong", "rows", "population"), [(0, 20, 100), (3, 20, 100), (2, 10, 40)])
def test_limits_of_a_finite_file_are_the_counts_that_its_tails_keep(wrong, rows, population):
    """By enumeration: K is kept where P(X ≤ x) and P(X ≥ x) are both above .025."""
    total = comb(population, rows)

    def chance(seen: int, count: int) -> Fraction:
        return Fraction(comb(count, seen) * comb(population - count, rows - seen), total)

    possible = [
        count
        for count in range(wrong, population - rows + wrong + 1)
        if sum(chance(i, count) for i in range(wrong + 1)) > Fraction(1, 40)
        and sum(chance(i, count) for i in range(wrong, rows + 1)) > Fraction(1, 40)
    ]
    limits = audit_interval(wrong, rows, population=population)
    assert (limits.lower, limits.upper) == (possible[0] / population, possible[-1] / population)
    assert limits.value == wrong / rows


def test_who_reads_every_row_knows_the_rate():
    limits = audit_interval(4, 50, population=50)
    assert (limits.value, limits.lower, limits.upper) == (0.08, 0.08, 0.08)


@pytest.mark.parametrize(
    "call",
    [
        lambda: audit_size(0, confidence=SURE),
        lambda: audit_size(0.1, confidence=1),
        lambda: audit_size(0.1, allowed=-1, confidence=SURE),
        lambda: audit_interval(3, 2),
        lambda: audit_interval(1, 0),
        lambda: audit_interval(1, 20, population=10),
    ],
)
def test_what_is_no_audit_is_refused(call):
    with pytest.raises(StatisticsError):
        call()

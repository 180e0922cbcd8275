"""Numbers that can be computed with, and those that can't."""

from typing import Any

import pytest

from evalhub.io.numbers import finite_number


@pytest.mark.parametrize(
    ("given", "number"),
    [(3, 3.0), ("2.5", 2.5), (True, 1.0), (-1e15, -1e15), (0, 0.0), (1e-30, 1e-30)],
)
def test_a_number_is_taken_also_where_it_is_text(given: Any, number: float) -> None:
    assert finite_number(given) == number


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("nan", "a finite number was expected, not 'nan'"),
        ("x", "a finite number was expected, not 'x'"),
        (None, "a finite number was expected, not None"),
        ([], "a finite number was expected"),
        ("1e400", "a number beyond 1e\\+15 in size can't be used: '1e400'"),
        (10**400, "a number beyond 1e\\+15 in size can't be used: 1000"),
        (-1e308, "a number beyond 1e\\+15 in size can't be used: -1e\\+308"),
        (1e-320, "a number so near to 0 can't be used: 1e-320; write 0"),
    ],
)
def test_what_can_not_be_computed_with_is_said(given: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        finite_number(given)

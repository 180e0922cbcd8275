"""The faults that are put into the code to try the tests."""

import ast
from dataclasses import asdict

import pytest

from tests.mutations.faults import drawn, faults, found_again

SOURCE = '''"""A file — with words that stay: 1 < 2."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

LEVEL = 0.05


class Rule:
    least: int = 3

    def holds(self, low: "Decimal | int", high: float = 1.0) -> bool | None:
        """Whether 1 < 2."""
        if low > self.least and not high == 2:
            self.low = low + 1
            return low <= LEVEL * high
        if low is None:
            raise ValueError(f"„{low + 1}“ is too small" + "x")
        print(low); high -= 1
        return None if high else True


def later(low: int) -> int:
    return low + 1
'''
ALL = faults("rule.py", SOURCE)


def test_each_fault_changes_one_place_and_the_file_still_compiles() -> None:
    for fault in ALL:
        changed = fault.put_into(SOURCE)
        compile(changed, fault.path, "exec")
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(SOURCE))
        assert len(changed) - len(SOURCE) == len(fault.after) - len(fault.before)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("low > self.least", "(low >= self.least)"),
        ("low > self.least and not high == 2", "(low > self.least or not high == 2)"),
        ("not high == 2", "(high == 2)"),
        ("low is None", "(low is not None)"),
        ("LEVEL * high", "(LEVEL / high)"),
        ("return low <= LEVEL * high", "return None"),
        ("self.low = low + 1", "pass"),
        ("print(low)", "pass"),
        ("high -= 1", "pass"),
        ("3", "4"),
        ("3", "(2)"),
        ("0.05", "0.05500000000000001"),
        ("True", "False"),
        ("None if high else True", "(None if not high else True)"),
    ],
)
def test_a_fault_is_a_small_mistake(before: str, after: str) -> None:
    assert (before, after) in {(fault.before, fault.after) for fault in ALL}


def test_words_types_and_what_is_raised_stay() -> None:
    assert {fault.line for fault in ALL} == {8, 12, 14, 16, 17, 18, 19, 21, 22, 26}


def test_what_runs_when_the_file_is_imported_is_told_from_what_a_test_calls() -> None:
    assert {fault.line for fault in ALL if not fault.in_function} == {8, 12, 14}


def test_the_same_faults_are_drawn_each_time_and_no_two_of_a_line() -> None:
    first = drawn(ALL, 6, "an area")
    assert first == drawn(iter(ALL), 6, "an area")
    assert len({fault.line for fault in first}) == 6
    assert first != drawn(ALL, 6, "another area")


def test_a_fault_is_found_again_where_its_line_went() -> None:
    later = [fault for fault in ALL if fault.before == "low + 1"][-1]
    moved = SOURCE.replace("class Rule", "TWO = 2\n\n\nclass Rule")
    again = found_again(asdict(later), later.line, faults("rule.py", moved))
    assert again is not None
    assert (again.line, again.before) == (later.line + 3, "low + 1")
    assert found_again(asdict(later), later.line, faults("rule.py", "TWO = 2")) is None

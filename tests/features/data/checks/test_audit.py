"""The random audit of a file."""

import random
from dataclasses import replace

import pytest

from evalhub.features.data.checks.audit import CHECK
from evalhub.features.data.checks.check import CheckResult
from evalhub.features.data.rows.verdicts import RowVerdict
from evalhub.stats.audit import audit_interval
from tests.features.data.checks.rows_of import result_of, rows_of, settings_of

ROWS = rows_of([(f"Question {n}?", f"Answer {n}.") for n in range(5_000)])


def lines_of(result) -> list[int]:
    return [int(line) for _, _, lines in result.tables[0].rows for line in lines.split(", ")]


def test_rows_are_drawn_for_a_stated_error_rate() -> None:
    """Of 5,000 rows fewer than of an endless file (59, 149, 299)."""
    result = result_of(CHECK, ROWS)
    assert result.findings == ()
    assert [row[:2] for row in result.tables[0].rows] == [("5%", 59), ("2%", 147), ("1%", 290)]
    lines = lines_of(result)
    assert len(set(lines)) == len(lines) == result.measures[0].value == 290


def test_the_seed_draws_the_same_rows_again_and_another_one_others() -> None:
    assert lines_of(result_of(CHECK, ROWS)) == lines_of(result_of(CHECK, ROWS))
    other = settings_of()
    other = type(other)(options=other.options.model_copy(update={"seed": 1}))
    assert set(lines_of(result_of(CHECK, ROWS))) != set(lines_of(result_of(CHECK, ROWS, other)))


def test_each_row_is_as_likely_to_be_drawn_as_any_other() -> None:
    """Of the drawn lines about half lie in the file's first half: 145 ± 2.6 · √(290/4)."""
    first_half = sum(line <= 2_500 for line in lines_of(result_of(CHECK, ROWS)))
    assert abs(first_half - 145) < 2.6 * (290 / 4) ** 0.5


def test_its_intervals_hold_the_true_rate_in_nineteen_of_twenty_files() -> None:
    """50 of 5,000 rows are wrong. 200 audits by 200 seeds: the limits from the printed table hold
    1% in at least 190, as exact limits must (they hold it in more)."""
    wrong = set(random.Random(5).sample(range(1, 5_001), 50))
    held = 0
    small = ROWS[:5_000]
    for seed in range(200):
        options = settings_of().options.model_copy(update={"seed": seed})
        result = result_of(CHECK, small, type(settings_of())(options=options))
        seen = len(wrong & set(lines_of(result)))
        limits = {count: (low, high) for count, low, high in result.tables[1].rows}
        held += seen not in limits or limits[seen][0] <= 1 <= limits[seen][1]
    assert held >= 190


def test_of_a_small_file_every_row_is_read() -> None:
    result = result_of(CHECK, ROWS[:10])
    assert sorted(lines_of(result)) == [*range(1, 11)]
    assert result.tables[1].rows[0] == (0, 0.0, 0.0)
    assert result_of(CHECK, []).tables == ()


def read_by_people(lines: list[int], wrong: int) -> CheckResult:
    """The check with people's labels of these rows, the first ones of which are wrong."""
    labels = {
        line: RowVerdict(line=line, verdict="wrong" if number < wrong else "right")
        for number, line in enumerate(lines)
    }
    return result_of(CHECK, ROWS, replace(settings_of(), labelled=labels))


def test_labels_of_the_audit_give_the_file_s_error_rate() -> None:
    """Of 59 of 5,000 rows 2 are wrong: 3.4%. The limits are those that the interval's own test
    holds to published ones."""
    first = [int(line) for line in result_of(CHECK, ROWS).tables[0].rows[0][2].split(", ")]
    [_, share] = read_by_people(first, wrong=2).measures
    limits = audit_interval(2, 59, population=5_000)
    assert share.value == pytest.approx(100 * 2 / 59)
    assert (share.lower, share.upper) == (100 * limits.lower, 100 * limits.upper)
    assert share.lower < 3.4 < share.upper


def test_labels_of_rows_that_people_chose_give_none() -> None:
    chosen = [line for line in range(1, 400) if line not in lines_of(result_of(CHECK, ROWS))]
    assert len(read_by_people(chosen, wrong=3).measures) == 1

"""Metrics beside their reference implementations, and the document that says how far apart."""

import importlib.util
from pathlib import Path

import pytest

from runners.metrics import METRICS
from tests.runners.metrics.reference_cases import CASES, COMPARED_ELSEWHERE, RANDOM, Case

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "reference" / "metric-rules.md").read_text(encoding="utf-8")
ROWS = [
    line
    for line in PAGE.partition("## Beside reference implementations")[2].splitlines()
    if line.startswith("| ") and not line.startswith(("| metric", "| ---"))
]
HEAVY = {"rouge_l": "rouge_score"}
"""Metrics whose reference takes seconds to load, and its package: it comes with lm-eval."""
OWN = ("own rule", "as recorded")
"""How `reference_implementation` begins where nothing is beside a metric."""


def cases(*, heavy: bool) -> list[Case]:
    return [each for each in CASES if (each.name in HEAVY) == heavy]


@pytest.mark.parametrize("case", cases(heavy=False), ids=lambda case: case.name)
def test_the_greatest_difference_is_the_document_s(case: Case) -> None:
    assert [len(each) for each in case.inputs] == [RANDOM, 20]
    assert case.row in ROWS


@pytest.mark.heavy
@pytest.mark.parametrize("case", cases(heavy=True), ids=lambda case: case.name)
def test_so_it_is_of_those_that_load_slowly(case: Case) -> None:
    if importlib.util.find_spec(HEAVY[case.name]) is None:
        pytest.skip(f"{HEAVY[case.name]} isn't installed: it comes with the extra lm-eval")
    assert case.row in ROWS


def test_the_document_has_all_of_them_and_no_other() -> None:
    assert [row.split(" | ")[0].strip("| ") for row in ROWS] == [case.name for case in CASES]


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_with_a_reference_is_compared_with_it_in_one_place(name: str) -> None:
    own = METRICS[name].reference_implementation.startswith(OWN)
    cases = {case.name.partition(",")[0] for case in CASES}
    places = (name in cases) + (name in COMPARED_ELSEWHERE)
    assert places == (0 if own else 1), f"{name}: tests/runners/metrics/reference_cases.py"


@pytest.mark.parametrize(("name", "place"), COMPARED_ELSEWHERE.items())
def test_a_comparison_that_stands_elsewhere_is_there(name: str, place: str) -> None:
    file, _, test = place.partition("::")
    source = (ROOT / file).read_text(encoding="utf-8")
    assert f"def {test}(" in source, f"{name}: {place}"

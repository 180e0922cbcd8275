"""The page on labels and confidence says what the code does."""

import re
from pathlib import Path

from evalhub.stats.calibration import LEAST_ANSWERS
from evalhub.stats.label_scores import LEAST_ITEMS, LEAST_OF_A_LABEL
from runners.metrics import metric_declaration
from tests.benchmarks.calibration_coverage import CASES as CALIBRATION_CASES
from tests.benchmarks.classification_coverage import CASES, SCORES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "classification.md").read_text(
    encoding="utf-8"
)


def test_every_score_is_listed_with_what_it_needs() -> None:
    table = PAGE.partition("| needs |")[2].partition("\n\n")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]* \| ([^|]*) \|$", table, re.MULTILINE))
    assert set(rows) == set(SCORES)
    assert rows.pop("accuracy") == "any number of items"
    needed = [rows[score] for score in SCORES if score in rows]
    assert all(row.startswith(f"{LEAST_ITEMS} items") for row in needed)
    assert all(f"{LEAST_OF_A_LABEL} of" in rows[score] for score in SCORES[1:3] + SCORES[4:])
    assert f"It needs\n{LEAST_ANSWERS} answers." in PAGE


def test_every_score_and_case_has_its_coverage() -> None:
    """No coverage below .94, and no tail above what the page says of overconfident arms."""
    rows = re.findall(r"^\| `(\w+)` \| ([.\d]+) to \S+ \| ([.\d]+) to \S+ \| (\S+) \|$", PAGE, re.M)
    assert tuple(score for score, *_ in rows) == SCORES
    assert all(float(arm) >= 0.94 <= float(pair) for _, arm, pair, _ in rows)
    assert max(float(tail) for *_, tail in rows) < 0.035
    assert len(CASES) == 9
    cases = re.findall(r"^\| ([^|]+) \| (\d+) \| \S+ \((\S+), (\S+)\) \|", PAGE, re.M)
    assert [(name, int(n)) for name, n, *_ in cases] == [(c.name, c.n) for c in CALIBRATION_CASES]
    assert max(float(tail) for row in cases for tail in row[2:]) == 0.041


def test_the_example_is_a_metric() -> None:
    assert 'extract: "(?s).*label: (.*)"' in PAGE
    metric = metric_declaration(
        "classification",
        score="macro_f1",
        labels=["billing", "refund", "other"],
        extract="(?s).*label: (.*)",
    )
    assert metric.scored_together

"""The page on the statistics of data says the numbers of the code."""

from pathlib import Path

import pytest

from evalhub.features.data.checks import represented
from evalhub.features.data.checks.representativeness_clusters import FEWEST_USERS_OF_WORD
from evalhub.features.data.reference import traffic_reference
from evalhub.features.data.reference.file_reference import TEXTS
from evalhub.features.data.rows.slices import FIELDS
from evalhub.ledger.leakage.tables import JACCARD
from evalhub.stats.representation import FAR_BELOW
from tests.benchmarks.learning_curve_coverage import CASES, FLAT, SIZES, WORTH
from tests.benchmarks.representativeness_rates import LACKING, NULLS, UNNAMED

PAGE = " ".join(
    (Path(__file__).resolve().parents[2] / "docs/explanation/statistics-of-data.md")
    .read_text()
    .split()
)


@pytest.mark.parametrize(
    ("sentence", "value"),
    [
        ("at most five random questions of each", represented.MOST_OF_USER == 5),
        ("of at most 5,000 users", traffic_reference.MOST_USERS == 5_000),
        ("α is 0.05/3", represented.LEVEL_OF_CHECK == 0.05 / 3),
        ("at most half of production's", FAR_BELOW == 0.5),
        ("five users or more have said", FEWEST_USERS_OF_WORD == 5),
        ("a Jaccard similarity of .6", JACCARD == 0.6),
        (
            "as `input`, `question`, `prompt` or `text`",
            set(TEXTS) == {"input", "question", "prompt", "text"},
        ),
        ("tag, topic, category, intent", {"topic", "category", "intent", "route"} < set(FIELDS)),
        ("trained on 250, 500 and 1,000", SIZES == (250, 500, 1_000)),
        ("a gain of 0.02 is worth a doubling", WORTH == 0.02),
    ],
)
def test_it_says_the_numbers_of_the_code(sentence: str, value: bool) -> None:
    assert sentence in PAGE
    assert value


@pytest.mark.parametrize("case", [*CASES, *FLAT, *NULLS, UNNAMED, *LACKING], ids=str)
def test_every_simulated_case_has_its_line(case: object) -> None:
    assert f"| {case} |" in PAGE

"""Made-up training sets with planted faults: what is planted, how it is scored, what is found."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

import pytest

from evalhub.features.traffic.privacy.personal_data import personal_data
from evalhub.io.masking_tokens import DataKind
from tests.benchmarks.data_faults.__main__ import SEED, planted_set
from tests.benchmarks.data_faults.arithmetic_set import make_arithmetic_set
from tests.benchmarks.data_faults.identifiers import HARMLESS, a_card, an_iban, passes_luhn
from tests.benchmarks.data_faults.instruction_set import make_instruction_set
from tests.benchmarks.data_faults.ours import named_by_evalhub
from tests.benchmarks.data_faults.planting import FaultKind, PlantedFault, PlantedSet, plant
from tests.benchmarks.data_faults.rows import ALIKE, MadeSet, PlainRow, shingles
from tests.benchmarks.data_faults.scoring import FaultScore, kinds_of, score
from tests.benchmarks.data_faults.support_set import make_support_set

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs" / "explanation" / "planted-faults.md"
MAKERS = (make_support_set, make_instruction_set, make_arithmetic_set)


@pytest.fixture(scope="module", params=MAKERS, ids=lambda maker: maker.__name__)
def planted(request: pytest.FixtureRequest) -> PlantedSet:
    return plant(request.param(5, rows=400, tests=40), 6)


def similarity(one: PlainRow, other: PlainRow) -> float:
    parts, others = shingles(one.question), shingles(other.question)
    return len(parts & others) / len(parts | others)


def test_the_same_seed_makes_the_same_set_with_the_same_faults(planted: PlantedSet) -> None:
    [maker] = [each for each in MAKERS if planted.made.name[:7] in each.__name__]
    again = plant(maker(5, rows=400, tests=40), 6)
    assert again == planted


def test_a_row_has_one_fault_at_most_and_all_kinds_are_planted(planted: PlantedSet) -> None:
    lines = [fault.line for fault in planted.faults]
    assert len(lines) == len({*lines})
    assert {"exact copy", "near-copy", "contradiction", "leak, part"} <= {*kinds_of(planted)}


def test_copies_are_copies_and_contradictions_have_another_answer(planted: PlantedSet) -> None:
    for fault in planted.faults:
        if fault.beside is None:
            continue
        row, other = (planted.made.rows[line - 1] for line in (fault.line, fault.beside))
        if fault.kind == "exact copy":
            assert row == other
        elif fault.kind == "near-copy":
            assert row.answer == other.answer
            assert row.question != other.question
            assert similarity(row, other) >= 0.4
        else:
            assert row.answer != other.answer
            assert shingles(row.question) == shingles(other.question)


@pytest.mark.parametrize("maker", MAKERS)
def test_rows_are_unlike_each_other_before_faults_are_planted(
    maker: Callable[..., MadeSet],
) -> None:
    """But for word problems that are told again with other numbers."""
    made = maker(7, rows=150, tests=10)
    alike = [
        (one, other)
        for place, one in enumerate(made.rows)
        for other in made.rows[:place]
        if similarity(one, other) >= ALIKE
    ]
    assert all(numbers_of(one) != numbers_of(other) for one, other in alike)
    assert len(alike) <= (3 if made.name == "arithmetic" else 0)


def numbers_of(row: PlainRow) -> list[str]:
    return re.findall(r"\d+", row.question)


def test_no_row_is_about_the_topic_that_a_tenth_of_the_traffic_is_about(
    planted: PlantedSet,
) -> None:
    made = planted.made
    assert made.missing not in {row.topic for row in made.rows}
    share = sum(question.topic == made.missing for question in made.traffic) / len(made.traffic)
    assert share == pytest.approx(0.1, abs=0.01)


def test_made_up_cards_and_ibans_have_their_checksums_and_order_numbers_none() -> None:
    """4111 1111 1111 1111, a test card, passes Luhn; DE89 3704 0044 0532 0130 00 is the example of
    the IBAN registry."""
    rng = Random(0)
    for _ in range(200):
        assert [match.kind for match in personal_data(a_card(rng))] == [DataKind.CARD]
        assert [match.kind for match in personal_data(an_iban(rng))] == [DataKind.IBAN]
        assert personal_data(f"order {HARMLESS['order'](rng)}") == []
    assert passes_luhn("4111111111111111")
    assert [match.kind for match in personal_data("DE89 3704 0044 0532 0130 00")] == [DataKind.IBAN]


def test_a_word_problem_ends_in_the_result_of_its_steps() -> None:
    for row in make_arithmetic_set(3, rows=200, tests=0).rows:
        *steps, last = row.answer.splitlines()
        assert re.findall(r"\d+", last)[-1] in re.findall(r"\d+", steps[-1])


def a_planted_set(*faults: PlantedFault) -> PlantedSet:
    made = make_support_set(1, rows=1, tests=0)
    return PlantedSet(made, faults)


def test_recall_counts_faults_and_precision_counts_lines() -> None:
    """Two copies of which one is named by its original: recall .5. Named are that line, and one
    without a fault: precision .5."""
    made = a_planted_set(PlantedFault("near-copy", 3, 8), PlantedFault("near-copy", 4, 9))
    assert score(made, "near-copy", {8, 20}) == FaultScore(planted=2, hits=1, named=2, right=1)
    assert score(made, "near-copy", {8, 20}).recall == 0.5
    assert score(made, "near-copy", {8, 20}).precision == 0.5


def test_a_contradiction_named_for_a_wrong_label_is_right_but_no_hit() -> None:
    made = a_planted_set(PlantedFault("wrong label", 3), PlantedFault("contradiction", 4, 9))
    assert score(made, "wrong label", {3, 9}) == FaultScore(planted=1, hits=1, named=2, right=2)
    assert score(made, "contradiction", ()).precision is None


def stated_scores(tool: int) -> Mapping[tuple[str, str], tuple[float, float]]:
    """By set and fault, recall and precision as the document's table states them."""
    rows = re.findall(r"^\| (\w+) \| ([\w, -]+) \| \d+ \| (.+) \|$", DOCUMENT.read_text(), re.M)
    cells = {(name, fault): cells.split(" | ")[tool] for name, fault, cells in rows}
    return {
        key: (float(recall), float(precision))
        for key, cell in cells.items()
        if "/" in cell
        for recall, precision in [cell.split(" / ")]
    }


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["support", "instructions", "arithmetic"])
def test_evalhub_finds_what_the_document_states(name: str, tmp_path: Path) -> None:
    planted = planted_set(name, SEED)
    named = named_by_evalhub(planted, tmp_path / "train.jsonl")
    stated = {fault: cell for (of, fault), cell in stated_scores(0).items() if of == name}
    kinds: list[FaultKind] = [kind for kind in kinds_of(planted) if kind in named.lines]
    assert {*stated} == {*kinds, "missing topic"}
    for kind in kinds:
        result = score(planted, kind, named.lines[kind])
        recall, precision = stated[kind]
        assert round(result.recall, 2) >= recall, kind
        assert round(result.precision or 0.0, 2) >= precision, kind
    assert named.topics is not None
    assert {*named.topics} == {planted.made.missing}

"""A training file beside what production asks: slices, clusters, words, and what isn't known.

Rates and power: python -m tests.benchmarks.representativeness_rates.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from evalhub.declare.data_report import CheckOptions, ReportTable
from evalhub.features.data.checks import (
    representativeness_clusters,
    representativeness_slices,
    representativeness_words,
)
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck, ReferenceText
from evalhub.features.data.checks.represented import LEVEL, NO_QUESTIONS, NO_REFERENCE, percent
from evalhub.features.data.rows.training_rows import TrainingRow
from tests.benchmarks.representativeness_rates import (
    LACKING,
    NULLS,
    PLANTED,
    Case,
    check_all,
    question,
    simulate,
)

SLICES, CLUSTERS, WORDS = (
    representativeness_slices.CHECK,
    representativeness_clusters.CHECK,
    representativeness_words.CHECK,
)
ALL = (SLICES, CLUSTERS, WORDS)
RUNS = 40


def result_of(
    check: DataCheck,
    rows: Sequence[TrainingRow],
    reference: Sequence[ReferenceText] | None,
    **options: Any,
) -> CheckResult:
    assert check.on_sample is not None
    settings = CheckSettings(options=CheckOptions(**options), reference=reference)
    return check.on_sample(rows, settings)


def a_row(line: int, prompt: str, **fields: Any) -> TrainingRow:
    return TrainingRow(line, "prompt-completion", "", prompt, "An answer.", fields=fields)


def rows_with_routes(**counts: int) -> list[TrainingRow]:
    routes = [route for route, count in counts.items() for _ in range(count)]
    return [
        a_row(line, f"What about {route}, number {line}?", route=route)
        for line, route in enumerate(routes, 1)
    ]


def queries_with_routes(**counts: int) -> list[ReferenceText]:
    routes = [route for route, count in counts.items() for _ in range(count)]
    return [
        ReferenceText(f"What about {route}, case {user}?", f"user{user}", {"route": (route,)})
        for user, route in enumerate(routes)
    ]


def row_of(table: ReportTable, name: str) -> dict[str, Any]:
    (cells,) = [cells for cells in table.rows if cells[0] == name]
    return dict(zip(table.columns, cells, strict=True))


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.name)
def test_without_a_reference_it_says_what_would_make_it_possible(check: DataCheck) -> None:
    result = result_of(check, rows_with_routes(billing=50), None)
    assert [each.reason for each in result.unchecked] == [NO_REFERENCE]
    assert not result.findings


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.name)
def test_rows_without_a_question_aren_t_compared(check: DataCheck) -> None:
    texts = [TrainingRow(line, "text", "", "", "All of it.") for line in range(1, 60)]
    result = result_of(check, texts, queries_with_routes(billing=100))
    assert [each.reason for each in result.unchecked] == [NO_QUESTIONS]


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.name)
def test_a_reference_of_few_users_tells_nothing(check: DataCheck) -> None:
    result = result_of(check, rows_with_routes(billing=50), queries_with_routes(billing=20))
    assert "questions of 20 users, and 40 or more" in result.unchecked[0].reason


def test_sixty_percent_of_queries_have_a_route_and_ten_of_examples() -> None:
    rows = rows_with_routes(pricing=50, returns=450)
    result = result_of(SLICES, rows, queries_with_routes(pricing=600, returns=400))
    (finding,) = result.findings
    assert finding.title == "60% of queries have route pricing, 10% of examples"
    assert finding.weight == "important"
    assert finding.rows == 50
    assert finding.lines == tuple(range(1, 51))
    assert len(finding.examples) == 5
    # (50 + x)/(500 + x) = .6
    assert "Add about 625 examples of it to these 500" in finding.advice
    pricing = row_of(result.tables[0], "route pricing")
    assert (pricing["queries"], pricing["examples"], pricing["share of examples"]) == (0.6, 50, 0.1)
    assert pricing["difference"] == -0.5
    assert pricing["lacking"] == 625
    assert pricing["from"] < 0.6 < pricing["to"]


def test_topics_read_as_the_seed_has_them() -> None:
    queries = [
        ReferenceText(f"case {user}", f"u{user}", {"topic": ("pricing",)}) for user in range(60)
    ]
    queries += [
        ReferenceText(f"case {user}", f"u{user}", {"topic": ("returns",)})
        for user in range(60, 100)
    ]
    rows = [a_row(line, f"row {line}", topic="returns") for line in range(1, 301)]
    (finding,) = result_of(SLICES, rows, queries).findings
    assert finding.title == "60% of queries concern pricing, no example does"


def test_the_sizes_of_the_task_are_a_floor_for_what_lacks() -> None:
    """Reasoning needs 1,000 or more: a fifth is 200, of which it has none."""
    queries = queries_with_routes(billing=80, refunds=20)
    rows = rows_with_routes(billing=200)
    result = result_of(SLICES, rows, queries, task="reasoning")
    assert row_of(result.tables[0], "route refunds")["lacking"] == 200
    assert "Add about 200 examples of it to these 200" in result.findings[0].advice
    assert "or to that of the 1,000 that guides state" in result.findings[0].advice
    assert row_of(result_of(SLICES, rows, queries).tables[0], "route refunds")["lacking"] == 50


def test_what_rows_don_t_say_isn_t_guessed() -> None:
    rows = [a_row(line, f"What about billing, number {line}?") for line in range(1, 201)]
    result = result_of(SLICES, rows, queries_with_routes(billing=50, returns=50))
    assert [each.reason for each in result.unchecked] == [
        "queries have a route, and no row has a field `route`: with it the shares can be compared"
    ]
    assert not [row for table in result.tables for row in table.rows if "route" in str(row[0])]


def test_rows_that_don_t_say_their_slice_aren_t_counted_in_it() -> None:
    rows = rows_with_routes(billing=100, returns=100)
    rows += [a_row(line, f"Something, number {line}") for line in range(201, 801)]
    table = result_of(SLICES, rows, queries_with_routes(billing=50, returns=50)).tables[0]
    assert row_of(table, "route billing")["share of examples"] == 0.5


def test_tags_are_read_as_test_sets_have_them() -> None:
    rows = [a_row(line, f"number {line}", tags=["route:billing", "vip"]) for line in range(1, 101)]
    queries = [
        ReferenceText(f"case {user}", f"u{user}", {"route": ("billing",), "tag": ("vip", "new")})
        for user in range(100)
    ]
    table = result_of(SLICES, rows, queries).tables[0]
    assert row_of(table, "route billing")["share of examples"] == 1
    assert row_of(table, "tag new")["examples"] == 0


def test_language_and_length_are_known_from_the_question() -> None:
    german = "Wie kann ich die Rechnung für den letzten Monat herunterladen und ausdrucken?"
    english = "How can I download and print the invoice for the last month, please?"
    queries = [ReferenceText(german if user < 60 else english, f"u{user}") for user in range(100)]
    rows = [a_row(line, f"{english} Number {line}") for line in range(1, 201)]
    result = result_of(SLICES, rows, queries)
    (finding,) = result.findings
    assert finding.title == "60% of queries are in de, no example does"
    assert row_of(result.tables[0], "length short")["share of examples"] == 1


def a_question(topic: int, number: int) -> str:
    return question(np.random.default_rng([topic, number]), topic)


def queries_about(**of_topic: int) -> list[ReferenceText]:
    pairs = [(int(name[1:]), each) for name, count in of_topic.items() for each in range(count)]
    return [
        ReferenceText(a_question(topic, number), f"u{topic}-{number}") for topic, number in pairs
    ]


def test_a_missing_cluster_is_named_with_its_traffic() -> None:
    queries = queries_about(t0=120, t1=120, t2=60)
    rows = [a_row(line, a_question(line % 2, 1_000 + line)) for line in range(1, 301)]
    result = result_of(CLUSTERS, rows, queries)
    (finding,) = result.findings
    assert "topic2word" in finding.title
    assert finding.title.endswith("no example does")
    assert finding.rows == 0
    names = [str(cells[0]) for cells in result.tables[0].rows]
    assert sum("topic2word" in name for name in names) >= 1
    shares = [cells[1] for cells in result.tables[0].rows]
    assert shares == sorted(shares, reverse=True)


def test_a_cluster_with_few_examples_is_named_with_them() -> None:
    queries = queries_about(t0=100, t1=200)
    rows = [a_row(line, a_question(int(line <= 10), 1_000 + line)) for line in range(1, 301)]
    (finding,) = result_of(CLUSTERS, rows, queries).findings
    assert "topic1word" in finding.title
    assert set(range(1, 11)) <= set(finding.lines)
    assert finding.rows == len(finding.lines) < 20


def test_words_that_few_users_said_name_no_cluster() -> None:
    queries = queries_about(t0=100, t1=100)
    secret = [
        ReferenceText(f"{text.text} zanzibar zanzibar zanzibar", "one-user")
        for text in queries[:40]
    ]
    rows = [a_row(line, a_question(0, 1_000 + line)) for line in range(1, 101)]
    result = result_of(CLUSTERS, rows, [*queries, *secret])
    assert "zanzibar" not in str(result)


def test_too_few_questions_make_no_clusters() -> None:
    result = result_of(
        CLUSTERS, [a_row(line, a_question(0, line)) for line in range(1, 60)], queries_about(t0=60)
    )
    assert "take at least 100 questions" in result.unchecked[0].reason


def test_other_words_are_told_apart_and_named() -> None:
    queries = queries_about(t0=200, t1=200)
    rows = [
        a_row(line, f"Instruction: {a_question(line % 2, 1_000 + line)}") for line in range(1, 401)
    ]
    result = result_of(WORDS, rows, queries)
    (measure,) = result.measures
    assert measure.value > 0.95
    assert measure.lower < measure.value <= measure.upper
    (finding,) = result.findings
    assert finding.weight == "important"
    assert "words of examples: instruction" in finding.meaning


def test_examples_from_production_aren_t_told_from_it() -> None:
    result = result_of(
        WORDS,
        [a_row(line, a_question(line % 2, 1_000 + line)) for line in range(1, 401)],
        queries_about(t0=200, t1=200),
    )
    assert not result.findings
    assert result.measures[0].lower < 0.5 < result.measures[0].upper


def test_copies_are_one_unit_so_that_no_classifier_learns_them_by_heart() -> None:
    """Each of 60 texts stands there ten times: by rows they would be told from questions about the
    same, since a copy of each is learnt from."""
    copies = [a_question(0, 5_000 + number % 60) for number in range(600)]
    rows = [a_row(line, text) for line, text in enumerate(copies, 1)]
    result = result_of(WORDS, rows, queries_about(t0=400))
    assert not result.findings
    assert "60 examples" in result.measures[0].note or "30 examples" in result.measures[0].note


def test_a_file_of_a_few_templates_has_too_few_contents() -> None:
    rows = [
        a_row(line, f"Please tell me how I can reset the password of account {line % 7} today")
        for line in range(1, 301)
    ]
    result = result_of(WORDS, rows, queries_about(t0=200))
    assert "by different contents, copies as one" in result.unchecked[0].reason


def test_the_same_seed_finds_the_same() -> None:
    case = LACKING[0]
    first, second = (check_all(case, np.random.default_rng(4), seed=4) for _ in range(2))
    assert first == second


def test_a_planted_topic_of_a_tenth_is_found_by_slice_and_by_cluster() -> None:
    results = check_all(Case(300, 300, lacking=True), np.random.default_rng(4), seed=4)
    assert f"have route t{PLANTED}, no example does" in results["slices"].findings[0].title
    assert f"topic{PLANTED}word" in results["clusters"].findings[0].title


def test_shares_are_read_with_two_digits() -> None:
    shares = (0.6, 0.104, 0.0996, 0.025, 0.0104, 0.0004, 0.0, 1.0)
    assert [percent(share) for share in shares] == [
        "60%", "10%", "10%", "2.5%", "1.0%", "0.04%", "0%", "100%",
    ]  # fmt: skip


@pytest.mark.heavy
@pytest.mark.parametrize("case", NULLS, ids=str)
def test_a_random_sample_of_production_is_seldom_called_unrepresentative(case: Case) -> None:
    error = math.sqrt(LEVEL * (1 - LEVEL) / RUNS)
    assert simulate(case, RUNS, seed=1).any <= LEVEL + 2.5 * error


@pytest.mark.heavy
@pytest.mark.parametrize("case", LACKING, ids=str)
def test_a_missing_topic_of_a_tenth_is_found(case: Case) -> None:
    rates = simulate(case, RUNS, seed=2)
    assert rates.planted_slice >= 0.9
    assert rates.planted_cluster >= 0.75

"""Queries scored by their rows, against a plain rule and Spider's, and what no query may do."""

import itertools
import random
from typing import Any

import pytest

from runners.metrics import Answer, MetricScore, scorer
from runners.sandbox.programs.sql_rows import difference, is_ordered
from tests.sandbox import need_sandbox

FIXTURE = """\
CREATE TABLE singer (id INTEGER PRIMARY KEY, name TEXT, age INTEGER, fee REAL);
INSERT INTO singer VALUES (1, 'Ann', 30, 0.1), (2, 'Bo', 41, 0.2), (3, 'Cy', 30, 2.0);
"""


def scored(
    *answers: str, query: str = "SELECT name, age FROM singer", **options: Any
) -> list[MetricScore]:
    need_sandbox()
    reference = {"query": query, "fixture": FIXTURE}
    return scorer("sql_result", **options).batch([(Answer(text), [reference]) for text in answers])


def values(*answers: str, **options: Any) -> list[float | None]:
    return [score.value for score in scored(*answers, **options)]


def test_the_rows_count_and_not_how_they_are_asked_for() -> None:
    assert values(
        "select name as n, age from singer order by age desc",
        "Here it is:\n```sql\nSELECT name, age FROM singer;\n```",
        "SELECT age, name FROM singer",
        "SELECT name FROM singer",
        "SELECT name, age FROM singer WHERE age < 40",
        "SELECT name, age FROM singer UNION ALL SELECT name, age FROM singer",
        "SELECT name, age + 1 FROM singer",
    ) == [1, 1, 1, 0, 0, 0, 0]
    assert values("SELECT age, name FROM singer", columns="in-order") == [0]


def test_the_order_counts_where_the_reference_has_an_order_of_its_own() -> None:
    ordered = "SELECT name FROM singer ORDER BY age DESC, name"
    forth, back = scored(ordered, "SELECT name FROM singer ORDER BY age, name", query=ordered)
    assert (forth.value, back) == (1, MetricScore(0, "gives the rows in another order"))
    for query, order in {
        "SELECT a FROM t ORDER  BY a": True,
        "SELECT a FROM (SELECT a FROM t ORDER BY a)": False,
        "SELECT 'ORDER BY' FROM t": False,
        "SELECT a FROM t -- ORDER BY a": False,
        'SELECT a FROM t /* x */ order\nby "a"': True,
        "SELECT rank() OVER (ORDER BY a) FROM t": False,
    }.items():
        assert is_ordered(query) is order


def test_numbers_are_the_same_to_ten_digits() -> None:
    assert values("SELECT 0.3, 2", query="SELECT 0.1 + 0.2, 2.0") == [1]
    assert values("SELECT 0.30000000001", query="SELECT 0.3") == [1]
    assert values("SELECT 0.3000000001", query="SELECT 0.3") == [0]
    large = ("SELECT 12345678900.999998", "SELECT 12345678901", "SELECT 12345678901.2")
    assert values(*large, query="SELECT 12345678901.0") == [1, 1, 0]
    assert values("SELECT 12345678901234", query="SELECT 12345678901235") == [0]
    assert values("SELECT '2'", "SELECT NULL", "SELECT 2", query="SELECT 2") == [0, 0, 1]


def test_the_reason_says_how_they_differ() -> None:
    reasons = [
        score.reason
        for score in scored(
            "SELECT name FROM singer",
            "SELECT 1, 2",
            "SELECT nam FROM singer",
            "SELECT 1; SELECT 2",
            "",
        )
    ]
    assert reasons == [
        "gives 1 columns in place of 2",
        "gives 1 rows in place of 3",
        "no such column: nam",
        "You can only execute one statement at a time.",
        "is no query",
    ]


def test_no_rows_are_the_same_only_where_a_query_with_as_many_columns_gives_none() -> None:
    none = "SELECT name, age FROM singer WHERE age > 99"
    assert values(none, "SELECT 1, 2 WHERE 0", query=none) == [1, 1]
    assert values("", "-- nothing", "SELECT 1 WHERE 0", query=none) == [0, 0, 0]


def test_a_query_reads_and_does_nothing_else() -> None:
    refused = [
        "DELETE FROM singer",
        "DROP TABLE singer",
        "ATTACH '/tmp/other' AS other",
        "PRAGMA query_only = OFF",
        "VACUUM INTO '/tmp/copy'",
        "CREATE TABLE other (id)",
        "SELECT load_extension('/tmp/x')",
    ]
    for score in scored(*refused):
        assert score.value == 0
        assert "authoriz" in score.reason


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT "


@pytest.mark.heavy
def test_an_endless_query_ends_by_its_rows_or_its_time() -> None:
    [many] = scored(f"{ENDLESS} x, x FROM n", rows=100)
    assert many == MetricScore(0, "gives more than 100 rows")
    [slow] = scored(f"{ENDLESS} count(*) FROM n", seconds=1)
    assert slow == MetricScore(0, "took more than 1 s")
    [of_reference] = scored("SELECT 1", query=f"{ENDLESS} count(*) FROM n", seconds=1)
    assert of_reference == MetricScore(None, "the item's own part can't be run: took more than 1 s")


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("SELECT 1", "the reference is an object with `query` and `fixture`, "),
        ({"query": "SELECT 1"}, "the reference is an object with `query` and `fixture`, "),
        ({"query": " ", "fixture": ""}, "the reference is an object with `query` and `fixture`, "),
        ({"query": "SELECT a FROM b", "fixture": ""}, "the reference's query fails: no such table"),
        ({"query": "SELECT 1", "fixture": "CREATE"}, "the fixture fails: "),
        (None, "no reference"),
    ],
)
def test_a_reference_that_can_not_be_run_leaves_the_answer_unscored(
    reference: Any, reason: str
) -> None:
    need_sandbox()
    score = scorer("sql_result")(Answer("SELECT 1"), [reference])
    assert score.value is None
    assert score.reason.startswith(reason)


# Against every order of columns, as Spider's test suites try them


def by_every_order(rows: list[Any], wanted: list[Any], ordered: bool) -> bool:
    """Whether some order of all columns makes the rows the same: the rule, tried one by one."""
    if len(rows) != len(wanted):
        return False
    if not rows:
        return True
    for order in itertools.permutations(range(len(rows[0]))):
        ours = [tuple(row[n] for n in order) for row in rows]
        if ours == wanted or (not ordered and sorted(ours) == sorted(wanted)):
            return True
    return False


def test_it_agrees_with_every_order_of_columns_tried_one_by_one() -> None:
    draw = random.Random(1809_08887)
    same = 0
    for number in range(220):
        columns = draw.randint(1, 4)
        wanted = [
            tuple(draw.randint(0, 2) for _ in range(columns)) for _ in range(draw.randint(0, 5))
        ]
        rows, order = list(wanted), draw.sample(range(columns), columns)
        if number % 3:
            rows = [tuple(row[n] for n in order) for row in rows]
        if number % 2:
            draw.shuffle(rows)
        if rows and number % 5 == 0:
            rows[0] = tuple(draw.randint(0, 2) for _ in range(columns))
        for ordered in (True, False):
            ours = not difference(rows, wanted, ordered=ordered, columns_in_order=False)
            assert ours == by_every_order(rows, wanted, ordered)
            same += ours
    assert 200 < same < 400


def test_many_columns_of_the_same_values_take_no_long_search() -> None:
    rows = [tuple([0] * 11 + [n]) for n in range(20)]
    other = [tuple([0] * 11 + [19 - n]) for n in range(20)]
    assert difference(rows, other, ordered=True, columns_in_order=False)

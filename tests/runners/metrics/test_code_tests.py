"""Code scored by tests: which part of an answer runs, what tests may be, and what they say."""

import json
from typing import Any

import pytest

from runners.metrics import Answer, MetricScore, scorer
from runners.metrics.code_fence import code_of
from tests.sandbox import need_sandbox

PROMPT = """\
from typing import List


def longest(words: List[str]) -> str:
    \"\"\" The longest of some words; the first of several.
    >>> longest(["a", "bcd", "ef"])
    'bcd'
    \"\"\"
"""
TEST = """\


METADATA = {"author": "nobody"}


def check(candidate):
    assert candidate(["a", "bcd", "ef"]) == "bcd"
    assert candidate(["a", "b"]) == "a"
"""
REFERENCE = {"prompt": PROMPT, "test": TEST, "entry_point": "longest"}
CASE = """\
import unittest
class Case(unittest.TestCase):
    def test_it(self):
        with self.subTest("only"):
            {}
"""
NUMERIC = {
    "prompt": "from numpy.linalg import norm\ndef f():\n    'The norm.'\n",
    "test": "assert f() == 1",
    "entry_point": "f",
}


@pytest.fixture(autouse=True)
def sandbox() -> None:
    need_sandbox()


def scored(*answers: str, by: Any = REFERENCE) -> list[MetricScore]:
    return scorer("code_tests").batch([(Answer(text), [by]) for text in answers])


def values(*answers: str, by: Any = REFERENCE) -> list[float | None]:
    return [score.value for score in scored(*answers, by=by)]


def test_a_completion_goes_on_where_the_prompt_ends_and_a_function_stands_by_itself() -> None:
    body = '    return max(words, key=len, default="")\n'
    whole = f"def longest(words: List[str]) -> str:\n{body}"
    fenced = f"Take the longest:\n\n```python\n{whole}```\n\nIt takes the first."
    assert values(body, whole, fenced, "    return words[0]\n") == [1, 1, 1, 0]


def test_a_reference_may_be_the_json_of_its_object() -> None:
    """As a program of its own it would pass every answer."""
    text = json.dumps(REFERENCE)
    whole = 'def longest(words):\n    return max(words, key=len, default="")'
    assert values(whole, whole.replace("max", "min"), by=text) == [1, 0]


def test_code_that_answers_a_question_in_words_stands_by_itself() -> None:
    by = {"test": "def check(it): assert it(2) == 4", "entry_point": "double"}
    answers = ["def double(n): return 2 * n", "double: object = lambda n: 2 * n", "I can't."]
    in_words = {**by, "prompt": "Write double in Python."}
    assert values(*answers, by=in_words) == [1, 1, 0]
    assert values(answers[0], by={**by, "prompt": "double"}) == [1]


def test_the_reason_names_the_line_that_failed() -> None:
    wrong, broken, other, raising, none = scored(
        "    return words[-1]\n",
        "def longest(words):\n    return (",
        "def shortest(words): return 1\nlongest = 3\n",
        "    return words[9]\n",
        "I don't know.",
    )
    asserts = 'line 7 of the tests, assert candidate(["a", "bcd", "ef"]) == "bcd"'
    assert wrong == MetricScore(0, f"{asserts}: AssertionError")
    assert broken.value == 0
    assert broken.reason.startswith("SyntaxError: '(' was never closed")
    assert other == MetricScore(0, f"{asserts}: TypeError: 'int' object is not callable")
    assert raising == MetricScore(
        0, f"{asserts}: IndexError: list index out of range (line 9 of the program)"
    )
    assert none.value == 0


def test_values_of_every_plain_type_come_as_they_are() -> None:
    answer = """\
from collections import Counter, namedtuple
from datetime import date
from decimal import Decimal
from fractions import Fraction
def same(value): return value
def nested(): return [(1, 2.5, None), {"a": {1, 2}}, b"x", frozenset([3]), 10 ** 400, -0.0]
def others(): return Decimal("1.10"), Fraction(1, 3), date(2026, 1, 2), 1j, Counter("aab")
def lazily(n):
    for i in range(n): yield i
def sorted_here(values): values.sort()
class Stack:
    def __init__(self): self.items = []
    def push(self, item): self.items.append(item)
def fail(): raise KeyError("gone")
"""
    tests = """\
import datetime, decimal, fractions, math
value = [(1, 2.5, None), {"a": {1, 2}}, b"x", frozenset([3]), 10 ** 400, -0.0]
assert nested() == value and same(value) == value and type(same((1, True))[1]) is bool
assert math.copysign(1, nested()[5]) == -1 and math.isnan(same(float("nan")))
assert others() == (
    decimal.Decimal("1.10"), fractions.Fraction(1, 3), datetime.date(2026, 1, 2), 1j,
    {"a": 2, "b": 1},
)
assert list(lazily(3)) == [0, 1, 2] and sum(lazily(4)) == 6
mine = [3, 1, 2]
assert sorted_here(mine) is None and mine == [1, 2, 3]
named = [3, 1, 2]
assert sorted_here(values=named) is None and named == [1, 2, 3]
stack = Stack()
stack.push(5)
assert stack.items == [5]
try:
    fail()
except KeyError:
    pass
else:
    raise AssertionError("no KeyError")
"""
    assert scored(answer, by=tests) == [MetricScore(1)]


def test_functions_called_test_and_cases_of_unittest_are_run() -> None:
    right, wrong = "def half(n): return n / 2", "def half(n): return n // 2"
    functions = "def test_of_three():\n    assert half(3) == 1.5"
    cases = (
        "import unittest\nclass Halves(unittest.TestCase):\n"
        "    def test_three(self): self.assertEqual(half(3), 1.5)"
    )
    for tests in (functions, cases):
        assert values(right, wrong, by=tests) == [1, 0]
    assert values(right, wrong, by=f"{cases}\nunittest.main()") == [1, 0]
    [score] = scored(wrong, by=CASE.format("self.assertEqual(half(3), 1.5)"))
    assert score.reason == (
        "line 5 of the tests, self.assertEqual(half(3), 1.5): AssertionError: 1 != 1.5"
    )
    unexpected = CASE.replace("    def", "    @unittest.expectedFailure\n    def").format("half(3)")
    assert values(right, by=unexpected) == [0]


def test_tests_may_call_their_check_themselves() -> None:
    by = "def check(it):\n    assert it() == 1\ncheck(f)"
    assert values("def f(): return 1", "def f(): return 2", by=by) == [1, 0]


def test_names_that_every_python_has_are_the_tests_own() -> None:
    assert values("def abs(n): return 0\ndef off(): return 3", by="assert abs(off()) == 0") == [0]


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        (7, "the reference is the text of tests, or an object with `test` and, "),
        ({"test": 7}, "the reference is the text of tests, or an object with `test` and, "),
        ({"entry_point": "f"}, "the reference has no tests"),
        ({"test": "assert 1", "entry_point": "f()"}, "the entry point 'f()' is no name"),
        ("assert (", "the tests are no Python: '(' was never closed"),
        ("import numpy", "the tests need more than the standard library: numpy"),
        (
            "try:\n    import numpy\nfinally: pass",
            "the tests need more than the standard library: No",
        ),
        (NUMERIC, "the prompt needs more than the standard library: numpy"),
        ("f(lambda: 1)", "the tests hand over a function, which can't be handed over"),
        ("def test_it(given): pass", "test_it takes arguments, and nothing gives them"),
        ("def check(it): assert 0", "the tests define check, and there is no entry_point to call"),
        (CASE.format("f(lambda: 1)"), "the tests hand over a function, which can't be handed over"),
        (CASE.format("import numpy"), "the tests need more than the standard library: No module"),
        (None, "no reference"),
    ],
)
def test_tests_that_can_not_be_run_leave_the_answer_unscored(reference: Any, reason: str) -> None:
    [score] = scored("def f(n=0): return n", by=reference)
    assert score.value is None
    assert score.reason.startswith(reason)


def test_an_answer_is_not_wrong_for_a_package_that_its_tests_need_too() -> None:
    [score] = scored("import pandas\ndef f(): return 1", by="import pandas\nassert f() == 1")
    assert score == MetricScore(None, "the tests need more than the standard library: pandas")


def test_tests_hand_over_as_much_as_they_like_and_take_parts_of_what_they_get() -> None:
    answer = "def many(n): return range(n)\ndef size(text): return len(text)"
    tests = 'assert size("x" * 9_000_000) == 9_000_000\nassert list(many(9)[2:8:3]) == [2, 5]'
    assert scored(answer, by=tests) == [MetricScore(1)]
    letters = "字" * 1_500_000
    by = {"entry_point": "size", "test": "assert size() == 1_500_000"}
    assert values(f"text = '{letters}'\ndef size(): return len(text)", by=by) == [1]


def test_the_tests_of_any_reference_will_do() -> None:
    both = ["assert f() == 1", "assert f() == 2"]
    assert scorer("code_tests")(Answer("def f(): return 2"), both).value == 1
    assert scorer("code_tests")(Answer("def f(): return 3"), [*both, 7]).value == 0


def test_an_answer_that_takes_too_long_is_wrong() -> None:
    score = scorer("code_tests", seconds=1)(Answer("import time\ntime.sleep(60)"), ["assert 1"])
    assert score == MetricScore(0, "took more than 1 s")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x = 1\n", "x = 1\n"),
        ("  x = 1", "  x = 1"),
        ("a\n```python\nx\n```\nb\n```py\ny\n```\nc\n```\nz\n```", "y\n"),
        ("a\n```\nx\n```\nb\n```sh\nls\n```\n", "x\n"),
        ("```sh\nls\n```\n", "```sh\nls\n```\n"),
        ("````python\ns = '''\n```\n'''\n````", "s = '''\n```\n'''\n"),
        ("~~~Python\nx\n~~~", "x\n"),
        ("```python\nx = 1\nand cut", "x = 1\nand cut"),
        ("```f(n)``` is:\n```python\nx\n```\n", "x\n"),
        ("", ""),
    ],
)
def test_the_last_fenced_block_of_the_language_is_the_code(text: str, code: str) -> None:
    assert code_of(text, ("python", "py")) == code

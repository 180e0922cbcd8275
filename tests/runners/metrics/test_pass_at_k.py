"""pass@k against its definition, against the published code's formula, and of real answers."""

import random
from itertools import combinations
from math import prod

import pytest

from runners.metrics import Answer, MetricError, scorer
from runners.metrics.pass_at_k import AT_THE_END, PassAtK
from tests.sandbox import need_sandbox

GREATEST_DIFFERENCE = 6e-16
"""As docs/reference/code-and-sql.md says."""


def estimated(n: int, passed: int, k: int) -> float:
    """The score of a run with one item, of whose n answers so many pass."""
    parts = [[1]] * passed + [[0]] * (n - passed)
    return PassAtK(k=k).together(["item"] * n, parts).value


def published(n: int, passed: int, k: int) -> float:
    """By the product in which Chen et al. 2021 (figure 3) compute it."""
    if n - passed < k:
        return 1.0
    return 1.0 - prod(1.0 - k / each for each in range(n - passed + 1, n + 1))


def test_it_is_the_share_of_draws_of_k_answers_of_which_one_passes() -> None:
    for n, passed, k in [(5, 2, 1), (5, 2, 2), (5, 2, 3), (6, 1, 4), (4, 0, 2), (4, 4, 3)]:
        draws = list(combinations([True] * passed + [False] * (n - passed), k))
        assert estimated(n, passed, k) == pytest.approx(sum(map(any, draws)) / len(draws))


def test_it_differs_from_the_published_formula_by_rounding_alone() -> None:
    draw = random.Random(2107_03374)
    cases = [(1, 0, 1), (1, 1, 1), (200, 0, 100), (200, 200, 100), (200, 1, 1), (200, 1, 200)]
    cases += [(200, 100, 100), (200, 199, 100), (1000, 1, 1000), (1000, 500, 1), (2, 1, 2)]
    cases += [(1000, 999, 1), (1000, 3, 500), (10, 3, 7), (10, 3, 8), (10, 4, 7), (3, 1, 3)]
    cases += [(100, 2, 10), (100, 98, 2), (100, 98, 3)]
    for _ in range(200):
        n = draw.randint(1, 200)
        cases.append((n, draw.randint(0, n), draw.randint(1, n)))
    differences = [abs(estimated(*case) - published(*case)) for case in cases]
    assert len(differences) == 220
    assert max(differences) <= GREATEST_DIFFERENCE


def test_each_answer_has_its_item_s_value_and_the_mean_is_over_items() -> None:
    joint = PassAtK(k=2).together(["a", "b", "a", "b", "a"], [[1], [0], [0], [0], [0]])
    assert joint.values == pytest.approx([2 / 3, 0, 2 / 3, 0, 2 / 3])
    assert joint.value == pytest.approx(1 / 3)


def test_an_item_with_too_few_answers_leaves_the_run_unscored() -> None:
    message = "pass@2 needs 2 scored answers to each item, and item 'b' has 1"
    with pytest.raises(ValueError, match=message):
        PassAtK(k=2).together(["a", "a", "b"], [[1], [0], [1]])


def test_an_answer_by_itself_says_whether_it_passes() -> None:
    need_sandbox()
    answers = ["def f(): return 1", "def f(): return 2"]
    batch = [(Answer(text), ["assert f() == 1"]) for text in answers]
    first, second = scorer("pass_at_k", k=2).batch(batch)
    assert (first.value, first.reason, first.parts) == (None, AT_THE_END, [1])
    assert second.parts == [0]
    [unscored] = scorer("pass_at_k").batch([(Answer(answers[0]), ["assert ("])])
    assert (unscored.value, unscored.parts) == (None, None)
    assert unscored.reason.startswith("the tests are no Python")


@pytest.mark.parametrize("k", [0, 1001])
def test_k_has_a_range(k: int) -> None:
    with pytest.raises(MetricError, match="k"):
        scorer("pass_at_k", k=k)

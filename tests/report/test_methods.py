"""Every method that a result can name is explained in one place, and documents say the same."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import evalhub
from evalhub.decision.measuring import NO_SHARE, measure, same_run
from evalhub.decision.requirements import Requirement
from evalhub.report.methods import Method, methods
from evalhub.report.methods.markdown import as_markdown
from evalhub.stats.paired import compare
from evalhub.stats.preference import CHOICES, win_score
from evalhub.stats.ratios import ratio_of_means

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = Path(evalhub.__file__).resolve().parents[1]
NAMING = [PACKAGES / "evalhub" / each for each in ("stats", "decision", "ledger")]
NAMING += [PACKAGES / "reviews"]


def explained(named: str) -> list[Method]:
    return methods().explaining(named)


def names_of_paired() -> Iterator[str]:
    """Methods and tests over what chooses them: values, sizes, rarity, clusters, weights."""
    rng = np.random.default_rng(0)
    for n in (4, 30, 400):
        for changed in (0.02, 0.5):
            yes_no = rng.random(n) < 0.6
            flipped = yes_no ^ (rng.random(n) < changed)
            fine = rng.random(n)
            moved = fine + (rng.random(n) < changed) * rng.normal(0, 0.1, n)
            graded = rng.integers(0, 5, n) / 4
            for base, tuned in ((yes_no, flipped), (fine, moved), (graded, np.roll(graded, 1))):
                for clusters in (None, ["one"] * n, [f"c{i % 3}" for i in range(n)]):
                    for weights in (None, rng.uniform(0.5, 2, n)):
                        found = compare(base, tuned, clusters=clusters, weights=weights)
                        yield from (found.method, found.test)
    many = compare([0] * 62 + [1] * 438, [1] * 62 + [0] * 42 + [1] * 396)
    assert "widened to 0" in many.method
    yield from (many.method, many.test)


def names_of_people() -> Iterator[str]:
    rng = np.random.default_rng(0)
    for items, raters in ((1, 1), (12, 1), (12, 3)):
        said = [(f"i{i}", f"r{r}") for i in range(items) for r in range(raters)]
        choices = [str(each) for each in rng.choice(CHOICES, len(said))]
        yield win_score(
            choices, items=[item for item, _ in said], raters=[rater for _, rater in said]
        ).method


def names_of_ratios() -> Iterator[str]:
    rng = np.random.default_rng(0)
    slow, fast = rng.uniform(90, 110, 60), rng.uniform(80, 100, 60)
    clusters = [f"c{i % 20}" for i in range(60)]
    yield ratio_of_means(slow, fast).method
    yield ratio_of_means(slow, fast, clusters=clusters).method
    yield ratio_of_means(slow[:4], fast[:4]).method
    yield NO_SHARE
    for share in (0.1, 0.9):
        guard = Requirement("g", "guard", "g", "m", relative_margin=share)
        found = measure(guard, slow, fast, alpha=0.025, planned_gain=0.05)
        yield from (found.method, found.test)


def names_of_the_gate() -> Iterator[str]:
    found = same_run(Requirement("g", "guard", "g", "m"), np.ones(3), alpha=0.025)
    yield from (found.method, found.test, "the interval's own")


@pytest.mark.parametrize(
    "names", [names_of_paired, names_of_people, names_of_ratios, names_of_the_gate]
)
def test_what_results_name_is_explained(names: Callable[[], Iterator[str]]) -> None:
    unexplained = {name for name in names() if not explained(name)}
    assert unexplained == set()


def test_every_method_and_test_that_stands_in_the_code_is_explained() -> None:
    """The names as they are written where evidence is measured, numbers filled in."""
    written = {
        name
        for folder in NAMING
        for path in folder.rglob("*.py")
        for name in named(ast.parse(path.read_text()))
    }
    assert len(written) > 5
    assert {name for name in written if not explained(name)} == set()


def named(tree: ast.AST) -> Iterator[str]:
    """Texts that are given to something called "method" or "test"."""
    for node in ast.walk(tree):
        names = [node.arg] if isinstance(node, ast.keyword) else []
        if isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if {"method", "test"} & set(names) and isinstance(node, ast.keyword | ast.Assign):
            yield from texts(node.value)


def texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.BinOp):
        yield from texts(node.left)
    elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        yield "".join(
            str(each.value) if isinstance(each, ast.Constant) else "3" for each in node.values
        )


def test_a_name_of_several_parts_is_explained_part_by_part() -> None:
    name = (
        "CR2 over 12 clusters, weighted, skew-corrected t(4.7), "
        "no narrower than the bounded score interval"
    )
    assert [each.key for each in explained(name)] == [
        "bounded-score",
        "skew",
        "cr2",
        "weights",
        "no-narrower",
    ]


def test_each_method_has_words_and_an_address_of_its_own() -> None:
    keys = [each.key for each in methods().all] + [each.key for each in methods().chapters]
    assert len(set(keys)) == len(keys)
    for each in methods().all:
        assert each.words, each.key
        assert re.fullmatch(r"[a-z0-9-]+", each.key)


def test_the_document_is_the_table() -> None:
    written = (ROOT / "docs" / "reference/methods.md").read_text()
    assert written == as_markdown(), "python -m evalhub.report.methods > docs/reference/methods.md"


def test_the_rates_are_those_that_the_benchmarks_printed() -> None:
    page = cells((ROOT / "docs" / "reference/verdict-rates.md").read_text())
    for each in methods().rates:
        row = [each.scores, each.truth, str(each.items), str(each.guards)]
        row += [each.ship, each.hold, each.more, f"{each.false} ok" if each.false else "true gain"]
        assert row in page
    page = cells((ROOT / "docs" / "explanation/statistics.md").read_text())
    for some in methods().coverages:
        row = [some.items, some.changes, some.clusters, some.correlation]
        assert [*row, some.evalhub, some.normal, some.bootstrap] in page


def cells(document: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in document.splitlines()
        if line.startswith("|")
    ]

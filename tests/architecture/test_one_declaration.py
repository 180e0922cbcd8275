"""Every default and every range stands in one place of the product.

What is compared is what is written down: in declarations, dataclasses, models, forms, options of
the command line and functions' parameters. A default that is the field's own name (`item: str =
"item"`) says nothing that could be said otherwise elsewhere; nor do 0, 1, "", true, false and none.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
from django.db.models import TextChoices

from evalhub.declare import policy, roles
from evalhub.declare.study import ModelKind
from evalhub.registry.models import testsets
from evalhub.registry.models.studies import CriterionRole, Tier
from evalhub.registry.models.versions import Kind
from evalhub.studies.file.test_sets import AskedTestSet

REPOSITORY = Path(__file__).resolve().parents[2]
PRODUCT = ("evalhub", "reviews", "runners")
FIELDS = ("Field", "Option", "Argument", "field")
BOUNDS = ("ge", "gt", "le", "lt", "min", "max", "min_value", "max_value")

# Two things that happen to be called alike and to have the same default.
APART = {
    ("days", 90),  # for which a token is valid; for which a request of production is kept
    ("threads", 8),  # requests that a process of the site serves; shards that a worker works on
}


class Written(NamedTuple):
    """A default or a range of a name, as it is written at a place."""

    name: str
    value: Any
    place: str


def sources() -> Iterator[tuple[str, str]]:
    for part in PRODUCT:
        for path in sorted((REPOSITORY / part).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(REPOSITORY)), path.read_text(encoding="utf-8")


def literal(node: ast.expr | None) -> Any:
    try:
        return None if node is None else ast.literal_eval(node)
    except ValueError:
        return None


def default_of(node: ast.expr | None) -> Any:
    """The literal default of `= 3`, `= Field(3, …)`, `= models.FloatField(default=3)`, …"""
    if not isinstance(node, ast.Call):
        return literal(node)
    given = {each.arg: each.value for each in node.keywords}
    if ast.unparse(node.func).split(".")[-1] in FIELDS and node.args:
        return literal(node.args[0])
    return literal(given.get("default", given.get("initial")))


def ranges_in(node: ast.AST | None) -> Iterator[tuple[tuple[str, Any], ...]]:
    for call in ast.walk(node) if node is not None else ():
        if isinstance(call, ast.Call):
            ends = [(each.arg, literal(each.value)) for each in call.keywords]
            bounds = tuple(sorted(end for end in ends if end[0] in BOUNDS and end[1] is not None))
            if bounds:
                yield bounds


def fields_of(tree: ast.AST) -> Iterator[tuple[str, ast.expr | None, ast.expr | None]]:
    """(name, annotation, default) of each parameter and of each field of a class."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            named = [*node.args.posonlyargs, *node.args.args]
            first = len(named) - len(node.args.defaults)
            given: list[ast.expr | None] = [None] * first + list(node.args.defaults)
            pairs = [*zip(named, given, strict=True)]
            pairs += zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            for parameter, default in pairs:
                yield parameter.arg, parameter.annotation, default
        elif isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                    fact = ast.unparse(line.annotation).startswith("ClassVar")
                    yield line.target.id, line.annotation, None if fact else line.value
                elif isinstance(line, ast.Assign) and isinstance(line.value, ast.Call):
                    yield ast.unparse(line.targets[0]), None, line.value


def written_in(files: Iterable[tuple[str, str]]) -> tuple[list[Written], list[Written]]:
    """The defaults and the ranges that the files' texts write down."""
    defaults, ranges, constants = [], [], []
    for place, text in files:
        tree = ast.parse(text)
        for name, annotation, default in fields_of(tree):
            at = name.removesuffix("_"), f"{place}: {name}"
            value = default_of(default)
            own = at[0], at[0].removesuffix("_field")
            if value not in (None, "", 0, 1, True, False, *own, (), [], {}):
                defaults.append(Written(at[0], value, at[1]))
            for bounds in (*ranges_in(annotation), *ranges_in(default)):
                ranges.append(Written(at[0], bounds, at[1]))
        for line in tree.body:
            if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
                name, value = line.targets[0].id, literal(line.value)
                if name.isupper() and isinstance(value, int | float | str):
                    constants.append(Written(name.lower(), value, f"{place}: {name}"))
    names = {(each.name, each.value) for each in defaults if each.value.__hash__}
    same = [each for each in constants if (each.name, each.value) in names]
    return [*defaults, *same], ranges


def twice(found: Iterable[Written]) -> dict[tuple[str, str], list[str]]:
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in found:
        if each[:2] not in APART:
            places[each.name, repr(each.value)].append(each.place)
    return {key: sorted(where) for key, where in places.items() if len(where) > 1}


def test_no_default_is_written_twice() -> None:
    defaults, _ = written_in(sources())
    assert len(defaults) > 40
    assert twice(defaults) == {}


def test_no_range_is_written_twice() -> None:
    _, ranges = written_in(sources())
    assert len(ranges) > 20
    assert twice(ranges) == {}


def test_a_second_one_would_be_found_wherever_it_stands() -> None:
    texts = {
        "declaration": "class A(Declaration):\n    margin: float = Field(0.02, ge=0, le=9)\n",
        "option": "def run(margin: Annotated[float, Option(min=0)] = 0.02): ...\n",
        "model": "class B(Model):\n    margin = FloatField(default=0.02)\n",
        "form": "class C(Form):\n    margin = FloatField(initial=0.02, min_value=0)\n",
        "parameter": "def f(*, margin: float = 0.02): ...\n",
        "again": "class D(Declaration):\n    margin: Annotated[float, Field(ge=0, le=9)]\n",
        "constant": "MARGIN = 0.02\n",
        "other": "def g(margin: float = MARGIN, item: str = 'item', seed: int = 0): ...\n",
    }
    defaults, ranges = written_in(texts.items())
    assert [each.place.split(":")[0] for each in defaults] == [
        "declaration",
        "option",
        "model",
        "form",
        "parameter",
        "constant",
    ]
    assert list(twice(defaults)) == [("margin", "0.02")]
    assert list(twice(ranges).values()) == [["again: margin", "declaration: margin"]]


@pytest.mark.parametrize(
    ("column", "declared"),
    [
        (Kind, ModelKind),
        (Tier, policy.Tier),
        (CriterionRole, roles.TestSetRole),
        (testsets.TestSetPurpose, AskedTestSet.model_fields["purpose"].annotation),
    ],
)
def test_a_column_s_choices_are_the_declared_ones(
    column: type[TextChoices], declared: object
) -> None:
    """The choices add what people read; a word that only one of the two has is a mistake."""
    words = {word for part in (declared, *get_args(declared)) for word in get_args(part)}
    assert {word for word in words if isinstance(word, str)} == set(column.values)

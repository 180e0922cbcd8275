"""How many names of the product say nothing: a report for whoever renames, not a limit.

python -m tests.architecture.vague_names    # a table, one line a package, and all together

A bound name is a name that the author chose: the target of an assignment, a loop, a `with`, an
`except`, an import with `as`, a comprehension or a `match`, and every parameter (but self, cls and
names of underscores alone). Each binding counts once, so a name bound twice counts twice.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


VAGUE = _words(
    """
    each found asked said told given kept known named taken held there here place places way ways
    much words shown listed handed meant made done sought got thing things
    """
)
"""Names for which a noun exists that says more."""

PARTICIPLES = _words(
    """
    begun bought bound broken brought built caught chosen dealt done drawn driven fallen felt
    forgotten forsaken found frozen given gone got held hidden kept known led left lent lost made
    meant met overridden paid rewritten said seen sent shown shut sold sought spelt spent spoken
    taken taught thought told torn unbroken understood undone unheard unknown unseen unsent unshown
    unsought unspent untaken untold unwritten withdrawn won worn written
    """
)
"""Irregular participles that aren't verbs as well (`read`, `set` and `cut` are)."""

NO_PARTICIPLES = _words("bed bleed embed exceed feed need proceed red seed speed succeed")
"""What ends like a participle and isn't one."""

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Counts:
    """Bound names and functions, and how many of them are vague or begin with a participle."""

    names: int = 0
    vague: int = 0
    functions: int = 0
    participles: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.names + other.names,
            self.vague + other.vague,
            self.functions + other.functions,
            self.participles + other.participles,
        )


def count(source: str) -> Counts:
    """Count one module's source; raises SyntaxError where it is no Python."""
    tree = ast.parse(source)
    names = [name for name, _ in bound_names(tree)]
    vague = vague_names(tree)
    functions = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    participles = sum(begins_with_participle(name) for name in functions)
    return Counts(len(names), len(vague), len(functions), participles)


def bound_names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """(name, line) of each binding whose name the author chose."""
    for node in ast.walk(tree):
        for name in _bound_at(node):
            if name.strip("_") and name not in ("self", "cls"):
                yield name, getattr(node, "lineno", 0)


def vague_names(tree: ast.AST) -> list[tuple[str, int]]:
    """(name, line) of each vague binding; `each` in a comprehension on one line is none."""
    allowed = {
        id(target)
        for node in ast.walk(tree)
        if isinstance(node, COMPREHENSIONS) and node.lineno == node.end_lineno
        for generator in node.generators
        for target in ast.walk(generator.target)
        if isinstance(target, ast.Name) and target.id == "each"
    }
    return [
        (name, getattr(node, "lineno", 0))
        for node in ast.walk(tree)
        if id(node) not in allowed
        for name in _bound_at(node)
        if name.strip("_") in VAGUE
    ]


def begins_with_participle(function: str) -> bool:
    """Whether a function's first word is a past participle: `sent_rows`, but not `send_rows`."""
    word = function.strip("_").partition("_")[0]
    return word in PARTICIPLES or (word.endswith("ed") and word not in NO_PARTICIPLES)


def by_package() -> dict[str, Counts]:
    """By package of the product, its counts; evalhub's own modules are one package, `evalhub`."""
    counts: dict[str, Counts] = {}
    for folder in ("evalhub", "reviews", "runners"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            *folders, _ = path.relative_to(ROOT).parts
            if "migrations" not in folders:
                package = "/".join(folders[:2]) if folder == "evalhub" else folder
                counts[package] = counts.get(package, Counts()) + count(path.read_text())
    return counts


def report() -> str:
    """The table: one line a package, and all together."""
    header = f"{'package':<22}{'names':>7}{'vague':>7}{'':>8}{'functions':>11}{'participles':>13}"
    packages = by_package()
    lines = [_line(package, counts) for package, counts in sorted(packages.items())]
    return "\n".join([header, *lines, _line("all", sum(packages.values(), Counts())), ""])


def _bound_at(node: ast.AST) -> list[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            return [name]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
            return [name]
        case ast.MatchStar(name=str(name)) | ast.alias(asname=str(name)):
            return [name]
    return []


def _line(package: str, counts: Counts) -> str:
    vague = 100 * counts.vague / max(counts.names, 1)
    participles = 100 * counts.participles / max(counts.functions, 1)
    return (
        f"{package:<22}{counts.names:>7}{counts.vague:>7}{vague:>7.1f}%"
        f"{counts.functions:>11}{counts.participles:>13}{participles:>7.1f}%"
    )


if __name__ == "__main__":
    sys.stdout.write(report())

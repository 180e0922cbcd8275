"""The names of tests: two processes that collect them a second apart have to find the same ones."""

import ast
from collections.abc import Iterator
from pathlib import Path

import tests

MOVING = {
    "now",
    "today",
    "time",
    "uuid4",
    "token_hex",
    "token_bytes",
    "urandom",
    "random",
    "mktemp",
}
"""Functions whose value is another one at each call."""


def moving_calls(source: str) -> list[int]:
    """The lines where a decorator holds a value that is another one at each collection."""
    lines = []
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef | ast.ClassDef):
            for decorator in function.decorator_list:
                lines += [call.lineno for call in calls_now(decorator) if moves(call)]
    return lines


def calls_now(node: ast.AST) -> Iterator[ast.Call]:
    """The calls that are made when the module is loaded: those of a lambda are made later."""
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, ast.Call):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from calls_now(child)


def moves(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    # gzip writes the time into its header
    stamped = ast.unparse(call.func) == "gzip.compress"
    return name in MOVING or (stamped and all(word.arg != "mtime" for word in call.keywords))


def test_no_parameter_of_a_test_changes_with_the_time() -> None:
    folder = Path(tests.__file__).parent
    moving = [
        f"{path.relative_to(folder)}:{line}"
        for path in sorted(folder.rglob("*.py"))
        for line in moving_calls(path.read_text())
    ]
    assert moving == []


def test_the_rule_sees_what_it_is_for() -> None:
    source = "@parametrize('at', [{}])\ndef test(at): ...\n"
    for call in ("gzip.compress(b'')", "timezone.now()", "uuid4()"):
        assert moving_calls(source.format(call)) == [1]
    for call in ("gzip.compress(b'', mtime=0)", "lambda: timezone.now()", "date(2026, 1, 1)"):
        assert moving_calls(source.format(call)) == []

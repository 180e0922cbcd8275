"""The faults that a file can get, each one place of its text replaced."""

import ast
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

SEED = 45
OTHER: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
WORDS = (ast.JoinedStr, ast.Raise, ast.Assert)
"""What is said to people isn't changed, nor what a type checker alone reads."""


@dataclass(frozen=True)
class Fault:
    """`before`, at these bytes of the file, becomes `after`; `text` is its line."""

    path: str
    line: int
    text: str
    before: str
    after: str
    start: int
    end: int
    in_function: bool
    """What stands outside of functions has run before any test begins."""

    def put_into(self, source: str) -> str:
        text = source.encode()
        return (text[: self.start] + self.after.encode() + text[self.end :]).decode()


def faults(path: str, source: str) -> list[Fault]:
    """All faults of a file."""
    return list(_Finder(path, source).within(ast.parse(source), in_function=False))


def found_again(recorded: dict[str, str], line: int, present: Iterable[Fault]) -> Fault | None:
    """The recorded fault in the file as it is now: the nearest with the same text."""
    same = [
        fault
        for fault in present
        if (fault.text, fault.before, fault.after)
        == (recorded["text"], recorded["before"], recorded["after"])
    ]
    return min(same, key=lambda fault: abs(fault.line - line), default=None)


def drawn(candidates: Iterable[Fault], number: int, area: str) -> list[Fault]:
    """So many of them, on lines of their own: every line is as likely as another."""
    by_line = defaultdict(list)
    for fault in candidates:
        by_line[fault.path, fault.line].append(fault)
    draw = random.Random(f"{SEED} {area}")
    lines = draw.sample(sorted(by_line), min(number, len(by_line)))
    return [draw.choice(by_line[line]) for line in sorted(lines)]


class _Finder:
    def __init__(self, path: str, source: str) -> None:
        self.path, self.lines = path, source.splitlines(keepends=True)
        self.begin = [0]
        for line in self.lines:
            self.begin.append(self.begin[-1] + len(line.encode()))
        self.source = source.encode()

    def within(self, node: ast.AST, *, in_function: bool) -> Iterator[Fault]:
        if isinstance(node, WORDS):
            return
        if isinstance(node, ast.expr | ast.stmt):
            for after in others(node):
                yield self.fault(node, after, in_function)
        for name, value in ast.iter_fields(node):
            if name in {"annotation", "returns", "decorator_list", "type_params"}:
                continue
            body = name == "body" and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not _for_types(child):
                    yield from self.within(child, in_function=in_function or body)

    def fault(self, node: ast.expr | ast.stmt, after: str, in_function: bool) -> Fault:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self.begin[node.lineno - 1] + node.col_offset
        end = self.begin[node.end_lineno - 1] + node.end_col_offset
        before = self.source[start:end].decode()
        text = self.lines[node.lineno - 1].strip()
        return Fault(self.path, node.lineno, text, before, after, start, end, in_function)


def others(node: ast.expr | ast.stmt) -> Iterator[str]:
    """What could stand in a node's place by mistake."""
    match node:
        case ast.Compare(left, [operator], [right]) if type(operator) in OTHER:
            yield _text(ast.Compare(left, [OTHER[type(operator)]()], [right]))  # type: ignore[list-item]
        case ast.BinOp(left, operator, right) if type(operator) in OTHER:
            if not (_said(left) or _said(right)):
                yield _text(ast.BinOp(left, OTHER[type(operator)](), right))  # type: ignore[arg-type]
        case ast.BoolOp(operator, values):
            yield _text(ast.BoolOp(OTHER[type(operator)](), values))  # type: ignore[arg-type]
        case ast.UnaryOp(ast.Not(), operand):
            yield _text(operand)
        case ast.Constant(bool(value)):
            yield str(not value)
        case ast.Constant(int(value)):
            yield from (str(value + 1), f"({value - 1})")
        case ast.Constant(float(value)):
            yield repr(value * 1.1 if value else 0.1)
        case ast.IfExp(test, body, other):
            yield _text(ast.IfExp(ast.UnaryOp(ast.Not(), test), body, other))
        case ast.Return(ast.expr() as value) if not isinstance(value, ast.Constant):
            yield "return None"
        case ast.Expr(ast.Call()) | ast.AugAssign() | ast.Continue() | ast.Break():
            yield "pass"
        case ast.Assign([ast.Attribute() | ast.Subscript()]):
            yield "pass"


def _text(node: ast.expr) -> str:
    return f"({ast.unparse(node)})"


def _said(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"

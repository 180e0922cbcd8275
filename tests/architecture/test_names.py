"""One name, one meaning: no two classes of the product are called the same."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def product() -> list[Path]:
    folders = (ROOT / "evalhub", ROOT / "reviews", ROOT / "runners")
    return [path for folder in folders for path in sorted(folder.rglob("*.py"))]


def test_no_two_classes_have_one_name() -> None:
    defined: dict[str, list[str]] = defaultdict(list)
    for path in product():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and "migrations" not in path.parts:
                defined[node.name].append(str(path.relative_to(ROOT)))
    assert len(defined) > 200
    # By the contract of runners.backends.asking each live backend's file has one.
    assert all(path.startswith("runners/backends/") for path in defined.pop("Client"))
    assert {name: paths for name, paths in defined.items() if len(paths) > 1} == {}


def test_every_public_function_is_called_by_the_product() -> None:
    """By name, anywhere but in its own definition: what only tests call is no feature."""
    named: dict[str, int] = defaultdict(int)
    defined: dict[str, str] = {}
    for path in product():
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                named[node.id] += 1
            elif isinstance(node, ast.Attribute):
                named[node.attr] += 1
            elif isinstance(node, ast.alias):
                named[node.name.rpartition(".")[2]] += 1
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                named[node.value.rpartition(".")[2]] += 1
        for node in tree.body:
            plain = isinstance(node, ast.FunctionDef) and not node.decorator_list
            if plain and not node.name.startswith("_"):
                defined[node.name] = str(path.relative_to(ROOT))
    assert len(defined) > 300
    assert {name: path for name, path in defined.items() if not named[name]} == {}

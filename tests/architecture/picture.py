"""The picture of the house, drawn from the layer contracts and the packages' own first lines.

python -m tests.architecture.picture    # writes it into docs/architecture.md
"""

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "architecture.md"
BLOCK = re.compile(r"(?<=<!-- picture -->\n)```\n.*?```\n", re.DOTALL)


def contracts() -> list[tuple[str, list[list[str]]]]:
    """(name, layers from top to bottom, each a list of modules) of every layers contract."""
    held = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    return [
        (each["name"], [re.split(r" [|:] ", layer) for layer in _layers(each)])
        for each in held["contracts"]
        if each["type"] == "layers"
    ]


def picture() -> str:
    """Layers as import-linter holds them: imports run downwards only."""
    parts = []
    for name, layers in contracts():
        width = max(len(module) for layer in layers for module in layer)
        drawn = [
            "\n".join(f"{module:<{width}}  {first_line(module)}" for module in layer)
            for layer in layers
        ]
        parts.append(f"{name}\n\n" + "\n   ↓\n".join(drawn))
    return "```\n" + "\n\n\n".join(parts) + "\n```\n"


def first_line(module: str) -> str:
    """The first sentence of the module's docstring; raises ValueError where it has none."""
    path = ROOT / module.replace(".", "/")
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    said = ast.get_docstring(ast.parse(source.read_text())) or ""
    if not said:
        raise ValueError(f"{source} doesn't say what it is for")
    return said.splitlines()[0].rstrip(".")


def _layers(contract: dict[str, list[str]]) -> list[str]:
    containers = contract.get("containers", [])
    if not containers:
        return contract["layers"]
    return [
        " | ".join(f"{containers[0]}.{module}" for module in re.split(r" [|:] ", layer.strip("()")))
        for layer in contract["layers"]
    ]


if __name__ == "__main__":
    PAGE.write_text(BLOCK.sub(lambda _: picture(), PAGE.read_text()))

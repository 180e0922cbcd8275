"""This project's verdict beside its peers': their real rules on the same arrays.

python -m tests.benchmarks.peers [--draws 1000] [--seed 0] [--environment FOLDER]

Makes an environment of its own for the peers (about 800 MB, removed afterwards unless a folder is
named), draws every scene once, asks each tool, and prints a table: each rate with its Monte Carlo
error.
"""

import argparse
import json
import math
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.peers import environment, ours, vllm_ci
from tests.benchmarks.peers.exchange import count, write
from tests.benchmarks.peers.scenes import SCENES

# By a tool's name in the scenes: its column's head, and its adapter where it runs elsewhere.
TOOLS = {
    "ours": ("ours", None),
    "registered": ("ours, first look", None),
    "mlflow": ("MLflow assert", "mlflow_assert"),
    "invarlock": ("invarlock", "invarlock_gate"),
    "nemo": ("NeMo gate", "nemo_gate"),
    "finetunecheck": ("finetunecheck", "finetunecheck_verdict"),
    "vllm": ("vLLM CI", None),
}
HERE = {"ours": ours.judge, "registered": ours.judge_registered, "vllm": vllm_ci.judge}

say = sys.stdout.write


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--environment", type=Path, help="kept, and used again where it is there")
    parser.add_argument("--tools", nargs="+", choices=list(TOOLS), default=list(TOOLS))
    options = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for place, scene in enumerate(SCENES):
            write(folder / f"{place}.npz", scene, options.draws, options.seed)
        words: dict[str, Mapping[str, Mapping[str, int]]] = {}
        for tool in options.tools:
            adapter = TOOLS[tool][1]
            if adapter is None:
                words[tool] = count(HERE[tool], tool, folder)
                continue
            python = environment.make(options.environment or folder / "peers")
            out = folder / f"{tool}.json"
            if environment.run(python, adapter, str(folder), str(out)).wait() != 0:
                raise SystemExit(f"{tool} failed")
            words[tool] = json.loads(out.read_text())
    peers = ", ".join(f"{name} {each}" for name, each in environment.VERSIONS.items())
    say(f"{options.draws:,} draws a scene, seed {options.seed}. Evalhub {version('evalhub-gate')}")
    say(f", {peers}.\n\n")
    row("scene", [TOOLS[tool][0] for tool in options.tools])
    row("---", ["---"] * len(options.tools))
    for place, scene in enumerate(SCENES):
        cells = [
            scene.without.get(tool) or rate(words[tool][str(place)], scene.counted)
            for tool in options.tools
        ]
        row(scene.name, cells)


def rate(counts: Mapping[str, int], word: str) -> str:
    """The share of a word, with its Monte Carlo error."""
    draws = sum(counts.values())
    share = counts.get(word, 0) / draws
    error = math.sqrt(share * (1 - share) / draws)
    return f"{share:.3f} ± {error:.3f}"


def row(name: str, cells: list[str]) -> None:
    say("| " + " | ".join([name, *cells]) + " |\n")


if __name__ == "__main__":
    main()

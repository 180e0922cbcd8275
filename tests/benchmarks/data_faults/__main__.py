"""Planted faults in three made-up training sets: which of them are found, beside two peers.

python -m tests.benchmarks.data_faults [--seed 1] [--sets support instructions arithmetic]
    [--tools evalhub cleanlab data-juicer] [--environment FOLDER] [--keep FOLDER]

Makes each set, plants faults with a ledger of the truth, lets each tool look at the same rows, and
prints a table: by set and fault, each tool's recall and precision, and its seconds. The peers run
in an environment of their own (650 MB, removed afterwards unless a folder is named). `--keep`
leaves the files in a folder, with the truth.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.data_faults.arithmetic_set import make_arithmetic_set
from tests.benchmarks.data_faults.instruction_set import make_instruction_set
from tests.benchmarks.data_faults.ours import NamedLines, named_by_evalhub
from tests.benchmarks.data_faults.peer_tools import (
    PROGRAMS,
    make_environment,
    named_by_peer,
    write_texts,
)
from tests.benchmarks.data_faults.planting import FaultKind, PlantedSet, plant
from tests.benchmarks.data_faults.rows import MadeSet
from tests.benchmarks.data_faults.scoring import kinds_of, score
from tests.benchmarks.data_faults.support_set import make_support_set

SETS: Mapping[str, Callable[[int], MadeSet]] = {
    "support": make_support_set,
    "instructions": make_instruction_set,
    "arithmetic": make_arithmetic_set,
}
TOOLS = ("evalhub", *PROGRAMS)
SEED = 1
"""Of the figures that docs/explanation/planted-faults.md states."""

say = sys.stdout.write


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=TOOLS)
    parser.add_argument("--environment", type=Path, help="kept, and used again where it is there")
    parser.add_argument("--keep", type=Path, help="folder for the files and the truth")
    options = parser.parse_args()
    with ExitStack() as stack:
        temporary = Path(stack.enter_context(TemporaryDirectory()))
        peers = [tool for tool in options.tools if tool in PROGRAMS]
        python = make_environment(options.environment or temporary / "peers") if peers else None
        row("set", "fault", "planted", *options.tools)
        row("---", "---", "---:", *["---:"] * len(options.tools))
        for name in options.sets:
            folder = (options.keep or temporary) / name
            folder.mkdir(parents=True, exist_ok=True)
            planted = planted_set(name, options.seed)
            write_texts(planted, folder)
            write_truth(planted, folder)
            named = {
                tool: named_by_peer(tool, python, folder)
                if python and tool in PROGRAMS
                else named_by_evalhub(planted, folder / "train.jsonl")
                for tool in options.tools
            }
            print_scores(planted, named)


def planted_set(name: str, seed: int) -> PlantedSet:
    """The set of this name with its faults."""
    return plant(SETS[name](seed), seed + 1)


def write_truth(planted: PlantedSet, folder: Path) -> None:
    """Which line has which fault, a line each."""
    truth = [
        {"line": fault.line, "fault": fault.kind, "beside": fault.beside}
        for fault in planted.faults
    ]
    text = "".join(f"{json.dumps(fault)}\n" for fault in truth)
    (folder / "truth.jsonl").write_text(text, encoding="utf-8")


def print_scores(planted: PlantedSet, named: Mapping[str, NamedLines]) -> None:
    for kind in kinds_of(planted):
        cells = [cell(planted, kind, tool) for tool in named.values()]
        row(planted.made.name, kind, str(len(planted.of_kind(kind))), *cells)
    missing = planted.made.missing
    topics = [
        "–"
        if tool.topics is None
        else f"{float(missing in tool.topics):.2f} / "
        f"{tool.topics.count(missing) / max(1, len(tool.topics)):.2f}"
        for tool in named.values()
    ]
    row(planted.made.name, "missing topic", "1", *topics)
    row(planted.made.name, "seconds", "", *[f"{tool.seconds:.0f}" for tool in named.values()])


def cell(planted: PlantedSet, kind: FaultKind, tool: NamedLines) -> str:
    """Recall and precision; a dash where the tool doesn't look for the fault."""
    if kind not in tool.lines:
        return "–"
    result = score(planted, kind, tool.lines[kind])
    precision = "–" if result.precision is None else f"{result.precision:.2f}"
    return f"{result.recall:.2f} / {precision}"


def row(*cells: str) -> None:
    say(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

"""cleanlab and data-juicer: an environment of their own, and what each names."""

import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from tests.benchmarks.data_faults.ours import NamedLines
from tests.benchmarks.data_faults.planting import FaultKind, PlantedSet
from tests.benchmarks.data_faults.rows import PlainRow
from tests.benchmarks.data_faults.scoring import LEAKS

# data-juicer imports aiohttp without asking for it
PACKAGES = ("cleanlab==2.9.0", "py-data-juicer==1.6.1", "aiohttp")
PROGRAMS = {"cleanlab": "with_cleanlab.py", "data-juicer": "with_data_juicer.py"}
# nobody is told that these tools are run, and nothing is fetched while they are
SILENT = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}


def make_environment(folder: Path) -> Path:
    """An environment with the peers (about 650 MB); its Python."""
    python = folder / "bin" / "python"
    if not python.exists():
        for arguments in (
            ["venv", "--python", sys.executable, str(folder)],
            ["pip", "install", "--python", str(python), *PACKAGES],
        ):
            subprocess.run(["uv", *arguments, "--quiet"], check=True)
    return python


def write_texts(planted: PlantedSet, folder: Path) -> None:
    """The rows as texts, and the test set's questions, for the peers' programs."""
    rows = [_texts(row, bool(planted.made.labels)) for row in planted.made.rows]
    items = [item.question for item in planted.made.test_items]
    (folder / "texts.json").write_text(json.dumps(rows), encoding="utf-8")
    (folder / "items.json").write_text(json.dumps(items), encoding="utf-8")


def _texts(row: PlainRow, labelled: bool) -> dict[str, str]:
    question, answer = row.question, row.answer
    if row.raw is not None:
        messages = row.raw["messages"]
        asking, silent = ("user", "human"), ("system", "user", "human")
        question = "\n".join(each["content"] for each in messages if each["role"] in asking)
        answer = "\n".join(each["content"] for each in messages if each["role"] not in silent)
    return {
        "question": question,
        "answer": answer,
        "whole": f"{question}\n{answer}",
        "label": answer.strip() if labelled else "",
    }


def named_by_peer(tool: str, python: Path, folder: Path) -> NamedLines:
    """What a peer names of the texts in the folder. Raises RuntimeError with the end of what it
    wrote where it fails."""
    out = folder / f"{tool}.json"
    program = Path(__file__).with_name(PROGRAMS[tool])
    begun = perf_counter()
    done = subprocess.run(
        [str(python), "-W", "ignore", str(program), str(folder), str(out)],
        cwd=folder,
        env={**os.environ, **SILENT},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = perf_counter() - begun
    if done.returncode or not out.exists():
        raise RuntimeError(f"{tool} failed: {done.stderr[-2_000:]}")
    named: dict[FaultKind, list[int]] = {}
    for kind, lines in json.loads(out.read_text()).items():
        for each in LEAKS if kind == "leak" else (kind,):
            named[each] = lines
    return NamedLines(named, seconds)

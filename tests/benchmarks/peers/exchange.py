"""How draws travel from this project's environment into another, and words back."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tests.benchmarks.peers.scenes import SCENES, Scene, Suite, Word

Judge = Callable[[Sequence[Suite]], Word]


def write(path: Path, scene: Scene, draws: int, seed: int) -> None:
    """A scene's draws as one .npz: of each suite both arms' scores, shape (draws, n)."""
    made = list(scene.draws(draws, seed))
    suites = list(zip(*made, strict=True))
    arrays = {}
    for i, drawn in enumerate(suites):
        arrays[f"baseline{i}"] = np.array([each.baseline for each in drawn])
        arrays[f"candidate{i}"] = np.array([each.candidate for each in drawn])
    asked = json.dumps([[drawn[0].role, drawn[0].margin] for drawn in suites])
    np.savez(path, asked=np.array(asked), **arrays)


def read(path: Path) -> list[list[Suite]]:
    """The studies that `write` wrote."""
    with np.load(path) as file:
        asked = json.loads(str(file["asked"]))
        suites = [
            [
                Suite(role, margin, before, after)
                for before, after in zip(file[f"baseline{i}"], file[f"candidate{i}"], strict=True)
            ]
            for i, (role, margin) in enumerate(asked)
        ]
    return [list(study) for study in zip(*suites, strict=True)]


def count(judge: Judge, tool: str, folder: Path) -> dict[str, dict[str, int]]:
    """By a scene's place, how often each word was said of it; without scenes that the tool has no
    rule for."""
    return {
        str(place): Counter(judge(study) for study in read(folder / f"{place}.npz"))
        for place, scene in enumerate(SCENES)
        if tool not in scene.without
    }


def answer(judge: Judge, tool: str, arguments: Sequence[str]) -> None:
    """What an adapter's process does: `arguments` are the folder of draws and the file for the
    words."""
    folder, out = map(Path, arguments)
    out.write_text(json.dumps(count(judge, tool, folder)))

"""The table beside the peers is of the scenes and versions that the benchmark has."""

from pathlib import Path

from tests.benchmarks.peers import ours
from tests.benchmarks.peers.ceilings import fallen_ceiling, guarded_ceiling
from tests.benchmarks.peers.environment import VERSIONS
from tests.benchmarks.peers.scenes import SCENES

PAGE = (Path(__file__).resolve().parents[2] / "docs/explanation/beside-peers.md").read_text("utf-8")


def test_every_scene_has_a_line_and_every_peer_its_version() -> None:
    lines = [line.split("|")[1].strip() for line in PAGE.splitlines() if line.startswith("| ")]
    assert [line for line in lines if line in {scene.name for scene in SCENES}] == [
        scene.name for scene in SCENES
    ]
    assert all(version in PAGE for version in VERSIONS.values())


def test_every_scene_can_be_judged_by_this_project() -> None:
    words = {ours.judge(study) for scene in SCENES for study in scene.draws(1, seed=1)}
    assert words <= {"accept", "stop", "more"}


def test_the_ceilings_are_those_of_the_benchmark() -> None:
    told = [
        line.split("|")[4].strip()
        for line in PAGE.splitlines()
        if line.startswith("| ") and ("| α 0.025 |" in line or "| `harm_alpha: " in line)
    ]
    ceilings = guarded_ceiling(), fallen_ceiling(0.025), fallen_ceiling(0.05)
    assert told == [f"{each:.3f}" for each in ceilings]

"""How often a judge that people bear out passes where nothing is preferred, by simulation.

python -m tests.benchmarks.judge_in_gate [--runs 2000]

People prefer either arm on .4 of the items and neither on .2. The judge says what they would, but
errs; people label some items, drawn at random. A decision counts the judge where its agreement with
them is shown to reach the floor, at the lower limit of the corrected win score: nominal .025.
"""

import argparse
import sys
from dataclasses import dataclass

import numpy as np

from evalhub.declare.defaults import JUDGE_FLOOR
from evalhub.stats.judge import VALUE, judge_check
from evalhub.stats.ppi import powered_estimate

CHOICES = np.array(["candidate", "tie", "baseline"])


@dataclass(frozen=True)
class Setting:
    """The judge errs on a share `errs` of `items`, towards the candidate with chance `lean`."""

    name: str
    items: int
    labels: int
    errs: float
    lean: float


SETTINGS = [
    Setting("errs to the candidate in 3%", 400, 60, 0.03, 1.0),
    Setting("errs to the candidate in 10%", 400, 60, 0.1, 1.0),
    Setting("errs to the candidate in 10%", 400, 100, 0.1, 1.0),
    Setting("errs to the candidate in 30%", 400, 100, 0.3, 1.0),
    Setting("errs both ways in 20%", 400, 100, 0.2, 0.5),
    Setting("errs to the candidate in 10%", 1000, 100, 0.1, 1.0),
]


def passes(setting: Setting, rng: np.random.Generator) -> tuple[bool, float] | None:
    """Whether it passes, and its interval's width; None where it isn't counted."""
    truth = rng.choice(3, size=setting.items, p=[0.4, 0.2, 0.4])
    said = truth.copy()
    wrong = rng.random(setting.items) < setting.errs
    said[wrong] = np.where(rng.random(setting.items) < setting.lean, 0, 2)[wrong]
    people, judge = CHOICES[truth], CHOICES[said]
    labelled = rng.permutation(setting.items)[: setting.labels]
    check = judge_check(
        {int(i): [str(people[i])] for i in labelled},
        {i: str(each) for i, each in enumerate(judge)},
        random_sample=True,
    )
    if check.beyond_chance.lower is None or check.beyond_chance.lower < JUDGE_FLOOR:
        return None
    means = np.full(setting.items, np.nan)
    means[labelled] = [VALUE[str(each)] for each in people[labelled]]
    found = powered_estimate(
        means, [VALUE[str(each)] for each in judge], random_sample=True, bounds=(0.0, 1.0)
    )
    return found.lower > 0.5, found.upper - found.lower


def table(runs: int) -> str:
    lines = ["| judge | labels | counted | passes | width |", "| --- | --- | ---: | ---: | ---: |"]
    for setting in SETTINGS:
        rng = np.random.default_rng(1)
        found = [each for _ in range(runs) if (each := passes(setting, rng)) is not None]
        passed = sum(each for each, _ in found) / runs
        width = np.mean([each for _, each in found])
        labels = f"{setting.labels} of {setting.items:,}"
        counted = f"{len(found) / runs:.3f}"
        lines.append(f"| {setting.name} | {labels} | {counted} | {passed:.4f} | {width:.3f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=2000)
    sys.stdout.write(f"{table(parser.parse_args().runs)}\n")

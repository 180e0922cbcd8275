"""A record's numbers are the same on every processor, whatever its BLAS adds first."""

import os
import subprocess
import sys

import pytest

MEASURED = """
import numpy as np
from evalhub.stats.paired import compare
from evalhub.stats.ratios import contrast, ratio_of_means
from evalhub.decision.levels import level_of_stages, next_look
for first, second, alpha in ((1, 2, 0.05), (1, 2, 0.025), (2, 3, 0.025), (3, 9, 0.1)):
    print(repr(level_of_stages((first, second), alpha=alpha)))
print(next_look((1,), 2, alpha=0.025))
rng = np.random.default_rng(4)
base, tuned = rng.lognormal(size=(2, 317))
groups = rng.integers(0, 41, 317).tolist()
weights = rng.uniform(0.5, 1.5, 317)
print(contrast(base > 1, tuned > 0.9, factor=0.9))
for beside in ({}, {"clusters": groups}, {"weights": weights}):
    print(compare(base, tuned, **beside), ratio_of_means(base, tuned, **beside))
"""


def measured(**environment: str) -> str:
    """What is measured in a process whose BLAS takes the processor for another."""
    kept = {name: each for name, each in os.environ.items() if not name.startswith("OPENBLAS")}
    done = subprocess.run(
        [sys.executable, "-c", MEASURED],
        env=kept | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.fixture(scope="module")
def here() -> str:
    return measured()


# Of older processors alone: one without its newest instructions would end the process.
@pytest.mark.parametrize("core", ["Prescott", "Nehalem"])
def test_what_is_recorded_is_the_same_by_another_processors_blas(here: str, core: str) -> None:
    assert measured(OPENBLAS_CORETYPE=core) == here


def test_what_is_recorded_is_the_same_with_any_number_of_threads(here: str) -> None:
    assert measured(OPENBLAS_NUM_THREADS="1") == here

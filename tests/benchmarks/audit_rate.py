"""How often does the blind audit call for a look at a fair campaign, and at one with a fault?

    .venv/bin/python -m tests.benchmarks.audit_rate [--campaigns 4000]

Campaigns are those of `tests/reviews/audit/made.py`; an unfair one is a fair one with one fault.
"""

import argparse
import os
import sys
from collections import Counter
from typing import Any

import django
import numpy as np
from scipy.stats import binomtest

SIZES = ((12, 1), (30, 2), (60, 2), (120, 3), (40, 5))
"""(pairs, reviewers)"""


def alarms(
    rng: np.random.Generator, campaigns: int, size: tuple[int, int]
) -> tuple[int, Counter[str]]:
    """In how many fair campaigns something called for a look, and which check did how often."""
    from tests.reviews.audit.made import made

    by_check: Counter[str] = Counter()
    any_ = 0
    for _ in range(campaigns):
        told = [each.key for each in made(rng, *size).audit() if each.status == "attention"]
        by_check.update(told)
        any_ += bool(told)
    return any_, by_check


def caught(
    rng: np.random.Generator, fault: Any, key: str, campaigns: int, size: tuple[int, int]
) -> float:
    """The share of campaigns with this fault in which the check for it calls for a look."""
    from tests.reviews.audit.made import made

    hits = 0
    for _ in range(campaigns):
        found = {each.key: each.status for each in made(rng, *size, fault).audit()}
        hits += found[key] == "attention"
    return hits / campaigns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaigns", type=int, default=4000)
    asked = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from tests.reviews.audit.made import FAULTS

    rng = np.random.default_rng(11)
    _write("| pairs | reviewers | fair campaigns | called for a look | 95% interval | by which |")
    _write("|---|---|---|---|---|---|")
    total = everyone = 0
    for size in SIZES:
        each = asked.campaigns // len(SIZES)
        any_, by_check = alarms(rng, each, size)
        total, everyone = total + any_, everyone + each
        _line(*size, any_, each, ", ".join(f"{k} {n}" for k, n in by_check.most_common()))
    _line("all", "", total, everyone, "")
    _write("\n| fault | check | " + " | ".join(f"{n} pairs × {r}" for n, r in SIZES) + " |")
    _write("|---|---|" + "---|" * len(SIZES))
    for name, (fault, key) in FAULTS.items():
        shares = [f"{caught(rng, fault, key, 100, size):.2f}" for size in SIZES]
        _write(f"| {name} | {key} | " + " | ".join(shares) + " |")


def _line(pairs: object, reviewers: object, alarmed: int, of: int, by: str) -> None:
    limits = binomtest(alarmed, of).proportion_ci(0.95, method="exact")
    _write(
        f"| {pairs} | {reviewers} | {of} | {alarmed} ({alarmed / of:.4f}) | "
        f"{limits.low:.4f} to {limits.high:.4f} | {by} |"
    )


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

"""How often is text said to tell two arms apart that it doesn't, and how often where it does?

    .venv/bin/python -m tests.benchmarks.telling_rate [--draws 2000]

Texts are those of `tests/reviews/audit/made.py`.
"""

import argparse
import os
import sys
from collections.abc import Callable

import django
import numpy as np
from scipy.stats import binomtest

SIZES = (12, 24, 60, 120)
type Pair = tuple[str, str]
type Scene = Callable[[np.random.Generator], Pair]


def scenes() -> tuple[dict[str, Scene], dict[str, Scene]]:
    """Pairs of which nothing tells the arms apart, and of which something does."""
    from tests.reviews.audit.made import a_text

    def lengths(rng: np.random.Generator) -> Pair:
        one, other = (f"{'word ' * int(rng.integers(1, 80))}" for _ in range(2))
        return one.strip(), other.strip()

    def half_json(rng: np.random.Generator) -> Pair:
        one, other = (
            f'{{"answer": "{text}"}}' if rng.random() < 0.5 else text
            for text in (a_text(rng), a_text(rng))
        )
        return one, other

    fair: dict[str, Scene] = {
        "texts of one distribution": lambda rng: (a_text(rng), a_text(rng)),
        "only lengths vary": lengths,
        "half of either arm's are JSON": half_json,
    }
    apart: dict[str, Scene] = {
        "one arm's are JSON": lambda rng: (a_text(rng), f'{{"answer": "{a_text(rng)}"}}'),
        "half of one arm's open with a word": lambda rng: (
            a_text(rng),
            f"{'Certainly: ' if rng.random() < 0.5 else ''}{a_text(rng)}",
        ),
        "one arm's are half as long again": lambda rng: (a_text(rng), a_text(rng, words=18)),
        "80% of one arm's have bold words, 30% of the other's": lambda rng: (
            a_text(rng, 0.3),
            a_text(rng, 0.8),
        ),
    }
    return fair, apart


def told(rng: np.random.Generator, scene: Scene, pairs: int, draws: int) -> list[float]:
    """The p-values of so many reviews."""
    from reviews.identifiability import AnswerPair, tell

    found = []
    for _ in range(draws):
        choice = tell(AnswerPair(f"q{i}", "", *scene(rng)) for i in range(pairs)).choice
        assert choice is not None
        found.append(choice.p)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=2000)
    draws = parser.parse_args().draws
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    rng = np.random.default_rng(23)
    fair, apart = scenes()
    _write(
        "| nothing tells them apart | pairs | reviews | p ≤ .05 | p ≤ .01 |\n|---|---|---|---|---|"
    )
    for name, scene in fair.items():
        for pairs in SIZES:
            found = np.array(told(rng, scene, pairs, draws // len(SIZES)))
            rates = [_rate(int((found <= level).sum()), found.size) for level in (0.05, 0.01)]
            _write(f"| {name} | {pairs} | {found.size} | {' | '.join(rates)} |")
    heads = " | ".join(f"{pairs} pairs" for pairs in SIZES)
    _write(f"\n| something does: share with p ≤ .001 | {heads} |\n|---|{'---|' * len(SIZES)}")
    for name, scene in apart.items():
        shares = []
        for pairs in SIZES:
            found = np.array(told(rng, scene, pairs, max(draws // 40, 20)))
            shares.append(f"{float((found <= 0.001).mean()):.2f}")
        _write(f"| {name} | {' | '.join(shares)} |")


def _rate(hits: int, of: int) -> str:
    limits = binomtest(hits, of).proportion_ci(0.95, method="exact")
    return f"{hits / of:.4f} [{limits.low:.4f}, {limits.high:.4f}]"


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

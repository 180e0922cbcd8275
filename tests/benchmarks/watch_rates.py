"""How many false alarms a year a watch of a champion raises that passed: by a gain, and by luck.

python -m tests.benchmarks.watch_rates [--ships 400] [--nights 365] [--seed 0] [--markdown]

A candidate is compared with a baseline on yes/no items and made champion where the gate's own
interval, at a first look's level, lies above 0. Its model never changes: every answer is a new draw
from the same chances, item by item, and a wrong answer is one of two texts. It is asked every night
and judged by the watch's own rule, for one false alarm a year. "promoted" holds its scores beside
the answers that it passed by, as watches once did; "second run" beside those of after the decision.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.levels import level_of as level_of_look
from evalhub.features.monitoring.answers.change import (
    HOURS_A_YEAR,
    AnsweredRun,
    change_of,
    level_of,
)
from evalhub.stats.paired import compare

NIGHTS_A_YEAR = HOURS_A_YEAR / 24
SCENES = [
    ("a true gain of .05, 400 items", 0.05, 400),
    ("no gain: by luck, 400 items", 0.0, 400),
]
Array = NDArray[np.float64]
Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Champion:
    """A version that passed: the chances of its answers, and the texts that it passed by.

    A text is 0 (right), 1 or 2 (wrong), one an item.
    """

    chances: Array
    promoted: Array


@dataclass(frozen=True, slots=True)
class Rate:
    """False alarms a year, with the error of their mean over champions."""

    a_year: float
    error: float


def champions(rng: Rng, gain: float, *, items: int, ships: int) -> Iterator[Champion]:
    """So many versions that passed, of however many were tried."""
    level, found = level_of_look(1, alpha=0.025), 0
    while found < ships:
        chances = rng.beta(0.5, 0.5, items)
        better = np.minimum(chances + gain * (1 - chances) / (1 - chances).mean(), 1.0)
        before, after = texts(rng, chances), texts(rng, better)
        base, tuned = (before == 0).astype(float), (after == 0).astype(float)
        hopeful = far(tuned[None] > 0, base > 0, errors=1.8) & (tuned.mean() > base.mean())
        if not hopeful or compare(base, tuned, alpha=level).lower <= 0:
            continue
        found += 1
        yield Champion(better, after)


def texts(rng: Rng, chances: Array, nights: int | None = None) -> Array:
    """One text an item, or of so many nights, shape (nights, items)."""
    items = len(chances)
    shape = items if nights is None else (nights, items)
    wrong = rng.integers(1, 3, shape)
    return np.where(rng.random(shape) < chances, 0, wrong).astype(float)


def answered(text: Array, promoted: Array) -> AnsweredRun:
    differing = dict(enumerate((text != promoted).astype(float).tolist()))
    return AnsweredRun(differing, {"exact_match": scores(text)})


def scores(text: Array) -> dict[int, float]:
    return dict(enumerate((text == 0).astype(float).tolist()))


def alarms(rng: Rng, champion: Champion, nights: int, level: float) -> tuple[int, int]:
    """In so many nights: with the scores held beside the promoted ones, and as the watch does."""
    promoted, text = champion.promoted, texts(rng, champion.chances)
    second = answered(text, promoted)
    lucky = AnsweredRun(second.differing, {"exact_match": scores(promoted)})
    now = texts(rng, champion.chances, nights)
    errors = 1.2 if level > 0.01 else 2.2
    suspect = far(now != promoted, text != promoted, errors=errors)
    raised = [0, 0]
    for i, (beside, right) in enumerate(((lucky, promoted == 0), (second, text == 0))):
        for night in np.flatnonzero(suspect | far(now == 0, right, errors=errors)):
            told = change_of(second=beside, now=answered(now[night], promoted), level=level)
            raised[i] += told.alarm
    return raised[0], raised[1]


def far(now: NDArray[np.bool_], then: NDArray[np.bool_], *, errors: float) -> NDArray[np.bool_]:
    """Where the two counts of items lie more than so many errors apart. No exact sign test has a p
    of .025 within 1.2 of them or one of .0007 within 2.2, so only these are judged one by one."""
    more, fewer = ((one & ~other).sum(axis=1) for one, other in ((now, then), (then, now)))
    return np.asarray(np.abs(more - fewer) > errors * np.sqrt(np.maximum(more + fewer, 1)))


def rates(
    rng: Rng, gain: float, *, items: int, ships: int, nights: int, level: float
) -> list[Rate]:
    """Of what watches once did, and of what they do, by a share of nights turned into a year's."""
    counts = np.array(
        [
            alarms(rng, each, nights, level)
            for each in champions(rng, gain, items=items, ships=ships)
        ],
        dtype=float,
    )
    shares = counts / nights * NIGHTS_A_YEAR
    errors = shares.std(axis=0, ddof=1) / np.sqrt(ships)
    return [
        Rate(float(mean), float(se)) for mean, se in zip(shares.mean(axis=0), errors, strict=True)
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ships", type=int, default=400)
    parser.add_argument("--nights", type=int, default=365)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true")
    asked = parser.parse_args(arguments)
    level, kept = level_of(false_alarms_a_year=1.0, every_hours=24), True
    line = "| {} | {} | {} | {} |" if asked.markdown else "{:30} {:16} {:16} {}"
    titles = "champion that passed by", "promoted", "second run", ""
    lines = [line.format(*titles)]
    if asked.markdown:
        lines.append("| --- | ---: | ---: | --- |")
    for name, gain, items in SCENES:
        rng = np.random.default_rng(asked.seed)
        before, now = rates(
            rng, gain, items=items, ships=asked.ships, nights=asked.nights, level=level
        )
        fits = now.a_year <= 1 + 2 * now.error
        kept = kept and fits
        shown = [f"{each.a_year:.2f} ± {each.error:.2f}" for each in (before, now)]
        lines.append(line.format(name, *shown, "ok" if fits else "TOO MANY"))
    sys.stdout.write("\n".join([*lines, ""]))
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())

"""Distribution of two arms' scores over one test set. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.report.charts.parts import Axis, Chart, Frame, Key, Table
from evalhub.report.charts.scale import Scale, Tick

BINS = 20
MOST_VALUES = 11
"""So many different scores are each a pair of columns; more are put together in bins."""

type Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Bin:
    """Scores from `low` to below `high`, and each arm's count of them."""

    low: float
    high: float
    baseline: int
    candidate: int

    @property
    def label(self) -> str:
        return f"{self.low:.3g}" if self.low == self.high else f"{self.low:.3g} to {self.high:.3g}"


def distribution(
    baseline: Scores, candidate: Scores, *, names: tuple[str, str], metric: str
) -> Chart | None:
    """Both arms' scores as columns side by side; None where there are none.

    Args:
        baseline, candidate: each item's score, of shape (n,), aligned by item.
        names: of the two arms.
    """
    if not baseline.size:
        return None
    bins = _bins(baseline, candidate)
    most = max(max(each.baseline, each.candidate) for each in bins)
    frame = Frame(Scale(0, len(bins)), Scale(0, 1.08 * most))
    means = [float(each.mean()) for each in (baseline, candidate)]
    blocks = []
    for i, score_bin in enumerate(bins):
        for start, kind, name, count in (
            (0.1, "baseline", names[0], score_bin.baseline),
            (0.5, "candidate", names[1], score_bin.candidate),
        ):
            text = f"{name}: {count:,} items score {score_bin.label}"
            blocks.append(frame.bar(i + start, i + start + 0.4, count, kind=kind, tooltip=text))
    return Chart(
        title=f"Scores by {metric}",
        desc=f"{baseline.size:,} items; {names[0]} has a mean of {means[0]:.3g}, "
        f"{names[1]} of {means[1]:.3g}",
        x=Axis(_ticks(bins, frame), metric),
        y=Axis(frame.y.ticks_up(5, lambda value: f"{value:,.0f}"), "items"),
        bars=blocks,
        keys=[
            Key("bar", kind, f"{name}, mean {mean:.3g}")
            for kind, name, mean in zip(("baseline", "candidate"), names, means, strict=True)
        ],
        table=Table(
            ("Score", *names),
            [(each.label, f"{each.baseline:,}", f"{each.candidate:,}") for each in bins],
        ),
        size="small",
    )


def _bins(baseline: Scores, candidate: Scores) -> list[_Bin]:
    values = np.unique(np.concatenate([baseline, candidate]))
    if len(values) <= MOST_VALUES:
        counts = [(baseline == value, candidate == value) for value in values]
        return [
            _Bin(float(value), float(value), int(before.sum()), int(after.sum()))
            for value, (before, after) in zip(values, counts, strict=True)
        ]
    low, high = float(values[0]), float(values[-1])
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    edges = np.linspace(low, high, BINS + 1)
    before, after = (np.histogram(each, edges)[0] for each in (baseline, candidate))
    return [
        _Bin(float(low), float(high), int(ours), int(theirs))
        for low, high, ours, theirs in zip(edges, edges[1:], before, after, strict=False)
    ]


def _ticks(bins: Sequence[_Bin], frame: Frame) -> list[Tick]:
    """A label below each value; for bins, every fifth edge."""
    if bins[0].low == bins[0].high:
        return [Tick(frame.x.at(i + 0.5), each.label, each.low) for i, each in enumerate(bins)]
    edges = [each.low for each in bins] + [bins[-1].high]
    return [Tick(frame.x.at(i), f"{edge:.3g}", edge) for i, edge in enumerate(edges) if i % 5 == 0]

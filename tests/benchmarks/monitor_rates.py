"""False alarms a year of monitored streams, and days until a true change is noticed.

python -m tests.benchmarks.monitor_rates [--years 200] [--changes 100] [--evidently 20] [--seed 0]
    [--markdown]

The streams of `monitor_scenes` are judged by the product's rule for one false alarm a year each; by
its evidence alone, without the margin; by a fixed threshold, the mean of seven days beyond the
reference's by more than the margin; and by Evidently's own choice of test, each day's requests
beside those of the reference. Evidently runs in an environment that uv makes for it; `--evidently
0` leaves it out. Where nothing changes an alarm is resolved as false at once; a threshold and
Evidently begin a new alarm once they were quiet. `±` is a standard error.
"""

import argparse
import json
import math
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from evalhub.stats.day_batches import REFERENCE_DAYS, Batches
from evalhub.stats.e_detector import Restart, Worse, change_evidence, change_since, threshold
from tests.benchmarks.monitor_scenes import SCENES, Array, Scene, StreamData, batches_of, stream

YEAR = 365
GOOD_DAYS, LATER_DAYS = 90, 60
GOOD = (7, 30, 90, 180)
PINNED = ("evidently==0.7.23", "pandas<3", "numpy<2.4")
"""Pandas 3 has no `infer_dtype_from_object`, which this version of Evidently imports."""
MEAN_OF = 7
Alarms = Callable[[Scene, StreamData], list[int]]
Table = list[list[str]]


def by_evidence(scene: Scene, data: StreamData) -> list[int]:
    return alarms(scene, data, margin=False)


def by_rule(scene: Scene, data: StreamData) -> list[int]:
    return alarms(scene, data, margin=True)


def alarms(scene: Scene, data: StreamData, *, margin: bool) -> list[int]:
    """Days of alarms, each resolved as false at once."""
    batches = batches_of(scene, data.days)
    if batches.reference is None:
        return []
    least = math.log(threshold(false_alarms_a_year=1, steps_a_year=YEAR, streams=1))
    raised: list[int] = []
    restarts: list[Restart] = []
    while True:
        evidence = change_evidence(
            batches.values,
            batches.weights,
            batches.weekends,
            reference=batches.reference,
            worse=scene.worse,
            variances=batches.variances,
            restarts=restarts,
            wander=scene.wander,
        )
        begin = restarts[-1].after + 1 if restarts else batches.reference
        candidates = begin + np.flatnonzero(evidence.log_sums[begin:] >= least)
        alarm = next(
            (
                int(batch)
                for batch in candidates
                if not margin or is_large(scene, batches, int(batch), int(evidence.since[batch]))
            ),
            None,
        )
        if alarm is None:
            return raised
        raised.append((batches.last[alarm] - batches.first[0]).days)
        restarts.append(Restart(alarm))


def is_large(scene: Scene, batches: Batches, batch: int, since: int) -> bool:
    """Whether the change is surely larger than the margin."""
    assert batches.reference is not None
    seen = slice(0, batch + 1)
    change = change_since(
        batches.values[seen],
        batches.weights[seen],
        batches.weekends[seen],
        reference=batches.reference,
        since=since,
        worse=scene.worse,
        variances=batches.variances[seen],
        wander=scene.wander,
    )
    first = slice(0, batches.reference)
    level = float(np.average(batches.values[first], weights=batches.weights[first]))
    margin = scene.margin
    if scene.metric == "requests":
        margin = -math.log1p(-margin)
    elif scene.in_shares:
        margin *= level
    return change.lower > margin


def by_threshold(scene: Scene, data: StreamData) -> list[int]:
    """Days on which the mean of seven days lies beyond the reference's by the margin."""
    y, x = (np.array([getattr(day, name) for day in data.days]) for name in "yx")
    return beyond_threshold(y, x, scene.margin, worse=scene.worse, in_shares=scene.in_shares)


def beyond_threshold(
    y: Array, x: Array, margin: float, *, worse: Worse, in_shares: bool
) -> list[int]:
    """The same, of sums (days,)."""
    level = y[:REFERENCE_DAYS].sum() / x[:REFERENCE_DAYS].sum()
    mean = np.convolve(y, np.ones(MEAN_OF), "valid") / np.convolve(x, np.ones(MEAN_OF), "valid")
    change = (mean - level) * (1 if worse == "higher" else -1)
    beyond = change > margin * (level if in_shares else 1)
    days = np.flatnonzero(beyond) + MEAN_OF - 1
    return [int(day) for day in days if day >= REFERENCE_DAYS]


def begun(days: Sequence[int]) -> list[int]:
    """The first days of alarms that last."""
    return [day for day in days if day - 1 not in days]


def rate(counts: Sequence[int], days: int) -> tuple[float, float]:
    """Alarms a year, and its standard error."""
    years = np.array(counts) * YEAR / (days - REFERENCE_DAYS)
    error = years.std(ddof=1) / math.sqrt(len(years)) if len(years) > 1 else math.nan
    return float(years.mean()), float(error)


def false_alarms(scene: Scene, years: int, seed: int) -> dict[str, tuple[float, float]]:
    """Alarms a year while nothing changes, by rule."""
    counts: dict[str, list[int]] = {"evidence": [], "rule": [], "threshold": []}
    for draw in range(years):
        data = stream(np.random.default_rng([seed, draw]), scene, YEAR + REFERENCE_DAYS)
        counts["evidence"].append(len(by_evidence(scene, data)))
        counts["rule"].append(len(by_rule(scene, data)))
        counts["threshold"].append(len(begun(by_threshold(scene, data))))
    return {name: rate(numbers, YEAR + REFERENCE_DAYS) for name, numbers in counts.items()}


def change_data(scene: Scene, draws: int, seed: int, *, good: int = GOOD_DAYS) -> list[StreamData]:
    """Streams that change after the reference and so many good days."""
    change = REFERENCE_DAYS + good
    return [
        stream(np.random.default_rng([seed, 1, draw]), scene, change + LATER_DAYS, change=change)
        for draw in range(draws)
    ]


def days_to_notice(alarm_days: Sequence[Sequence[int]], *, good: int = GOOD_DAYS) -> str:
    """Median days to the first alarm after the change, and the share that had one."""
    change = REFERENCE_DAYS + good
    delays = [
        min((day - change + 1 for day in days if day >= change), default=math.inf)
        for days in alarm_days
    ]
    share = sum(map(math.isfinite, delays)) / len(delays)
    median = float(np.median(delays))
    return f"{median:.0f} ({share:.0%})" if math.isfinite(median) else f"never ({share:.0%})"


def after_good_days(scene: Scene, draws: int, seed: int) -> Table:
    """Days to notice a change that comes sooner or later."""
    table = [["good days before", *map(str, GOOD)], [scene.name]]
    for good in GOOD:
        streams = change_data(scene, draws, seed, good=good)
        table[1].append(days_to_notice([by_rule(scene, data) for data in streams], good=good))
    return table


def of_evidently(groups: dict[str, list[StreamData]], folder: Path) -> dict[str, list[list[int]]]:
    """Days on which Evidently finds drift, by group and stream."""
    for name, streams in groups.items():
        sizes = np.array([[len(rows) for rows in data.rows] for data in streams])
        rows = np.concatenate([row for data in streams for row in data.rows]).astype(np.float32)
        np.savez(folder / f"{name}.npz", sizes=sizes, rows=rows)
    command = ["uv", "run", "--quiet", "--no-project", "--python", "3.13"]
    for package in PINNED:
        command += ["--with", package]
    adapter = Path(__file__).parent / "peers" / "evidently_drift.py"
    subprocess.run([*command, "python", str(adapter), str(folder)], check=True)
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in groups}


def beside_evidently(scenes: Sequence[Scene], draws: int, seed: int) -> dict[str, tuple[str, str]]:
    """By scene: its false alarms a year, and its days to notice."""
    groups: dict[str, list[StreamData]] = {}
    for number, scene in enumerate(scenes):
        if scene.metric == "requests":
            continue
        groups[f"{number}-calm"] = [
            stream(np.random.default_rng([seed, draw]), scene, YEAR + REFERENCE_DAYS)
            for draw in range(draws)
        ]
        groups[f"{number}-changed"] = change_data(scene, draws, seed)
    with TemporaryDirectory() as temporary:
        days = of_evidently(groups, Path(temporary))
    result = {}
    for number, scene in enumerate(scenes):
        if scene.metric == "requests":
            result[scene.name] = ("–", "–")
            continue
        counts = [len(begun(stream_days)) for stream_days in days[f"{number}-calm"]]
        calm = shown(rate(counts, YEAR + REFERENCE_DAYS))
        result[scene.name] = (calm, days_to_notice(days[f"{number}-changed"]))
    return result


def shown(number: tuple[float, float]) -> str:
    return f"{number[0]:.2f} ± {number[1]:.2f}"


def tables(
    scenes: Sequence[Scene], *, years: int, changes: int, evidently: int, seed: int
) -> tuple[Table, Table, bool]:
    """False alarms a year, days to notice, and whether no rate is above its promise."""
    peer = (
        beside_evidently(scenes, evidently, seed)
        if evidently
        else {scene.name: ("–", "–") for scene in scenes}
    )
    calm = [
        ["no change", "evidence alone", "with the margin", "fixed threshold", "Evidently", "≤ 1"]
    ]
    noticed = [["change after 90 days", "Evalhub", "fixed threshold", "Evidently"]]
    kept = True
    for scene in scenes:
        rates = false_alarms(scene, years, seed)
        # the evidence alone is promised where nothing changes at all: users neither come nor leave
        promised = ["rule"] if scene.leave else ["rule", "evidence"]
        fits = all(rates[name][0] <= 1 + 3 * rates[name][1] for name in promised)
        kept = kept and fits
        columns = [shown(rates[name]) for name in ("evidence", "rule", "threshold")]
        calm.append([scene.name, *columns, peer[scene.name][0], "ok" if fits else "TOO MANY"])
        data = change_data(scene, changes, seed)
        delays = [
            days_to_notice([rule(scene, one) for one in data]) for rule in (by_rule, by_threshold)
        ]
        noticed.append([scene.name, *delays, peer[scene.name][1]])
    return calm, noticed, kept


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=200)
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--evidently", type=int, default=20, help="streams; 0: without it")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args(arguments)
    calm, noticed, kept = tables(
        SCENES,
        years=options.years,
        changes=options.changes,
        evidently=options.evidently,
        seed=options.seed,
    )
    slow = next(scene for scene in SCENES if scene.metric == "quality")
    for table in (calm, noticed, after_good_days(slow, options.changes, options.seed)):
        if options.markdown:
            table.insert(1, ["---"] + ["---:"] * (len(table[0]) - 1))
        for row in table:
            line = "| " + " | ".join(row) + " |" if options.markdown else "  ".join(row)
            sys.stdout.write(f"{line}\n")
        sys.stdout.write("\n")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())

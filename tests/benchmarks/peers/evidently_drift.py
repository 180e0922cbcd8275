"""Evidently's drift of one column, by the test that it chooses. Runs in an environment of its
own; `tests.benchmarks.monitor_rates` calls it with a folder of streams' values.

Each day's values are compared with those of the first fourteen days, as
`DataDriftPreset` does for a column without further options.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from evidently.legacy.calculations.stattests import get_stattest
from evidently.legacy.core import ColumnType

REFERENCE_DAYS = 14


def drift_days(days: list[np.ndarray]) -> list[int]:
    reference = pd.Series(np.concatenate(days[:REFERENCE_DAYS]))
    drifted = []
    for number in range(REFERENCE_DAYS, len(days)):
        current = pd.Series(days[number])
        if len(current):
            test = get_stattest(reference, current, ColumnType.Numerical, None)
            if test.func(reference, current, ColumnType.Numerical, test.default_threshold)[1]:
                drifted.append(number)
    return drifted


def main(folder: Path) -> None:
    warnings.simplefilter("ignore")
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as file:
            sizes, rows = file["sizes"], file["rows"].astype(float)
        days = np.split(rows, np.cumsum(sizes.ravel())[:-1])
        count = sizes.shape[1]
        streams = [days[begin : begin + count] for begin in range(0, len(days), count)]
        path.with_suffix(".json").write_text(json.dumps([drift_days(stream) for stream in streams]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

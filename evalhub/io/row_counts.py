"""How many rows this process has read and written so far, for showing progress. Pure."""

from dataclasses import dataclass


@dataclass(slots=True)
class RowCounts:
    """Two counters that only grow. Threads may miss a few rows of each other's."""

    read: int = 0
    written: int = 0


ROW_COUNTS = RowCounts()

"""Requests by slice, as each user sent them. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

type SliceRow = tuple[str, tuple[str, ...], int]
"""A user's keyed hash ("": none), values of a slice, and in how many requests they are."""


@dataclass(frozen=True, slots=True)
class UserCounts:
    """Requests by the values of one kind of slice, as each user sent them.

    A unit is a user; a request without a user is one of its own.

    Attributes:
        values: the slices, that with most requests first; "": requests of which none is known.
        units, columns, counts: requests of a unit with the value of that column; pairs are unique.
        requests: by unit, (units,).
    """

    values: tuple[str, ...]
    units: NDArray[np.int64]
    columns: NDArray[np.int64]
    counts: NDArray[np.float64]
    requests: NDArray[np.float64]

    def of_value(self, column: int) -> NDArray[np.float64]:
        """Each unit's requests with a value, (units,)."""
        rows = self.columns == column
        return np.bincount(self.units[rows], self.counts[rows], len(self.requests))

    @property
    def totals(self) -> NDArray[np.float64]:
        """Requests by value, (values,)."""
        return np.bincount(self.columns, self.counts, len(self.values))


def add_up(rows: Iterable[SliceRow]) -> UserCounts:
    """Rows in any order; the same user may come often."""
    users: dict[str, int] = {}
    columns: dict[str, int] = {}
    cells: dict[tuple[int, int], float] = {}
    requests: list[float] = []
    for user, values, count in rows:
        parts = [count] if user else [1] * count
        for part in parts:
            unit = users.setdefault(user, len(requests)) if user else len(requests)
            if unit == len(requests):
                requests.append(0.0)
            requests[unit] += part
            for value in values:
                cell = unit, columns.setdefault(value, len(columns))
                cells[cell] = cells.get(cell, 0.0) + part
    return _in_order(list(columns), cells, np.array(requests))


def _in_order(
    values: list[str], cells: dict[tuple[int, int], float], requests: NDArray[np.float64]
) -> UserCounts:
    """With the largest values first; equal ones by their names."""
    places = np.array(list(cells), dtype=np.int64).reshape(-1, 2)
    counts = np.array(list(cells.values()))
    totals = np.bincount(places[:, 1], counts, len(values))
    order = sorted(range(len(values)), key=lambda column: (-totals[column], values[column]))
    position = np.empty(len(values), dtype=np.int64)
    position[order] = np.arange(len(values))
    columns = position[places[:, 1]]
    return UserCounts(tuple(values[i] for i in order), places[:, 0], columns, counts, requests)

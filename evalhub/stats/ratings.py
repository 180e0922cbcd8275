"""A table of ratings as numbers: units by raters, missing ones marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.errors import StatisticsError

Level = Literal["nominal", "ordinal", "interval", "ratio"]
Label = str | int | float | bool
LEVELS: tuple[Level, ...] = ("nominal", "ordinal", "interval", "ratio")
NOMINAL: Level = "nominal"

_ROWS_AT_ONCE = 1 << 16
_MOST_LABELS = 30_000


@dataclass(frozen=True, slots=True)
class Ratings:
    """`codes` (units, raters) index `labels`, -1 where a rating is missing; labels are sorted.

    With a declared scale `labels` are all of it, whether or not one of them was ever given.
    """

    codes: NDArray[np.int16]
    labels: tuple[Label, ...]
    raters: tuple[object, ...]

    @property
    def values(self) -> NDArray[np.float64]:
        """The labels as numbers; raises StatisticsError where one isn't."""
        try:
            return np.array([float(label) for label in self.labels])
        except ValueError as error:
            raise StatisticsError(
                "ordinal, interval and ratio levels need ratings that are numbers, such as "
                f"1, 2, 3; got {self.labels[0]!r}"
            ) from error


@dataclass(frozen=True, slots=True)
class Patterns:
    """Units with the same label counts, taken together.

    `counts` (patterns, labels) holds how often each label was given; `units` (patterns,) how
    many units have that pattern.
    """

    counts: NDArray[np.float64]
    units: NDArray[np.int64]


def check_level(level: str) -> None:
    """Raises StatisticsError unless `level` is one of LEVELS."""
    if level not in LEVELS:
        raise StatisticsError(f"level {level!r} is none of {', '.join(LEVELS)}")


def read_ratings(
    ratings: Mapping[object, Mapping[object, Label | None]]
    | Sequence[Sequence[Label | None]]
    | NDArray[np.generic],
    *,
    scale: Sequence[Label] | None = None,
) -> Ratings:
    """Ratings from {unit: {rater: label}}, or rows of units by columns of raters.

    None and NaN are missing. `scale` has all labels that could have been given; None takes those
    that were. Raises StatisticsError for an empty table, rows of unequal length, labels that mix
    text and numbers, or one that isn't on the scale.
    """
    table = _read(ratings)
    return table if scale is None else _on_scale(table, scale)


def _on_scale(ratings: Ratings, scale: Sequence[Label]) -> Ratings:
    if len(set(scale)) < max(len(scale), 2):
        raise StatisticsError("a scale has two labels or more, each once")
    strange = [label for label in ratings.labels if label not in scale]
    if strange:
        raise StatisticsError(f"label {strange[0]!r} isn't on the scale")
    try:
        labels = tuple(sorted(scale))
    except TypeError as error:
        raise StatisticsError("labels mix text and numbers; use one kind") from error
    moved = np.array([*(labels.index(label) for label in ratings.labels), -1], np.int16)
    return Ratings(moved[ratings.codes], labels, ratings.raters)


def _read(
    ratings: Mapping[object, Mapping[object, Label | None]]
    | Sequence[Sequence[Label | None]]
    | NDArray[np.generic],
) -> Ratings:
    if isinstance(ratings, Mapping):
        raters = tuple(dict.fromkeys(rater for row in ratings.values() for rater in row))
        rows = [[row.get(rater) for rater in raters] for row in ratings.values()]
        return _encode(_objects(rows), raters)
    if isinstance(ratings, np.ndarray) and ratings.dtype.kind in "fiub":
        table = ratings
    else:
        table = _objects(list(ratings))
    if table.ndim != 2 or 0 in table.shape:
        raise StatisticsError(f"ratings must be units by raters, not of shape {table.shape}")
    return _encode(table, tuple(range(table.shape[1])))


def patterns(ratings: Ratings) -> Patterns:
    """Counts of labels per unit, equal units together."""
    codes, size = ratings.codes, len(ratings.labels)
    base = codes.shape[1] + 1
    if base**size > 2**62:
        return _wide_patterns(codes, size)
    power = np.array([base**c for c in range(size)] + [0], np.int64)
    keys = np.zeros(len(codes), np.int64)
    for start in range(0, len(codes), _ROWS_AT_ONCE):
        block = codes[start : start + _ROWS_AT_ONCE]
        for rater in range(codes.shape[1]):
            keys[start : start + len(block)] += power[block[:, rater]]
    if base**size <= 4 * _ROWS_AT_ONCE:
        seen = np.bincount(keys, minlength=1)
        distinct = np.flatnonzero(seen)
        units = seen[distinct]
    else:
        distinct, units = np.unique(keys, return_counts=True)
    counts = (distinct[:, None] // power[None, :size]) % base
    return Patterns(counts.astype(float), units.astype(np.int64))


def _wide_patterns(codes: NDArray[np.int16], size: int) -> Patterns:
    """The same where there are too many labels to number every pattern."""
    ordered = np.sort(codes, axis=1)
    distinct, units = np.unique(ordered, axis=0, return_counts=True)
    counts = np.zeros((len(distinct), size + 1))
    rows = np.arange(len(distinct))
    for rater in range(codes.shape[1]):
        counts[rows, distinct[:, rater]] += 1
    return Patterns(counts[:, :size], units.astype(np.int64))


def _objects(rows: Sequence[Sequence[Label | None]]) -> NDArray[np.object_]:
    width = len(rows[0]) if len(rows) else 0
    table = np.empty((len(rows), width), dtype=object)
    for i, row in enumerate(rows):
        if len(row) != width:
            raise StatisticsError(f"unit {i} has {len(row)} ratings, the first has {width}")
        table[i] = row
    if table.size == 0:
        raise StatisticsError("there are no ratings")
    return table


def _encode(table: NDArray[np.generic], raters: tuple[object, ...]) -> Ratings:
    return _numeric(table, raters) if table.dtype.kind in "fiub" else _encode_labels(table, raters)


def _encode_labels(table: NDArray[np.generic], raters: tuple[object, ...]) -> Ratings:
    flat = [None if cell is None or cell != cell else cell for cell in table.ravel().tolist()]
    seen = {cell for cell in flat if cell is not None}
    try:
        labels = tuple(sorted(seen))
    except TypeError as error:
        raise StatisticsError("labels mix text and numbers; use one kind") from error
    _check_labels(len(labels))
    number: dict[object, int] = {label: i for i, label in enumerate(labels)} | {None: -1}
    codes = np.fromiter((number[cell] for cell in flat), np.int16, len(flat))
    return Ratings(codes.reshape(table.shape), labels, raters)


def _numeric(table: NDArray[np.generic], raters: tuple[object, ...]) -> Ratings:
    """Numbers are coded block by block, so that little is held beside the table itself."""
    numbers = np.asarray(table, dtype=None if table.dtype.kind == "f" else float)
    low, high = float(np.fmin.reduce(numbers, axis=None)), float(np.fmax.reduce(numbers, axis=None))
    if np.isnan(low):
        return Ratings(np.full(table.shape, -1, np.int16), (), raters)
    if np.isinf(low) or np.isinf(high):
        raise StatisticsError("a rating is infinite; ratings must be finite, or missing")
    coded = _whole_numbers(numbers, low, high)
    if coded is None:
        coded = _any_numbers(numbers)
    codes, distinct = coded
    whole = bool(np.all(distinct == np.rint(distinct)))
    return Ratings(codes, tuple(int(v) if whole else float(v) for v in distinct), raters)


def _whole_numbers(
    table: NDArray[np.floating[Any]], low: float, high: float
) -> tuple[NDArray[np.int16], NDArray[np.float64]] | None:
    """Codes by subtraction, where the ratings are whole numbers in a narrow range."""
    if low != np.rint(low) or high - low > 1000:
        return None
    missing = int(high - low) + 1
    codes = np.empty(table.shape, np.int16)
    seen = np.zeros(missing + 1, np.int64)
    for start in range(0, len(table), _ROWS_AT_ONCE):
        shifted = table[start : start + _ROWS_AT_ONCE] - low
        np.nan_to_num(shifted, copy=False, nan=missing)
        block = shifted.astype(np.int16)
        if not np.array_equal(block, shifted):
            return None
        codes[start : start + len(block)] = block
        seen += np.bincount(block.ravel(), minlength=missing + 1)
    present = np.flatnonzero(seen[:missing])
    renamed = np.full(missing + 1, -1, np.int16)
    renamed[present] = np.arange(present.size)
    for start in range(0, len(codes), _ROWS_AT_ONCE):
        codes[start : start + _ROWS_AT_ONCE] = renamed[codes[start : start + _ROWS_AT_ONCE]]
    return codes, np.asarray(present + low, dtype=np.float64)


def _any_numbers(
    table: NDArray[np.floating[Any]],
) -> tuple[NDArray[np.int16], NDArray[np.float64]]:
    distinct = np.unique(table)
    labels = distinct[~np.isnan(distinct)].astype(float)
    _check_labels(labels.size)
    codes = np.searchsorted(labels, table).astype(np.int16)
    codes[np.isnan(table)] = -1
    return codes, labels


def _check_labels(count: int) -> None:
    if count > _MOST_LABELS:
        raise StatisticsError(
            f"{count} different ratings: round them to at most {_MOST_LABELS} values first"
        )

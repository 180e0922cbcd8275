"""A weighted sample of a file's rows, as rows of a test set's file. Pure but for the reading."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from evalhub.declare.analysis import SampleDocument, SampledStratum
from evalhub.io.items import FieldMapping, ItemContent, item_of
from evalhub.io.rows import DataError, Row, field, read_rows, wrong
from evalhub.stats.sampling import Sample, SamplingFrame, draw_sample

WEIGHT, TAGS, CLUSTER = "weight", "tags", "cluster"
"""Fields that a sample's rows get."""


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """What to draw from a file.

    Attributes:
        by: fields whose values are the strata, and become tags.
        cluster: the field of what a row belongs to, such as its user; None: rows are independent.
        least: rows of each stratum at least, or all that it has.
        without: files of rows that were drawn before: what they ask is left out.
    """

    path: Path
    mapping: FieldMapping
    count: int
    by: Sequence[str]
    cluster: str | None
    seed: str
    allocation: Literal["proportional", "equal"]
    least: int
    without: Sequence[Path] = ()


def draw_from_file(request: SampleRequest) -> tuple[SampleDocument, Iterator[str]]:
    """Draw a sample, in two passes over the file: what was drawn, and its rows as lines of JSONL in
    the order of drawing.

    Raises:
        evalhub.io.rows.DataError: what is wrong with a file, a row or a field.
        evalhub.stats.errors.StatisticsError: what can't be drawn.
    """
    drawn = {_content(item) for path in request.without for _, item in _read(path, request.mapping)}
    frame = _frame(request)
    sample = draw_sample(
        frame,
        request.count,
        seed=request.seed,
        allocation=request.allocation,
        least=request.least,
        drawn=drawn,
    )
    return _document(request, frame, sample), _lines(request, sample)


def _frame(request: SampleRequest) -> SamplingFrame:
    keys, strata, clusters, contents = list[str](), list[str](), list[str](), list[str]()
    for row, item in _read(request.path, request.mapping):
        _check_fields(row, request)
        keys.append(item.key)
        strata.append(", ".join(_tags(row, request.by)) or "all")
        clusters.append(_cluster(row, request) or f"item {item.key}")
        contents.append(_content(item))
    return SamplingFrame(keys, strata, clusters, contents)


def _read(path: Path, mapping: FieldMapping) -> Iterator[tuple[Row, ItemContent]]:
    for row in read_rows(path):
        yield row, item_of(row, mapping)


def _content(item: ItemContent) -> str:
    return str(item.fingerprint_in_context())


def _tags(row: Row, by: Iterable[str]) -> list[str]:
    return [f"{name}: {_text(field(row, name))}" for name in by]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cluster(row: Row, request: SampleRequest) -> str:
    return "" if request.cluster is None else _text(field(row, request.cluster))


def _check_fields(row: Row, request: SampleRequest) -> None:
    """Refuses rows with a field of their own where the sample writes one."""
    taken = [WEIGHT, *([CLUSTER] if request.cluster not in (None, CLUSTER) else [])]
    for name in taken:
        if name in row.values:
            raise wrong(row, name, "the sample's rows get a field of this name: rename this one")


def _lines(request: SampleRequest, sample: Sample) -> Iterator[str]:
    weights: Mapping[int, float] = dict(
        zip(sample.rows.tolist(), sample.weights.tolist(), strict=True)
    )
    rows = {
        index: _row(row, item, request, weights[index])
        for index, (row, item) in enumerate(_read(request.path, request.mapping))
        if index in weights
    }
    if len(rows) < len(weights):
        raise DataError("the file has changed while it was read", file=str(request.path))
    for index in weights:
        yield json.dumps(rows[index], ensure_ascii=False) + "\n"


def _row(row: Row, item: ItemContent, request: SampleRequest, weight: float) -> dict[str, Any]:
    values = {**row.values, TAGS: [*item.tags, *_tags(row, request.by)], WEIGHT: weight}
    return values if request.cluster is None else {**values, CLUSTER: _cluster(row, request)}


def _document(request: SampleRequest, frame: SamplingFrame, sample: Sample) -> SampleDocument:
    return SampleDocument(
        rows=len(frame.keys) - sample.left_out,
        left_out=sample.left_out,
        drawn=len(sample.rows),
        seed=request.seed,
        allocation=request.allocation,
        strata=[
            SampledStratum(stratum=str(name), rows=each.size, drawn=each.drawn, weight=each.weight)
            for name, each in sorted(sample.strata.items(), key=lambda row: -row[1].size)
        ],
        effective=sample.effective_size,
        large_clusters={str(name): share for name, share in sample.large_clusters.items()},
    )

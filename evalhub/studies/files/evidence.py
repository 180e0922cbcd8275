"""Read two arms' scores from files: the evidence document, its rows, and errors in them.

No database: `evalhub decide` works on files alone.
"""

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalhub.decision.criteria.budget import RatioBudget
from evalhub.decision.criteria.table import AMOUNTS
from evalhub.decision.requirements import Requirement
from evalhub.declare.declaration import default_of, read_declaration
from evalhub.declare.evidence import EvidenceFile, JudgmentRows, ScoreFields
from evalhub.declare.policy import PolicyCriterion
from evalhub.io.document import Document
from evalhub.io.identity import answers_digest, scores_digest
from evalhub.io.numbers import finite_number
from evalhub.io.row_paths import PathError, RowMapping, parse_path, reach, read_mapped_rows
from evalhub.io.rows import DataError, Row, item_id, wrong

SCHEMA = "evalhub.evidence/1"
METRIC: str = default_of(PolicyCriterion, "metric")
TEST_SET = "items"
ARMS = ("baseline", "candidate")


@dataclass(frozen=True, slots=True)
class EvidenceSource:
    """Which two arms, which files hold their rows, and where people's choices lie, if anywhere.

    Attributes:
        owners: of each file, the arm that all its rows are of; None where the rows say it.
    """

    path: Path
    arms: tuple[str, str]
    scores: tuple[Path, ...]
    owners: tuple[str | None, ...] = ()
    fields: ScoreFields = field(default_factory=ScoreFields)
    judgments: JudgmentRows | None = None
    rows: str = ""


@dataclass(slots=True)
class ItemInfo:
    """What is known of an item beside its scores.

    Attributes:
        prints: where the source holds its text, the fingerprints by which a ledger may know it
            (`evalhub.io.items.prints_of`).
        question: likewise a digest of it, to the letter; "" where the source doesn't hold it.
    """

    cluster: str | None = None
    tags: list[str] = field(default_factory=list)
    weight: float | None = None
    prints: tuple[int, int] | None = None
    question: str = ""


type Cell = dict[str, dict[int, float | None]]
"""One arm's scores: by item and sample; None where a row has no value."""


@dataclass(slots=True)
class Scores:
    """Every score of the two arms.

    Attributes:
        owners: of each file, the arm that all its rows are of; None where the rows say it.
        cells: by (test set, metric), the scores of the baseline and of the candidate.
        items: by (test set, item), what else is known of the item.
        outputs: each arm's answers, by (test set, item, sample), where rows have them.
        errors: likewise, what stands in an answer's place where it failed for good.
        metrics: by (test set, metric), the name and the options under which it would be
            registered, where the source says more than its name.
    """

    arms: tuple[str, str]
    files: tuple[Path, ...]
    owners: tuple[str | None, ...]
    cells: dict[tuple[str, str], tuple[Cell, Cell]] = field(default_factory=dict)
    items: dict[tuple[str, str], ItemInfo] = field(default_factory=dict)
    outputs: tuple[dict[tuple[str, str, int], str], dict[tuple[str, str, int], str]] = field(
        default_factory=lambda: ({}, {})
    )
    errors: tuple[dict[tuple[str, str, int], str], dict[tuple[str, str, int], str]] = field(
        default_factory=lambda: ({}, {})
    )
    metrics: dict[tuple[str, str], tuple[str, dict[str, Any]]] = field(default_factory=dict)

    def file_names(self, arm: int) -> str:
        """The names of the files that hold rows of an arm, as a text."""
        pairs = zip(self.files, self.owners, strict=True)
        return " + ".join(file.name for file, of in pairs if of in (None, self.arms[arm]))

    def failures(self, test_set: str, arm: int) -> dict[tuple[str, int], str]:
        """Errors of the arm's failed answers, by item and sample."""
        errors = self.errors[arm].items()
        return {(item, sample): error for (at, item, sample), error in errors if at == test_set}

    def digest(self, arm: int) -> str:
        """SHA-256 of one arm's scores, independent of the order and format of its rows."""
        rows = sorted(
            [test_set, metric, item, sample, value]
            for (test_set, metric), cells in self.cells.items()
            for item, samples in cells[arm].items()
            for sample, value in samples.items()
        )
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()

    def digests(self, requirement: Requirement) -> dict[str, Any]:
        """SHA-256 of both arms' answers and scores, by field names of the evidence.

        "" where the rows hold no answers.
        """
        digests: dict[str, Any] = {}
        for arm, role in enumerate(ARMS):
            answers: list[tuple[str, int, str | None, str, None]] = [
                (item, sample, text, "", None)
                for (at, item, sample), text in self.outputs[arm].items()
                if at == requirement.test_set
            ]
            if answers:
                answers += [
                    (item, sample, None, error, None)
                    for (at, item, sample), error in self.errors[arm].items()
                    if at == requirement.test_set
                ]
            digests[f"{role}_answers"] = answers_digest(answers) if answers else ""
            digests[f"{role}_scores"] = scores_digest(
                (item, sample, value)
                for item, samples in self.cells[requirement.test_set, requirement.metric][
                    arm
                ].items()
                for sample, value in samples.items()
            )
        return digests


def read_source(path: Path) -> EvidenceSource:
    """An evidence document (YAML or JSON), or a bare file of rows of the arms "baseline" and
    "candidate".

    Raises:
        evalhub.io.rows.DataError: what is wrong, with file, line and field.
    """
    if path.suffix.lower() not in (".yaml", ".yml", ".json"):
        return EvidenceSource(path, ARMS, (path,), (None,))
    document = Document(path)
    start = f"evidence is a mapping that starts with schema: {SCHEMA}"
    evidence = read_declaration(EvidenceFile, document, start=start)
    return EvidenceSource(
        path,
        (evidence.baseline, evidence.candidate),
        tuple(path.parent / name for name, _ in evidence.files()),
        tuple(arm for _, arm in evidence.files()),
        evidence.fields,
        evidence.judgments,
        evidence.rows or "",
    )


def read_scores(source: EvidenceSource) -> Scores:
    """Every score row of the two arms; rows of other arms are skipped.

    A row has an item, an arm and a value, and the arm may be left out of a file that holds one
    arm's rows, as the document says. It may have a test set ("items" where it hasn't), a metric
    ("score"), a sample, and of its item a cluster, tags and a weight; also the output, its
    latency_ms and its cost. A value that is null or empty is unscored.

    Raises:
        evalhub.io.rows.DataError: what is wrong, with file, line and field.
    """
    scores = Scores(source.arms, source.scores, source.owners)
    seen: dict[tuple[str, str, str, str, int], Row] = {}
    others: set[str] = set()
    for path, owner in zip(source.scores, source.owners, strict=True):
        for row in read_mapped_rows(path, RowMapping(rows=source.rows)):
            _take(scores, _Fields(row, source.fields), owner, seen, others)
    for arm, name in enumerate(source.arms):
        if not any(cells[arm] for cells in scores.cells.values()):
            others |= {
                other
                for index, other in enumerate(source.arms)
                if any(cells[index] for cells in scores.cells.values())
            }
            names = ", ".join(sorted(others)[:8])
            bare = source.path in source.scores
            hint = "; an evidence document says which arm is which" if bare else ""
            raise DataError(
                f"no row's arm is {name!r}; there are {names}{hint}",
                file=str(source.path),
                field=source.fields.arm,
            )
    return scores


class _Fields:
    """A row's fields by the names that the evidence document gives them."""

    def __init__(self, row: Row, names: ScoreFields) -> None:
        self._names = names
        self.row = row._replace(values=_with_paths(row.values, names))

    def name(self, field: str) -> str:
        name: str = getattr(self._names, field)
        return name

    def has(self, field: str) -> bool:
        return self.row.values.get(self.name(field)) not in (None, "")

    def is_empty_text(self, field: str) -> bool:
        """Whether the field holds an empty text; in a CSV file an empty field is a missing one."""
        text = self.row.values.get(self.name(field))
        return text == "" and not self.row.file.lower().endswith(".csv")

    def text(self, field: str, default: str) -> str:
        return item_id(self.row, self.name(field)) if self.has(field) else default

    def number(self, field: str) -> float | None:
        """A finite number; also true (1), false (0), and a number written as text, as in CSV."""
        if not self.has(field):
            return None
        try:
            return finite_number(self.row.values[self.name(field)])
        except ValueError as error:
            raise self.wrong(field, str(error)) from error

    def output(self) -> str | None:
        """The answer's text; None where the row has none."""
        if not (self.has("output") or self.is_empty_text("output")):
            return None
        return str(self.row.values[self.name("output")])

    def wrong(self, field: str, message: str) -> DataError:
        return wrong(self.row, self.name(field), message)


def _with_paths(values: dict[str, Any], names: ScoreFields) -> dict[str, Any]:
    """A row's values, with values at a nested path added under the path."""
    reached = {}
    for path in names.model_dump().values():
        if path not in values and ("." in path or "[" in path):
            with suppress(PathError):
                reached[path] = reach(values, parse_path(path))
    return values | reached


def _take(
    scores: Scores,
    row: _Fields,
    owner: str | None,
    seen: dict[tuple[str, str, str, str, int], Row],
    others: set[str],
) -> None:
    name = _arm_of(row, owner)
    if name not in scores.arms:
        others.add(name)
        return
    arm = scores.arms.index(name)
    item = item_id(row.row, row.name("item"))
    test_set, metric = row.text("test_set", TEST_SET), row.text("metric", METRIC)
    sample = _sample(row)
    if row.name("value") not in row.row.values:
        raise row.wrong("value", "missing; a row of scores has it, null where nothing was scored")
    key = (test_set, metric, item, name, sample)
    if (first := seen.setdefault(key, row.row)) is not row.row:
        raise row.wrong(
            "item",
            f"{item!r} of {name} has its {metric} on line {first.line} of {Path(first.file).name} "
            f"already (sample {sample}); several answers to an item need a `sample` field that "
            "counts 0, 1, …",
        )
    value = row.number("value")
    _cell(scores, test_set, metric, arm).setdefault(item, {})[sample] = value
    if row.has("error"):
        if value is not None or row.has("output"):
            raise row.wrong("error", "stands in place of an answer: it has no value and no output")
        scores.errors[arm][test_set, item, sample] = str(row.row.values[row.name("error")])
    for kind in () if row.has("error") else AMOUNTS.values():  # a failed answer has no cost
        if (amount := kind.amount_in_file(row)) is not None:
            _take_amount(scores, row, kind, (test_set, kind.metric, item), arm, sample, amount)
    if (output := row.output()) is not None:
        scores.outputs[arm][test_set, item, sample] = output
    _take_item(scores.items.setdefault((test_set, item), ItemInfo()), row, item)


def _arm_of(row: _Fields, owner: str | None) -> str:
    """The row's arm: its own field, else the one that the document states for the file."""
    if owner is None or row.has("arm"):
        name = item_id(row.row, row.name("arm"))
        if owner is not None and name != owner:
            raise row.wrong("arm", f"is {name!r}, and the document says that the file is {owner}'s")
        return name
    return owner


def _take_amount(
    scores: Scores,
    row: _Fields,
    kind: RatioBudget,
    where: tuple[str, str, str],
    arm: int,
    sample: int,
    value: float,
) -> None:
    """Stores what a budget compares, which must be the same on all rows of an answer."""
    test_set, metric, item = where
    if value < 0:
        raise row.wrong(kind.field, f"is 0 or more, and this is {value:g}")
    first = _cell(scores, test_set, metric, arm).setdefault(item, {}).setdefault(sample, value)
    if first != value:
        raise row.wrong(kind.field, f"{item!r} has {first:g} on another row of the same answer")


def _take_item(info: ItemInfo, row: _Fields, item: str) -> None:
    if row.has("cluster"):
        cluster = item_id(row.row, row.name("cluster"))
        if info.cluster not in (None, cluster):
            raise row.wrong("cluster", f"{item!r} is of {info.cluster!r} on another row")
        info.cluster = cluster
    if row.has("weight"):
        weight = row.number("weight")
        if weight is None or weight <= 0:
            raise row.wrong("weight", "is above 0; leave out items that should not count")
        if info.weight not in (None, weight):
            raise row.wrong("weight", f"{item!r} weighs {info.weight:g} on another row")
        info.weight = weight
    if row.has("tags"):
        tags = _tags(row.row.values[row.name("tags")])
        if info.tags and info.tags != tags:
            raise row.wrong("tags", f"{item!r} has other tags on another row")
        info.tags = tags


def _tags(value: Any) -> list[str]:
    """A list of tags, from a list or from a text with commas (CSV)."""
    parts: Iterable[Any] = value if isinstance(value, list) else str(value).split(",")
    return [text for one in parts if (text := str(one).strip())]


def _sample(row: _Fields) -> int:
    value = row.number("sample")
    if value is None:
        return 0
    if value < 0 or value != int(value):
        raise row.wrong("sample", f"counts 0, 1, …, and this is {value:g}")
    return int(value)


def _cell(scores: Scores, test_set: str, metric: str, arm: int) -> Cell:
    return scores.cells.setdefault((test_set, metric), ({}, {}))[arm]

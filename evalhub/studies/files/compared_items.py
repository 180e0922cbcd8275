"""The items on which two files of answers are compared."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalhub.io.canonical import digest_of
from evalhub.io.item_fields import answerable_of, relevant_of, weight_of
from evalhub.io.items import EDITED, FieldMapping, prints_of
from evalhub.io.published_rows import with_usual_fields
from evalhub.io.rows import DataError, Row, field, item_id, read_rows
from runners.prompting import question_of


@dataclass(frozen=True, slots=True)
class ComparedItem:
    """A row of the test set, with its line and all of its fields."""

    key: str
    line: int
    values: dict[str, Any]
    references: list[Any]
    cluster: str
    tags: list[str]
    weight: float | None

    @property
    def question(self) -> str:
        """The item's question, if the row has the field `question`."""
        return question_of(self.values.get(FieldMapping().input))

    @property
    def relevant(self) -> list[str] | None:
        """Ids of the passages that hold its answer, by the row's field `relevant`. Raises
        DataError."""
        row = Row(self.line, self.values)
        return relevant_of(row, "relevant") if "relevant" in self.values else None

    @property
    def answerable(self) -> bool:
        """Whether the documents hold its answer, by the row's field `answerable`. Raises
        DataError."""
        row = Row(self.line, self.values)
        return answerable_of(row, "answerable") if "answerable" in self.values else True

    @property
    def prints(self) -> tuple[int, int] | None:
        """Fingerprints by which a ledger recognises the item (`evalhub.io.items.prints_of`)."""
        return prints_of(Row(self.line, self.values))

    @property
    def question_digest(self) -> str:
        """Digest of the row's `input` and `context`; "" if it has no input."""
        values = self.values
        return digest_of([values["input"], values.get("context")]) if values.get("input") else ""


def read_compared_items(
    path: Path,
    *,
    id_field: str,
    reference: str | None,
    cluster: str | None,
    tag: str | None,
    weight: str | None,
    metric: str,
) -> dict[str, ComparedItem]:
    """The items of a test set, by id.

    Args:
        id_field, reference, cluster, tag, weight: names of fields; a dotted name reaches into an
            object. None: nothing of the kind is read.
        metric: what needs the references, for the error.

    Raises:
        DataError: an id that is there twice, a field that is missing, an empty reference or one
            that somebody edited from an answer, a weight that isn't above 0.
    """
    items: dict[str, ComparedItem] = {}
    usual = FieldMapping()
    for stored in read_rows(path):
        row = with_usual_fields(stored, path) if id_field == usual.id else stored
        key = item_id(row, id_field)
        if key in items:
            raise DataError(
                f"{key!r} stands on line {items[key].line} already; ids are unique",
                file=str(path),
                line=row.line,
                field=id_field,
            )
        references: list[Any] = []
        if reference is not None:
            value = field(row, reference)
            references = value if isinstance(value, list) else [value]
            if not references or any(one is None or one == "" for one in references):
                raise DataError(
                    f"{metric} needs a reference, and this one is empty",
                    file=str(path),
                    line=row.line,
                    field=reference,
                )
            if EDITED.items() <= row.values.items():
                [mark] = EDITED
                raise DataError(
                    f"{metric} compares with an answer of production that somebody edited: it "
                    "leans to the baseline. Take a metric without references",
                    file=str(path),
                    line=row.line,
                    field=mark,
                )
        items[key] = ComparedItem(
            key,
            row.line,
            row.values,
            references,
            str(field(row, cluster)) if cluster else "",
            _tags(field(row, tag)) if tag else [],
            weight_of(row, weight) if weight else None,
        )
    return items


def _tags(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]

"""The labelled texts of a sample, place by place, to look for wrong labels among. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalhub.features.data.checks.label_list import FEWEST_OF_LABEL, LabelPlace
from evalhub.features.data.checks.labels_of_rows import labels_of
from evalhub.features.data.rows.training_rows import TrainingRow

MOST_PLACES = 3
FEWEST_ROWS = 50


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """Rows with a text and a label at one place, of labels that five rows or more have.

    Attributes:
        place: such as "answer" or "field label".
        rows: with what is asked.
        labels: of each row.
        left_out: rows of rarer labels.
    """

    place: str
    rows: Sequence[TrainingRow]
    labels: Sequence[str]
    left_out: int

    @property
    def largest_share(self) -> float:
        """The share of the most frequent label."""
        return max(Counter(self.labels).values()) / len(self.labels)


def labelled_texts(rows: Sequence[TrainingRow]) -> Iterator[LabelledTexts]:
    """The places that hold two labels or more in 50 rows or more, the fullest three."""
    labels = [labels_of(row) if row.prompt.strip() else {} for row in rows]
    places: dict[str, LabelPlace] = {}
    for row, by_place in zip(rows, labels, strict=True):
        for name, value in by_place.items():
            places.setdefault(name, LabelPlace()).add(value.strip(), row.line)
    fullest = sorted(places.items(), key=lambda entry: -entry[1].counts.total())
    yielded = 0
    for name, place in fullest:
        if yielded == MOST_PLACES or not place.holds_labels(len(rows)):
            continue
        common = {value for value, count in place.counts.items() if count >= FEWEST_OF_LABEL}
        chosen = [
            (row, label)
            for row, by_place in zip(rows, labels, strict=True)
            if (label := by_place.get(name, "").strip()) in common
        ]
        if len(common) > 1 and len(chosen) >= FEWEST_ROWS:
            yielded += 1
            yield LabelledTexts(
                place=name,
                rows=[row for row, _ in chosen],
                labels=[label for _, label in chosen],
                left_out=place.counts.total() - len(chosen),
            )

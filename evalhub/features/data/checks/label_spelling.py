"""Labels that are another one, written otherwise or misspelt. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from evalhub.ledger.leakage.fingerprints import normal_form

RARE = 0.1
"""A misspelling has at most this share of the rows of the label that was meant."""
FEWEST = 10
"""Rows of a label that others may be misspellings of."""
LONG = 8
"""Letters from which on two edits make a misspelling; from four on one does."""
SHORT = 4
MOST_COMPARED = 300


@dataclass(frozen=True, slots=True)
class LabelVariant:
    """A label, the more frequent one that it seems to be, and whether only case, spaces and
    punctuation differ."""

    label: str
    meant: str
    same_words: bool


def plain_form(label: str) -> str:
    """A label without case, white space and punctuation."""
    return (normal_form(label) or label.strip()).replace(" ", "")


def label_variants(counts: Mapping[str, int]) -> list[LabelVariant]:
    """Labels that seem to be another, more frequent one."""
    ranked = sorted(counts, key=lambda label: (-counts[label], label))[: 4 * MOST_COMPARED]
    by_form: dict[str, str] = {}
    variants: list[LabelVariant] = []
    for label in ranked:
        meant = by_form.setdefault(plain_form(label), label)
        if meant != label:
            variants.append(LabelVariant(label, meant, True))
    forms = list(by_form.items())
    frequent = [(form, label) for form, label in forms if counts[label] >= FEWEST][:MOST_COMPARED]
    for form, label in forms:
        for other, meant in frequent:
            if counts[label] > RARE * counts[meant] or label == meant:
                continue
            if _is_misspelling(form, other):
                variants.append(LabelVariant(label, meant, False))
                break
    return variants


def _is_misspelling(form: str, other: str) -> bool:
    """Whether one or two edits make the same of both, none of them of a digit: 10 isn't 100."""
    shorter = min(len(form), len(other))
    most = 2 if shorter >= LONG else 1 if shorter >= SHORT else 0
    if abs(len(form) - len(other)) > most or _digits(form) != _digits(other):
        return False
    return edit_distance(form, other, most) <= most


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def edit_distance(first: str, second: str, most: int) -> int:
    """Insertions, deletions, substitutions and swaps of neighbours between two texts (optimal
    string alignment); `most` + 1 where there are more."""
    if first == second:
        return 0
    before: list[int] = []
    row: list[int] = [*range(len(second) + 1)]
    for i, c in enumerate(first, 1):
        before, last, row = row, before, [i]
        for j, d in enumerate(second, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + int(c != d))
            if i > 1 and j > 1 and c == second[j - 2] and d == first[i - 2]:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]

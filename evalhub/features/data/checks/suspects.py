"""Suspect labels, and the neighbours that disagree with them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.stats.tf_idf import nearest

NEIGHBOURS = 10
FEWEST_NEIGHBOURS = 5
"""With something in common with a text, for them to speak of it."""
AGREEING = 0.5
"""Share of the neighbours' weight that another label has, for a label to be suspected."""
OWN = 0.1
"""Share that its own label has then, at most."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row whose label is probably another one, and how sure that is (0 to 1)."""

    row: int
    probable: str
    sureness: float


@dataclass(frozen=True, slots=True)
class LabelSuspects:
    """Suspect rows, the surest first, and how many of the rows read have the label expected."""

    accuracy: float
    read: int
    suspects: Sequence[Suspect]


def neighbour_suspects(matrix: Any, labels: Sequence[str]) -> LabelSuspects:
    """Rows whose ten nearest rows, weighed by their cosines, have one other label by half of the
    weight, and the row's own by a tenth at most.

    Args:
        matrix: (rows, terms) sparse tf-idf, each row of length 1.
    """
    names, codes = np.unique(np.array(labels), return_inverse=True)
    neighbours, cosines = nearest(matrix, NEIGHBOURS)
    votes = np.zeros((codes.size, len(names)))
    there = neighbours >= 0
    rows = np.repeat(np.arange(codes.size), there.sum(axis=1))
    np.add.at(votes, (rows, codes[neighbours[there]]), cosines[there])
    totals = votes.sum(axis=1)
    shares: NDArray[np.float64] = votes / np.maximum(totals, 1e-12)[:, None]
    expected = shares.argmax(axis=1)
    speaks = there.sum(axis=1) >= FEWEST_NEIGHBOURS
    sureness = shares.max(axis=1)
    own = shares[np.arange(codes.size), codes]
    suspect = np.flatnonzero(speaks & (own <= OWN) & (sureness >= AGREEING))
    order = suspect[np.argsort(-sureness[suspect], kind="stable")]
    return LabelSuspects(
        accuracy=float(np.mean((expected == codes)[speaks])) if speaks.any() else 0.0,
        read=int(speaks.sum()),
        suspects=[
            Suspect(int(row), str(names[expected[row]]), float(sureness[row])) for row in order
        ],
    )

"""The parts of a study file that name no plug-in; `evalhub.studies.file.spec` puts the file
together.

The database keeps some of them as they are here: `StudySettings` and `StudyReview`.
"""

import hashlib
from typing import Annotated, Any, Literal

from pydantic import Field

from evalhub.declare.declaration import Declaration, validate
from evalhub.declare.people import PeopleDemand
from evalhub.declare.review import ItemCount, ReviewBasics, Show

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=80)]
"""What stands in addresses."""


def check_name(name: str, *, at: str) -> None:
    """Raise DeclarationError for a name that can't be part of an address; `at` is its field."""
    kind: Any = Name
    validate(kind, name, at=at)


ModelKind = Literal[
    "base", "prompted", "few-shot", "retrieval", "lora", "qlora", "full", "distilled", "unknown"
]
FINE_TUNED: frozenset[ModelKind] = frozenset({"lora", "qlora", "full", "distilled", "unknown"})
"""Kinds that are judged as fine-tuned: an unknown one too, since it may be."""


Promoted = Annotated[
    bool,
    Field(description="whether the baseline has to be the version that the project has promoted"),
]


class Development(Declaration):
    """Which part of the primaries' items chooses the best untuned arm, to be judged on the rest."""

    share: float = Field(
        0.3, gt=0, lt=1, description="share of the items on which best-untuned chooses the baseline"
    )
    seed: int = Field(0, description="of the draw of these items")

    def holds(self, key: str, cluster: str) -> bool:
        """Whether the item belongs to the development split."""
        unit = f"{self.seed}\0{'c' if cluster else 'i'}\0{cluster or key}"
        number = int.from_bytes(hashlib.sha256(unit.encode()).digest()[:8])
        return number < self.share * 2**64


class StudyReview(ReviewBasics, PeopleDemand):
    """Whom a study asks, and what."""

    test_set: Name = Field(description="on whose items the two arms' answers are compared")
    items: ItemCount
    open: Literal["owner", "auto"] = Field(
        "owner",
        description="who opens the review once its answers are there: its owner, or auto: nobody "
        "has to",
    )
    show: Show = Show()

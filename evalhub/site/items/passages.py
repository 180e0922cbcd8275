"""The passages that an answer was given by a retriever, as its page shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalhub.site.items.reading import LongText, long_text


@dataclass(frozen=True, slots=True)
class ShownPassage:
    """One passage. `relevant`: whether the item names it; None where the item names none. `cut`:
    whether the model was given more of it."""

    key: str
    text: LongText
    score: float | None
    relevant: bool | None
    cut: bool


@dataclass(frozen=True, slots=True)
class ShownPassages:
    """An answer's passages, the best first, and the ids of relevant ones that aren't among them."""

    passages: Sequence[ShownPassage]
    lacking: Sequence[str]

    @property
    def relevant(self) -> int | None:
        """How many of them are relevant; None where the item names none."""
        known = [passage.relevant for passage in self.passages if passage.relevant is not None]
        return sum(known) if known or self.lacking else None


def shown_passages(
    passages: Sequence[Mapping[str, Any]], relevant: Sequence[str] | None, view: str
) -> ShownPassages:
    """The passages of an answer to an item that names these as relevant; None: nobody said."""
    return ShownPassages(
        [
            ShownPassage(
                key=passage["id"],
                text=long_text(passage["text"], view),
                score=passage.get("score"),
                relevant=None if relevant is None else passage["id"] in relevant,
                cut=bool(passage.get("cut")),
            )
            for passage in passages
        ],
        [key for key in relevant or () if key not in {passage["id"] for passage in passages}],
    )

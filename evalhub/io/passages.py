"""The passages of a retriever that an answer was given: their shape, and how much of them is kept.

A passage is {id, text, score}, the best first; a score is left out where there is none.
"""

from collections.abc import Sequence, Set
from typing import Any

from evalhub.io.numbers import finite_number

MOST = 100
"""Passages that one answer can have."""
KEPT = 200_000
"""Characters of one answer's passages that are kept, all of them together."""
LONGEST_ID = 200
_FIELDS = {"id", "text", "score"}

type Passage = dict[str, Any]


def passages_of(
    value: Any, *, most: int = MOST, characters: int = KEPT, may_be_cut: bool = False
) -> list[Passage]:
    """The passages in a parsed JSON list, checked.

    An id is a text, or a whole number, which is taken as text.

    Args:
        most: how many there may be.
        characters: how long their texts may be together.
        may_be_cut: whether they were kept before, so that texts of them may be marked `cut`.

    Raises:
        ValueError: what is wrong with them, and of which one.
    """
    if not isinstance(value, list):
        raise ValueError("passages are a list of {id, text, score}")
    if len(value) > most:
        raise ValueError(f"{len(value)} passages, and at most {most} may be given")
    fields = _FIELDS | {"cut"} if may_be_cut else _FIELDS
    passages = [_passage(each, f"passage {number}", fields) for number, each in enumerate(value, 1)]
    ids = [passage["id"] for passage in passages]
    for number, key in enumerate(ids):
        if key in ids[:number]:
            raise ValueError(f"passage {number + 1} has the id '{key}' of one before it")
    if (length := sum(len(passage["text"]) for passage in passages)) > characters:
        raise ValueError(f"the passages have {length:,} characters, and at most {characters:,} may")
    return passages


def cut_to_keep(passages: Sequence[Passage]) -> list[Passage]:
    """The passages as they are kept: texts beyond `KEPT` characters are cut and say so (`cut`)."""
    kept, left = list[Passage](), KEPT
    for passage in passages:
        text = passage["text"]
        kept.append(passage if len(text) <= left else {**passage, "text": text[:left], "cut": True})
        left = max(0, left - len(text))
    return kept


def _passage(value: Any, where: str, fields: Set[str]) -> Passage:
    if not isinstance(value, dict):
        raise ValueError(f"{where} is no object {{id, text, score}}")
    if unknown := sorted(set(value) - fields):
        name = unknown[0][:LONGEST_ID]
        raise ValueError(f"{where} has the field '{name}'; there are id, text and score")
    key = value.get("id")
    if isinstance(key, int) and not isinstance(key, bool):
        key = str(key)
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST_ID:
        raise ValueError(f"{where} needs an id, a text of 1 to {LONGEST_ID} characters")
    text = value.get("text")
    if not isinstance(text, str):
        raise ValueError(f"{where} needs a text")
    passage: Passage = {"id": key, "text": text}
    if value.get("score") is not None:
        try:
            passage["score"] = finite_number(value["score"])
        except ValueError as flaw:
            raise ValueError(f"{where} has a score that can't be kept: {flaw}") from None
    if value.get("cut"):
        passage["cut"] = True
    return passage

"""What may be taken away from a text before it is compared. Nothing is, unless a metric says so."""

import re
import string
import unicodedata
from typing import Annotated, Any

from pydantic import Field

Lower = Annotated[
    bool, Field(title="Ignore capitals", description="take capitals and small letters as the same")
]

_ARTICLES = re.compile(r"\b(?:a|an|the)\b", re.IGNORECASE)


def normalise(
    text: str, *, lower: bool = False, punctuation: bool = False, articles: bool = False
) -> str:
    """The text without white space at its ends; each option takes away one thing more.

    `lower`: capitals; `punctuation`: what string.punctuation or Unicode's class P calls so;
    `articles`: a, an, the. Where punctuation or articles go, a run of white space becomes one
    space. All three together are SQuAD's normalisation (Rajpurkar et al. 2016, arXiv:1606.05250).
    """
    if lower:
        text = text.lower()
    if punctuation:
        text = "".join(char for char in text if not _is_punctuation(char))
    if articles:
        text = _ARTICLES.sub(" ", text)
    return " ".join(text.split()) if punctuation or articles else text.strip()


def reference_text(reference: Any) -> str:
    """A reference as text; a number is written as Python writes it. Raises ValueError else."""
    if isinstance(reference, str):
        return reference
    if isinstance(reference, int | float) and not isinstance(reference, bool):
        return str(reference)
    raise ValueError(f"the reference is a {type(reference).__name__}, not text")


def _is_punctuation(char: str) -> bool:
    return char in string.punctuation or unicodedata.category(char).startswith("P")

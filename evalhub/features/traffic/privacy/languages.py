"""The language of a text, by py3langid's model: ISO 639 codes, "" where it is unknown. Pure.

A short question fits many languages ("invoice?" is Walloon to the model, at 4%), so a language is
named only where the model is rather sure of it. A project's list leaves fewer to be mixed up.
"""

from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

READ = 200
"""Characters from the text's beginning that are looked at: more cost time and change little."""
SHORTEST = 8
"""Bytes of UTF-8; a shorter text is of no known language."""
LEAST_PROBABILITY = 0.6
"""Below it the language is unknown. The model's probabilities are calibrated over lengths."""
LEAST_OF_BEST = 0.5
"""A listed language at less of the most probable one's probability is a wrong one."""
NO_LANGUAGE = "zxx"
"""ISO 639-2: no linguistic content."""


def language_of(text: str, among: Collection[str] = ()) -> str:
    """The code of the text's language, one of `among` where that isn't empty; "" if unknown.

    A language's probability is its share of those in `among`; where another one is twice as
    probable, the text isn't in any of them.
    """
    beginning = text[:READ].strip()
    if len(beginning.encode(errors="replace")) < SHORTEST:
        return ""
    code, probability = _identifier().classify(beginning)
    if among and (code not in among or probability < LEAST_PROBABILITY):
        return _listed_language(beginning, among)
    is_known = probability >= LEAST_PROBABILITY and code != NO_LANGUAGE
    return str(code) if is_known else ""


def _listed_language(text: str, among: Collection[str]) -> str:
    ranks = _identifier().rank(text)
    listed = [rank for rank in ranks if rank[0] in among]
    if not listed or listed[0][1] < LEAST_OF_BEST * ranks[0][1]:
        return ""
    code, probability = listed[0]
    return str(code) if probability >= LEAST_PROBABILITY * sum(p for _, p in listed) else ""


def detectable() -> frozenset[str]:
    """The codes of all languages that can be detected."""
    return frozenset(_identifier().labels) - {NO_LANGUAGE}


@cache
def _identifier() -> "LanguageIdentifier":
    """The model, which takes a second to load: it is loaded on use.

    Its weights are stored with 16 bits, which numpy would widen for every text: that is most of the
    time of a text. The same numbers with 32 bits give the same probabilities, for 28 MB more.
    """
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    stored = LanguageIdentifier.from_model_file(MODEL_FILE)
    return LanguageIdentifier(
        stored.nb_ptc.astype(np.float32),
        stored.nb_pc,
        stored.nb_classes,
        stored.tk_nextmove,
        stored.tk_output,
        norm_probs=True,
        tk_row=stored.tk_row,
    )

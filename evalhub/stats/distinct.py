"""Distinct-n: of all runs of n words, how many are different (Li et al. 2016, NAACL, "A
Diversity-Promoting Objective Function for Neural Conversation Models").

It falls with the number of words, so that only texts of about as many words can be compared.
"""

from collections.abc import Iterable, Sequence


def distinct_share(texts: Iterable[Sequence[str]], n: int) -> float | None:
    """Different runs of n words by all of them, over texts as lists of words; None without any."""
    total = 0
    different: set[tuple[str, ...]] = set()
    for words in texts:
        runs = list(zip(*(words[start:] for start in range(n)), strict=False))
        total += len(runs)
        different.update(runs)
    return len(different) / total if total else None

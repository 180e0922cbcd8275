"""Which counts of a document a score of all documents together is computed from. See `corpus`."""

from collections.abc import Mapping

BLEU_ORDER = 4
CHARACTER_ORDER = 6
WORD_ORDER = 2
LABELS = ("gold", "answer")
RISING = ("bleu", "chrf", "chrf++", "mcc", "f1")
FALLING = ("ter", "perplexity", "word_perplexity", "byte_perplexity")


def _of_orders(kind: str, orders: int) -> tuple[str, ...]:
    columns = ("answer", "reference", "match")
    return tuple(f"{kind}{order}.{column}" for order in range(1, orders + 1) for column in columns)


_CHARACTERS = _of_orders("character", CHARACTER_ORDER)
_LIKELIHOOD = ("logprob", "size")
COUNTS: Mapping[str, tuple[str, ...]] = {
    "bleu": (
        *(f"match{order}" for order in range(1, BLEU_ORDER + 1)),
        *(f"total{order}" for order in range(1, BLEU_ORDER + 1)),
        "length",
        "reference_length",
    ),
    "chrf": _CHARACTERS,
    "chrf++": (*_CHARACTERS, *_of_orders("word", WORD_ORDER)),
    "ter": ("edits", "reference_length"),
    "mcc": LABELS,
    "f1": LABELS,
    "perplexity": _LIKELIHOOD,
    "word_perplexity": _LIKELIHOOD,
    "byte_perplexity": _LIKELIHOOD,
}
"""Names of the counts of each score, in the order of their columns. Labels are numbers."""

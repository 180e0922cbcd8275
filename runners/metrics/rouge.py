"""What all kinds of ROUGE have in common."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from runners.metrics.normalise import reference_text
from runners.metrics.porter import stem
from runners.metrics.score import Answer, MetricScore
from runners.metrics.words import WordMetric, letter_words, rouge_score_words, unicode_words

_RULES = {
    "letters": letter_words,
    "rouge_score": rouge_score_words,
    "unicode": unicode_words,
}


class RougeMetric(WordMetric):
    """F1, 0 to 1, of what an answer and a reference have in common, by their words (Lin 2004,
    "ROUGE", with beta = 1), as the package rouge-score computes it.

    Unlike there, a reference without anything to compare leaves an answer unscored.
    """

    normalisation: ClassVar = "capitals; all that `tokenize` takes as no word"
    reference_implementation: ClassVar = "rouge-score 0.1.2"
    not_for: ClassVar = "whether a statement is true; the same said in other words"
    compared: ClassVar = "words"

    tokenize: Literal["letters", "rouge_score", "unicode"] = Field(
        "letters", title="What a word is", description="the rule by which a text becomes words"
    )
    stem: bool = Field(
        False,
        title="Compare stems",
        description="compare the stems of English words, Porter's as in rouge-score",
    )

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        actual, wanted = (self._words(text) for text in (answer.text, reference_text(reference)))
        sizes = [self.size(words) for words in (actual, wanted)]
        if not sizes[1]:
            return MetricScore(None, f"the reference has no {self.compared}")
        return MetricScore(2 * self.shared(actual, wanted) / sum(sizes))

    def size(self, words: Sequence[str]) -> int:
        """How many there are of what is compared."""
        return len(words)

    def shared(self, actual: Sequence[str], wanted: Sequence[str]) -> int:
        """How many of them both have."""
        raise NotImplementedError

    def _words(self, text: str) -> list[str]:
        words = _RULES[self.tokenize](text)
        return [stem(word) if word.isascii() else word for word in words] if self.stem else words

"""Language switch."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from runners.metrics.language import language_of, languages_of
from runners.metrics.score import Answer, MetricScore, Scorable, TextMetric

Code = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
UNTOLD = "no other language is told of it"


class LanguageSwitch(TextMetric):
    """1 where the output, or a paragraph of it, is told to be in another language than its item's
    references, or without one of which that is told than its question; else 0."""

    title: ClassVar = "Language switch"
    measures: ClassVar = "whether the output is in another language than it should be"
    reference_implementation: ClassVar = "own rule"
    not_for: ClassVar = "translation without an expected language, and outputs of a few words"
    normalisation: ClassVar = "code, addresses, tags; all but the first 2,000 characters"
    needs_reference: ClassVar = False
    reads_question: ClassVar = True
    higher_is_better: ClassVar = False
    binary: ClassVar = True

    name: Literal["language_switch"] = "language_switch"
    expected: Code | None = Field(
        None,
        title="Right language",
        description="the language that is right for every item, as ISO 639-1 has it: de",
    )

    def score_batch(self, batch: Sequence[Scorable], ask: Any) -> Sequence[MetricScore]:
        return [self._language_switch(answer, references) for answer, references in batch]

    def _language_switch(self, answer: Answer, references: Sequence[Any]) -> MetricScore:
        right = {self.expected} if self.expected else _right(answer, references)
        if not right:
            return MetricScore(0.0, "the language of what was asked isn't told")
        for language, where in languages_of(answer.text):
            if language not in right:
                wanted = ", ".join(sorted(language for language in right if language))
                return MetricScore(1.0, f"{language} in place of {wanted}: {where!r}")
        return MetricScore(0.0)


def _right(answer: Answer, references: Sequence[Any]) -> set[str]:
    """The detected languages of the references, else that of the question."""
    texts = [reference for reference in references if isinstance(reference, str)]
    return {language for text in texts or [answer.asked] if (language := language_of(text))} or {
        language for language in [language_of(answer.asked)] if language
    }

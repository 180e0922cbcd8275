"""Whether a model says that there is no answer exactly where there is none."""

import re
from typing import Any, ClassVar, Literal

from pydantic import Field

from runners.metrics.refusal import Phrase, refusal_phrase
from runners.metrics.score import Answer, MetricScore, TextMetric

OPENING = 600
"""Characters of an answer in which it says that it has none, if it does."""

_SOURCE = (
    r"(?:documents?|passages?|context|texts?|sources?|excerpts?|articles?|manuals?|materials?|"
    r"information|details|records?|pages?|data|knowledge base)"
)
_HOLD = (
    r"(?:say|state|mention|contain|specif(?:y|ie)|include|provide|answer|cover|give|tell|address|discusse?|"
    r"describe|list|indicate|explain|hold|have|offer|reveal|disclose|refer|name)"
)
_SAID = (
    r"(?:said|stated|mentioned|contained|specified|included|provided|answered|covered|given|"
    r"addressed|discussed|described|listed|indicated|explained|found|available|in|part of|known)"
)
_ENGLISH = (
    rf"\b{_SOURCE}\b[^.!?\n]{{0,60}}\b(?:does(?:n't| not)|do(?:n't| not)|did(?:n't| not)|never)"
    rf"(?: \w+ly)? {_HOLD}s?\b",
    rf"\b(?:is|are|was|were)(?:n't| not)(?: \w+ly)? {_SAID}\b[^.!?\n]{{0,40}}\b{_SOURCE}\b",
    r"(?:\b(?:can)?not|n't)(?: \w+ly)? (?:be )?"
    r"(?:answered|determined|found|inferred|established|known)\b"
    rf"[^.!?\n]{{0,60}}\b{_SOURCE}\b",
    rf"\bno (?:relevant |specific |such |direct |explicit )?(?:{_SOURCE}|answer|mention|reference|"
    r"indication|passage)\b[^.!?\n]{0,60}\b(?:about|on|of|to|that|regarding|for|in|is|was|"
    r"available|given|provided|found)\b",
    r"\bI (?:do(?:n't| not) (?:actually )?(?:know|have (?:enough|sufficient|any|that|this|the))|"
    r"(?:couldn't|could not|can't|cannot|was(?:n't| not) able to|am (?:unable|not able) to) "
    r"(?:find|determine|answer|locate|tell|see))\b",
    # said without a verb, and of none of several
    r"^\W{0,3}(?:not|un)[ -]?(?:mentioned|stated|specified|found|available|given|provided|known|"
    r"answered|covered|included|addressed)\W*$",
    rf"(?:^\W{{0,3}}|\b(?:it|that|this|answer)'s )not {_SAID}\b[^.!?\n]{{0,40}}\b{_SOURCE}\b",
    rf"\b(?:none of (?:the|these|those|your|my) (?:\w+ ){{0,2}}|neither (?:of the )?){_SOURCE} "
    rf"(?:\w+ly )?{_HOLD}s?\b",
    rf"\b(?:isn't|is not|aren't|are not) (?:enough|sufficient) (?:\w+ )?{_SOURCE}\b",
    rf"\b(?:insufficient|not enough|too little|lack(?:s|ing)?(?: of)?) (?:\w+ )?{_SOURCE}\b",
    r"\b(?:unanswerable|no answer|not answerable|answer (?:is )?(?:unknown|not available))\b",
    r"\bcan(?:not|'t| not) be answered\b",
)
_GERMAN = (
    r"\b(?:dokumente?n?|texte?n?|kontext|unterlagen|quellen?|informationen|abschnitten?|passagen?|"
    r"handbuch)\b[^.!?\n]{0,80}\b(?:nicht|kein\w*)\b",
    r"\bnicht (?:in|aus) (?:den?|dem|der|diesen?|diesem|dieser) (?:\w+ )?(?:dokumente?n?|texte?n?|"
    r"kontext|unterlagen|quellen?|informationen|abschnitten?|passagen?|handbuch)\b",
    r"\b(?:dazu|darüber|hierzu|hierüber)\b[^.!?\n]{0,60}\b(?:keine|nicht|nichts)\b",
    r"\b(?:keine|nicht genügend|zu wenig) (?:\w+ )?(?:information(?:en)?|angaben?|antwort)\b",
    r"\bich wei(?:ß|ss) (?:es|das) nicht\b",
)
_ABSTAINS = re.compile("|".join((*_ENGLISH, *_GERMAN)), re.IGNORECASE)
_WRITTEN_OUT = re.compile(r"\bI'm\b", re.IGNORECASE)
_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "*": None, "_": None})


class Abstention(TextMetric):
    """1 where an answer abstains and its item has no answer in the documents, or neither; else 0.

    Whether an item has one is its `answerable`. Whether an answer abstains is told by its wording,
    in English and German, or by a refusal's: in its first 600 characters it says that the documents
    hold no answer, or that the model has none.
    """

    title: ClassVar = "Abstention"
    measures: ClassVar = "whether the output says that it has no answer exactly where there is none"
    reference_implementation: ClassVar = "own rule"
    not_for: ClassVar = (
        "items that all have an answer; languages beyond English and German without `phrases`"
    )
    also_needs: ClassVar = "the item's `answerable`"
    normalisation: ClassVar = "capitals; all but the opening 600 characters"
    needs_reference: ClassVar = False
    reads_relevance: ClassVar = True
    binary: ClassVar = True

    name: Literal["abstention"] = "abstention"
    phrases: tuple[Phrase, ...] = Field(
        (),
        max_length=100,
        title="More texts that abstain",
        description="texts by which an answer abstains too, wherever they stand in it",
    )

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        phrase = self._phrase(answer.text)
        right = (phrase is None) == answer.answerable
        if phrase is None:
            return MetricScore(float(right), "" if right else "it answers, and there is no answer")
        said = f"it says {phrase[:100]!r}"
        return MetricScore(float(right), said if right else f"{said}, and there is an answer")

    def _phrase(self, text: str) -> str | None:
        """The words by which an answer abstains; None where it doesn't."""
        folded = text.casefold()
        own = next((phrase for phrase in self.phrases if phrase.casefold() in folded), None)
        return own or abstaining_phrase(text) or refusal_phrase(text)


def abstaining_phrase(text: str) -> str | None:
    """The words near a text's start that say there is no answer; None where there are none."""
    opening = _WRITTEN_OUT.sub("I am", text.lstrip()[:OPENING].translate(_QUOTES))
    match = _ABSTAINS.search(opening)
    return match[0] if match else None

"""Groundedness of each sentence in the passages that an answer was given, by a judge."""

import json
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from runners.metrics.json_verdict import VerdictError, quote
from runners.metrics.judged import MATERIAL, JudgedMetric
from runners.metrics.score import Answer, MetricScore
from runners.metrics.sentences import sentences_of

MOST_SENTENCES = 200
"""Sentences of an answer that a judge is asked about."""

_ASKED = """\
Say of each numbered sentence of an answer whether the passages support it. {material_is}

Material:
{material}

A sentence is supported where the passages say all of it or it follows from what they say; what is \
only true elsewhere isn't. Say null of a sentence that claims nothing, such as a greeting, a \
question or a remark that the answer isn't in the passages. Reply with one JSON object and nothing \
else, with an entry for every sentence:
{{"sentences": [{{"sentence": its number, "supported": true, false or null}}]}}"""


class Groundedness(JudgedMetric):
    """The share of an answer's sentences that the passages it was given support, by a judge.

    Sentences are split by a rule (`runners.metrics.sentences`), so that every judge is asked about
    the same ones; those that claim nothing don't count.
    """

    title: ClassVar = "Groundedness"
    measures: ClassVar = "how many of the output's sentences its passages support"
    reference_implementation: ClassVar = "own rule"
    not_for: ClassVar = (
        "to tell whether the answer is right: the passages may be wrong or of something else"
    )
    reads_passages: ClassVar = True

    name: Literal["groundedness"] = "groundedness"
    wording: Literal[1] = Field(1, description="of the words that the judge is asked by")

    def question(self, answer: Answer, references: Sequence[Any]) -> str:
        if answer.passages is None:
            raise ValueError("the answer came without the passages that it was given")
        if not answer.passages:
            raise ValueError("the answer was given no passage")
        if any(passage.get("cut") for passage in answer.passages):
            raise ValueError("the passages were too long to be kept whole")
        sentences = sentences_of(answer.text)
        if not sentences:
            raise ValueError("the answer has no sentence")
        if len(sentences) > MOST_SENTENCES:
            raise ValueError(
                f"the answer has {len(sentences)} sentences; at most {MOST_SENTENCES} are judged"
            )
        material = {
            "question": answer.input,
            "passages": [passage["text"] for passage in answer.passages],
            "sentences": [
                {"sentence": number, "text": text} for number, text in enumerate(sentences, 1)
            ],
        }
        shown = json.dumps(material, ensure_ascii=False, indent=1)
        return _ASKED.format(material_is=MATERIAL, material=shown)

    def value(self, verdict: dict[str, Any], answer: Answer) -> MetricScore:
        sentences = sentences_of(answer.text)
        supported = _verdicts(verdict, len(sentences))
        judged = [number for number, value in supported.items() if value is not None]
        if not judged:
            return MetricScore(None, "no sentence of the answer claims anything")
        unsupported = [number for number in judged if not supported[number]]
        value = 1 - len(unsupported) / len(judged)
        shown = "; ".join(f"{number}. {quote(sentences[number - 1])}" for number in unsupported)
        return MetricScore(value, f"not supported: {shown}" if unsupported else "")


def _verdicts(verdict: dict[str, Any], count: int) -> dict[int, bool | None]:
    """By the number of each sentence what the judge said of it. Raises VerdictError unless it said
    one thing of each."""
    entries = verdict.get("sentences")
    if not isinstance(entries, list):
        raise VerdictError("it has no list of sentences")
    supported: dict[int, bool | None] = {}
    for entry in entries:
        number = entry.get("sentence") if isinstance(entry, dict) else None
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= count:
            raise VerdictError(f"an entry of it is of no sentence from 1 to {count}")
        if number in supported:
            raise VerdictError(f"it judges sentence {number} twice")
        said = entry.get("supported", "")
        if said is not None and not isinstance(said, bool):
            raise VerdictError(f"of sentence {number} it says neither true, false nor null")
        supported[number] = said
    if missing := [number for number in range(1, count + 1) if number not in supported]:
        raise VerdictError(f"it doesn't judge sentence {missing[0]} of {count}")
    return supported

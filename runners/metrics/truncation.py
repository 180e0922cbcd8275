"""Truncation."""

import re
from typing import Any, ClassVar, Literal

from evalhub.io.finish_reasons import CUT
from runners.metrics.score import Answer, MetricDeclaration, MetricScore

BY_THE_TEXT = "by its text: nobody recorded why the model stopped"
LONG = 200
"""Characters of an answer, and below which an end without a full stop says nothing: `Paris`."""
LONG_LINE = 60
"""Likewise of its last line: of a verse, a list, a signature."""
_AMID = re.compile(r"[^\W\d_]$|[,(]$")
_NO_SENTENCE = re.compile(r"\s|[-*+•#>|]|\d+[.)]")
"""How lines begin that people end without a full stop: of code, lists, headings, tables."""
_NAMED = re.compile(r"#|\w://")
"""A tag or an address, in the last word."""


class Truncation(MetricDeclaration):
    """1 where the answer was cut off, else 0: by its finish reason, or without one by its text."""

    title: ClassVar = "Truncation"
    measures: ClassVar = "whether the answer was cut off"
    reference_implementation: ClassVar = "own rule"
    not_for: ClassVar = "short answers and verse without a finish reason: their end isn't told"
    normalisation: ClassVar = "none"
    needs_reference: ClassVar = False
    higher_is_better: ClassVar = False
    binary: ClassVar = True

    name: Literal["truncation"] = "truncation"

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        if answer.finish_reason:
            return MetricScore(float(answer.finish_reason.lower() in CUT))
        return MetricScore(float(breaks_off(answer.text)), BY_THE_TEXT)


def breaks_off(text: str) -> bool:
    """Whether a text looks cut: a code fence that stays open, or a long one ending amid a line."""
    if text.count("```") % 2:
        return True
    text = text.rstrip()
    line = text[text.rfind("\n") + 1 :]
    if len(text) < LONG or len(line) < LONG_LINE or _NO_SENTENCE.match(line):
        return False
    last = line.split()[-1]
    return bool(_AMID.search(line[-1:])) and not _NAMED.search(last)

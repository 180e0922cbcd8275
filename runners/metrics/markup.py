"""Markup."""

import re
from typing import Any, ClassVar, Literal

from runners.metrics.json_fence import JsonFence, without_json_fence
from runners.metrics.score import Answer, MetricScore, TextMetric

_ONCE = re.compile(
    r"^ {0,3}(?:#{1,6} \S|```|~~~|\|.*\|[ \t]*$)"  # a heading, a fence, a row of a table
    r"|\*\*[^\s*][^*\n]{0,500}\*\*"  # bold
    r"|</?(?:p|br|ul|ol|li|b|i|strong|em|table|tr|td|div|span|h[1-6]|a|code|pre)\b[^<>\n]{0,500}>",
    re.MULTILINE | re.IGNORECASE,
)
_LISTED = re.compile(r"^[ \t]{0,8}(?:[-*+•]|\d{1,3}[.)])[ \t]+\S", re.MULTILINE)


class Markup(TextMetric):
    """1 where the output is marked up, in Markdown or HTML, else 0: plain text."""

    title: ClassVar = "Markup"
    measures: ClassVar = "whether the output is marked up"
    reference_implementation: ClassVar = "own rule"
    not_for: ClassVar = "tasks that ask for Markdown, HTML or code"
    normalisation: ClassVar = "all but headings, lists, tables, code blocks, bold, HTML"
    needs_reference: ClassVar = False
    higher_is_better: ClassVar = False
    binary: ClassVar = True

    name: Literal["markup"] = "markup"
    json_fence: JsonFence = None

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        text = without_json_fence(answer.text) if self.json_fence else answer.text
        return MetricScore(float(has_markup(text)))


def has_markup(text: str) -> bool:
    """Whether a text has a heading, a code block, a table, bold, HTML, or two lines of a list."""
    items = _LISTED.finditer(text)
    return bool(_ONCE.search(text) or (next(items, None) and next(items, None)))

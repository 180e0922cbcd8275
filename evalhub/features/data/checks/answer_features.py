"""What of an answer's format and style can be measured by looking at it. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from evalhub.declare.data_report import Weight
from evalhub.features.data.checks.labels_of_rows import is_json, is_short
from runners.metrics.markup import has_markup
from runners.metrics.truncation import breaks_off

_READ = 20_000
"""Characters of an answer that are looked at."""
FEWEST_WORDS = 30
"""Of an English answer, for contractions to be expected in it or not."""
SENTENCE = 60
"""Characters of an answer from which on it is expected to end as a sentence does."""

_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\U0001f1e6-\U0001f1ff]")
_CONTRACTION = re.compile(r"\b[A-Za-z]+(?:n['’]t|['’](?:re|ve|ll|m|d|s (?:a|the|not|been)))\b")
_ENGLISH = re.compile(r"\b(?:the|and|that|with|you)\b")
_SENTENCE_END = re.compile(r"[.!?…。！？।:;)\]}»”\"'’`*|>_~–-]\s*$|\d\s*$")
_HTML = re.compile(r"</?(?:p|br|ul|ol|li|div|span|table|tr|td|h[1-6]|a|b|i|strong|em)\b[^<>\n]*>")


@dataclass(frozen=True, slots=True)
class AnswerFeature:
    """Something that most answers of a file have, or most have not.

    Attributes:
        name: as a table's row.
        has: of an answer; None where it can't be said, as of one that is too short.
        rare: share of the answers up to which those that have it, and those that lack it, are
            outliers.
        having, lacking: what outliers do, after "12 answers": "use emoji", where hardly any does.
            None: that side is no fault.
        weight: of the finding.
    """

    name: str
    has: Callable[[str], bool | None]
    rare: tuple[float, float]
    having: str | None
    lacking: str | None
    weight: Weight = "minor"


def _is_marked_up(answer: str) -> bool | None:
    return None if is_json(answer) or is_short(answer) else has_markup(answer[:_READ])


def _has_html(answer: str) -> bool | None:
    return None if is_json(answer) or is_short(answer) else _HTML.search(answer[:_READ]) is not None


def _has_emoji(answer: str) -> bool | None:
    return None if is_short(answer) else _EMOJI.search(answer[:_READ]) is not None


def _exclaims(answer: str) -> bool | None:
    return None if is_json(answer) or is_short(answer) else "!" in answer[:_READ]


def _contracts(answer: str) -> bool | None:
    text = answer[:_READ]
    if is_json(answer) or len(text.split(maxsplit=FEWEST_WORDS)) <= FEWEST_WORDS:
        return None
    return _CONTRACTION.search(text) is not None if _ENGLISH.search(text) else None


def _is_fenced(answer: str) -> bool | None:
    return answer.lstrip().startswith("```") if is_json(answer) else None


def _ends(answer: str) -> bool | None:
    text = answer.rstrip()
    if len(text) < SENTENCE or is_json(answer):
        return None
    return _SENTENCE_END.search(text[-40:]) is not None


def _is_whole(answer: str) -> bool | None:
    return None if is_json(answer) else not breaks_off(answer)


FEATURES = (
    AnswerFeature(
        "JSON",
        is_json,
        (0.02, 0.2),
        "are JSON where most aren't",
        "aren't JSON where most are",
        "important",
    ),
    AnswerFeature(
        "JSON in a code fence",
        _is_fenced,
        (0.2, 0.2),
        "have a code fence around their JSON",
        "have no code fence around their JSON, where most have one",
        "important",
    ),
    AnswerFeature(
        "Markdown or HTML",
        _is_marked_up,
        (0.05, 0.05),
        "are marked up where hardly any is",
        "are plain text where nearly all are marked up",
    ),
    AnswerFeature("HTML", _has_html, (0.05, 0.05), "hold HTML where hardly any does", None),
    AnswerFeature("emoji", _has_emoji, (0.05, 0.05), "use emoji where hardly any does", None),
    AnswerFeature(
        "exclamation marks", _exclaims, (0.03, 0.03), "exclaim where hardly any does", None
    ),
    AnswerFeature(
        "English contractions",
        _contracts,
        (0.03, 0.03),
        "use contractions where hardly any does",
        "use no contraction where nearly all do",
    ),
    AnswerFeature(
        "ends as a sentence does",
        _ends,
        (0.05, 0.05),
        None,
        "don't end as a sentence does, as nearly all others",
    ),
    AnswerFeature(
        "not broken off",
        _is_whole,
        (0.3, 0.3),
        None,
        "look broken off: in the middle of a line, or with an open code fence",
        "important",
    ),
)

"""An answer's sentences, split by a stated rule. Pure.

A sentence ends at a line break; after `.`, `!`, `?` or `…`, with quotes and brackets that close
there, where white space follows and then no small letter; and after `。`, `！` or `？`. A full stop
doesn't end it after a single letter or one of ABBREVIATIONS. What has no letter, such as a rule of
dashes, is no sentence; nor are the signs at a line's start that make it an entry of a list, a
heading or a quotation part of one.
"""

import re

ABBREVIATIONS = frozenset(
    ("approx", "bzw", "ca", "cf", "d.h", "dr", "e.g", "i.e", "mr", "mrs", "ms", "nr", "prof", "st",
     "u.a", "vgl", "vs", "z.b")
)  # fmt: skip
# A run of marks is tried from its first alone: from each, a row of dots would take its square.
_END = re.compile(r"(?<![.!?…])[.!?…]++[)\]\"'”’»]*+(?=\s++(?P<next>\S))|[。！？]+[)」』”’]*")
_MARKER = re.compile(r"^\s*(?:[-*+•>#]+\s+|\(?\d{1,3}[.)]\s+)*")
_LETTER = re.compile(r"[^\W\d_]")
_WORD_BEFORE = re.compile(r"([^\s(\[\"']+)$")
_LONGEST = max(map(len, ABBREVIATIONS))


def sentences_of(text: str) -> list[str]:
    """The sentences of a text in their order, without white space around them."""
    sentences = list[str]()
    for line in text.splitlines():
        sentences += _in_line(_MARKER.sub("", line))
    return sentences


def _in_line(line: str) -> list[str]:
    parts, start = list[str](), 0
    for match in _END.finditer(line):
        if _ends(line, match):
            parts.append(line[start : match.end()])
            start = match.end()
    parts.append(line[start:])
    return [part.strip() for part in parts if _LETTER.search(part)]


def _ends(line: str, match: "re.Match[str]") -> bool:
    following = match["next"]
    if following is None:
        return True
    if following.islower():
        return False
    if match[0] != ".":
        return True
    end = match.start()
    before = _WORD_BEFORE.search(line[max(0, end - _LONGEST - 1) : end])
    word = before[1].casefold() if before else ""
    single = len(word) == 1 and word.isalpha()
    return not single and word not in ABBREVIATIONS

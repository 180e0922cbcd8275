"""What differs between two answers, word by word. Pure."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

# SequenceMatcher's time grows with the square of this; ten pairs a page stay under 50 ms
_MOST_TOKENS = 400
# below this similarity single words in common say nothing, and all is marked as different
_LEAST_ALIKE = 0.3
_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text, and whether the other text lacks it."""

    text: str
    changed: bool


def word_diff(before: str, after: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts in pieces, marked where they differ.

    What the two have in common at their ends is set aside first. A middle of more than 400
    words and signs on either side is marked whole: an exact answer would take too long.
    """
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    head = _common_head(old, new)
    tail = _common_head(old[head:][::-1], new[head:][::-1])
    old_end, new_end = len(old) - tail, len(new) - tail
    blocks = [
        ("equal", 0, head, 0, head),
        *_middle(old[head:old_end], new[head:new_end], head),
        ("equal", old_end, len(old), new_end, len(new)),
    ]
    return (
        _joined([("".join(old[a:b]), kind != "equal") for kind, a, b, _, _ in blocks]),
        _joined([("".join(new[c:d]), kind != "equal") for kind, _, _, c, d in blocks]),
    )


def _common_head(old: list[str], new: list[str]) -> int:
    count = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        count += 1
    return count


def _middle(old: list[str], new: list[str], at: int) -> list[tuple[str, int, int, int, int]]:
    whole = [("replace", at, at + len(old), at, at + len(new))]
    if max(len(old), len(new)) > _MOST_TOKENS:
        return whole
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if at == 0 and matcher.ratio() < _LEAST_ALIKE:
        return whole
    return [(kind, at + a, at + b, at + c, at + d) for kind, a, b, c, d in matcher.get_opcodes()]


def _joined(stretches: list[tuple[str, bool]]) -> list[Piece]:
    """Neighbours of one kind as one piece; a lone space between two changes joins them."""
    kept = [(text, changed) for text, changed in stretches if text]
    pieces: list[Piece] = []
    for index, (text, changed) in enumerate(kept):
        between = 0 < index < len(kept) - 1 and text.isspace()
        marked = changed or (between and kept[index - 1][1] and kept[index + 1][1])
        if pieces and pieces[-1].changed == marked:
            pieces[-1] = Piece(pieces[-1].text + text, marked)
        else:
            pieces.append(Piece(text, marked))
    return pieces

r"""LaTeX as MathML, where it is unmistakably mathematics. Pure.

What can't be laid out, or would hide, overlap, colour or link something, stays as it was written.
"""

import re
from itertools import pairwise
from xml.etree import ElementTree

from latex2mathml.converter import convert

LONGEST_FORMULA = 2_000  # characters; a longer one stays as it was written
DEEPEST = 40  # groups in one another

_NS = "{http://www.w3.org/1998/Math/MathML}"
MATHML = {
    *("math", "mrow", "mi", "mo", "mn", "ms", "mtext", "mspace", "mfrac", "msqrt", "mroot"),
    *("msup", "msub", "msubsup", "munder", "mover", "munderover", "mmultiscripts", "mprescripts"),
    *("none", "mtable", "mtr", "mtd", "mstyle", "menclose"),
}
_TRUTH = re.compile("true|false")
ATTRIBUTES = {
    "display": re.compile("block|inline"),
    "mathvariant": re.compile("[a-z-]+"),
    "stretchy": _TRUTH,
    "fence": _TRUTH,
    "separator": _TRUTH,
    "accent": _TRUTH,
    "displaystyle": _TRUTH,
    "scriptlevel": re.compile("[0-2]"),
    "linethickness": re.compile("0|0px|1px"),
    "columnalign": re.compile("(?:left|center|right| )+"),
    "notation": re.compile("box"),
    "form": re.compile("prefix|infix|postfix"),
    "width": re.compile(r"[0-2](?:\.\d+)?em"),
}
"""What a formula may have of attributes: nothing that colours, shrinks, moves or loads."""

_NEVER = re.compile(
    r"\\(?:re)?new(?:command|environment)|\\(?:provide|html)[a-z]*"
    r"|\\(?:[gex]?def|let|href|url|style|class|id|data|cssId|require|includegraphics)(?![A-Za-z])"
    r"|\\(?:[hv]?phantom|smash|(?:math)?[rlc]lap|raisebox|rule|[hm]?kern|[hm]skip)(?![A-Za-z])"
    r"|(?<!\\)%|<[!?]|&#?\w+;"
)
"""Macros, links, styles; what takes no room or hides; comments and entities."""
_ROWS = re.compile(r"\\(begin|end)\{(align|equation|gather)(?:ed)?\}|\\(begin|end)\{split\}")
_WORDED = re.compile(r"\\(?:text\w*|mbox|mathrm|operatorname\*?|begin|end)\s*\{[^{}]*\}")
_COMMAND = re.compile(r"\\(?:[A-Za-z]+|.)", re.DOTALL)
_MARK = re.compile(r"\\[A-Za-z]|[\^_]")
_PLAIN = re.compile(r"[\w\s+\-*/=<>≤≥≠±×·().,;:|!'\[\]{}]+")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_WORD = re.compile(r"[^\W\d_]{3,}(?:_[^\W\d_]{2,})*")
_GROUPS = re.compile(r"\\(?:left|begin|right|end)(?![A-Za-z])|\\.|[{}]", re.DOTALL)


def reads_as_mathematics(formula: str) -> bool:
    """Whether the text between two delimiters is mathematics rather than prices or prose.

    It has a command, a power or an index, and no two words side by side; or it is an expression of
    single letters, numbers and signs, and not a number alone.
    """
    words = _COMMAND.sub(" ", _WORDED.sub(" ", formula)).replace(",", " ").split()
    if any(_WORD.fullmatch(one) and _WORD.fullmatch(two) for one, two in pairwise(words)):
        return False
    if _MARK.search(formula):
        return True
    letters = any(each.isalpha() for each in formula)
    return letters and not _LETTERS.search(formula) and _PLAIN.fullmatch(formula) is not None


def as_mathml(formula: str, *, block: bool) -> str | None:
    """A formula as MathML whose tags and attributes are on a list; None where it can't be."""
    if len(formula) > LONGEST_FORMULA or _depth(formula) > DEEPEST or _NEVER.search(formula):
        return None
    unnumbered = _ROWS.sub(lambda row: f"\\{row[1] or row[3]}{{{row[2] or 'align'}*}}", formula)
    try:
        mathml = convert(unnumbered, display="block" if block else "inline")
        root = ElementTree.fromstring(mathml)
    except Exception:  # the converter meets hostile text: RecursionError, IndexError, anything
        return None
    if not _keeps_to_the_list(root):
        return None
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)


def _depth(formula: str) -> int:
    """The greatest nesting depth of groups."""
    depth = deepest = 0
    for sign in _GROUPS.findall(formula):
        if sign in ("{", "\\left", "\\begin"):
            depth += 1
        elif sign in ("}", "\\right", "\\end"):
            depth -= 1
        deepest = max(deepest, depth)
    return deepest


def _keeps_to_the_list(root: ElementTree.Element) -> bool:
    """Takes off attributes that aren't listed; False where a tag isn't, or a sign can't be drawn.

    Of what encloses, browsers draw a box by our stylesheet, and nothing else.
    """
    for element in root.iter():
        element.tag = element.tag.removeprefix(_NS)
        if element.tag not in MATHML or (
            element.tag == "menclose" and element.get("notation") != "box"
        ):
            return False
        for name, value in list(element.attrib.items()):
            allowed = ATTRIBUTES.get(name)
            if allowed is None or not allowed.fullmatch(value):
                del element.attrib[name]
    return True

r"""Rules by which Markdown finds formulas: $$…$$, \[…\], \(…\), and $…$ where it is no price."""

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.utils import EnvType

from reviews.pages.mathematics import LONGEST_FORMULA, as_mathml, reads_as_mathematics

MOST_TRIED = 10_000
"""Characters between delimiters that are tried in one text: laying them out takes 0.2 s at most.
What comes after stays as it was written."""

_TAKEN = ("$$", "\\[", "\\(", "$")
_CLOSED_BY = {"$$": "$$", "\\[": "\\]", "\\(": "\\)", "$": "$"}
_BLOCKS = ("$$", "\\[")


def find_formulas(markdown: MarkdownIt) -> None:
    """Adds the rules; the renderer has one for the token `formula`."""
    markdown.block.ruler.before(
        "fence", "formula", _block, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
    markdown.inline.ruler.before("latex", "formula", _inline)


def _inline(state: StateInline, silent: bool) -> bool:
    opening = next((each for each in _TAKEN if state.src.startswith(each, state.pos)), "")
    if not opening or (opening == "$" and not _may_open(state.src, state.pos)):
        return False
    end = _closing(state.src, state.pos + len(opening), opening)
    if end is None:
        return False
    formula = state.src[state.pos + len(opening) : end]
    html = _laid_out(formula, opening in _BLOCKS, state.env)
    if html is None:
        return False
    if not silent:
        state.push("formula", "math", 0).content = html
    state.pos = end + len(opening)
    return True


def _block(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    r"""Lines from one that begins with $$ or \[ to one that ends with what closes it."""
    start, stop = state.bMarks[first] + state.tShift[first], state.eMarks[first]
    opening = state.src[start : start + 2]
    if state.is_code_block(first) or opening not in _BLOCKS:
        return False
    lines = [state.src[start + 2 : stop]]
    line = first
    while not lines[-1].rstrip().endswith(_CLOSED_BY[opening]) or (
        line == first and not lines[0][2:].strip()
    ):
        line += 1
        if line >= last or state.isEmpty(line) or sum(map(len, lines)) > LONGEST_FORMULA:
            return False
        lines.append(state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]])
    formula = "\n".join(lines).rstrip()[:-2]
    if _CLOSED_BY[opening] in formula:
        return False
    html = _laid_out(formula, True, state.env)
    if html is None:
        return False
    if not silent:
        token = state.push("formula", "math", 0)
        token.block, token.content = True, f"<p>{html}</p>\n"
        token.map = [first, line + 1]
        state.line = line + 1
    return True


def _may_open(text: str, at: int) -> bool:
    """Whether a dollar sign may open a formula: not after a word or $, and before a character."""
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    return not (before.isalnum() or before in ("$", "\\")) and bool(after) and not after.isspace()


def _closing(text: str, start: int, opening: str) -> int | None:
    r"""Where the first delimiter is that closes; None where that one can't, or there is none.

    A single dollar sign closes on its line, after something that is no space, and before no word.
    """
    closing = _CLOSED_BY[opening]
    end = text.find(closing, start, start + LONGEST_FORMULA)
    while end > start and text[end - 1] == "\\":  # \$ and \\] close nothing
        end = text.find(closing, end + 1, start + LONGEST_FORMULA)
    if end <= start:
        return None
    if opening == "$":
        after = text[end + 1 : end + 2]
        if text[end - 1].isspace() or after.isalnum() or after == "$" or "\n" in text[start:end]:
            return None
    return end


def _laid_out(formula: str, block: bool, env: EnvType) -> str | None:
    """The formula's MathML; each is laid out once, though a rule may ask twice."""
    formulas = env.setdefault("formulas", {})
    if (formula, block) not in formulas:
        env["tried"] = env.get("tried", 0) + len(formula)
        may = env["tried"] <= MOST_TRIED and reads_as_mathematics(formula)
        formulas[formula, block] = as_mathml(formula, block=block) if may else None
    mathml: str | None = formulas[formula, block]
    return mathml

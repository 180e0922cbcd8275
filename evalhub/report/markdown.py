"""A decision as Markdown for a pull request or a job's summary: the verdict, then the worst flips.

Pure. What a model or a user wrote stands in code alone, where nothing of it is a link, an image, a
mention or a command.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.decision.outcomes import Outcome
from evalhub.decision.wording import tally
from evalhub.declare.verdicts import Verdict, split_mark
from evalhub.report.ends import ends
from evalhub.report.flips import input_text, references_text
from evalhub.report.folding import fold
from evalhub.report.skills import Skills

SUMMARY_BYTES = 1024 * 1024
"""Of a job's summary on GitHub: a longer one is dropped whole."""
COMMENT_BYTES = 64 * 1024
"""Of a comment on GitHub."""
ITEM = 2_000
"""Characters of one text that are shown."""

_ICONS = {Verdict.SHIP: "✅", Verdict.HOLD: "❌", Verdict.MORE: "⏳", Verdict.INVALID: "⚠️"}
_SPECIAL = re.compile(r"[\\`*_\[\]<>#|~@&$]|:(?=/)|(?<=www)\.", re.I)
"""What begins something, within a line: also a bare address, which GitHub makes a link of."""


def markdown(
    record: DecisionRecord,
    flips: Sequence[Mapping[str, Any]] = (),
    *,
    skills: Skills | None = None,
    changed_since: Sequence[str] = (),
    link: str = "",
    hold_reason: str = "",
    most: int = COMMENT_BYTES,
) -> str:
    """The record as Markdown of at most `most` bytes; flips are cut from the end, with a note.

    Args:
        flips: items as `evalhub.report.flips.flip_of` takes them, the worst first.
        skills: of general capability, by `evalhub.report.skills.skills_of`.
        changed_since: a sentence for each thing that has changed since it was decided.
        link: where the whole decision is to be read.
        hold_reason: why a ship is held back all the same.
    """
    head = "\n".join(_head(record, changed_since, link, hold_reason, skills))
    if len(head.encode()) > most:
        return _cut(head, most)
    text, left = head, max(_count_changed(record), len(flips)) if flips else 0
    rest = most - len((head + link).encode()) - 200  # for the sentence on what is left out
    for outcome, title in ((Outcome.LOST, "Lost, the worst first"), (Outcome.WON, "Won")):
        chosen = [each for each in flips if each["outcome"] == outcome]
        for index, flip in enumerate(chosen):
            part = (f"\n### {title}\n" if not index else "") + _flip(record, flip)
            if len(part.encode()) > rest:
                break
            text, rest, left = text + part, rest - len(part.encode()), left - 1
    if left:
        where = f" All of them are in [the decision]({link})." if link else ""
        text += f"\n{left:,} more items changed and aren't shown here.{where}\n"
    return text


def markdown_undecided(name: str, why: str) -> str:
    """Markdown that says there is no verdict."""
    return f"## ⏳ Undecided: {plain(name)}\n\nWhy: {plain(why)}\n"


def plain(text: str) -> str:
    """Text escaped for Markdown, in one line."""
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", " ".join(text.split()))


def _count_changed(record: DecisionRecord) -> int:
    """Number of lost and won items on all test sets of the record."""
    counts = {
        criterion.test_set: criterion.wins + criterion.losses
        for criterion in record.criteria
        if criterion.kind.by_metric
    }
    return sum(counts.values())


def _head(
    record: DecisionRecord,
    changed_since: Sequence[str],
    link: str,
    hold_reason: str,
    skills: Skills | None,
) -> Iterable[str]:
    verdict, apart = record.verdict, fold(record)
    if hold_reason:
        yield f"## ❌ Held back: {plain(hold_reason)}\n"
    yield f"## {_ICONS[verdict]} {verdict.label}: {plain(record.headline)}\n"
    for change in changed_since:
        yield f"> **Changed since this was decided:** {plain(change)}.\n>"
    yield from _reasons(apart.reasons)
    yield ""
    if visible := [each for each in record.criteria if each.name not in apart.names]:
        yield from _table(record, visible)
    if away := [each for each in record.criteria if each.name in apart.names]:
        inside = [*_reasons(apart.folded_reasons), "", *_table(record, away)]
        yield from _details(plain(apart.sentence), inside)
    if skills:
        yield f"**General capability:** {plain(skills.sentence)}.\n"
        yield from _details("Skill by skill", _skill_table(skills))
    for section in record.sections.values():
        for sentence in section.sentences:
            yield f"- {section.status.mark} {plain(sentence)}"
    arms = record.arms
    yield f"\nArms: {_code(arms.candidate.name)} against {_code(arms.baseline.name)}. " + (
        f"[The decision]({link}).\n" if link else "\n"
    )


def _reasons(reasons: Sequence[str]) -> Iterable[str]:
    for reason in reasons:
        status, text = split_mark(reason)
        yield f"- {status.mark + ' ' if status else ''}{plain(text)}"


def _details(summary: str, lines: Iterable[str]) -> Iterable[str]:
    """Lines that open with a click, where a page renders Markdown."""
    yield f"<details><summary>{summary}</summary>\n"
    yield from lines
    yield "\n</details>\n"


def _skill_table(skills: Skills) -> Iterable[str]:
    yield "| | skill | | base | candidate | lost | won |"
    yield "|---|---|---|---:|---:|---:|---:|"
    for row in skills.rows:
        criterion = row.criterion
        cells = [
            criterion.status.mark,
            plain(row.name),
            row.state,
            f"{criterion.baseline:.4g}",
            f"{criterion.candidate:.4g}",
            f"{criterion.losses:,}",
            f"{criterion.wins:,}",
        ]
        yield f"| {' | '.join(cells)} |"


def _table(record: DecisionRecord, criteria: Sequence[Criterion]) -> Iterable[str]:
    yield "| | criterion | base | candidate | difference | interval | won/lost/tied | requires |"
    yield "|---|---|---:|---:|---:|---|---|---|"
    for criterion in criteria:
        cells = [
            criterion.status.mark,
            plain(criterion.name),
            f"{criterion.baseline:.4g}",
            f"{criterion.candidate:.4g}",
            *_difference_cells(criterion),
            tally(criterion),
            plain(
                criterion.requires
                if criterion.tier == "critical"
                else f"{criterion.requires}, {criterion.tier}"
            ),
        ]
        yield f"| {' | '.join(cells)} |"
    yield f"\nInterval: {plain(ends(record))}.\n"


def _difference_cells(criterion: Criterion) -> tuple[str, str]:
    if criterion.ratio is None:
        return f"{criterion.difference:+.4g}", f"{criterion.lower:+.4g} to {criterion.upper:+.4g}"
    low, high = (
        "unbounded" if end is None else f"×{end:.4g}"
        for end in (criterion.ratio_lower, criterion.ratio_upper)
    )
    return f"×{criterion.ratio:.4g}", f"{low} to {high}"


def _flip(record: DecisionRecord, flip: Mapping[str, Any]) -> str:
    before, after = flip["baseline"], flip["candidate"]
    title = f"{_html(flip['test_set'])} · {_html(flip['key'])}: {_score(before)} → {_score(after)}"
    arms = record.arms
    parts = [
        ("asked", input_text(flip["input"])),
        ("expected", references_text(flip["reference"])),
        (arms.baseline.name, _answer(flip, "baseline")),
        (arms.candidate.name, _answer(flip, "candidate")),
    ]
    body = "\n".join(f"{plain(name)}:\n{_block(text)}" for name, text in parts if text)
    return f"\n<details><summary>{title}</summary>\n\n{body}\n\n</details>\n"


def _answer(flip: Mapping[str, Any], arm: str) -> str:
    text = flip[f"{arm}_text"]
    if text is None:
        return f"no answer: {flip.get(f'{arm}_error') or 'none was recorded'}"
    return text or "(empty)"


def _score(value: float | None) -> str:
    return "unscored" if value is None else f"{value:.4g}"


def _html(text: str) -> str:
    short = " ".join(text.split())
    return plain(short if len(short) <= 120 else f"{short[:119]}…")


def _block(text: str) -> str:
    """A code block, fenced by more backticks than its text has in a row."""
    excerpt = text if len(text) <= ITEM else f"{text[:ITEM]} …"
    longest = max((len(each) for each in re.findall("`+", excerpt)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{excerpt}\n{fence}"


def _code(text: str) -> str:
    return f"<code>{_html(text)}</code>"


def _cut(text: str, most: int) -> str:
    """As many whole lines as fit, with a note that there are more."""
    note = "\n\nThe rest isn't shown, so that this is shown at all.\n"
    fitting = text.encode()[: most - len(note.encode())].decode(errors="ignore")
    return fitting.rpartition("\n")[0] + note

"""Rows that a trainer stumbles over, counted by what is wrong with them. Pure; reads all rows."""

from collections import Counter, defaultdict
from typing import NamedTuple

from evalhub.declare.data_report import DataFinding, ReportTable, Weight
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck
from evalhub.features.data.checks.concerned_rows import ConcernedRows
from evalhub.features.data.checks.figures import percent
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.ledger.leakage.fingerprints import normal_form

NAME = "structure"
ALIKE = 0.95
"""Share of the words from which a chosen and a rejected answer are nearly the same."""
_MOST_WORDS = 2_000


class _Flaw(NamedTuple):
    weight: Weight
    title: str
    meaning: str
    advice: str


FLAWS = {
    "unreadable": _Flaw(
        "serious",
        "Rows that can't be read",
        "Most trainers end at the first such row; those that go on train without it.",
        "Write these lines again as one JSON object each, in UTF-8.",
    ),
    "layout": _Flaw(
        "serious",
        "Rows that have fields that no trainer reads",
        "What has neither messages nor a prompt, a text or an instruction is an error, or trains "
        "on nothing.",
        "Rename the fields to those of the other rows.",
    ),
    "other-layout": _Flaw(
        "serious",
        "Rows that are laid out unlike the first ones",
        "A trainer takes one layout a file; it ends at the other rows, or reads empty texts.",
        "Bring all rows into one layout, or train on two files.",
    ),
    "messages": _Flaw(
        "serious",
        "Rows that hold no list of messages",
        "No chat template can write them out.",
        "Write messages as [{role, content}, …], one or more of them.",
    ),
    "json-text": _Flaw(
        "important",
        "Rows that hold their messages as JSON in a text",
        "They were read here, but trainers don't unpack them.",
        "Write JSONL or Parquet in place of CSV, with real lists.",
    ),
    "role": _Flaw(
        "serious",
        "Rows with a role that no template knows",
        "A chat template refuses the role, or writes it out as if it were one.",
        "Use system, user, assistant and tool.",
    ),
    "order": _Flaw(
        "important",
        "Rows with roles out of turn",
        "OpenAI takes any order, but the chat templates of Mistral, Gemma and others want user and "
        "assistant in turn, and end the training.",
        "Join messages of one role that follow each other, and begin with the user's.",
    ),
    "system-not-first": _Flaw(
        "important",
        "Rows with a system message that isn't the first",
        "Many chat templates refuse it, or leave it out without a word.",
        "Put one system message at the beginning.",
    ),
    "last-role": _Flaw(
        "important",
        "Rows that don't end with the assistant",
        "What comes after the last answer is read in training, and nothing is learnt from it.",
        "Cut these rows after the assistant's last message, or add the missing answer.",
    ),
    "no-answer": _Flaw(
        "serious",
        "Rows with no answer to learn",
        "A row without a message of the assistant teaches nothing, or teaches the question.",
        "Add the answer, or leave the rows out.",
    ),
    "nothing-learnt": _Flaw(
        "important",
        "Rows that give every answer the weight 0",
        "They cost training time, and nothing is learnt from them.",
        "Give the answer to be learnt the weight 1, or leave the rows out.",
    ),
    "no-prompt": _Flaw(
        "important",
        "Rows with no message of the user before the answer",
        "The model learns to answer unasked; many chat templates refuse such a row.",
        "Add the question, or leave the rows out.",
    ),
    "empty-prompt": _Flaw(
        "important",
        "Rows with an empty prompt",
        "The model learns to say this where nothing was asked.",
        "Add the prompt, or leave the rows out.",
    ),
    "empty-answer": _Flaw(
        "serious",
        "Rows with an empty answer",
        "The model learns to say nothing.",
        "Add the answer, or leave the rows out.",
    ),
    "content": _Flaw(
        "important",
        "Rows that hold content that is no text",
        "Images, sound and numbers are left out by trainers of texts, or end the training.",
        "Leave the parts out, or train a model that takes them; these checks read the texts only.",
    ),
    "tool-calls": _Flaw(
        "important",
        "Rows that call tools in a way that can't be read",
        "A chat template writes something else than a call, or fails.",
        "Write calls as {function: {name, arguments}}.",
    ),
    "weight": _Flaw(
        "important",
        "Rows with a weight that is neither 0 nor 1",
        "OpenAI refuses the file; other trainers don't read weights at all.",
        "Use 0 for what isn't learnt, and 1 for what is.",
    ),
    "same-pair": _Flaw(
        "serious",
        "Rows that prefer an answer to itself",
        "Chosen and rejected are the same words: the row is noise, since nothing tells them apart.",
        "Leave these rows out.",
    ),
    "near-pair": _Flaw(
        "minor",
        "Rows that prefer an answer to nearly the same one",
        f"At least {ALIKE:.0%} of the words are the same: the row teaches the few that differ.",
        "Look whether those words are what was preferred.",
    ),
}
"""By code: what `data.rows.messages` and `layouts` report, and what this check adds."""


class StructureCounter:
    """Counts the rows of each flaw, and of each layout."""

    def __init__(self, settings: CheckSettings) -> None:
        self._concerned = defaultdict[str, ConcernedRows](ConcernedRows)
        self._layouts: Counter[str] = Counter()

    def see(self, row: TrainingRow) -> None:
        self._layouts[row.layout] += 1
        for code, message in dict(reversed(row.flaws)).items():
            self._concerned[code].add(row, message)
        if row.rejected is not None and row.answer.strip():
            likeness = _likeness(row.answer, row.rejected)
            if likeness >= ALIKE:
                code = "same-pair" if likeness == 1 else "near-pair"
                self._concerned[code].add(row, row.answer)

    def result(self) -> CheckResult:
        return CheckResult(findings=self._findings(), tables=self._tables())

    def _findings(self) -> list[DataFinding]:
        findings = []
        for code, rows in self._concerned.items():
            flaw = FLAWS[code]
            findings.append(
                rows.finding(
                    check=NAME,
                    topic="format",
                    weight=flaw.weight,
                    title=f"{flaw.title}: {rows.count:,}",
                    meaning=flaw.meaning,
                    advice=flaw.advice,
                )
            )
        return findings

    def _tables(self) -> list[ReportTable]:
        if len(self._layouts) < 2:
            return []
        total = self._layouts.total()
        return [
            ReportTable(
                check=NAME,
                topic="format",
                title="Layouts",
                columns=("layout", "rows", "%"),
                rows=tuple(
                    (layout, count, percent(count / total))
                    for layout, count in self._layouts.most_common()
                ),
            )
        ]


def _likeness(chosen: str, rejected: str) -> float:
    """1 for the same words in the same order; else, below 1, twice the words in common by all
    words."""
    one, two = normal_form(chosen), normal_form(rejected)
    if one == two:
        return 1.0 if one or chosen == rejected else 0.0
    words, others = Counter(one.split()[:_MOST_WORDS]), Counter(two.split()[:_MOST_WORDS])
    total = words.total() + others.total()
    return min(2 * (words & others).total() / total, 1 - 1e-9) if total else 0.0


CHECK = DataCheck(name=NAME, topic="format", on_all_rows=StructureCounter)

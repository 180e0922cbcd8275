"""Prompt formats written into the texts: a chat template's own tokens, Alpaca's headings. Pure.

A trainer puts the template around the messages itself. What stands in the text besides is read as
text by one tokenizer and as the end of a turn by the next. Reads all rows.
"""

import re
from collections import defaultdict
from collections.abc import Sequence

from evalhub.declare.data_report import DataFinding, Layout, ReportTable
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck
from evalhub.features.data.checks.concerned_rows import ConcernedRows
from evalhub.features.data.checks.figures import percent
from evalhub.features.data.rows.training_rows import TrainingRow

NAME = "wrappers"
SPECIAL: dict[str, tuple[str, ...]] = {
    "ChatML": ("<|im_start|>", "<|im_end|>"),
    "Llama 3": ("<|start_header_id|>", "<|eot_id|>", "<|begin_of_text|>"),
    "Llama 2 and Mistral": ("[INST]", "[/INST]", "<<SYS>>"),
    "Gemma": ("<start_of_turn>", "<end_of_turn>"),
    "Phi and Zephyr": ("<|user|>", "<|assistant|>", "<|system|>", "<|end|>"),
    "Harmony": ("<|start|>", "<|channel|>", "<|message|>", "<|return|>"),
    "DeepSeek": ("<｜User｜>", "<｜Assistant｜>"),
    "the end of a text": ("<|endoftext|>",),
}
"""Tokens by the template that has them, in the order in which they are looked for."""
_PLAIN: dict[str, tuple[re.Pattern[str], ...]] = {
    "Alpaca": (re.compile(r"^### (?:Instruction|Response|Input):", re.MULTILINE),),
    "Human and Assistant": (
        re.compile(r"^(?:Human|User|USER): ", re.MULTILINE),
        re.compile(r"^(?:Assistant|ASSISTANT):", re.MULTILINE),
    ),
}
"""Headings; all patterns of one must be in a row."""
NONE = "none"
_AS_THEY_ARE: tuple[Layout, ...] = ("text", "prompt-completion", "preference")
"""Layouts whose texts may be written out with a format by whoever made the file."""
_AROUND = 60


class WrapperCounter:
    """Counts the rows of each prompt format."""

    def __init__(self, settings: CheckSettings) -> None:
        self._concerned = defaultdict[str, ConcernedRows](ConcernedRows)
        self._layouts = defaultdict[Layout, int](int)

    def see(self, row: TrainingRow) -> None:
        if not row.messages:
            return
        self._layouts[row.layout] += 1
        texts = [message.text for message in row.messages]
        name, shown = format_of([*texts, row.rejected] if row.rejected else texts)
        self._concerned[name].add(row, shown or row.prompt or row.answer)

    def result(self) -> CheckResult:
        formats = sorted(self._concerned.items(), key=lambda entry: -entry[1].count)
        if not formats or [name for name, _ in formats] == [NONE]:
            return CheckResult()
        layout = max(self._layouts, key=lambda name: self._layouts[name])
        own = formats[0][0] if layout in _AS_THEY_ARE else NONE
        findings = [_finding(name, rows, own) for name, rows in formats if name != own]
        return CheckResult(findings=findings, tables=[_table(formats)] if len(formats) > 1 else ())


def format_of(texts: Sequence[str]) -> tuple[str, str]:
    """The prompt format that is written into a row's texts, `NONE` without one, and the part of
    the text that shows it."""
    for text in texts:
        if "<" in text or "[" in text:
            for name, tokens in SPECIAL.items():
                for token in tokens:
                    if token in text:
                        return name, _around(text, text.index(token))
    for name, patterns in _PLAIN.items():
        matches = [
            next(
                ((text, found) for text in texts if ":" in text and (found := _search(p, text))),
                None,
            )
            for p in patterns
        ]
        if all(matches) and matches[0]:
            text, start = matches[0]
            return name, _around(text, start - 1)
    return NONE, ""


def _search(pattern: re.Pattern[str], text: str) -> int:
    """Where the pattern begins, from 1; 0: nowhere."""
    match = pattern.search(text)
    return match.start() + 1 if match else 0


def _around(text: str, start: int) -> str:
    begin = max(start - _AROUND, 0)
    return ("…" if begin else "") + text[begin : start + 2 * _AROUND]


def _finding(name: str, rows: ConcernedRows, own: str) -> DataFinding:
    if name in SPECIAL:
        return rows.finding(
            check=NAME,
            topic="format",
            weight="serious",
            title=f"Rows with a chat template's own tokens in their texts ({name}): {rows.count:,}",
            meaning=(
                "The trainer puts its template's tokens around each message. Those in the text "
                "end a turn in the middle, or are learnt as text that the model then writes to "
                "users."
            ),
            advice="Take the tokens out, and let the trainer's chat template write them.",
        )
    if name == NONE:
        return rows.finding(
            check=NAME,
            topic="format",
            weight="important",
            title=f"Rows without the prompt format of most others ({own}): {rows.count:,}",
            meaning="The model learns two formats, and answers well in the one it is asked in.",
            advice="Write all rows in the format that is used in production.",
        )
    return rows.finding(
        check=NAME,
        topic="format",
        weight="important",
        title=f"Rows with a prompt format in their texts ({name}): {rows.count:,}",
        meaning=(
            "Headings such as “### Response:” or “Assistant:” were one model's format. In a file "
            "that has another they are learnt as text, and turns run into each other."
        ),
        advice="Part the texts into messages without headings; keep one format in the file.",
    )


def _table(formats: Sequence[tuple[str, ConcernedRows]]) -> ReportTable:
    total = sum(rows.count for _, rows in formats)
    return ReportTable(
        check=NAME,
        topic="format",
        title="Prompt formats in the texts",
        columns=("format", "rows", "%"),
        rows=tuple((name, rows.count, percent(rows.count / total)) for name, rows in formats),
    )


CHECK = DataCheck(name=NAME, topic="format", on_all_rows=WrapperCounter)

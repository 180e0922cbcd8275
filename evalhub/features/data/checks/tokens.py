"""How many tokens rows have by a tokenizer, and what a context cuts; in a sample. Pure.

Counted as a trainer does: messages by the tokenizer's chat template, other rows as prompt and
answer with the token that ends a text. Too long a row loses its end, which is the answer's.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.declare.data_report import DataFinding, Measure, ReportTable, Unchecked
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck
from evalhub.features.data.checks.concerned_rows import ConcernedRows
from evalhub.features.data.checks.figures import percent
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.stats.distributions import normal_quantile
from evalhub.stats.intervals import clopper_pearson
from evalhub.stats.levels import ALPHA

NAME = "token-counts"
AT_ONCE = 256
FEW = 0.01
"""Share of rows up to which a cut is a minor finding."""
SHARES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
COLUMNS = ("rows", "shortest", "5%", "25%", "half", "75%", "95%", "99%", "longest")
_TEMPLATE_ROLES = {"system", "user", "assistant"}
"""A tool's answer wants fields that the texts here don't have."""


def check_tokens(rows: Sequence[TrainingRow], settings: CheckSettings) -> CheckResult:
    """Tokens of a row, of all rows, and what `options.context` leaves of them."""
    name = settings.options.tokenizer
    if name is None:
        return _unchecked("nobody named a tokenizer: a folder with tokenizer.json, or a hub's name")
    if (name.startswith(".") or Path(name).is_absolute()) and not Path(name).exists():
        return _unchecked(f"there is no folder {name} with a tokenizer")
    try:
        tokenizer = _load(name)
    except Exception as error:  # transformers raises what its many loaders do
        reason = str(error).strip().split("\n", 1)[0][:300]
        return _unchecked(f"the tokenizer {name} can't be loaded: {reason or type(error).__name__}")
    counter = _Tokens(tokenizer)
    refused = ConcernedRows()
    used: list[TrainingRow] = []
    texts: list[str] = []
    for row in rows:
        if row.messages:
            try:
                texts.append(counter.text(row))
                used.append(row)
            except _TemplateError as error:
                refused.add(row, str(error))
    counts = np.fromiter(counter.counts(texts), np.int64, len(texts))
    findings = [_refused(refused)] if refused.count else []
    if not counts.size:
        return CheckResult(findings=findings)
    total_rows = settings.rows if settings.rows and settings.rows > len(rows) else None
    measures = [_total(counts, total_rows)]
    if context := settings.options.context:
        cut = _Cut.of(counter, used, counts, context)
        findings += cut.findings()
        measures += cut.measures(is_sampled=total_rows is not None)
    figures = np.quantile(counts, SHARES, method="inverted_cdf")
    table = ReportTable(
        check=NAME,
        topic="size",
        title="Tokens of a row",
        columns=COLUMNS,
        rows=((len(counts), *map(int, figures)),),
        note=f"by the tokenizer {name}{'' if counter.template else ', which has no chat template'}",
    )
    return CheckResult(findings=findings, measures=measures, tables=[table])


class _TemplateError(ValueError):
    """A row that the tokenizer's chat template refuses, with what the template says."""


def _load(name: str) -> Any:
    import transformers

    return transformers.AutoTokenizer.from_pretrained(name, trust_remote_code=False)


@dataclass(frozen=True, slots=True)
class _Tokens:
    """Rows as text, by a tokenizer's template, and their numbers of tokens."""

    tokenizer: Any

    @property
    def template(self) -> bool:
        return bool(self.tokenizer.chat_template)

    def text(self, row: TrainingRow) -> str:
        """The row as it is trained on. Raises _TemplateError."""
        if not self._is_chat(row):
            return f"{_joined(row, len(row.messages))}{self.tokenizer.eos_token or ''}"
        return self._rendered(row, len(row.messages), False)

    def before_answer(self, row: TrainingRow) -> str:
        """What comes before the answer. Raises _TemplateError."""
        places = [
            place
            for place, message in enumerate(row.messages)
            if message.role == "assistant" and message.text == row.answer
        ]
        answer = places[-1] if places else len(row.messages)
        if not self._is_chat(row):
            return _joined(row, answer)
        return self._rendered(row, answer, True)

    def counts(self, texts: Sequence[str]) -> Iterator[int]:
        """Tokens of each text, without those that a tokenizer would put around it."""
        for some in batched(texts, AT_ONCE):
            encoded = self.tokenizer(list(some), add_special_tokens=False, verbose=False)
            yield from map(len, encoded["input_ids"])

    def _is_chat(self, row: TrainingRow) -> bool:
        return (
            self.template
            and row.layout == "chat"
            and all(message.role in _TEMPLATE_ROLES for message in row.messages)
        )

    def _rendered(self, row: TrainingRow, until: int, asks: bool) -> str:
        messages = [{"role": each.role, "content": each.text} for each in row.messages[:until]]
        try:
            return str(
                self.tokenizer.apply_chat_template(
                    messages, tokenize=False, add_generation_prompt=asks
                )
            )
        except Exception as error:  # a template is a program, and raises what it likes
            raise _TemplateError(str(error)[:200] or type(error).__name__) from error


def _joined(row: TrainingRow, until: int) -> str:
    between = "\n" if row.layout in ("chat", "instruction") else ""
    return between.join(message.text for message in row.messages[:until])


@dataclass(frozen=True, slots=True)
class _Cut:
    """What a context leaves of the rows: those that lose tokens, and those that lose the answer."""

    context: int
    rows: int
    tokens: int
    lost: int
    shorter: ConcernedRows
    unanswered: ConcernedRows

    @classmethod
    def of(
        cls,
        counter: _Tokens,
        rows: Sequence[TrainingRow],
        counts: NDArray[np.int64],
        context: int,
    ) -> "_Cut":
        shorter, unanswered = ConcernedRows(), ConcernedRows()
        for place in np.flatnonzero(counts > context).tolist():
            row, count = rows[place], int(counts[place])
            shorter.add(row, f"{count:,} tokens, of which {count - context:,} are cut")
            try:
                before = next(counter.counts([counter.before_answer(row)]))
            except _TemplateError:
                continue
            if row.layout != "text" and before >= context:
                unanswered.add(row, f"{before:,} tokens come before the answer")
        lost = int(np.maximum(counts - context, 0).sum())
        return cls(context, len(rows), int(counts.sum()), lost, shorter, unanswered)

    def findings(self) -> list[DataFinding]:
        findings = []
        if self.unanswered.count:
            findings.append(
                self.unanswered.finding(
                    check=NAME,
                    topic="size",
                    weight="serious" if self.unanswered.count > FEW * self.rows else "important",
                    title=f"Rows whose whole answer a context of {self.context:,} tokens cuts off: "
                    f"{self.unanswered.count:,}",
                    meaning="Nothing is learnt from them, or the prompt is learnt.",
                    advice="Shorten the prompts, train with a longer context, or leave them out.",
                )
            )
        if self.shorter.count:
            findings.append(
                self.shorter.finding(
                    check=NAME,
                    topic="size",
                    weight="important" if self.shorter.count > FEW * self.rows else "minor",
                    title=f"Rows that a context of {self.context:,} tokens cuts: "
                    f"{self.shorter.count:,}",
                    meaning=(
                        "The end is lost, with the token that ends the answer: the model learns "
                        "from them not to stop."
                    ),
                    advice="Train with a longer context, part the rows, or leave them out.",
                )
            )
        return findings

    def measures(self, *, is_sampled: bool) -> list[Measure]:
        measures = []
        for name, label, count in (
            ("rows_cut", "Rows that the context cuts", self.shorter.count),
            ("answers_cut", "Rows whose whole answer it cuts off", self.unanswered.count),
        ):
            lower, upper = clopper_pearson(count, self.rows) if is_sampled else (None, None)
            measures.append(
                Measure(
                    check=NAME,
                    topic="size",
                    name=name,
                    label=label,
                    value=percent(count / self.rows),
                    lower=None if lower is None else percent(lower),
                    upper=None if upper is None else percent(upper),
                    unit="%",
                )
            )
        measures.append(
            Measure(
                check=NAME,
                topic="size",
                name="tokens_lost",
                label="Tokens that the context cuts",
                value=percent(self.lost / self.tokens),
                unit="%",
                note="of the sample" if is_sampled else "",
            )
        )
        return measures


def _total(counts: NDArray[np.int64], total_rows: int | None) -> Measure:
    """Tokens of all rows: of a sample their mean times the rows, with normal limits."""
    value, lower, upper = float(counts.sum()), None, None
    if total_rows is not None:
        mean, rows = float(counts.mean()), total_rows
        spread = float(counts.std(ddof=1)) / math.sqrt(len(counts)) if len(counts) > 1 else 0.0
        reach = normal_quantile(1 - ALPHA) * spread
        value, lower, upper = (round(rows * each) for each in (mean, mean - reach, mean + reach))
    return Measure(
        check=NAME,
        topic="size",
        name="tokens",
        label="Tokens of all rows",
        value=value,
        lower=lower,
        upper=upper,
        unit="tokens",
        note="" if total_rows is None else "estimated from the sample",
    )


def _refused(refused: ConcernedRows) -> DataFinding:
    return refused.finding(
        check=NAME,
        topic="format",
        weight="serious",
        title=f"Rows that the tokenizer's chat template refuses: {refused.count:,}",
        meaning="The training ends at the first of them.",
        advice="Bring the roles into the order that the template wants; it says so in the example.",
    )


def _unchecked(reason: str) -> CheckResult:
    return CheckResult(unchecked=[Unchecked(check=NAME, topic="size", reason=reason)])


CHECK = DataCheck(name=NAME, topic="size", on_sample=check_tokens)

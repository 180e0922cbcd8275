"""Answers in another language than their prompt, and forms of address that disagree. Pure.

A language counts where two readers name it, py3langid's model and one that knows frequent words and
scripts; where the second one says nothing, the model is enough for a language of many rows. Read
are texts of 30 characters or more, without code. A prompt that names a language or asks for a
translation, and one of which a half is in the answer's language, are left out, and so are pairs of
close relatives.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from evalhub.decision.wording import count_text, percent
from evalhub.declare.data_report import DataFinding, Measure, Weight
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck
from evalhub.features.data.checks.concerned_rows import ConcernedRows, on_one_line
from evalhub.features.data.checks.labels_of_rows import is_json
from evalhub.features.data.checks.registers import REGISTERS, Register, register_of
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.features.traffic.privacy.languages import READ, language_of
from runners.metrics import language as frequent_words

NAME = "answer-language"
SHORTEST = 30
"""Characters of a text whose language counts."""
COMMON = 0.01
FEWEST_COMMON = 3
"""Share and number of the rows, in which both readers name a language that is common."""
USUAL = 0.2
"""Share of answers in another language up to which those are outliers; beyond it is the task."""
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]{1,200}`|https?://\S+", re.DOTALL)
_NAMES_LANGUAGE = re.compile(
    r"translat|übersetz|tradu[ciz]|vertal|перев[оe]д|翻译|翻譯|翻訳|번역|"
    r"\b(?:english|german|french|spanish|italian|portuguese|dutch|russian|chinese|japanese|korean|"
    r"arabic|turkish|polish|swedish|hindi|englisch|deutsch|französisch|spanisch|italienisch|"
    r"anglais|allemand|français|espagnol|italien|inglés|alemán|francés|español|inglese|tedesco|"
    r"language|sprache|langue|idioma|lingua)",
    re.IGNORECASE,
)
_RELATIVES = (
    frozenset({"da", "no", "nb", "nn", "sv"}),
    frozenset({"hr", "sr", "bs", "sl"}),
    frozenset({"id", "ms", "jv"}),
    frozenset({"es", "pt", "gl", "ca"}),
    frozenset({"cs", "sk"}),
    frozenset({"ru", "uk", "bg", "be", "mk"}),
    frozenset({"nl", "af"}),
)


class _Reading(NamedTuple):
    """A language as the model names it, and whether the words say the same; None: they say
    nothing."""

    language: str
    confirmed: bool | None

    def among(self, common: Collection[str]) -> str:
        """The language, if it counts; "" otherwise."""
        counts = self.confirmed or (self.confirmed is None and self.language in common)
        return self.language if counts else ""


def find_other_languages(rows: Sequence[TrainingRow], settings: CheckSettings) -> CheckResult:
    """Answers in another language than their prompt, and the rarer form of address."""
    registers: dict[str, dict[Register, ConcernedRows]] = {}
    readings: list[tuple[TrainingRow, _Reading, _Reading]] = []
    for row in rows:
        answer = _reading("" if is_json(row.answer) else row.answer)
        language = answer.language
        if language in REGISTERS and (register := register_of(row.answer, language)):
            by_register = registers.setdefault(language, {})
            by_register.setdefault(register, ConcernedRows()).add(row, on_one_line(row.answer, 200))
        if language and (prompt := _prompt_reading(row.prompt)).language:
            readings.append((row, prompt, answer))
    concerned, compared = _others(readings)
    findings = [*_registers(registers, settings)]
    if 0 < concerned.count <= USUAL * compared:
        findings.append(_finding(concerned, compared))
    measures = [_measure(concerned.count, compared)] if compared else []
    return CheckResult(findings=findings, measures=measures)


def _others(
    readings: Sequence[tuple[TrainingRow, _Reading, _Reading]],
) -> tuple[ConcernedRows, int]:
    """Rows whose two languages differ, and of how many rows both are known."""
    counts = Counter(
        reading.language
        for _, prompt, answer in readings
        for reading in {prompt, answer}
        if reading.confirmed
    )
    fewest = max(FEWEST_COMMON, COMMON * len(readings))
    common = {language for language, count in counts.items() if count >= fewest}
    concerned, compared = ConcernedRows(), 0
    for row, prompt, answer in readings:
        asked, answered = prompt.among(common), answer.among(common)
        compared += bool(asked and answered)
        if asked and answered and asked != answered and not _is_excused(row, asked, answered):
            concerned.add(row, _pair_text(row, asked, answered))
    return concerned, compared


def _is_excused(row: TrainingRow, asked: str, answered: str) -> bool:
    """Whether the two are close relatives, or half of the prompt is in the answer's language."""
    if any({asked, answered} <= relatives for relatives in _RELATIVES):
        return True
    prose = _CODE.sub(" ", row.prompt[: 4 * READ]).strip()
    middle = len(prose) // 2
    halves = (prose[:middle], prose[middle:])
    return middle >= SHORTEST and answered in (language_of(half) for half in halves)


def _reading(text: str) -> _Reading:
    """What both readers say of a text's beginning, without its code."""
    prose = _CODE.sub(" ", text[: 4 * READ]).strip()
    language = language_of(prose) if len(prose) >= SHORTEST else ""
    if not language:
        return _Reading("", None)
    by_words = frequent_words.language_of(prose)
    return _Reading(language, None if by_words is None else by_words == language)


def _prompt_reading(prompt: str) -> _Reading:
    """The language of a prompt that names none."""
    if _NAMES_LANGUAGE.search(prompt[:2_000]):
        return _Reading("", None)
    return _reading(prompt)


def _pair_text(row: TrainingRow, prompt: str, answer: str) -> str:
    texts = f"{on_one_line(row.prompt, 110)} → {on_one_line(row.answer, 110)}"
    return f"prompt {prompt}, answer {answer}: {texts}"


def _finding(rows: ConcernedRows, compared: int) -> DataFinding:
    return rows.finding(
        check=NAME,
        topic="consistency",
        weight="important",
        title=f"{count_text(rows.count, 'answer')} in another language than the prompt",
        meaning=f"In the other {compared - rows.count:,} rows whose languages are known the answer "
        "is in the prompt's. A model that learns both at times answers in the wrong one.",
        advice="Look whether the language was meant; if not, correct the answer.",
        to_people=True,
    )


def _measure(count: int, compared: int) -> Measure:
    return Measure(
        check=NAME,
        topic="consistency",
        name="answers in another language",
        label="Answers in another language than the prompt",
        value=round(100 * count / compared, 2),
        unit="%",
        note=f"of {compared:,} rows whose two languages are known and not named in the prompt",
    )


def _registers(
    registers: Mapping[str, Mapping[Register, ConcernedRows]], settings: CheckSettings
) -> Iterator[DataFinding]:
    weight: Weight = "important" if settings.options.task == "style" else "minor"
    for language, by_register in sorted(registers.items()):
        counts = Counter({name: rows.count for name, rows in by_register.items()})
        if len(counts) < 2:
            continue
        (usual, most), (rare, fewer) = counts.most_common(2)
        name, words = REGISTERS[language].name, REGISTERS[language].words
        yield by_register[rare].finding(
            check=NAME,
            topic="consistency",
            weight=weight,
            title=f"{fewer:,} of {fewer + most:,} answers in {name} that address somebody say "
            f"{words[rare]}, the others {words[usual]}",
            meaning=f"{percent(fewer / (fewer + most))} address the reader in another way than "
            "the rest: the model will change between the two.",
            advice="Decide which form your product uses and write it in all answers; a text for "
            "somebody else may use the other one.",
            to_people=True,
        )


CHECK = DataCheck(name=NAME, topic="consistency", on_sample=find_other_languages)

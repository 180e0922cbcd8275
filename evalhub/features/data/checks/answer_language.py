"""Answers in another language than their prompt, and forms of address that disagree. Pure.

A language counts only where two readers agree on it, py3langid's model and one that knows frequent
words and scripts, in a text of 40 characters or more without code. A prompt that names a language
or asks for a translation, and one whose end is in another language than its beginning, are left
out, and so are pairs of close relatives.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from evalhub.decision.wording import count_text, percent
from evalhub.declare.data_report import Finding, Measure, Weight
from evalhub.features.data.checks.check import Check, CheckResult, CheckSettings
from evalhub.features.data.checks.concerned_rows import ConcernedRows, on_one_line
from evalhub.features.data.checks.labels_of_rows import is_json
from evalhub.features.data.checks.registers import REGISTERS, Register, register_of
from evalhub.features.data.training_rows import TrainingRow
from evalhub.features.traffic.privacy.languages import READ, language_of
from runners.metrics import language as frequent_words

NAME = "answer-language"
SHORTEST = 40
"""Characters of a text whose language counts."""
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


def find_other_languages(rows: Sequence[TrainingRow], settings: CheckSettings) -> CheckResult:
    """Answers in another language than their prompt, and the rarer form of address."""
    concerned = ConcernedRows()
    compared = 0
    registers: dict[str, dict[Register, ConcernedRows]] = {}
    for row in rows:
        prose = "" if is_json(row.answer) else _prose(row.answer)
        likely = language_of(prose) if prose else ""
        if likely in REGISTERS and (register := register_of(row.answer, likely)):
            by_register = registers.setdefault(likely, {})
            by_register.setdefault(register, ConcernedRows()).add(row, on_one_line(row.answer, 200))
        answer = _confirmed(likely, prose)
        prompt = _prompt_language(row.prompt) if answer else ""
        if prompt:
            compared += 1
            if prompt != answer and not any({prompt, answer} <= some for some in _RELATIVES):
                concerned.add(row, _pair_text(row, prompt, answer))
    findings = [*_registers(registers, settings)]
    if 0 < concerned.count <= USUAL * compared:
        findings.append(_finding(concerned, compared))
    measures = [_measure(concerned.count, compared)] if compared else []
    return CheckResult(findings=findings, measures=measures)


def _prose(text: str) -> str:
    """The beginning of a text without code; "" where it is too short to tell its language."""
    prose = _CODE.sub(" ", text[: 4 * READ]).strip()
    return prose if len(prose) >= SHORTEST else ""


def _confirmed(language: str, prose: str) -> str:
    """The language that the model names where the words say the same; "" otherwise."""
    return language if language and frequent_words.language_of(prose) == language else ""


def _prompt_language(prompt: str) -> str:
    """The language of all of a prompt that names none; "" where it isn't one."""
    if _NAMES_LANGUAGE.search(prompt[:2_000]):
        return ""
    prose = _prose(prompt)
    language = _confirmed(language_of(prose), prose)
    if language and len(prompt) > 2 * READ and language_of(prompt[-READ:]) != language:
        return ""
    return language


def _pair_text(row: TrainingRow, prompt: str, answer: str) -> str:
    texts = f"{on_one_line(row.prompt, 110)} → {on_one_line(row.answer, 110)}"
    return f"prompt {prompt}, answer {answer}: {texts}"


def _finding(rows: ConcernedRows, compared: int) -> Finding:
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
) -> Iterator[Finding]:
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


CHECK = Check(name=NAME, topic="consistency", on_sample=find_other_languages)

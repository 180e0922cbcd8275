"""One question with different answers. Pure.

Questions and answers are compared by their normal form, without case and punctuation, so that two
spellings of an answer are no contradiction. Of every row three numbers are kept. Of pairs of a
preference file only those contradict each other that prefer the other one of the same two answers.
"""

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.wording import count_text
from evalhub.declare.data_report import DataFinding, Weight
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck, example
from evalhub.features.data.checks.concerned_rows import ConcernedRows, on_one_line
from evalhub.features.data.checks.labels_of_rows import is_short
from evalhub.features.data.checks.questions import answer_hash, question_hash, text_hash
from evalhub.features.data.rows.training_rows import TrainingRow

NAME = "contradictions"
MOST_TEXTS = 2_000
"""Rows whose texts are kept while they go by, since a question came again with another answer."""
FEW_ANSWERS = 200
"""Different short answers of a file at most, for them to be labels."""
_FILTER_BITS = 27
_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?")


class SeenHashes:
    """Which hashes were seen: a Bloom filter of 16 MB (Bloom 1970), with two places a hash.

    Of 1 million hashes 2 in 10,000 new ones are taken for seen.
    """

    def __init__(self) -> None:
        self._bits = bytearray(1 << (_FILTER_BITS - 3))

    def add(self, value: int) -> bool:
        """Adds a hash. Whether it was there, or seems so."""
        was_there = True
        for place in (value, value >> 32):
            place &= (1 << _FILTER_BITS) - 1
            byte, bit = place >> 3, 1 << (place & 7)
            was_there = was_there and bool(self._bits[byte] & bit)
            self._bits[byte] |= bit
        return was_there


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows of one question: indices in the file's order, and whether they are labels or pairs."""

    rows: NDArray[np.int64]
    all_short: bool
    is_preference: bool


class ContradictionCounter:
    """Keeps of each row its line and the hashes of its question and its answer."""

    def __init__(self, settings: CheckSettings) -> None:
        self._task = settings.options.task
        self._lines = array("Q")
        self._questions = array("Q")
        self._answers = array("Q")
        self._kinds = bytearray()
        self._short_answers: set[int] = set()
        self._seen_questions, self._seen_pairs = SeenHashes(), SeenHashes()
        self._texts: dict[int, str] = {}

    def see(self, row: TrainingRow) -> None:
        question = question_hash(row)
        if question is None or not row.answer.strip():
            return
        is_preference = row.rejected is not None
        if row.rejected is not None:
            first, second = sorted(((chosen := answer_hash(row.answer)), answer_hash(row.rejected)))
            question, answer = text_hash(f"{question} {first} {second}"), int(chosen == first)
        else:
            answer = answer_hash(self._compared(row.answer))
        short = is_short(row.answer)
        if short and len(self._short_answers) <= FEW_ANSWERS:
            self._short_answers.add(answer)
        asked_before = self._seen_questions.add(question)
        answered_before = self._seen_pairs.add(question ^ ((answer * 0x9E3779B97F4A7C15) % 2**64))
        if asked_before and not answered_before and len(self._texts) < MOST_TEXTS:
            self._texts[row.line] = (
                f"{on_one_line(row.prompt, 140)} → {on_one_line(row.answer, 140)}"
            )
        self._lines.append(row.line)
        self._questions.append(question)
        self._answers.append(answer)
        self._kinds.append(2 * is_preference + short)

    def result(self) -> CheckResult:
        by_weight: dict[Weight, ConcernedRows] = {}
        questions: dict[Weight, int] = {}
        for group in self._groups():
            weight = self._weight(group)
            concerned = by_weight.setdefault(weight, ConcernedRows())
            questions[weight] = questions.get(weight, 0) + 1
            self._add(concerned, group)
        return CheckResult(
            findings=[
                self._finding(weight, questions[weight], rows) for weight, rows in by_weight.items()
            ]
        )

    def _compared(self, answer: str) -> str:
        """What of an answer is compared: of reasoning the last number, since two ways may lead to
        it."""
        if self._task == "reasoning" and (numbers := _NUMBER.findall(answer)):
            return str(numbers[-1].replace(",", ""))
        return answer

    def _groups(self) -> Iterator[_Group]:
        """Questions with more than one answer, in the order of their first rows."""
        questions = np.frombuffer(self._questions, np.uint64)
        answers = np.frombuffer(self._answers, np.uint64)
        kinds = np.frombuffer(self._kinds, np.uint8)
        order = np.lexsort((answers, questions))
        sorted_questions, sorted_answers = questions[order], answers[order]
        starts = np.flatnonzero(np.r_[True, sorted_questions[1:] != sorted_questions[:-1]])
        if not order.size:
            return
        ends = np.r_[starts[1:], order.size]
        differ = sorted_answers[starts] != sorted_answers[ends - 1]
        groups = [np.sort(order[a:b]) for a, b in zip(starts[differ], ends[differ], strict=True)]
        for rows in sorted(groups, key=lambda rows: int(rows[0])):
            short = bool((kinds[rows] & 1).all())
            yield _Group(rows, short, bool((kinds[rows] & 2).any()))

    def _weight(self, group: _Group) -> Weight:
        if self._task == "classification" or group.is_preference:
            return "serious"
        if group.all_short:
            return "serious" if len(self._short_answers) <= FEW_ANSWERS else "important"
        return "minor" if self._task in ("instruction", "style") else "important"

    def _add(self, concerned: ConcernedRows, group: _Group) -> None:
        first = self._lines[int(group.rows[0])]
        for index in group.rows.tolist():
            line = self._lines[index]
            concerned.add_line(line)
            if line in self._texts and not concerned.is_full:
                row = TrainingRow(line, "text", "", "", "")
                concerned.examples.append(example(row, self._texts[line], beside=first))

    def _finding(self, weight: Weight, questions: int, rows: ConcernedRows) -> DataFinding:
        asked = count_text(questions, "question has", "questions have")
        meaning = {
            "serious": "The model learns one answer at one time and another one the next: it "
            "becomes unsure of both, and wrong for one of the two.",
            "important": "Where only one of the answers can be right, the others teach a mistake.",
            "minor": "Several good answers to one request are legitimate in free text; look "
            "whether they agree in what they say.",
        }
        return rows.finding(
            check=NAME,
            topic="consistency",
            weight=weight,
            title=f"{asked} different answers, in {count_text(rows.count, 'row')}",
            meaning=meaning[weight],
            advice="Let people decide which answer is right and correct or take out the others.",
            to_people=True,
        )


CHECK = DataCheck(name=NAME, topic="consistency", on_all_rows=ContradictionCounter)

"""A first study file from a team's answers, with examples from its own rows.

Examples for a prompt come from training rows and never from the test set: whatever of it is found
there, by the same search as `evalhub leakage`, is left out.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalhub.features.strategy.advice import StrategyAdvice, advise
from evalhub.features.strategy.answers import Case
from evalhub.features.strategy.study import Shown, StudyParts, study_text
from evalhub.io.items import FieldMapping, read_items
from evalhub.io.rows import DataError, Row, read_rows
from evalhub.ledger.leakage.matching import ItemTexts, find_leakage, item_texts
from evalhub.ledger.leakage.training import training_of
from evalhub.studies.file.gaps import Gap, find_gaps

SHOWN = 4
"""Examples in a prompt; answers that differ are taken first."""
LOOKED_AT = 2_000
"""Rows of a file among which they are chosen."""
LONGEST = 2_000
"""Characters of an example's question and answer together."""
PAIRS = (("input", "output"), ("prompt", "completion"), ("question", "answer"))
"""Fields of a row that are a question and its right answer, where it has no messages."""


@dataclass(frozen=True, slots=True)
class FirstStudy:
    """The file's text, the advice it follows, and what is left to be filled in."""

    text: str
    advice: StrategyAdvice
    unfilled: list[Gap]


def first_study(
    answers: Case, parts: StudyParts, *, examples: Path | None = None, items: Path | None = None
) -> FirstStudy:
    """The study file that tries the steps of the advice in order.

    Args:
        examples: training rows, of which some are shown in the prompt.
        items: the test set, none of whose items is shown.

    Raises:
        evalhub.io.rows.DataError: a file that can't be read, or rows that hold no example that
            may be shown.
    """
    advice = advise(answers)
    if examples is not None and "few-shot" in advice.steps:
        system, chosen = _examples(examples, items)
        parts = parts._replace(
            system=parts.system or system, told_in_training=bool(system), examples=chosen
        )
    text = study_text(answers, advice, parts)
    return FirstStudy(text, advice, find_gaps(_data(text)))


def rows_in(path: Path) -> int:
    """The number of rows in a file. Raises evalhub.io.rows.DataError."""
    return sum(1 for _ in read_rows(path))


def _data(text: str) -> Any:
    import yaml

    return yaml.safe_load(text)


def _examples(path: Path, items: Path | None) -> tuple[str, list[Shown]]:
    """The system message of the rows, if they have one, and some rows as examples."""
    by_line = dict(_examples_by_line(path))
    if not by_line:
        pairs = ", ".join(f"{{{one}, {other}}}" for one, other in PAIRS)
        raise DataError(
            f"no row is an example: {{messages}} that end with the answer, or {pairs}",
            file=str(path),
        )
    texts = [] if items is None else _texts(items)
    while by_line:
        chosen = _some(by_line)
        leaked = _leaks(chosen, texts, str(path)) if texts else set()
        if not leaked:
            return by_line[next(iter(chosen))][0], [by_line[line][1] for line in chosen]
        by_line = {line: each for line, each in by_line.items() if line not in leaked}
    raise DataError(
        f"each of its rows is in the test set {items}: examples are never shown of what is asked",
        file=str(path),
    )


def _texts(items: Path) -> list[ItemTexts]:
    return [
        item_texts(item.key, item.input, item.references)
        for _, item in read_items(items, FieldMapping())
    ]


def _some(by_line: dict[int, tuple[str, Shown]]) -> dict[int, Shown]:
    """A few examples by line: one of each answer first, then others."""
    first: dict[str, int] = {}
    for line, (_, example) in by_line.items():
        first.setdefault(example.output, line)
    lines = [*first.values(), *(line for line in by_line if line not in first.values())]
    return {line: by_line[line][1] for line in sorted(lines[:SHOWN])}


def _leaks(chosen: dict[int, Shown], texts: list[ItemTexts], file: str) -> set[int]:
    """Lines of the examples whose questions are items of the test set."""
    rows = [Row(line, {"input": each.input}, file) for line, each in chosen.items()]
    (leakage,) = find_leakage(training_of(rows[0], rows[1:], file), texts)
    return {
        match.line
        for matches in leakage.leaked.values()
        for match in matches
        if match.part == "input"
    }


def _examples_by_line(path: Path) -> Iterator[tuple[int, tuple[str, Shown]]]:
    """By line: the system message and the example of each row that is an example and isn't too
    long."""
    for number, row in enumerate(read_rows(path)):
        if number == LOOKED_AT:
            return
        example = _from_messages(row.values) or _from_pair(row.values)
        if example and 0 < len(example[1].input) + len(example[1].output) <= LONGEST:
            yield row.line, example


def _from_messages(values: dict[str, Any]) -> tuple[str, Shown] | None:
    """An example from a conversation with one question and one answer."""
    messages = _as_list(values.get("messages"))
    turns = [
        (str(message.get("role")), message.get("content"))
        for message in messages
        if isinstance(message, dict)
    ]
    roles = [role for role, _ in turns if role not in ("system", "developer")]
    if roles != ["user", "assistant"] or not all(isinstance(text, str) for _, text in turns):
        return None
    system = next((str(text) for role, text in turns if role in ("system", "developer")), "")
    return system, Shown(str(turns[-2][1]), str(turns[-1][1]))


def _as_list(value: Any) -> list[Any]:
    """A list; JSON in a text is read, as a CSV file holds it."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return []
    return value if isinstance(value, list) else []


def _from_pair(values: dict[str, Any]) -> tuple[str, Shown] | None:
    instruction = values.get("instruction")
    if isinstance(instruction, str) and isinstance(values.get("output"), str):
        more = values.get("input")
        question = f"{instruction}\n\n{more}" if isinstance(more, str) and more else instruction
        return "", Shown(question, values["output"])
    for one, other in PAIRS:
        if isinstance(values.get(one), str) and isinstance(values.get(other), str):
            return "", Shown(values[one], values[other])
    return None

"""How varied the words are, of a fixed number of rows: distinct-n and the Vendi score. Pure.

Both change with the number of rows, so it is always the same number, and of each text the same
number of words at most. Neither says what is enough: they are for comparing files.
"""

import math
import random
from collections import Counter
from collections.abc import Sequence
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from evalhub.declare.data_report import Measure, Unchecked
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.ledger.leakage.fingerprints import words_of
from evalhub.stats.distinct import distinct_share
from evalhub.stats.vendi import vendi_score

NAME = "variety"
ROWS = 1_000
WORDS = 50
"""Of a text, from its beginning."""
_CHARACTERS = 20 * WORDS

Texts = Sequence[Sequence[str]]


def check_variety(rows: Sequence[TrainingRow], settings: CheckSettings) -> CheckResult:
    """Distinct-1, 2, 3 and the Vendi score, of prompts and of answers."""
    measures: list[Measure] = []
    unchecked: list[Unchecked] = []
    for part in ("prompt", "answer"):
        texts = [text for row in rows if (text := _text(row, part))]
        if not texts:
            continue
        if len(texts) < ROWS:
            unchecked.append(
                Unchecked(
                    check=NAME,
                    topic="diversity",
                    reason=f"{len(texts):,} {part}s: distinct-n and the Vendi score are "
                    f"comparable for {ROWS:,} of them or more",
                )
            )
            continue
        drawn = random.Random(settings.options.seed).sample(range(len(texts)), ROWS)
        words = [words_of(texts[place])[:WORDS] for place in sorted(drawn)]
        measures += _measures(part, words)
    return CheckResult(measures=measures, unchecked=unchecked)


def _text(row: TrainingRow, part: str) -> str:
    text = row.prompt if part == "prompt" else row.answer
    return text[:_CHARACTERS].strip()


def _measures(part: str, texts: Texts) -> list[Measure]:
    note = f"{ROWS:,} {part}s at random, of each the first {WORDS} words"
    measures = []
    for n in (1, 2, 3):
        share = distinct_share(texts, n)
        measures.append(
            Measure(
                check=NAME,
                topic="diversity",
                name=f"distinct_{n}_of_{part}s",
                label=f"Distinct-{n} of {part}s",
                value=None if share is None else round(share, 4),
                note=note if share is not None else f"no {part} has {n} words",
            )
        )
    score = vendi_score(_cosines(texts))
    measures.append(
        Measure(
            check=NAME,
            topic="diversity",
            name=f"vendi_of_{part}s",
            label=f"Vendi score of {part}s",
            value=round(score, 1),
            note=f"1: all alike, {ROWS:,}: nothing in common; {note}, by their counts",
        )
    )
    return measures


def _cosines(texts: Texts) -> NDArray[np.float64]:
    """(texts, texts): cosines of the counts of words. A text without words is like itself alone."""
    columns: dict[str, int] = {}
    starts, places, values = [0], list[int](), list[float]()
    for number, words in enumerate(texts):
        counts = Counter(words) or {f" {number}": 1}
        length = math.sqrt(sum(count * count for count in counts.values()))
        places += [columns.setdefault(word, len(columns)) for word in counts]
        values += [count / length for count in counts.values()]
        starts.append(len(places))
    matrix = import_module("scipy.sparse").csr_array(
        (values, places, starts), shape=(len(texts), len(columns))
    )
    return np.asarray((matrix @ matrix.T).toarray())


CHECK = DataCheck(name=NAME, topic="diversity", on_sample=check_variety)

"""Ask a judge whether the answers of a random sample of training rows are right.

What it says is added to a file as it comes, so that whoever begins again asks for what is missing.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import batched
from pathlib import Path

from evalhub.features.data.rows.sample import RowSample
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.features.data.rows.verdicts import (
    LONGEST_REASON,
    VERDICTS,
    RowVerdict,
    Verdict,
    read_row_verdicts,
    row_digest,
)
from evalhub.io.rows import DataError
from runners.metrics.json_verdict import VerdictError, quote, read_verdict, text_in
from runners.metrics.judged import MATERIAL, as_material
from runners.metrics.score import Ask, JudgeReply

AT_A_TIME = 32
"""Rows whose verdicts are written at once: so many a killed command loses."""

_PROMPT = """\
Is this answer right? {material_is}

Material:
{material}

An answer is wrong if it is false, doesn't do what is asked, or contradicts the instructions. Say \
why first. Reply with one JSON object and nothing else:
{{"reason": "one sentence", "verdict": "right" or "wrong"}}"""


@dataclass(frozen=True, slots=True)
class JudgedRows:
    """What came of asking: rows of the sample, those with a verdict by now, and those to which
    there was no answer now, with the first reason."""

    sampled: int
    judged: int
    unanswered: int
    error: str


def judge_rows(
    rows: Iterable[TrainingRow],
    ask: Ask,
    out: Path,
    *,
    n: int,
    seed: int = 0,
    progress: Callable[[int], None] = lambda rows: None,
) -> JudgedRows:
    """Asks about `n` rows at random and adds the verdicts to `out`, in a random order.

    Verdicts that are there stay, and aren't asked again. `ask` raises BackendError where it is no
    use to ask on; what came by then is in the file.

    Raises DataError where the file holds verdicts on other rows than these.
    """
    sample = random_rows(rows, n, seed=seed)
    judged = _verdicts_so_far(out, sample)
    missing = [(order, row) for order, row in enumerate(sample) if row.line not in judged]
    unanswered, error, count = 0, "", len(judged)
    with out.open("a", encoding="utf-8") as file:
        for batch in batched(missing, AT_A_TIME):
            replies = ask([prompt_of(row) for _, row in batch])
            for (order, row), reply in zip(batch, replies, strict=True):
                if reply.text is None:
                    unanswered, error = unanswered + 1, error or reply.error
                    continue
                file.write(_verdict(order, row, reply).as_line())
                count += 1
            file.flush()
            progress(count)
    return JudgedRows(len(sample), count, unanswered, error)


def random_rows(rows: Iterable[TrainingRow], n: int, *, seed: int) -> list[TrainingRow]:
    """`n` rows at random in a random order, or all where there are fewer; fewer, too, where they
    hold more characters than a sample does."""
    sample = RowSample(n, seed=seed)
    for row in rows:
        sample.add(row)
    chosen = sample.rows()
    random.Random(seed).shuffle(chosen)
    return chosen


def prompt_of(row: TrainingRow) -> str:
    """What the judge is asked about a row."""
    earlier = [f"{message.role}: {message.text}" for message in row.messages[:-1]]
    question: object = row.prompt if len(earlier) < 3 else "\n".join(earlier)
    material = {"instructions": row.system, "question": question}
    return _PROMPT.format(
        material_is=MATERIAL, material=as_material(material, always={"answer": row.answer})
    )


def _verdicts_so_far(out: Path, sample: Sequence[TrainingRow]) -> dict[int, RowVerdict]:
    if not out.exists() or not out.stat().st_size:
        return {}
    verdicts = read_row_verdicts(out)
    rows = {row.line: row for row in sample}
    for verdict in verdicts.values():
        row = rows.get(verdict.line)
        if row is None or (verdict.row and verdict.row != row_digest(row)):
            raise DataError(
                f"holds verdicts on other rows, such as row {verdict.line}: give the same file, "
                "number and seed as before, or another file for the verdicts",
                file=str(out),
            )
    return verdicts


def _verdict(order: int, row: TrainingRow, reply: JudgeReply) -> RowVerdict:
    verdict, reason = _read(reply.text or "")
    return RowVerdict(
        line=row.line,
        row=row_digest(row),
        order=order,
        verdict=verdict,
        reason=reason[:LONGEST_REASON],
    )


def _read(text: str) -> tuple[Verdict | None, str]:
    """The verdict and its reason; None, with what is wrong, where the reply holds none."""
    try:
        value = read_verdict(text)
        verdict: Verdict | None = VERDICTS.get(str(value.get("verdict")))
        if verdict is None:
            text = quote(str(value.get("verdict")))
            raise VerdictError(f"its verdict is {text}, not right or wrong")
    except VerdictError as error:
        return None, f"no verdict: {error}"
    return verdict, text_in(value, "reason")

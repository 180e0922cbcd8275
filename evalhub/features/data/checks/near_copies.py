"""Rows that are nearly the same, in a sample: clusters of copies in other words. Pure.

Nearly the same is what `evalhub.ledger.leakage.copies` has for items of test sets: the same words
but for a few, the same numbers and negations; what many rows share, as a template, counts for
nothing. So are rows with the same answer whose prompts differ by light edits. Pairs are looked for
by rensa's MinHash. A short answer must be the same: one question with
two labels is no copy, but a contradiction.
"""

from collections import defaultdict
from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from evalhub.declare.data_report import MOST_EXAMPLES, MOST_LINES, DataFinding, Measure, ReportTable
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck, example
from evalhub.features.data.checks.exact_copies import row_hash
from evalhub.features.data.checks.figures import percent, rows_text
from evalhub.features.data.checks.light_edits import Pairs, light_edits
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.ledger.leakage.copies import ItemWords, copy_groups
from evalhub.ledger.leakage.fingerprints import normal_form

NAME = "near-copies"
IMPORTANT = 0.05
"""Share of near-copies from which they are important, by our choice."""
SHORT_ANSWER = 8
"""Words, up to which an answer must be the same word for word."""
READ = 1_500
"""Characters of a prompt's or answer's beginning, and of its end: the question may be last."""
SHOWN_CLUSTERS = 10
_SHOWN_TEXT = 80


def check_near_copies(rows: Sequence[TrainingRow], settings: CheckSettings) -> CheckResult:
    """Near-copies among these rows, exact copies aside."""
    clusters = _clusters(rows)
    copies = sum(len(cluster) - 1 for cluster in clusters)
    is_sampled = len(rows) < (settings.rows or 0)
    measure = _measure(copies, len(rows), is_sampled)
    if not copies:
        return CheckResult(measures=[measure])
    finding = _finding(clusters, copies, len(rows), is_sampled)
    return CheckResult(findings=[finding], measures=[measure], tables=[_table(clusters)])


def _clusters(rows: Sequence[TrainingRow]) -> list[list[TrainingRow]]:
    """Rows that are nearly the same, two or more, the largest clusters first; of exact copies the
    first row stands for all."""
    words = ItemWords.of(f"{_ends_of(row.prompt)}\n{_ends_of(row.answer)}" for row in rows)
    answers = [normal_form(row.answer) for row in rows]
    groups = _joined(copy_groups(words), _lightly_edited(rows, answers, words.orders))
    members = defaultdict[tuple[int, str], dict[int, TrainingRow]](dict)
    for row, answer, group in zip(rows, answers, groups, strict=True):
        if row.messages:
            key = answer if answer.count(" ") < SHORT_ANSWER else ""
            members[group, key].setdefault(row_hash(row), row)
    clusters = [list(cluster.values()) for cluster in members.values() if len(cluster) > 1]
    return sorted(clusters, key=lambda cluster: -len(cluster))


def _ends_of(text: str) -> str:
    return text if len(text) <= 2 * READ else f"{text[:READ]} {text[-READ:]}"


def _lightly_edited(
    rows: Sequence[TrainingRow], answers: Sequence[str], orders: NDArray[np.uint64]
) -> Pairs:
    """Pairs of places of rows with the same answer, numbers and negations, and prompts alike."""
    hashes = (crc32(answer.encode()) << 32 | len(answer) for answer in answers)
    keys = np.fromiter(hashes, np.uint64, len(answers)) ^ orders
    return light_edits([_ends_of(row.prompt) for row in rows], keys)


def _joined(groups: Sequence[int], pairs: Pairs) -> list[int]:
    """The groups, those of each pair being one."""
    parents = {group: group for group in groups}

    def root(group: int) -> int:
        while parents[group] != group:
            parents[group] = parents[parents[group]]
            group = parents[group]
        return group

    for one, other in pairs.T.tolist():
        first, second = sorted((root(groups[one]), root(groups[other])))
        parents[second] = first
    return [root(group) for group in groups]


def _measure(copies: int, rows: int, is_sampled: bool) -> Measure:
    return Measure(
        check=NAME,
        topic="diversity",
        name="near_copies",
        label="Rows that are near-copies of an earlier one",
        value=percent(copies / rows),
        unit="%",
        note="of the sample; the file has more, since both rows of a pair must be in the sample"
        if is_sampled
        else "exact copies aside",
    )


def _finding(
    clusters: Sequence[Sequence[TrainingRow]], copies: int, rows: int, is_sampled: bool
) -> DataFinding:
    pairs = [(row, cluster[0]) for cluster in clusters for row in cluster[1:]]
    where = " of the sample" if is_sampled else ""
    return DataFinding(
        check=NAME,
        topic="diversity",
        weight="important" if copies >= IMPORTANT * rows else "minor",
        title=f"Rows{where} that are near-copies of an earlier one: {copies:,} "
        f"({copies / rows:.1%})",
        rows=copies,
        meaning=(
            "They say the same in nearly the same words. They count as new examples and teach "
            "nothing new; where some fall into a validation split, its loss looks better than it "
            f"is. The largest of {len(clusters):,} clusters has {rows_text(len(clusters[0]))}."
        ),
        advice="Keep one or a few of each cluster, and split for validation by cluster.",
        examples=tuple(
            example(cluster[1], cluster[1].prompt or cluster[1].answer, beside=cluster[0].line)
            for cluster in clusters[:MOST_EXAMPLES]
        ),
        lines=tuple(sorted(row.line for row, _ in pairs)[:MOST_LINES]),
    )


def _table(clusters: Sequence[Sequence[TrainingRow]]) -> ReportTable:
    return ReportTable(
        check=NAME,
        topic="diversity",
        title="Largest clusters of near-copies",
        columns=("rows", "first line", "text"),
        rows=tuple(
            (len(cluster), cluster[0].line, _beginning(cluster[0]))
            for cluster in clusters[:SHOWN_CLUSTERS]
        ),
    )


def _beginning(row: TrainingRow) -> str:
    text = " ".join((row.prompt or row.answer)[: 2 * _SHOWN_TEXT].split())
    return text if len(text) <= _SHOWN_TEXT else f"{text[: _SHOWN_TEXT - 1]}…"


CHECK = DataCheck(name=NAME, topic="diversity", on_sample=check_near_copies)

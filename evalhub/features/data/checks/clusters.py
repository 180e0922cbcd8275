"""What the rows are about: clusters of their prompts, with shares. Pure; on a sample.

Fitted to one half of the rows, counted in the other: in the half that they were fitted to, shares
are biased. The clusters are of words, not of meaning: what many rows share weighs little, and two
ways to ask one thing may be two clusters.
"""

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evalhub.declare.data_report import Cell, DataFinding, Measure, ReportTable, Unchecked
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck, example
from evalhub.features.data.checks.figures import percent
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.ledger.leakage.fingerprints import words_of
from evalhub.stats.errors import StatisticsError
from evalhub.stats.intervals import clopper_pearson
from evalhub.stats.text_clusters import NO_CLUSTER, TextClusters, fit_clusters

NAME = "clusters"
DOMINATES = 0.5
"""Share of one cluster from which it is a finding, proven by its lower limit."""
READ = 2_000
"""Characters of a prompt, from its beginning."""
MOST_FITTED = 5_000
"""Rows of the fitted half that clusters are fitted to: more cost time and change little."""
_SHOWN_TEXT = 80


def check_clusters(rows: Sequence[TrainingRow], settings: CheckSettings) -> CheckResult:
    """Shares of clusters with exact limits, and whether one of them dominates."""
    asked = [row for row in rows if row.prompt or row.answer]
    order = list(range(len(asked)))
    random.Random(settings.options.seed).shuffle(order)
    half = len(order) // 2
    try:
        clusters = fit_clusters(
            [_words(asked[place]) for place in order[:half][:MOST_FITTED]],
            seed=settings.options.seed,
        )
    except StatisticsError as error:
        reason = f"of one half of {len(asked):,} rows: {error}"
        return CheckResult(unchecked=[Unchecked(check=NAME, topic="diversity", reason=reason)])
    counted = [asked[place] for place in sorted(order[half:])]
    assigned, cosines = clusters.nearest([_words(row) for row in counted])
    counts = np.bincount(assigned[assigned != NO_CLUSTER], minlength=len(clusters))
    total = len(counted)
    lines, measures, findings = [], [_effective(counts)], []
    for cluster in np.argsort(-counts, kind="stable").tolist():
        count = int(counts[cluster])
        lower, _ = clopper_pearson(count, total)
        typical = _most_typical(counted, assigned, cosines, cluster)
        lines.append(_line(clusters, cluster, count, total, typical))
        if lower >= DOMINATES and typical is not None:
            findings.append(_finding(clusters.words(cluster), count, total, lower, typical))
    if unnamed := int((assigned == NO_CLUSTER).sum()):
        lines.append(("no cluster: too few words", unnamed, *_shares(unnamed, total), None, ""))
    table = ReportTable(
        check=NAME,
        topic="diversity",
        title="Clusters of prompts",
        columns=("words", "rows", "%", "from", "to", "line", "a typical one"),
        rows=tuple(lines),
        note=f"fitted to one half of the rows, counted in the other {total:,}; 95% limits",
    )
    return CheckResult(findings=findings, measures=measures, tables=[table])


def _words(row: TrainingRow) -> list[str]:
    return words_of((row.prompt or row.answer)[:READ])


def _most_typical(
    rows: Sequence[TrainingRow],
    assigned: NDArray[np.intp],
    cosines: NDArray[np.float64],
    cluster: int,
) -> TrainingRow | None:
    """The row nearest to the cluster's centre."""
    places = np.flatnonzero(assigned == cluster)
    return rows[int(places[cosines[places].argmax()])] if places.size else None


def _shares(count: int, total: int) -> tuple[float, float, float]:
    lower, upper = clopper_pearson(count, total)
    return percent(count / total), percent(lower), percent(upper)


def _line(
    clusters: TextClusters, cluster: int, count: int, total: int, typical: TrainingRow | None
) -> tuple[Cell, ...]:
    text = " ".join((typical.prompt or typical.answer)[:200].split()) if typical else ""
    return (
        ", ".join(clusters.words(cluster)) or "(no word of its own)",
        count,
        *_shares(count, total),
        typical.line if typical else None,
        text if len(text) <= _SHOWN_TEXT else f"{text[: _SHOWN_TEXT - 1]}…",
    )


def _effective(counts: NDArray[np.intp]) -> Measure:
    shares = counts[counts > 0] / max(int(counts.sum()), 1)
    return Measure(
        check=NAME,
        topic="diversity",
        name="effective_clusters",
        label="Clusters, as many of one size",
        value=round(float(np.exp(-(shares * np.log(shares)).sum())), 1),
        note=f"exp of the entropy of the shares of {len(counts)} clusters",
    )


def _finding(
    words: Sequence[str], count: int, total: int, lower: float, typical: TrainingRow
) -> DataFinding:
    name = ", ".join(words) or "much the same words"
    return DataFinding(
        check=NAME,
        topic="diversity",
        weight="minor",
        title=f"{count / total:.0%} of the rows concern one thing: {name}",
        rows=count,
        meaning=(
            f"Of {total:,} rows that were counted {count:,} are in one cluster, with 95% "
            f"confidence {lower:.0%} or more of all rows: the model learns this best, and the "
            "rest from few."
        ),
        advice=(
            "Compare it with what production asks (`--against traffic`); where that is more "
            "varied, add rows of what is rare here."
        ),
        examples=(example(typical, typical.prompt or typical.answer),),
    )


CHECK = DataCheck(name=NAME, topic="diversity", on_sample=check_clusters)
